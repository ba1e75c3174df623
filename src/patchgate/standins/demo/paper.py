"""An Atlassian Document as a reader sees it in Jira: headings, lists, code and diffs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

STYLES = {"strong": "bold", "em": "italic", "code": "cyan", "strike": "strike"}
APART = frozenset({"heading", "bulletList", "orderedList", "codeBlock", "rule", "panel"})
"""Blocks with an empty line before them."""


def paper(document: dict[str, Any]) -> list[Text]:
    """The document line by line."""
    lines: list[Text] = []
    for block in document.get("content") or []:
        if lines and (block.get("type") in APART or _is_title(block)):
            lines.append(Text())
        lines += _block(block, "")
    return lines


def _block(node: dict[str, Any], indent: str) -> Iterator[Text]:
    kind = node.get("type")
    children = node.get("content") or []
    if kind == "codeBlock":
        text = "".join(child.get("text", "") for child in children)
        yield from (_diff_line(line) for line in text.split("\n"))
    elif kind in ("bulletList", "orderedList"):
        for number, item in enumerate(children, 1):
            sign = "•" if kind == "bulletList" else f"{number}."
            yield from _item(item, f"{indent}{sign} ")
    elif kind in ("paragraph", "heading"):
        style = "bold underline" if kind == "heading" else ""
        yield from _paragraph(children, indent, style)
    elif kind == "rule":
        yield Text("─" * 20, "dim")
    else:
        for child in children:
            yield from _block(child, indent)


def _item(item: dict[str, Any], sign: str) -> Iterator[Text]:
    """A list item: its sign before the first line, the others below its text."""
    for child in item.get("content") or []:
        for line in _block(child, ""):
            yield Text(sign) + line
            sign = " " * len(sign)


def _paragraph(children: list[dict[str, Any]], indent: str, style: str) -> Iterator[Text]:
    line = Text(indent, style)
    for child in children:
        if child.get("type") == "hardBreak":
            yield line
            line = Text(indent, style)
            continue
        marks = " ".join(STYLES.get(mark["type"], "") for mark in child.get("marks") or [])
        line.append(str(child.get("text", "")), marks.strip() or None)
    yield line


def _is_title(block: dict[str, Any]) -> bool:
    """Whether a paragraph begins in bold: our sections do."""
    first = (block.get("content") or [{}])[0]
    return any(mark["type"] == "strong" for mark in first.get("marks") or [])


def _diff_line(line: str) -> Text:
    if line.startswith(("+++", "---", "diff --git", "index ", "@@", "new file", "deleted file")):
        return Text(line, "dim")
    return Text(line, {"+": "green", "-": "red"}.get(line[:1], ""))
