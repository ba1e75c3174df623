from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.comments import VERBS, Command, NearMiss, parse


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("lead", ["/", "patchgate ", "Patchgate  ", "PATCHGATE\t"])
def test_every_verb_works_with_a_slash_and_with_the_word(verb: str, lead: str) -> None:
    assert parse(f"{lead}{verb} a b") == Command(verb, "a b")  # type: ignore[arg-type]  # a Verb


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/approve", Command("approve")),
        ("\n\n  /approve  \n", Command("approve")),
        ("/Approve 3f2a91c0", Command("approve", "3f2a91c0")),
        ("`/approve 3f2a91c0`", Command("approve", "3f2a91c0")),
        ("``/approve 3f2a91c0``", Command("approve", "3f2a91c0")),
        ("`patchgate stop`", Command("stop")),
        ("/approve `3f2a91c0`", Command("approve", "3f2a91c0")),
        ("\\/approve sha256:3f2a", Command("approve", "sha256:3f2a")),
        ("\ufeff/approve\u00a03f2a91c0", Command("approve", "3f2a91c0")),
        (
            "/changes use a set\n\n- and\n- test it",
            Command("changes", "use a set\n\n- and\n- test it"),
        ),
        ("/changes\nsecond line", Command("changes", "second line")),
        ("/changes keep `x\\.y` as it is", Command("changes", "keep `x\\.y` as it is")),
        ("/override `scope\\_drift` they asked", Command("override", "scope_drift they asked")),
    ],
)
def test_a_command_is_the_start_of_the_first_line_and_the_rest_its_argument(
    body: str, expected: Command
) -> None:
    assert parse(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   \n\t\n",
        "please /approve this",
        "> /approve",
        "```\n/approve\n```",
        "~~~\n/approve\n~~~",
        "    /approve",
        "\t/approve",
        "- /approve",
        "| /approve |",
        "Looks good.\n/approve",
        "`/approve` is what you have to write",
        "`a` and `/approve`",
        "/home/user/project is where it lies",
        "/etc",
        "/dev",
        "/usr/bin/approve",
        "/",
        "/ approve",
        "patchgate",
        "patchgate is great",
        "patchgate/approve",
        "patchgates approve",
        "patchgate · ref 0123456789abcdef",
    ],
)
def test_ordinary_talk_is_no_command(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "word", "nearest"),
    [
        ("/aprove", "/aprove", "approve"),
        ("/Approved", "/Approved", "approve"),
        ("/appprove 3f2a", "/appprove", "approve"),
        ("/approve: 3f2a", "/approve:", "approve"),
        ("patchgate aprove", "aprove", "approve"),
        ("/rejected", "/rejected", "reject"),
        ("/sotp", "/sotp", "stop"),
        ("/change it", "/change", "changes"),
        ("/retrying", "/retrying", "retry"),
        ("`/overide rule`", "/overide", "override"),
    ],
)
def test_a_misspelt_command_is_a_near_miss_that_names_the_verb(
    body: str, word: str, nearest: str
) -> None:
    assert parse(body) == NearMiss(word, nearest)  # type: ignore[arg-type]  # a Verb


@given(st.text())
def test_no_text_makes_it_raise(body: str) -> None:
    assert parse(body) is None or isinstance(parse(body), Command | NearMiss)


@given(st.sampled_from(["/", "patchgate "]), st.text(alphabet="aeoprvsticjx`\\ \n/>.", max_size=40))
def test_no_text_after_the_lead_makes_it_raise(lead: str, body: str) -> None:
    found = parse(lead + body)
    if isinstance(found, Command):
        assert found.verb in VERBS
        assert found.argument == found.argument.strip()


@given(st.text())
def test_a_quoted_command_is_never_obeyed(text: str) -> None:
    assert parse("> /approve " + text) is None
