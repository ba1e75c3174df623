"""Atlassian Document Format to Markdown: every kind of node, known or not, keeps its text.

Nothing here raises on any JSON value. A node without text of its own that cannot be shown
(a media file, an app's extension) leaves its name in square brackets.
Kinds: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

TEXT_LIMIT = 100_000
"""Characters of a description or comment that are kept; the rest is cut, and says so."""
MAX_DEPTH = 60
"""Nesting below which only the text is kept."""

Node = dict[str, Any]
_LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})
_INLINES = frozenset(
    "text hardBreak mention emoji date status inlineCard placeholder inlineExtension "
    "mediaInline image".split()
)


def to_markdown(document: Any) -> str:
    """A document as Markdown; null is empty, a plain string (REST v2) stays as it is."""
    if document is None:
        return ""
    if isinstance(document, str):
        return cut(document)
    return cut(_blocks(_children(document), 0).strip("\n"))


def cut(text: str) -> str:
    """At most TEXT_LIMIT characters, with a last line that says what is missing."""
    if len(text) <= TEXT_LIMIT:
        return text
    kept = f"{TEXT_LIMIT:,} of {len(text):,} characters"
    return f"{text[:TEXT_LIMIT]}\n\n[cut here by patchgate: the first {kept}]"


def plain(document: Any) -> str:
    """All text of a node in its order, without marks or structure; never recurses."""
    parts, waiting = [], [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            parts.append(str(node.get("text") or _attrs(node).get("text") or ""))
            waiting += reversed(_children(node))
    return "".join(parts)


def _attrs(node: Any) -> Node:
    attrs = node.get("attrs") if isinstance(node, dict) else None
    return attrs if isinstance(attrs, dict) else {}


def _children(node: Any) -> list[Any]:
    content = node.get("content") if isinstance(node, dict) else None
    return content if isinstance(content, list) else []


# ── Blocks ───────────────────────────────────────────────────────────────────────────────


def _blocks(nodes: Iterable[Any], depth: int) -> str:
    """Blocks below each other; runs of inline nodes among them make a paragraph."""
    made: list[str] = []
    run: list[Any] = []
    for node in nodes:
        if isinstance(node, dict) and node.get("type") in _INLINES:
            run.append(node)
            continue
        made += [_inline(run).strip(), _block(node, depth)]
        run = []
    return "\n\n".join(part for part in [*made, _inline(run).strip()] if part)


def _block(node: Any, depth: int) -> str:
    if not isinstance(node, dict):
        return "" if node is None else str(node)
    if depth > MAX_DEPTH:
        return plain(node)
    kind = str(node.get("type"))
    if kind in _LISTS:
        return _list(node, depth)
    renderer = _RENDERERS.get(kind)
    return renderer(node, depth) if renderer else _other(node, depth)


def _paragraph(node: Node, depth: int) -> str:
    return _inline(_children(node)).strip()


def _heading(node: Node, depth: int) -> str:
    level = _attrs(node).get("level")
    marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 6)
    return f"{marks} {_one_line(_inline(_children(node)))}".rstrip()


def _code_block(node: Node, depth: int) -> str:
    text = plain(node)
    fence = "`" * max(3, _longest_run(text) + 1)
    language = re.sub(r"[\s`]", "", str(_attrs(node).get("language") or ""))
    return f"{fence}{language}\n{text}\n{fence}"


def _quotation(node: Node, depth: int) -> str:
    lines = _blocks(_children(node), depth + 1).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _container(node: Node, depth: int) -> str:
    return _blocks(_children(node), depth + 1)


def _expand(node: Node, depth: int) -> str:
    title = _one_line(str(_attrs(node).get("title") or ""))
    return "\n\n".join(part for part in (title and f"**{title}**", _container(node, depth)) if part)


def _other(node: Node, depth: int) -> str:
    """What we know nothing of, or what only its app can show: its name, its text, its content."""
    return "\n\n".join(part for part in (_label(node), _container(node, depth)) if part)


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
    "media": lambda node, depth: _media(node),
    "blockCard": lambda node, depth: _card(node),
    "embedCard": lambda node, depth: _card(node),
    **dict.fromkeys(
        "doc caption mediaSingle mediaGroup layoutSection layoutColumn listItem taskItem "
        "blockTaskItem decisionItem tableRow tableCell tableHeader bodiedSyncBlock".split(),
        _container,
    ),
}


def _list(node: Node, depth: int) -> str:
    order = _attrs(node).get("order")
    number = order if isinstance(order, int) and order >= 0 else 1
    lines = []
    for item in _children(node):
        if isinstance(item, dict) and item.get("type") in _LISTS:
            lines.append(_indented(_block(item, depth + 1), "  "))
            continue
        marker = f"{number}. " if node.get("type") == "orderedList" else _bullet(item)
        number += 1
        text = _item(item, depth) if isinstance(item, dict) else _block(item, depth)
        lines.append(
            marker
            + _indented(text, " " * len(marker.replace("[x] ", "").replace("[ ] ", ""))).lstrip()
        )
    return "\n".join(line.rstrip() for line in lines)


def _bullet(item: Any) -> str:
    if isinstance(item, dict) and item.get("type") in ("taskItem", "blockTaskItem"):
        return "- [x] " if _attrs(item).get("state") == "DONE" else "- [ ] "
    return "- "


def _item(item: Node, depth: int) -> str:
    """An item's blocks; a nested list follows its paragraph closely."""
    if depth > MAX_DEPTH:
        return plain(item)
    made = ""
    for child in _runs(_children(item)):
        text = _block(child, depth + 1)
        close = isinstance(child, dict) and child.get("type") in _LISTS
        made += (("\n" if close else "\n\n") if made and text else "") + text
    return made


def _runs(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes, with each run of inline ones wrapped into a paragraph."""
    run: list[Any] = []
    for node in nodes:
        if isinstance(node, dict) and node.get("type") in _INLINES:
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
    rows = [_children(row) for row in _children(node)]
    if not rows:
        return ""
    cells = [[text for cell in row for text in _cell(cell, depth)] for row in rows]
    headed = any(isinstance(c, dict) and c.get("type") == "tableHeader" for c in rows[0])
    width = max(1, *(len(row) for row in cells))
    if not headed:
        cells.insert(0, [])
    full = [row + [""] * (width - len(row)) for row in cells]
    full.insert(1, ["---"] * width)
    return "\n".join(f"| {' | '.join(row)} |" for row in full)


def _cell(cell: Any, depth: int) -> list[str]:
    """The cell on one line, and an empty one for each further column that it spans."""
    text = _blocks(_children(cell), depth + 2) if isinstance(cell, dict) else str(cell)
    span = _attrs(cell).get("colspan")
    further = min(span, 100) - 1 if isinstance(span, int) and span > 1 else 0
    flat = re.sub(r"\n+", "<br>", text.replace("|", "\\|").strip())
    return [flat, *[""] * further]


# ── Inline ───────────────────────────────────────────────────────────────────────────────


def _inline(nodes: Iterable[Any]) -> str:
    return "".join(_span(node) for node in nodes)


def _span(node: Any) -> str:
    if not isinstance(node, dict):
        return "" if node is None else str(node)
    attrs, kind = _attrs(node), node.get("type")
    if kind == "text":
        return _marked(str(node.get("text") or ""), node.get("marks"))
    if kind == "hardBreak":
        return "\n"
    if kind == "mention":
        return "@" + str(attrs.get("text") or attrs.get("id") or "somebody").removeprefix("@")
    if kind == "emoji":
        return str(attrs.get("text") or attrs.get("shortName") or attrs.get("id") or "[emoji]")
    if kind == "date":
        return _date(attrs.get("timestamp"))
    if kind in ("status", "placeholder"):
        return f"[{attrs.get('text') or kind}]"
    if kind == "inlineCard":
        return _card(node)
    if kind in ("mediaInline", "image"):
        return _media(node)
    children = _children(node)
    return (_label(node) + plain({"content": children})) if children else _label(node)


def _marked(text: str, marks: Any) -> str:
    kinds = [mark for mark in marks if isinstance(mark, dict)] if isinstance(marks, list) else []
    names = {str(mark.get("type")) for mark in kinds}
    inner = text.strip()
    if not inner:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    made = _code_span(inner) if "code" in names else inner
    for name, sign in (("em", "*"), ("strong", "**"), ("strike", "~~")):
        made = f"{sign}{made}{sign}" if name in names else made
    href = next((_attrs(mark).get("href") for mark in kinds if mark.get("type") == "link"), None)
    if href and href != inner:
        made = f"[{made}]({href})"
    return lead + made + tail


def _code_span(text: str) -> str:
    fence = "`" * (_longest_run(text) + 1)
    gap = " " if "`" in (text[0], text[-1]) else ""
    return f"{fence}{gap}{text}{gap}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _date(stamp: Any) -> str:
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return f"[date {stamp}]"


def _card(node: Node) -> str:
    attrs = _attrs(node)
    data = attrs.get("data")
    inner = data if isinstance(data, dict) else {}
    known = attrs.get("url") or inner.get("url") or inner.get("name")
    return str(known or _label(node))


def _media(node: Node) -> str:
    attrs = _attrs(node)
    alt = _one_line(str(attrs.get("alt") or ""))
    if attrs.get("url"):
        return f"![{alt}]({attrs['url']})"
    return f"[attachment: {alt or attrs.get('id') or 'unnamed'}]"


def _label(node: Node) -> str:
    """A node's name and whatever its attributes say in words: `[extension: toc]`."""
    attrs = _attrs(node)
    words = ("text", "title", "name", "alt", "url", "extensionKey", "resourceId")
    said = next((str(attrs[word]) for word in words if attrs.get(word)), "")
    own = node.get("text") if isinstance(node.get("text"), str) else ""
    told = _one_line(": ".join(part for part in (str(node.get("type")), own or said) if part))
    return f"[{told}]"


def _one_line(text: str) -> str:
    return " ".join(text.split())
