"""The inside of a paragraph in Atlassian Document Format, as Markdown.

Text is not escaped: people and models read it as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Node = dict[str, Any]
INLINES = frozenset(
    {
        "text",
        "hardBreak",
        "mention",
        "emoji",
        "date",
        "status",
        "inlineCard",
        "placeholder",
        "inlineExtension",
        "mediaInline",
        "image",
    }
)


def plain(document: Any) -> str:
    """All text of a node in its order, without marks or structure; never recurses."""
    parts, waiting = [], [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            parts.append(str(node.get("text") or attrs(node).get("text") or ""))
            waiting += reversed(children(node))
    return "".join(parts)


def kind(node: Any) -> str:
    """A node's type; empty for what is no node."""
    return str(node.get("type")) if isinstance(node, dict) else ""


def attrs(node: Any) -> Node:
    """A node's attributes; none for what is no node."""
    found = node.get("attrs") if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def children(node: Any) -> list[Any]:
    """What a node holds; nothing for what is no node."""
    content = node.get("content") if isinstance(node, dict) else None
    return content if isinstance(content, list) else []


def inline(nodes: Iterable[Any]) -> str:
    """A run of inline nodes."""
    return "".join(_span(node) for node in nodes)


def _span(node: Any) -> str:
    if not isinstance(node, dict):
        return "" if node is None else str(node)
    said, own = attrs(node), kind(node)
    if own == "text":
        return _marked(str(node.get("text") or ""), node.get("marks"))
    if own == "hardBreak":
        return "\n"
    if own == "mention":
        return "@" + str(said.get("text") or said.get("id") or "somebody").removeprefix("@")
    if own == "emoji":
        return str(said.get("text") or said.get("shortName") or said.get("id") or "[emoji]")
    if own == "date":
        return _date(said.get("timestamp"))
    if own in ("status", "placeholder"):
        return f"[{said.get('text') or own}]"
    if own == "inlineCard":
        return card(node)
    if own in ("mediaInline", "image"):
        return media(node)
    return label(node) + plain({"content": children(node)})


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
    href = next((attrs(mark).get("href") for mark in kinds if mark.get("type") == "link"), None)
    if href and href != inner:
        made = f"[{made}]({href})"
    return lead + made + tail


def _code_span(text: str) -> str:
    fence = "`" * (longest_run(text) + 1)
    gap = " " if "`" in (text[0], text[-1]) else ""
    return f"{fence}{gap}{text}{gap}{fence}"


def longest_run(text: str) -> int:
    """The longest run of backticks in the text."""
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _date(stamp: Any) -> str:
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return f"[date {stamp}]"


def card(node: Node) -> str:
    """A link card: its address, or what its data call it."""
    said = attrs(node)
    data = said.get("data")
    inner = data if isinstance(data, dict) else {}
    known = said.get("url") or inner.get("url") or inner.get("name")
    return str(known or label(node))


def media(node: Node) -> str:
    """An image as one where it has an address, else its name."""
    said = attrs(node)
    alt = one_line(str(said.get("alt") or ""))
    if said.get("url"):
        return f"![{alt}]({said['url']})"
    return f"[attachment: {alt or said.get('id') or 'unnamed'}]"


def label(node: Node) -> str:
    """A node's name and whatever its attributes say in words: `[extension: toc]`."""
    said = attrs(node)
    words = ("text", "title", "name", "alt", "url", "extensionKey", "resourceId")
    words_said = next((str(said[word]) for word in words if said.get(word)), "")
    text = node.get("text") if isinstance(node.get("text"), str) else ""
    told = one_line(": ".join(part for part in (kind(node), text or words_said) if part))
    return f"[{told}]"


def one_line(text: str) -> str:
    """The text with each run of white space as one space."""
    return " ".join(text.split())
