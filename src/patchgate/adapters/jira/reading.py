"""Atlassian Document Format to Markdown: every kind of node, known or not, keeps its text.

Nothing here raises on any JSON value. A node without text of its own that cannot be shown
(a media file, an app's extension) leaves its name in square brackets.
Kinds: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from patchgate.adapters.jira.spans import (
    INLINES,
    Node,
    attrs,
    card,
    children,
    inline,
    kind,
    label,
    longest_run,
    media,
    one_line,
    plain,
)

TEXT_LIMIT = 100_000
"""Characters of a description or comment that are kept; the rest is cut, and says so."""
MAX_DEPTH = 60
"""Nesting below which only the text is kept."""

_CONTAINERS = (
    "doc",
    "caption",
    "mediaSingle",
    "mediaGroup",
    "layoutSection",
    "layoutColumn",
    "listItem",
    "taskItem",
    "blockTaskItem",
    "decisionItem",
    "tableRow",
    "tableCell",
    "tableHeader",
    "bodiedSyncBlock",
)
"""Kinds that are nothing but what they hold."""
_LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})


def to_markdown(document: Any) -> str:
    """A document as Markdown; null is empty, a plain string (REST v2) stays as it is."""
    if document is None:
        return ""
    if isinstance(document, str):
        return cut(document)
    return cut(_blocks(children(document), 0).strip("\n"))


def cut(text: str) -> str:
    """At most TEXT_LIMIT characters, with a last line that says what is missing."""
    if len(text) <= TEXT_LIMIT:
        return text
    kept = f"{TEXT_LIMIT:,} of {len(text):,} characters"
    return f"{text[:TEXT_LIMIT]}\n\n[cut here by patchgate: the first {kept}]"


def _blocks(nodes: Iterable[Any], depth: int) -> str:
    """Blocks below each other; runs of inline nodes among them make a paragraph."""
    made: list[str] = []
    run: list[Any] = []
    for node in nodes:
        if kind(node) in INLINES:
            run.append(node)
            continue
        made += [inline(run).strip(), _block(node, depth)]
        run = []
    return "\n\n".join(part for part in [*made, inline(run).strip()] if part)


def _block(node: Any, depth: int) -> str:
    if not isinstance(node, dict):
        return "" if node is None else str(node)
    if depth > MAX_DEPTH:
        return plain(node)
    if kind(node) in _LISTS:
        return _list(node, depth)
    renderer = _RENDERERS.get(kind(node))
    return renderer(node, depth) if renderer else _other(node, depth)


def _paragraph(node: Node, depth: int) -> str:
    return inline(children(node)).strip()


def _heading(node: Node, depth: int) -> str:
    level = attrs(node).get("level")
    marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 6)
    return f"{marks} {one_line(inline(children(node)))}".rstrip()


def _code_block(node: Node, depth: int) -> str:
    text = plain(node)
    fence = "`" * max(3, longest_run(text) + 1)
    language = re.sub(r"[\s`]", "", str(attrs(node).get("language") or ""))
    return f"{fence}{language}\n{text}\n{fence}"


def _quotation(node: Node, depth: int) -> str:
    lines = _blocks(children(node), depth + 1).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _container(node: Node, depth: int) -> str:
    return _blocks(children(node), depth + 1)


def _expand(node: Node, depth: int) -> str:
    title = one_line(str(attrs(node).get("title") or ""))
    return "\n\n".join(part for part in (title and f"**{title}**", _container(node, depth)) if part)


def _other(node: Node, depth: int) -> str:
    """What we know nothing of, or what only its app can show: its name, its text, its content."""
    return "\n\n".join(part for part in (label(node), _container(node, depth)) if part)


_RENDERERS: dict[str, Callable[[Node, int], str]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "codeBlock": _code_block,
    "blockquote": _quotation,
    "panel": _quotation,
    "rule": lambda node, depth: "---",
    "table": lambda node, depth: _table(node, depth),
    "expand": _expand,
    "nestedExpand": _expand,
    "media": lambda node, depth: media(node),
    "blockCard": lambda node, depth: card(node),
    "embedCard": lambda node, depth: card(node),
    **dict.fromkeys(_CONTAINERS, _container),
}


def _list(node: Node, depth: int) -> str:
    order = attrs(node).get("order")
    number = order if isinstance(order, int) and order >= 0 else 1
    lines = []
    for item in children(node):
        if kind(item) in _LISTS:
            lines.append(_indented(_block(item, depth + 1), "  "))
            continue
        marker = f"{number}. " if kind(node) == "orderedList" else "- "
        number += 1
        text = _item(item, depth) if isinstance(item, dict) else _block(item, depth)
        lines.append(marker + _box(item) + _indented(text, " " * len(marker)).lstrip())
    return "\n".join(line.rstrip() for line in lines)


def _box(item: Any) -> str:
    if kind(item) in ("taskItem", "blockTaskItem"):
        return "[x] " if attrs(item).get("state") == "DONE" else "[ ] "
    return ""


def _item(item: Node, depth: int) -> str:
    """An item's blocks; a nested list follows its paragraph closely."""
    if depth > MAX_DEPTH:
        return plain(item)
    made = ""
    for child in _runs(children(item)):
        text = _block(child, depth + 1)
        close = kind(child) in _LISTS
        made += (("\n" if close else "\n\n") if made and text else "") + text
    return made


def _runs(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes, with each run of inline ones wrapped into a paragraph."""
    run: list[Any] = []
    for node in nodes:
        if kind(node) in INLINES:
            run.append(node)
            continue
        if run:
            yield {"type": "paragraph", "content": run}
            run = []
        yield node
    if run:
        yield {"type": "paragraph", "content": run}


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in text.split("\n"))


def _table(node: Node, depth: int) -> str:
    rows = [children(row) for row in children(node)]
    if not rows:
        return ""
    cells = [[text for cell in row for text in _cell(cell, depth)] for row in rows]
    headed = any(kind(c) == "tableHeader" for c in rows[0])
    width = max(1, *(len(row) for row in cells))
    if not headed:
        cells.insert(0, [])
    full = [row + [""] * (width - len(row)) for row in cells]
    full.insert(1, ["---"] * width)
    return "\n".join(f"| {' | '.join(row)} |" for row in full)


def _cell(cell: Any, depth: int) -> list[str]:
    """The cell on one line, and an empty one for each further column that it spans."""
    text = _blocks(children(cell), depth + 2) if isinstance(cell, dict) else str(cell)
    span = attrs(cell).get("colspan")
    further = min(span, 100) - 1 if isinstance(span, int) and span > 1 else 0
    flat = re.sub(r"\n+", "<br>", text.replace("|", "\\|").strip())
    return [flat, *[""] * further]
