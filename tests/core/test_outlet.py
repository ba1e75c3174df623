"""The way out: content goes whole or not at all, words go clean, inert and of the right length."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.core.test_secrets import shipped
from tests.core.test_words import HOSTILE, every_comment
from tests.tokens import FORMS, made, seeded

from patchgate.core import events as e
from patchgate.core.ids import FactId
from patchgate.core.outlet import (
    COMMIT_SUBJECT,
    GITHUB_BODY,
    GITHUB_TITLE,
    JIRA_COMMENT,
    SHAPES,
    STEP_SUMMARY,
    Outlet,
    fitted,
    shapeless,
    unguarded,
)
from patchgate.core.secrets import KnownValues
from patchgate.core.words.tame import tame
from patchgate.errors import RefusedError

SECRET = made("<an:30>", seeded("outlet"))
OUT = Outlet(KnownValues({"JIRA_API_TOKEN": SECRET}), shipped)
ACTS = ("![i](http://e/i.png)", "<img src=x>", "@leigh", "Fixes #12", "closes o/r#3", "[~acc:1]")


@pytest.mark.parametrize("wrap", [str, lambda s: base64.b64encode(s.encode()).decode()])
def test_content_that_holds_a_secret_is_refused_by_name_and_never_repeated(wrap: object) -> None:
    assert callable(wrap)
    text = f"--- a/x\n+{wrap(SECRET)}\n".encode()
    with pytest.raises(RefusedError, match="the patch holds the value of JIRA_API_TOKEN") as told:
        OUT.content(text, "the patch")
    assert SECRET not in f"{told.value.message} {told.value.advice}"
    assert OUT.content(b"nothing", "the patch") == b"nothing"


def test_a_token_that_was_made_meanwhile_is_looked_for_too() -> None:
    out = Outlet(KnownValues({"A": SECRET}), shipped)
    out.learn("a token of this run", "made-meanwhile-77")
    assert out("x made-meanwhile-77 y") == "x *** y"
    assert SECRET not in out(SECRET)
    with pytest.raises(RefusedError, match="a token of this run"):
        out.content(b"made-meanwhile-77", "it")
    assert {SECRET, "made-meanwhile-77"} <= set(out.forms)
    assert len(out.forms[0]) >= len(out.forms[-1])


def test_words_lose_secrets_of_ours_and_of_others() -> None:
    token = made(FORMS["stripe-key"], seeded(1))
    said = OUT(f"401 for {SECRET} and {token} at https://ann:{token}@host/ with Bearer {'a1' * 9}")
    assert said == "401 for *** and *** at https://***@host/ with ***"


@given(HOSTILE)
def test_whatever_acts_in_markdown_is_made_inert_once_and_for_all(text: str) -> None:
    shown = tame(text)
    assert tame(shown) == shown


@pytest.mark.parametrize("acting", ACTS)
@pytest.mark.parametrize(
    "around", ["{}", "see {} now", "- {}\n", "a\n\n{}\n\nb", "**{}**", "\\\\{}", "`` ` {}"]
)
def test_what_slips_through_unescaped_does_nothing(acting: str, around: str) -> None:
    shown = tame(around.format(acting))
    assert shown != around.format(acting)
    assert tame(shown) == shown
    for word in ("![i]", "<img", "@leigh", "#12", "#3", "[~acc"):
        assert word not in shown


@pytest.mark.parametrize(
    "code",
    ["`@leigh`", "```\n![i](x) @leigh\n```", "````diff\n+<b>\n```\n+@x\n````", "\\<x", "a@b.co"],
)
def test_code_and_what_is_escaped_stay_as_they_are(code: str) -> None:
    assert tame(code) == code


@given(HOSTILE)
def test_our_own_comments_are_inert_already(text: str) -> None:
    for comment in every_comment(text):
        assert tame(comment) == comment


def test_hidden_characters_show_in_all_that_is_rendered() -> None:
    assert OUT.markdown("a\u202eb\u200bc", 100, "") == "a⟨U+202E⟩b⟨U+200B⟩c"
    assert OUT.line("a\nb\x1b[31m \U000e0041", 100) == "a b⟨U+001B⟩[31m ⟨U+E0041⟩"
    assert OUT.message("fix\u2066 it\n\nBy: x\n") == "fix⟨U+2066⟩ it\n\nBy: x\n"
    assert OUT.message(f"{'x' * 90}\n\nBy: x") == f"{'x' * 71}…\n\nBy: x"


@pytest.mark.parametrize(
    "command", ["::set-output name=a::b", "  ::error::x", "##[group]x", "a ##[add-mask]b"]
)
def test_no_line_for_a_log_is_a_command_of_the_runner(command: str) -> None:
    shown = OUT.terminal(f"first\n{command}\x1b[2J\r::error::z")
    assert "\x1b" not in shown
    assert "##[" not in shown
    assert all(not line.lstrip().startswith("::") for line in shown.splitlines())
    assert OUT.terminal("a::b 12:30 #1") == "a::b 12:30 #1"


@given(st.text(alphabet="ab `\n#", max_size=400), st.integers(120, 300))
def test_a_text_is_cut_to_its_place_and_says_where_the_whole_is(text: str, limit: int) -> None:
    shown = fitted(text, limit, "It is on the ledger.")
    assert len(shown) <= limit
    assert shown == text if len(text) <= limit else shown.endswith("It is on the ledger.")


def test_a_cut_inside_a_code_block_ends_the_block() -> None:
    text = "see\n\n````diff\n" + "+line\n" * 100
    shown = fitted(text, 200, "There.")
    assert "\n````\n\n**Cut here" in shown


def test_a_long_title_is_cut_with_a_sign() -> None:
    assert OUT.line("word " * 100, 20) == "word word word word…"
    assert len(OUT.line("x" * 300, 256)) == 256


def test_a_fact_is_redacted_before_it_is_hashed_and_otherwise_left_alone() -> None:
    clean = e.AnswerGiven(at="2026-01-01T00:00:00.000Z", eid="e" * 16, question=FactId("q"),
                          answer="sha256:" + "0" * 64)  # fmt: skip
    assert OUT.event(clean) is clean
    told = e.WriteRefused(
        at="2026-01-01T00:00:00.000Z",
        eid="e" * 16,
        subject="sha256:" + "0" * 64,
        code="malformed",
        reason=f"git said {SECRET}",
    )
    assert OUT.event(told) == told.model_copy(update={"reason": "git said ***"})


class Deep(BaseModel):
    """A record with texts at every depth."""

    one: str
    many: tuple[str, ...]
    named: dict[str, list[str]]
    count: int = 7


def test_a_fact_is_redacted_at_every_depth() -> None:
    told = Deep(one=SECRET, many=("a", SECRET), named={"x": [f"so {SECRET}"]})
    assert OUT.event(told) == Deep(one="***", many=("a", "***"), named={"x": ["so ***"]})


def test_a_text_that_just_fits_is_whole_and_a_longer_one_is_cut_between_lines() -> None:
    text = "one line\n" * 30
    assert fitted(text, len(text), "There.") == text
    shown = fitted(text, len(text) - 1, "There.")
    assert shown.startswith("one line\none line\n")
    assert all(line == "one line" for line in shown.partition("\n\n")[0].splitlines())
    assert fitted("x" * 300, 200, "There.").startswith("x" * 100)


def test_the_places_take_what_their_services_say() -> None:
    assert (JIRA_COMMENT, GITHUB_BODY, GITHUB_TITLE) == (32_767, 65_536, 256)
    assert (STEP_SUMMARY, COMMIT_SUBJECT) == (1_048_576, 72)


def test_a_room_without_secrets_lets_everything_out() -> None:
    assert unguarded()(f"x {SECRET}") == f"x {SECRET}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("```a\n@x\n```\n@x", "```a\n@x\n```\n@ x"),
        ("```a\n@x\n````\n@x", "```a\n@x\n````\n@ x"),
        ("````\n@x\n```\n@x\n````", "````\n@x\n```\n@x\n````"),
        ("````\n@x\n```\n@x\n```", "````\n@ x\n```\n@x\n```"),
        ("~~~\n@x\n    ~~~\n@x", "~~~\n@ x\n    ~~~\n@ x"),
        ("```a\n```b\n@x\n~~~\n@x\n~~~", "```a\n```b\n@ x\n~~~\n@x\n~~~"),
        ("a ` b\n```\n@x ` @x\n```", "a ` b\n```\n@x ` @x\n```"),
    ],
)
def test_a_code_block_is_kept_if_it_ends_and_what_only_looks_like_one_is_tamed(
    text: str, kept: str
) -> None:
    assert tame(text) == kept


def test_hostile_lengths_cost_little() -> None:
    began = time.monotonic()
    for piece in ("`", "``` ", "~~~\n", "@", "![", "<", "\\", "`a\n", "fixes ", "x@"):
        tame(piece * 8_000)
        OUT(piece * 8_000)
    for piece in ("```a\n", "[~", "\n", "~~~\n```\n"):
        tame(piece * 20_000)
        OUT.terminal(piece * 20_000)
    assert time.monotonic() - began < 8


PIECES = (*"opsur_-: \n", "gh", "github_pat_", "sk-", "Bearer ", "BAS", "ic ", "\u0131c ", "\u017f")
KEYS = ("a1B2c3D4e5F6g7H8i9J0", "-----BEGIN RSA PRIVATE KEY-----", "-----END", "\u00e9", "words")
SHAPED = st.lists(st.sampled_from((*PIECES, *KEYS)), max_size=8).map("".join)


@given(SHAPED)
def test_the_quick_look_for_credentials_overlooks_none_of_their_shapes(text: str) -> None:
    assert shapeless(text) == SHAPES.sub("***", text)


def test_a_scheme_written_with_other_letters_of_the_same_look_counts() -> None:
    assert shapeless("ba\u017fic a1B2c3D4e5F6") == "***"
    assert shapeless("bas\u0131c a1B2c3D4e5F6") == "***"
