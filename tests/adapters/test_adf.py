from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.adapters.jira.reading import MAX_DEPTH, TEXT_LIMIT, to_markdown
from patchgate.adapters.jira.spans import plain
from patchgate.adapters.jira.writing import LIMIT, comment_adf, marker, size, to_adf
from patchgate.core.comments import Command, parse
from patchgate.core.ids import Eid
from tests.adapters.every_node import EVERY_NODE, WORDS, kinds_in
from tests.contracts import ADF_FILE, ContractBook, contract_book, contracts_folder

EID = Eid("0123456789abcdef")


@pytest.fixture(scope="module")
def book() -> ContractBook:
    return contract_book()


def doc(*blocks: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(blocks)}


def node(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(content), **({"attrs": attrs} if attrs else {})}


def text(words: str, *marks: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "text", "text": words}
    named = [{"type": m} if isinstance(m, str) else m for m in marks]
    return {**made, "marks": named} if named else made


def p(*parts: Any) -> dict[str, Any]:
    return node("paragraph", *[text(part) if isinstance(part, str) else part for part in parts])


LINK = {"type": "link", "attrs": {"href": "https://example.com/a"}}


# ── Reading ──────────────────────────────────────────────────────────────────────────────


def test_the_every_node_document_is_valid_and_has_every_kind_of_the_schema(
    book: ContractBook,
) -> None:
    folder = contracts_folder()
    assert folder is not None
    definitions = json.loads((folder / ADF_FILE).read_text("utf-8"))["definitions"]
    kinds = {
        kind
        for name, definition in definitions.items()
        if name.endswith("_node")
        for kind in definition.get("properties", {}).get("type", {}).get("enum", [])
    }
    assert kinds - kinds_in(EVERY_NODE) == set()
    assert book.adf_findings(EVERY_NODE) == []


def test_every_kind_of_node_keeps_its_words() -> None:
    markdown = to_markdown(EVERY_NODE)
    assert [word for word in WORDS if word not in markdown] == []


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        pytest.param(node("heading", text("A"), level=2), "## A", id="heading"),
        pytest.param(p(text("a", "strong"), " ", text("b", "em")), "**a** *b*", id="emphasis"),
        pytest.param(p(text(" a ", "strong"), "b"), " **a** b".strip(), id="space-outside-marks"),
        pytest.param(p(text("a", "strike")), "~~a~~", id="strike"),
        pytest.param(p(text("a`b", "code")), "``a`b``", id="backtick-in-code"),
        pytest.param(p(text("x", LINK)), "[x](https://example.com/a)", id="link"),
        pytest.param(p(text("c", "code", LINK)), "[`c`](https://example.com/a)", id="code-link"),
        pytest.param(
            p(text("https://example.com/a", LINK)), "https://example.com/a", id="bare-link"
        ),
        pytest.param(p("a", node("hardBreak"), "b"), "a\nb", id="break"),
        pytest.param(p("   /approve"), "/approve", id="no-indented-code"),
        pytest.param(
            node("codeBlock", text("a\n```\nb"), language="py"),
            "````py\na\n```\nb\n````",
            id="fence-in-code",
        ),
        pytest.param(
            node(
                "orderedList",
                node("listItem", p("a"), node("bulletList", node("listItem", p("b")))),
                node("listItem", p("c"), p("d")),
                order=3,
            ),
            "3. a\n   - b\n4. c\n\n   d",
            id="lists",
        ),
        pytest.param(
            node(
                "taskList",
                node("taskItem", text("a"), state="DONE", localId="1"),
                node("taskList", node("taskItem", text("b"), state="TODO", localId="2")),
            ),
            "- [x] a\n  - [ ] b",
            id="tasks",
        ),
        pytest.param(node("blockquote", p("a"), p("b")), "> a\n>\n> b", id="quote"),
        pytest.param(
            node(
                "table",
                node("tableRow", node("tableHeader", p("h|1")), node("tableHeader", p("h2"))),
                node("tableRow", node("tableCell", p("a"), p("b"), colspan=2)),
            ),
            "| h\\|1 | h2 |\n| --- | --- |\n| a<br>b |  |",
            id="table",
        ),
        pytest.param(
            node("table", node("tableRow", node("tableCell", p("a")))),
            "|  |\n| --- |\n| a |",
            id="table-without-header",
        ),
        pytest.param(p(node("date", timestamp="1700000000000")), "2023-11-14", id="date"),
        pytest.param(p(node("date", timestamp="soon")), "[date soon]", id="bad-date"),
        pytest.param(p(node("mention", id="5b10")), "@5b10", id="mention-without-name"),
        pytest.param(node("hologram", p("inside")), "[hologram]\n\ninside", id="unknown-block"),
        pytest.param(p("a", node("glyph", text="g")), "a[glyph: g]", id="unknown-inline"),
    ],
)
def test_a_node_reads_as_its_markdown(block: Any, markdown: str) -> None:
    assert to_markdown(doc(block)) == markdown


@pytest.mark.parametrize("value", [None, doc(), doc(p()), "", {}, [], 7, {"type": "doc"}])
def test_nothing_reads_as_empty(value: Any) -> None:
    assert to_markdown(value) == ""


def test_text_of_rest_v2_stays_as_it_is() -> None:
    assert to_markdown("h1. old") == "h1. old"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "content", "attrs", "marks", "text", "url", "order", "level"]),
            inner | st.sampled_from(sorted(kinds_in(EVERY_NODE))),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_reading_never_raises(value: Any) -> None:
    assert isinstance(to_markdown(value), str)
    assert isinstance(to_markdown(doc(value)), str)
    assert marker(value) is None


def test_a_very_deep_document_keeps_its_text() -> None:
    block = p("needle")
    for _ in range(MAX_DEPTH * 5):
        block = node("blockquote", block)
    assert "needle" in to_markdown(doc(block))


def test_ten_megabytes_are_cut_and_say_so() -> None:
    markdown = to_markdown(doc(p("x" * 10_000_000)))
    assert len(markdown) < TEXT_LIMIT + 200
    assert markdown.endswith("[cut here by patchgate: the first 100,000 of 10,000,000 characters]")


@pytest.mark.parametrize(
    "block",
    [
        node("blockquote", p("/approve")),
        node("codeBlock", text("/approve")),
        node("codeBlock", text("x\n```\n/approve")),
        node("panel", p("/approve"), panelType="info"),
        node("bulletList", node("listItem", p("/approve"))),
        node("heading", text("/approve"), level=1),
        p(text("/approve", "strike")),
        p(text("/approve", LINK)),
    ],
)
def test_a_command_that_is_not_a_plain_paragraph_is_talk(block: Any) -> None:
    assert parse(to_markdown(doc(block))) is None


@pytest.mark.parametrize(
    "block",
    [
        p("/approve 3f2a91c0"),
        p(text("/approve 3f2a91c0", "code")),
        p("/approve ", text("3f2a91c0", "code")),
    ],
)
def test_a_command_typed_in_the_editor_is_read_as_one(block: Any) -> None:
    assert parse(to_markdown(doc(block, p()))) == Command("approve", "3f2a91c0")


# ── Writing ──────────────────────────────────────────────────────────────────────────────

RICH = """# Plan for `MWC-1` 😀

Text with **bold**, *em*, ~~gone~~, `code`, a [link](https://example.com/x?a=1&b=2),
<https://example.com/auto> and https://example.com/bare. A &lt;tag&gt; and a <div>real one</div>.

@alice and [~accountid:5b10] are named, :smile: too.

- one
  - two
    1. three

       ```python
       x = "<b>"
       ```
- [ ] open
- [x] done

> # quoted heading
>
> > deeper
>
> | a | b |
> |---|---|
> | 1 | 2 |
>
> ---

| head | `code` |
|------|:------:|
| a    | **b**  |
| ![pic](https://example.com/p.png) | |

![alone](https://example.com/p.png)

[relative](/x) [evil](javascript:alert)

[note]: kept, though it looks like a definition

---

```
no language
```
"""


def test_rich_markdown_becomes_a_valid_document(book: ContractBook) -> None:
    assert book.adf_findings(comment_adf(RICH, EID)) == []


def test_rich_markdown_keeps_its_words_and_its_structure() -> None:
    document = to_adf(RICH)
    shown = plain(document)
    for words in (
        "Plan for MWC-1 😀",
        "A <tag> and a <div>real one</div>.",
        "@alice and [~accountid:5b10] are named, :smile: too.",
        'x = "<b>"',
        "☐ open",
        "☑ done",
        "relative (/x)",
        "evil (javascript:alert)",
        "[note]: kept, though it looks like a definition",
    ):
        assert words in shown
    kinds = kinds_in(document)
    assert {"heading", "table", "tableHeader", "codeBlock", "orderedList", "rule"} <= kinds
    assert kinds.isdisjoint({"mention", "media", "taskList", "inlineCard", "emoji"})
    links = set(re.findall(r'"href": "([^"]*)"', json.dumps(document)))
    assert links == {
        "https://example.com/x?a=1&b=2",
        "https://example.com/auto",
        "https://example.com/bare",
        "https://example.com/p.png",
    }
    assert '"language": "python"' in json.dumps(document)


BLOCK_STARTS = ["# ", "## ", "> ", "- ", "1. ", "- [ ] ", "- [x] ", "  ", "    "]
SPANS = ["`", "**", "_", "~~", "a", "b c", "<p>", "<!-- x -->", "@you", "&amp;", "\\", "☑", "😀"]
LINKS = ["[x](https://e.org)", "![i](/y)", "[l]: u", "https://e.org/_q_", "<https://e.org>", "["]
LINES = ["\n", "\n\n", "```\n", "```py\n", "---\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "|"]
UNFIT = ["\ud800", "\ufdd0", "\0"]
MARKDOWN = st.lists(st.sampled_from(BLOCK_STARTS + SPANS + LINKS + LINES + UNFIT), max_size=25).map(
    "".join
)


@given(MARKDOWN)
def test_any_markdown_becomes_a_valid_document_that_can_be_sent(markdown: str) -> None:
    document = comment_adf(markdown, EID)
    assert contract_book_once().adf_findings(document) == []
    assert marker(document) == EID
    assert json.dumps(document, ensure_ascii=False).encode()
    assert marker(to_adf(markdown)) is None


@given(
    st.lists(
        st.sampled_from(["alpha", "beta<gamma", "[delta]:", "&amp;", "<p>eta</p>"]), max_size=12
    )
)
def test_no_word_is_lost(words: list[str]) -> None:
    shown = plain(to_adf("\n".join(words)))
    for word in re.findall(r"[a-z]{3,}", "\n".join(words).replace("&amp;", "")):
        assert word in shown


_BOOKS: list[ContractBook] = []


def contract_book_once() -> ContractBook:
    if not _BOOKS:
        _BOOKS.append(contract_book())
    return _BOOKS[0]


@pytest.mark.parametrize(
    "markdown",
    [
        pytest.param("word " * 20_000, id="one-line"),
        pytest.param("😀" * 30_000, id="two-units-each"),
        pytest.param("- a\n" * 30_000, id="list"),
        pytest.param("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 8_000, id="table"),
        pytest.param("intro\n\n```diff\n" + "+ line of a patch\n" * 5_000 + "```\n", id="code"),
    ],
)
def test_a_long_text_is_cut_below_the_limit_and_ends_in_a_clear_line(
    markdown: str,
) -> None:
    document = comment_adf(markdown, EID)
    assert size(document) <= LIMIT
    assert len(plain(document).encode("utf-16-le")) // 2 > LIMIT // 4
    assert plain(document["content"][-2]).startswith("… cut here: Jira takes 32,767 characters")
    assert marker(document) == EID


def test_a_text_that_fits_is_not_cut() -> None:
    assert plain(to_adf("word " * 6_000)) == ("word " * 6_000).strip()


def test_the_footer_counts_only_as_the_last_block() -> None:
    ours = comment_adf("text", EID)
    assert marker(ours) == EID
    assert marker(doc(*ours["content"], p("more"))) is None
    assert marker(doc(p(f"say patchgate · ref {EID}"))) is None


def test_the_same_markdown_gives_the_same_document() -> None:
    assert to_adf(RICH) == to_adf(RICH)
