"""A valid Atlassian document with every kind of node of the official schema, each with a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WORDS: list[str] = []
"""What a reader of the document must find again."""


def kinds_in(value: Any) -> set[str]:
    """The kinds of all nodes in a document."""
    return {str(node["type"]) for node in _nodes(value)}


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "type" in value:
        yield value
        for child in value.get("content", []):
            yield from _nodes(child)


def _word(name: str) -> str:
    WORDS.append(f"w-{name}")
    return f"w-{name}"


def _n(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": kind}
    if content:
        made["content"] = list(content)
    return {**made, "attrs": attrs} if attrs else made


def _t(name: str, *marks: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "text", "text": _word(name)}
    return {**made, "marks": list(marks)} if marks else made


def _p(name: str) -> dict[str, Any]:
    return _n("paragraph", _t(name))


_MARKS: list[dict[str, Any]] = [
    {"type": "strong"},
    {"type": "em"},
    {"type": "strike"},
    {"type": "underline"},
    {"type": "subsup", "attrs": {"type": "sup"}},
    {"type": "textColor", "attrs": {"color": "#ff0000"}},
    {"type": "backgroundColor", "attrs": {"color": "#00ff00"}},
    {"type": "link", "attrs": {"href": "https://example.com"}},
    {"type": "annotation", "attrs": {"id": "a", "annotationType": "inlineComment"}},
]

_EXTENSION = {"extensionType": "com.example", "extensionKey": "key"}

_INLINE = _n(
    "paragraph",
    *[_t(f"mark-{mark['type']}", mark) for mark in _MARKS],
    _t("mark-code", {"type": "code"}),
    _n("hardBreak"),
    _n("mention", id="5b10", text="@" + _word("mention")),
    _n("emoji", shortName=":grin:", text=_word("emoji")),
    _n("date", timestamp="1700000000000"),
    _n("status", text=_word("status"), color="blue"),
    _n("inlineCard", url="https://example.com/" + _word("inline-card")),
    _n("placeholder", text=_word("placeholder")),
    _n("mediaInline", id="1", collection="c", alt=_word("media-inline")),
    _n("inlineExtension", **_EXTENSION, text=_word("inline-extension")),
)

_LISTS = [
    _n("bulletList", _n("listItem", _p("bullet"), _n("codeBlock", _t("code-in-list")))),
    _n("orderedList", _n("listItem", _p("ordered")), order=4),
    _n(
        "taskList",
        _n("taskItem", _t("task"), localId="b", state="DONE"),
        _n("blockTaskItem", _p("block-task"), localId="d", state="TODO"),
        localId="a",
    ),
    _n("decisionList", _n("decisionItem", _t("decision"), localId="b", state="D"), localId="a"),
]

_TABLE = _n(
    "table",
    _n("tableRow", _n("tableHeader", _p("header"))),
    _n("tableRow", _n("tableCell", _n("nestedExpand", _p("nested"), title=_word("nested-title")))),
)

_MEDIA = [
    _n(
        "mediaSingle",
        _n("media", type="external", url="https://example.com/i.png", alt=_word("media")),
        _n("caption", _t("caption")),
        layout="center",
    ),
    _n("mediaGroup", _n("media", type="file", id="1", collection="c", alt=_word("file"))),
    _n("blockCard", url="https://example.com/" + _word("block-card")),
    _n("embedCard", url="https://example.com/" + _word("embed-card"), layout="center"),
]

_BOXES = [
    _n("blockquote", _p("quote")),
    _n("panel", _p("panel"), panelType="info"),
    _n("expand", _p("expand"), title=_word("expand-title")),
    _n(
        "layoutSection",
        _n("layoutColumn", _p("left"), width=50),
        _n("layoutColumn", _p("right"), width=50),
    ),
    _n("extension", **_EXTENSION, text=_word("extension")),
    _n("bodiedExtension", _p("bodied-extension"), **_EXTENSION, text=_word("extension-text")),
    _n("syncBlock", resourceId=_word("sync-block"), localId="s"),
    _n("bodiedSyncBlock", _p("bodied-sync"), resourceId="r", localId="t"),
]

EVERY_NODE: dict[str, Any] = {
    "type": "doc",
    "version": 1,
    "content": [
        _n("heading", _t("heading"), level=3),
        _INLINE,
        *_LISTS,
        _n("codeBlock", _t("code-block"), language="python"),
        _n("rule"),
        _TABLE,
        *_MEDIA,
        *_BOXES,
    ],
}
