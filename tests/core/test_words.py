from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from marklassian import markdown_to_adf
from tests.core.patches import ANY_TEXT, PATCHES, change, diff_adding, patch, standard

from patchgate.core import words
from patchgate.core.characters import is_hidden
from patchgate.core.events import ChecksSeen, PatchReviewed
from patchgate.core.ids import Eid, FactId, digest_bytes, short
from patchgate.core.patch import AppliedPatch
from patchgate.core.plan import Criterion, Finding, Plan, PlannedFile, WorkItem
from patchgate.core.policy import Scope, judge
from patchgate.core.proposal import CheckLevel
from patchgate.core.words import PatchFacts

COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MENTION = re.compile(r"(?<![A-Za-z0-9_])@[A-Za-z0-9]")
ISSUE = re.compile(r"#[0-9]|\bGH-[0-9]", re.IGNORECASE)
ADDRESS = re.compile(r"[a-z]://|\bwww\.|\bmailto:", re.IGNORECASE)
DIGEST = digest_bytes(b"the patch")
POLICY = standard()

PIECES = (
    r"@leigh `@x` ``` ~~~ [a](http://e) ![i](http://e/i.png) <img src=x> <!-- --> &#64;bob &lt; "
    r"# > - 1. | --- === * ** _ \ \` $x$ Fixes#12 o/r#3 GH-4 www.e.com http://e/x <http://e> "
    r"[~acc:1] a@b.co [r]: <details> é"
)
HIDDEN = ("\u202e", "\u200b", "\u2066", "\x00", "\r", "⚠\ufe0f")
SPACES = (" ", "  ", "\n", "\n\n", "    ", "\t", "word", "`", "``")
HOSTILE = st.lists(st.sampled_from((*PIECES.split(), *HIDDEN, *SPACES)), max_size=25).map("".join)
TEXTS = HOSTILE | ANY_TEXT


def leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from leaves(token.children or [])


def text_runs(tokens: list[Token]) -> Iterator[str]:
    """The text of each node that a renderer would make, code left out."""
    for token in tokens:
        run = ""
        for child in token.children or []:
            if child.type in ("text", "text_special"):
                run += child.content
            else:
                yield run
                run = ""
        yield run


def alive(markdown: str) -> list[str]:
    """Everything in the Markdown that would do more than be read."""
    tokens = COMMONMARK.parse(markdown)
    kinds = {"html_block", "html_inline", "link_open", "image", "heading_open", "blockquote_open"}
    found = [token.type for token in leaves(tokens) if token.type in kinds | {"table_open", "hr"}]
    for run in text_runs(tokens):
        found += [run for pattern in (MENTION, ISSUE, ADDRESS) if pattern.search(run)]
    return found + [
        repr(char) for char in markdown if is_hidden(char) and char not in "\u200d\ufe0f"
    ]


@pytest.mark.parametrize(
    "markdown",
    ["@leigh", "#12", "[a](http://e)", "![a](http://e)", "<b>", "# h", "http://e", "a\u202eb"],
)
def test_the_probe_itself_sees_what_is_alive(markdown: str) -> None:
    assert alive(markdown)


@given(TEXTS)
@example("\\`@leigh\\`")
@example("`a``b` @leigh `")
@example("```\n@x\n~~~\n```\n@leigh")
@example("_x_@leigh")
@example("&#64;leigh")
def test_nothing_in_foreign_paragraphs_comes_alive(text: str) -> None:
    assert alive(words.inert(text)) == []


def adf_kinds(node: object) -> Iterator[str]:
    """The types of all nodes and marks of an ADF document."""
    if isinstance(node, dict):
        yield str(node.get("type"))
        for value in node.values():
            yield from adf_kinds(value)
    elif isinstance(node, list):
        for item in node:
            yield from adf_kinds(item)


QUIET_IN_JIRA = {
    "doc", "paragraph", "text", "hardBreak", "code", "strong", "codeBlock", "bulletList",
    "orderedList", "listItem", "None",
}  # fmt: skip


@given(TEXTS)
def test_nothing_in_foreign_paragraphs_comes_alive_in_jira(text: str) -> None:
    assert set(adf_kinds(markdown_to_adf(words.inert(text)))) <= QUIET_IN_JIRA


@given(TEXTS, TEXTS)
def test_nothing_in_a_foreign_line_comes_alive_wherever_it_stands(one: str, two: str) -> None:
    for markdown in (words.line(one), f"**{words.line(one)}** and {words.line(two)}"):
        assert alive(markdown) == []
        assert "\n" not in markdown


@given(TEXTS)
@example("`````\n@leigh")
@example("````\n`````\n@leigh\n````")
def test_a_code_block_cannot_be_left(text: str) -> None:
    blocks = [t for t in COMMONMARK.parse(f"{words.fence(text)}\n\nafter") if t.type != "inline"]
    assert [t.type for t in blocks] == ["fence", "paragraph_open", "paragraph_close"]


@given(TEXTS)
def test_a_code_span_cannot_be_left(text: str) -> None:
    (inline,) = [t for t in COMMONMARK.parse(f"x {words.code(text)} y") if t.type == "inline"]
    assert [child.type for child in inline.children or []] == ["text", "code_inline", "text"]


@given(ANY_TEXT)
def test_what_is_made_visible_hides_nothing_and_is_stable(text: str) -> None:
    shown = words.visible(text)
    assert not [char for char in shown if unicodedata.category(char) == "Cs"]
    assert not [char for char in shown if unicodedata.bidirectional(char) in BIDI_CONTROLS]
    assert words.visible(shown) == shown
    assert shown.encode().decode() == shown


BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_hidden_characters_are_written_out_and_emoji_are_left_whole() -> None:
    assert words.visible("a\u202eb\u200bc\x00") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩"
    assert words.visible("⚠\ufe0f 👩\u200d🔧 été\tx\n") == "⚠\ufe0f 👩\u200d🔧 été\tx\n"
    assert words.visible("a\ufe0f b\u200dc") == "a⟨U+FE0F⟩ b⟨U+200D⟩c"


def test_ordinary_writing_survives() -> None:
    text = "Renames `snake_case` to **bold**.\n\n- one `List<int>`\n- two\n\n1. first\n2. second"
    assert words.inert(text) == text
    html = COMMONMARK.render(words.inert("Uses <T> & __init__ for 3 * 4"))
    assert html == "<p>Uses &lt;T&gt; &amp; __init__ for 3 * 4</p>\n"


def test_long_text_is_cut_and_says_by_how_much() -> None:
    assert words.line("x" * 50, 10) == "xxxxxxxxxx … (40 more characters)"


def test_hostile_lengths_cost_little() -> None:
    for text in ("a" * 30_000, "`" * 6_000, "` " * 3_000, "@" * 6_000, "*" * 6_000, "a/" * 9_000):
        assert words.inert(text, 30_000)


@pytest.mark.parametrize(
    ("micro", "shown"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1, "less than $0.0001"),
        (99, "less than $0.0001"),
        (150, "$0.0002"),
        (4_200, "$0.0042"),
        (9_999, "$0.0100"),
        (10_000, "$0.01"),
        (1_995_000, "$2.00"),
        (1_234_560_000, "$1,234.56"),
    ],
)
def test_money_is_shown_as_people_read_it(micro: int | None, shown: str) -> None:
    assert words.dollars(micro) == shown


def facts(
    paths: tuple[str, ...] = ("code/a.py",), scope: Scope | None = None, overridden: str = ""
) -> PatchFacts:
    applied = patch(*map(change, paths), rendered=diff_adding(paths[0], "print('hi')"))
    lifted = frozenset({overridden} - {""})
    return PatchFacts(
        key="MWC-2",
        repo="acme/app",
        branch="ai/MWC-2",
        base="1" * 40,
        attempt=1,
        digest=DIGEST,
        patch=applied,
        judged=judge(applied, POLICY, scope=scope, overrides=lifted),
        summary="Says hello.",
        criteria=("AC1",),
        overridden=lifted,
        advice=POLICY.advice(),
        check=CheckLevel.PASSED,
        check_reason="12 passed",
    )


def test_a_patch_comment_shows_the_patch_and_the_line_to_approve_it() -> None:
    said = words.patch_comment(facts())
    for part in (
        "**acme/app** at `111111111111`",
        "- `code/a.py` +3 -1",
        "found nothing against it",
        "PASSED (12 passed)",
        "```diff\n",
        "+print('hi')",
        f"`/approve {short(DIGEST)}` writes it to branch `ai/MWC-2`",
        "`/changes",
        "`/reject",
    ):
        assert part in said
    order = ["**Policy**", "Says hello.", "```diff", "What happens next"]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_a_blocked_patch_offers_an_override_for_each_rule_and_no_approval() -> None:
    said = words.patch_comment(facts(("go.mod", "CODEOWNERS"), overridden="codeowners"))
    assert "`/override dependency-manifests why" in said
    assert "`/override codeowners" not in said
    assert "**overridden** `codeowners`" in said
    assert POLICY.advice()["dependency-manifests"] in said
    assert "/approve " not in said


def test_a_refused_patch_offers_neither_override_nor_approval() -> None:
    said = words.patch_comment(facts((".git/config",)))
    assert "/override" not in said
    assert "/approve " not in said
    assert "`/changes" in said


def test_a_patch_wider_than_the_plan_says_so() -> None:
    assert "beyond the files of the plan" in words.patch_comment(facts(scope=Scope(("docs/**",))))


def test_a_long_diff_is_cut_between_lines_and_names_the_file_that_holds_it_whole() -> None:
    long = "\n".join(f"+line {n}" for n in range(20_000))
    base = facts()
    big = dataclasses.replace(
        base,
        patch=dataclasses.replace(base.patch, rendered=long),
        attachment="MWC-2-abc.patch",
    )
    said = words.patch_comment(big)
    assert len(said) <= words.COMMENT_LIMIT
    shown = [int(n) for n in re.findall(r"^\+line (\d+)$", said, re.MULTILINE)]
    assert shown == list(range(len(shown)))
    assert f"Cut here: {20_000 - len(shown):,} more lines" in said
    assert "`MWC-2-abc.patch`. Read it before you approve." in said
    assert f"/approve {short(DIGEST)}" in said


def test_long_names_cannot_push_the_findings_out_of_sight() -> None:
    paths = (*(f"{n}{'x' * 380}" for n in range(200)), "go.mod")
    said = words.patch_comment(facts(paths, scope=Scope(())))
    assert len(said) <= words.COMMENT_LIMIT
    assert "**BLOCK** `dependency-manifests` `go.mod`" in said
    assert "… and 141 more files" in said


@given(PATCHES, TEXTS, st.integers(3_000, 30_000))
def test_a_patch_comment_fits_and_holds_nothing_alive(
    applied: AppliedPatch, summary: str, limit: int
) -> None:
    base = facts()
    shown = dataclasses.replace(
        base,
        patch=applied,
        summary=summary * 20,
        judged=judge(applied, POLICY, scope=Scope(())),
        attachment=summary[:30],
    )
    said = words.patch_comment(shown, limit=limit)
    assert len(said) <= limit
    assert said.startswith("### ")
    assert alive(said.split("\n", 1)[1]) == []
    assert "What happens next" in said


PLAN = Plan(
    approach="Add a greeter.",
    files=(PlannedFile(path="src/greet.py", action="create", reason="the greeter"),),
    risks=("Callers rely on `hi`",),
    unknowns=("Which locale?",),
    non_goals=("Translation",),
    acceptance=(Criterion(id="AC1", text="greets by name"),),
    items=(
        WorkItem(title="Greeter", description="Write it.", files=("src/greet.py",)),
        WorkItem(title="Page", description="Show it.", acceptance=("AC1",)),
    ),
)


def test_a_plan_comment_shows_every_part_and_both_ways_to_approve() -> None:
    said = words.plan_comment(PLAN, DIGEST, revision=2, reviewer="Leigh")
    for part in (
        "revision 2",
        "Add a greeter.",
        "- `src/greet.py` create: the greeter",
        "**AC1** greets by name",
        "Callers rely on `hi`",
        "Which locale?",
        "Translation",
        "#### 1. Greeter\n\nWrite it.",
        "#### 2. Page\n\nShow it.",
        f"`/approve {short(DIGEST)}` (or move the ticket Plan Review → In Progress)",
        "Leigh decides.",
    ):
        assert part in said
    assert "in any folder" not in said


@pytest.mark.parametrize("glob", ["**", "**/*.py", "*"])
def test_a_plan_that_bounds_nothing_is_called_so(glob: str) -> None:
    wide = PLAN.model_copy(update={"items": (WorkItem(title="t", description="d", files=(glob,)),)})
    said = words.plan_comment(wide, DIGEST, revision=1, reviewer="Leigh")
    assert f"`{glob}` names files in any folder" in said


def test_the_largest_plan_fits_says_what_it_cuts_and_can_still_be_approved() -> None:
    large = PLAN.model_copy(
        update={
            "approach": "*x* " * 5_000,
            "items": (WorkItem(title="t" * 200, description="<d> " * 2_000),) * 25,
        }
    )
    said = words.plan_comment(large, DIGEST, revision=1, reviewer="Leigh")
    assert len(said) <= words.COMMENT_LIMIT
    assert f"The whole plan is on the ledger as `{DIGEST}`" in said
    assert f"/approve {short(DIGEST)}" in said


def test_a_commit_message_has_a_short_subject_and_the_four_trailers() -> None:
    said = words.commit_message("MWC-2", "greet by name.", patch=DIGEST, approver="Leigh", head="h")
    assert said == (
        "MWC-2: greet by name\n\n"
        f"Work-Item: MWC-2\nPatch-Digest: {DIGEST}\nApproved-By: Leigh\nLedger-Head: h\n"
    )


@given(TEXTS, TEXTS)
@example("x [skip ci] ***NO_CI***", "Leigh\nApproved-By: Mallory")
@example("MWC-2: again", "L")
@example("Fixes https://github.com/o/r/issues/1", "L")
def test_a_commit_message_is_quiet_whatever_the_model_writes(summary: str, approver: str) -> None:
    said = words.commit_message("MWC-2", summary, patch=DIGEST, approver=approver, head="h")
    subject, blank, *trailers = said.split("\n")
    assert subject.startswith("MWC-2: ")
    assert len(subject) <= 72
    assert not subject.startswith("MWC-2: MWC-2")
    assert blank == ""
    assert [t.partition(":")[0] for t in trailers] == [
        "Work-Item",
        "Patch-Digest",
        "Approved-By",
        "Ledger-Head",
        "",
    ]
    assert not re.search(r"#\w|(?<!\w)@\w|\bGH-\d|://|\[|\*\*\*", subject)
    assert not [char for char in said if is_hidden(char) and char not in "\u200d\ufe0f"]


CHECKS = ChecksSeen(
    at="t", fact=FactId("f"), repo="r", head="h", level="pending", names=("unit",), detail="1 of 2"
)
URL = "https://github.com/acme/app/pull/7"


def test_the_pull_request_is_linked_from_the_ticket_with_branch_commit_and_checks() -> None:
    said = words.pull_comment(URL, branch="ai/MWC-2", commit="c" * 40, checks=CHECKS)
    assert f"[Pull request 7]({URL}) · branch `ai/MWC-2` · commit `cccccccccccc`" in said
    assert "Required checks: **pending**: `unit` (1 of 2)." in said


def test_the_pull_request_body_links_back_and_carries_approval_anchor_and_marker() -> None:
    pull = words.PullFacts(
        key="MWC-2",
        ticket_url="https://site.atlassian.net/browse/MWC-2",
        summary="Fixes #12, thanks @leigh",
        criteria=PLAN.acceptance,
        digest=DIGEST,
        approver="Leigh",
        head=digest_bytes(b"head"),
        eid=Eid("0123456789abcdef"),
    )
    said = words.pull_body(pull)
    assert "[MWC-2](https://site.atlassian.net/browse/MWC-2)" in said
    assert f"Leigh approved exactly this patch, `{DIGEST}`" in said
    assert f"Ledger head: `{digest_bytes(b'head')}`" in said
    assert "Fixes `#12`, thanks `@leigh`" in said
    assert said.endswith("<!-- patchgate:eid=0123456789abcdef -->")
    under = words.pull_body(dataclasses.replace(pull, under=digest_bytes(b"plan")))
    assert f"made under `{digest_bytes(b'plan')}`, which Leigh approved" in under


def review(text: str = "loses a penny", *, own: bool = False) -> words.ReviewFacts:
    said = PatchReviewed(
        at="t",
        patch=DIGEST,
        verdict="block",
        reviewer="openai gpt-6-sol",
        own=own,
        blocking=1,
        notes=1,
    )
    found = (
        Finding(severity="note", message=text[:600] or "x"),
        Finding(severity="blocking", path=text[:400], line=7, message=text[:600] or "x"),
    )
    return words.ReviewFacts(said, found)


def test_a_review_is_shown_beside_the_patch_gravest_first_and_as_advice() -> None:
    said = words.patch_comment(dataclasses.replace(facts(), review=review()))
    assert "**Review** by a second model, `openai gpt-6-sol`: 1 blocking finding, 1 note." in said
    assert "approves nothing" in said
    assert "- **blocking** `loses a penny` line 7: loses a penny" in said
    assert said.index("**blocking**") < said.index("**note**") < said.index("```diff")
    assert f"`/approve {short(DIGEST)}`" in said
    alone = words.patch_comment(dataclasses.replace(facts(), review=review(own=True)))
    assert "the very model that wrote it" in alone


def test_a_patch_that_the_review_holds_up_offers_its_override_and_no_approval() -> None:
    said = words.patch_comment(dataclasses.replace(facts(), review=review(), held=True))
    assert said.startswith("### Patch held up by the review")
    assert "`/override model-review why" in said
    assert "/approve " not in said


def test_a_patch_that_was_not_reviewed_says_so_and_why() -> None:
    none = PatchReviewed(at="t", patch=DIGEST, verdict="none", first="2 runs brought no review")
    shown = dataclasses.replace(facts(), review=words.ReviewFacts(none))
    assert "**No second model reviewed it**: 2 runs brought no review." in words.patch_comment(
        shown
    )


def test_an_address_that_is_none_becomes_no_link() -> None:
    assert words.link("x", "javascript:alert(1)") == "x (`javascript:alert(1)`)"
    assert words.link("x", "https://a b") == "x (`https://a b`)"


def every_comment(text: str) -> list[str]:
    """Each kind of comment with foreign text in every place that takes any."""
    no_url = f"not {text}"
    return [
        words.question_comment([text, text]),
        words.answer_comment(text, text),
        words.parked_comment(text, text, advice=text, available=(text, "Done")),
        words.refused_comment(text, text, next_step=text),
        words.near_miss_comment(text, "approve"),
        words.drift_comment(text, text, wanted=text, why=text),
        words.rework_comment(attempt=2, source="person", by=text, why=text),
        words.rework_comment(attempt=2, source=text, by=text, why=text),
        words.stopped_comment(text, text),
        words.deferred_comment(text, until=text),
        words.done_comment(no_url, merged_by=text, commit=text, checks=CHECKS, cost=None),
        words.final_summary([words.ChildFacts(text, text, text, no_url)], cost=5, runs=1),
        words.ended_comment("REJECTED", by=text, reason=text),
        words.pull_comment(no_url, branch=text, commit=text, checks=None),
        words.plan_comment(plan_of(text), DIGEST, revision=1, reviewer=text, move=text),
        words.patch_comment(dataclasses.replace(facts(), review=review(text))),
    ]


def plan_of(text: str) -> Plan:
    filled = text or "x"
    return Plan(
        approach=filled,
        files=(PlannedFile(path=filled[:400], action="modify", reason=text),),
        risks=(text,),
        acceptance=(Criterion(id="AC1", text=filled),),
        items=(WorkItem(title=filled[:200], description=filled, files=(text,)),),
    )


@given(HOSTILE)
def test_no_comment_lets_foreign_text_come_alive(text: str) -> None:
    for said in every_comment(text):
        own = re.sub(r"^###+ ", "", said, flags=re.MULTILINE)
        assert alive(own) == []


def test_every_comment_says_last_what_happens_next() -> None:
    for said in every_comment("x"):
        assert said.startswith("### ")
        _, said_last = said.split("\n\n**What happens next.** ")
        assert not re.search(r"^(#|\*\*)", said_last, re.MULTILINE)


def test_the_final_summary_lists_each_child_with_its_pull_request_and_the_cost() -> None:
    children = [
        words.ChildFacts("MWC-2", "Greeter", "DONE", URL, 4_200),
        words.ChildFacts("MWC-3", "Page", "REJECTED"),
    ]
    said = words.final_summary(children, cost=4_200, runs=3)
    assert "1 of 2 sub-tasks done." in said
    assert f"**MWC-2** Greeter: DONE · [pull request]({URL}) · $0.0042" in said
    assert "**MWC-3** Page: REJECTED · unknown" in said
    assert "3 model runs; cost: $0.0042." in said


def test_a_near_miss_names_the_nearest_command_and_how_to_write_it() -> None:
    said = words.near_miss_comment("/overide", "override")
    assert "`/overide` is no command of mine, so I did nothing. Did you mean `/override`?" in said
    assert "`/override RULE why it is right here`" in said


def test_an_unreachable_status_lists_what_jira_offers() -> None:
    said = words.parked_comment(
        "status", "no way there", advice="add it", available=("Done", "Blocked")
    )
    assert "Jira offers from here: `Done`, `Blocked`." in said
    assert "To go on: add it" in said
