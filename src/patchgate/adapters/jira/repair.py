"""What the Markdown converter gets wrong for Jira, put right node by node.

Kinds that a parent may not hold become ones that it may (a heading in a quotation is a strong
paragraph), check boxes become signs (a reader's tick would edit our comment), images become
links, entities become characters, bare web addresses become links.
"""

from __future__ import annotations

import html
import re
from typing import Any

Node = dict[str, Any]
_WEB = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]]+")
_TRAILING = ".,;:!?)*_~"
_STRONG = {"type": "strong"}
_TOP = frozenset({"heading", "blockquote", "table", "rule"})
_BLOCKS = frozenset({"doc", "blockquote", "listItem", "tableCell", "tableHeader"})


def repaired(nodes: list[Any]) -> list[Node]:
    """The blocks of a document, valid in the official schema."""
    return _content("doc", nodes)


def _content(parent: str, nodes: list[Any]) -> list[Node]:
    return [fit for node in nodes for fit in _fitting(parent, node)]


def _fitting(parent: str, node: Node) -> list[Node]:
    """The node as its parent may hold it: itself, others in its place, or nothing."""
    kind = node["type"]
    content = node.get("content", [])
    if kind == "text":
        return _texts(node)
    if kind == "mediaSingle":
        return [{"type": "paragraph", "content": [_image(node)]}]
    if kind == "mention":
        return [{"type": "text", "text": f"@{node['attrs']['id']}"}]
    if kind == "taskList":
        return _fitting(parent, _checklist(node))
    if parent != "doc" and kind in _TOP:
        return _lowered(parent, node)
    if kind == "codeBlock":
        return [node]
    if kind == "listItem":
        _sign_box(content)
    return [{**node, "content": _filled(kind, content)}] if "content" in node else [node]


def _lowered(parent: str, node: Node) -> list[Node]:
    """Blocks that stand only at the top of a document, as what may stand deeper."""
    kind, content = node["type"], node.get("content", [])
    if kind == "heading":
        return [{"type": "paragraph", "content": _strong(_content("paragraph", content))}]
    if kind == "blockquote":
        return _content(parent, content)
    if kind == "table":
        return [fit for row in content for fit in _row_as_paragraph(row)]
    return [{"type": "paragraph", "content": [{"type": "text", "text": "———"}]}]


def _filled(kind: str, content: list[Any]) -> list[Node]:
    made = _content(kind, content)
    return made or ([{"type": "paragraph", "content": []}] if kind in _BLOCKS else [])


def _sign_box(blocks: list[Any]) -> None:
    """A box in a list that is not all boxes came out as its letters."""
    inside = [n for block in blocks[:1] for n in block.get("content", [])]
    first: Node = inside[0] if inside else {}
    for letters, sign in (("[ ]", "☐"), ("[x]", "☑")):
        if first.get("type") == "text" and first["text"].startswith(letters):
            first["text"] = sign + first["text"].removeprefix(letters)


def _checklist(node: Node) -> Node:
    """A list with ☐ and ☑; a nested list goes into the item before it."""
    items: list[Node] = []
    for child in node["content"]:
        if child["type"] == "taskList":
            if not items:
                items.append({"type": "listItem", "content": [_empty()]})
            items[-1]["content"].append(_checklist(child))
            continue
        sign = {"type": "text", "text": "☑ " if child["attrs"]["state"] == "DONE" else "☐ "}
        blocks = child.get("content", [])
        if child["type"] == "taskItem":
            blocks = [{"type": "paragraph", "content": blocks}]
        first, rest = blocks[0], blocks[1:]
        head = {"type": "paragraph", "content": [sign, *first.get("content", [])]}
        items.append({"type": "listItem", "content": [head, *rest]})
    return {"type": "bulletList", "content": items or [{"type": "listItem", "content": [_empty()]}]}


def _empty() -> Node:
    return {"type": "paragraph", "content": []}


def _row_as_paragraph(row: Node) -> list[Node]:
    made: list[Node] = []
    for cell in row.get("content", []):
        inner = [part for block in cell.get("content", []) for part in block.get("content", [])]
        gap = [{"type": "text", "text": " | "}] if made else []
        made += [*gap, *_content("paragraph", inner)]
    return [{"type": "paragraph", "content": made}] if made else []


def _image(node: Node) -> Node:
    attrs = node["content"][0]["attrs"]
    url, alt = str(attrs.get("url") or ""), str(attrs.get("alt") or "")
    return _linked({"type": "text", "text": alt or url or "[image]"}, url)


def _strong(nodes: list[Node]) -> list[Node]:
    return [
        {**node, "marks": [*node.get("marks", []), _STRONG]}
        if node["type"] == "text" and not _has(node, "code", "strong")
        else node
        for node in nodes
    ]


def _has(node: Node, *marks: str) -> bool:
    return any(mark["type"] in marks for mark in node.get("marks", []))


def _texts(node: Node) -> list[Node]:
    if not node["text"]:
        return []
    if _has(node, "code"):
        return [_linked({**node, "marks": _without_link(node)}, _href(node))]
    node = {**node, "text": html.unescape(node["text"]) or node["text"]}
    if _has(node, "link"):
        return [_linked({**node, "marks": _without_link(node)}, _href(node))]
    return _with_addresses(node)


def _href(node: Node) -> str:
    return next((str(m["attrs"]["href"]) for m in node["marks"] if m["type"] == "link"), "")


def _without_link(node: Node) -> list[Node]:
    return [mark for mark in node["marks"] if mark["type"] != "link"]


def _linked(node: Node, href: str) -> Node:
    """The text as a link; where the target is no web address, with the target behind it."""
    if re.match(r"https?://[^\s/]", href) or re.match(r"mailto:\S", href):
        marks = [*node.get("marks", []), {"type": "link", "attrs": {"href": href}}]
        return {**node, "marks": marks}
    shown = f"{node['text']} ({href})" if href and href != node["text"] else node["text"]
    made = {**node, "text": shown}
    if not made.get("marks"):
        made.pop("marks", None)
    return made


def _with_addresses(node: Node) -> list[Node]:
    made: list[Node] = []
    text, at = node["text"], 0
    for found in _WEB.finditer(text):
        url = found[0].rstrip(_TRAILING)
        if not re.match(r"https?://[^\s/]", url):
            continue
        if found.start() > at:
            made.append({**node, "text": text[at : found.start()]})
        made.append(_linked({**node, "text": url}, url))
        at = found.start() + len(url)
    if at < len(text):
        made.append({**node, "text": text[at:]})
    return made
