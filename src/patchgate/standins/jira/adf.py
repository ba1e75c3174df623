"""Atlassian Documents: made from text, read as text, and checked for what the editor refuses."""

from __future__ import annotations

import re
from typing import Any

BLOCKS = frozenset(
    {
        "paragraph",
        "heading",
        "bulletList",
        "orderedList",
        "codeBlock",
        "blockquote",
        "panel",
        "rule",
        "table",
        "expand",
        "taskList",
        "decisionList",
        "mediaSingle",
        "mediaGroup",
        "blockCard",
        "layoutSection",
        "bodiedExtension",
        "extension",
        "embedCard",
        "split",
    }
)
PARTS = frozenset(
    {
        "listItem",
        "tableRow",
        "tableCell",
        "tableHeader",
        "taskItem",
        "decisionItem",
        "media",
        "caption",
        "layoutColumn",
        "nestedExpand",
        "split",
    }
)
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
        "split",
    }
)
MARKS = frozenset(
    {
        "strong",
        "em",
        "underline",
        "strike",
        "code",
        "link",
        "subsup",
        "textColor",
        "backgroundColor",
        "border",
        "indentation",
        "alignment",
        "breakout",
        "annotation",
        "dataConsumer",
        "fragment",
        "split",
    }
)
INLINE_PARENTS = frozenset({"paragraph", "heading", "codeBlock", "taskItem", "decisionItem"})
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
MAX_TEXT = 32_767
"""Characters in a comment or a text field, as people see them."""


def text_to_adf(text: str) -> dict[str, Any]:
    """A document of paragraphs, ``` code blocks and `- ` lists; line breaks are kept."""
    content: list[dict[str, Any]] = []
    for position, part in enumerate(FENCE.split(text)):
        if position % 2:
            content.append({"type": "codeBlock", "content": _text(part.rstrip("\n"))})
        else:
            blocks = re.split(r"\n\s*\n", part)
            content += [_block(block.strip("\n")) for block in blocks if block.strip()]
    return {"type": "doc", "version": 1, "content": content}


def _block(block: str) -> dict[str, Any]:
    lines = block.split("\n")
    if all(line.lstrip().startswith(("- ", "* ")) for line in lines):
        items = [
            {"type": "listItem", "content": [_paragraph([line.lstrip()[2:]])]} for line in lines
        ]
        return {"type": "bulletList", "content": items}
    return _paragraph(lines)


def _paragraph(lines: list[str]) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if number:
            content.append({"type": "hardBreak"})
        content += _text(line)
    return {"type": "paragraph", "content": content}


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []


def adf_to_text(node: Any) -> str:
    """What a person reads: blocks on lines of their own, marks dropped."""
    if not isinstance(node, dict):
        return ""
    kind, attrs = node.get("type"), node.get("attrs") or {}
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind in ("mention", "emoji", "status"):
        return str(attrs.get("text") or attrs.get("shortName") or attrs.get("id") or "")
    if kind == "inlineCard":
        return str(attrs.get("url", ""))
    joint = "" if kind in INLINE_PARENTS else "\n"
    return joint.join(adf_to_text(child) for child in node.get("content") or [])


def fault_in(document: Any) -> str | None:
    """Why the service would not take the value as a document; None when it would."""
    if not isinstance(document, dict) or document.get("type") != "doc":
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if document.get("version") != 1 or not isinstance(document.get("content"), list):
        return "INVALID_INPUT: a document needs version 1 and a list of content"
    for child in document["content"]:
        if not isinstance(child, dict) or child.get("type") not in BLOCKS:
            return "INVALID_INPUT: only block nodes stand at the top of a document"
        fault = _fault_below(child)
        if fault:
            return f"INVALID_INPUT: {fault}"
    return None


def _fault_below(node: dict[str, Any]) -> str | None:
    kind = node.get("type")
    if kind == "text" and not (isinstance(node.get("text"), str) and node["text"]):
        return "a text node needs text"
    for mark in node.get("marks") or []:
        if not isinstance(mark, dict) or mark.get("type") not in MARKS:
            return f"unknown mark {mark!r:.60}"
    content = node.get("content", [])
    if not isinstance(content, list):
        return f"the content of {kind} is not a list"
    wanted = INLINES if kind in INLINE_PARENTS else BLOCKS | PARTS
    for child in content:
        if not isinstance(child, dict) or child.get("type") not in wanted:
            return f"{kind} cannot hold {child!r:.60}"
        fault = _fault_below(child)
        if fault:
            return fault
    return None


def too_long(document: Any) -> str | None:
    """The refusal of a text over the limit, or None."""
    if len(adf_to_text(document)) <= MAX_TEXT:
        return None
    return f"CONTENT_LIMIT_EXCEEDED: the text is longer than the {MAX_TEXT:,} characters allowed."
