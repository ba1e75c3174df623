"""Markdown to Atlassian documents that Jira takes: valid, within its limit, marked as ours.

Documents are plain text with marks: a mention, a smart card or an embedded file never comes out
of what somebody wrote, however it is spelt.
"""

from __future__ import annotations

import re
from typing import Any

from patchgate.adapters.jira.repair import repaired
from patchgate.adapters.jira.spans import plain
from patchgate.core.ids import Eid

LIMIT = 32_767
"""UTF-16 units in a comment or description; Jira counts so."""
ROOM = 400
"""Units kept free for the notice of a cut and for the footer."""

Document = dict[str, Any]
_FOOTER = re.compile(r"patchgate · ref ([0-9A-Za-z:_-]{1,64})")
_LESS, _BRACKET = "\ufdd0", "\ufdd1"
_STANDING_FOR = str.maketrans({_LESS: "<", _BRACKET: "["})
_DEFINITION = re.compile(r"^( {0,3}(?:> ?)*)\[(?=[^\]\n]+\]:)", re.MULTILINE)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0\ufdd1\ufffe\uffff]")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def to_adf(markdown: str) -> Document:
    """The document of a description; cut at LIMIT with a last line that says so."""
    return _fitted(markdown)


def comment_adf(markdown: str, eid: Eid) -> Document:
    """The document of a comment of ours, with the footer that `marker` finds again."""
    document = _fitted(markdown)
    small = {"type": "subsup", "attrs": {"type": "sub"}}
    text = {"type": "text", "text": f"patchgate · ref {eid}", "marks": [small]}
    document["content"].append({"type": "paragraph", "content": [text]})
    return document


def marker(document: Any) -> Eid | None:
    """The effect named by the footer: the last block of the document and nothing but that."""
    content = document.get("content") if isinstance(document, dict) else None
    if not isinstance(content, list) or not content:
        return None
    found = _FOOTER.fullmatch(plain(content[-1]).strip())
    return Eid(found[1]) if found else None


def size(document: Any) -> int:
    """UTF-16 units of the text, with one for each line that a block or a break begins."""
    total, waiting = 0, [document]
    while waiting:
        node = waiting.pop()
        if node.get("type") == "text":
            total += _units(node["text"])
        else:
            total += 1
            waiting += node.get("content", [])
    return total


def _fitted(markdown: str) -> Document:
    text = _UNFIT.sub("\ufffd", markdown.replace("\r\n", "\n").replace("\r", "\n"))
    whole, kept = _units(text), text
    if len(kept) > 2 * LIMIT:
        kept = _cut(kept, 2 * LIMIT)
    document = _converted(kept)
    while (now := size(document)) > LIMIT - ROOM:
        kept = _cut(kept, min(len(kept) - 1, int(len(kept) * (LIMIT - ROOM) / now)))
        document = _converted(kept)
    if kept != text:
        notice = f"… cut here: Jira takes {LIMIT:,} characters, and the whole text has {whole:,}."
        document["content"].append(_paragraph(notice, {"type": "em"}))
    if not document["content"]:
        document["content"].append({"type": "paragraph", "content": []})
    return document


def _cut(text: str, length: int) -> str:
    """The beginning of the text, to the end of a line if one is near, its code block closed."""
    kept = text[:length]
    line = kept.rfind("\n")
    if line > length - 1_000:
        kept = kept[: max(line, 0)]
    fences = _FENCE.findall(kept)
    if len(fences) % 2:
        closing = f"\n{fences[-1]}"
        kept = kept[: max(0, len(kept) - len(closing))] + closing
    return kept


def _converted(text: str) -> Document:
    """What marklassian makes of it, with HTML and link definitions kept as the text they are."""
    from marklassian import markdown_to_adf  # costs its parser's import

    masked = _DEFINITION.sub(rf"\1{_BRACKET}", text.replace("<", _LESS))
    made = markdown_to_adf(masked)
    return {"type": "doc", "version": 1, "content": repaired(_unmasked(made["content"]))}


def _unmasked(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_STANDING_FOR).replace("%EF%B7%90", "<")
    if isinstance(value, list):
        return [_unmasked(item) for item in value]
    if isinstance(value, dict):
        return {key: _unmasked(item) for key, item in value.items()}
    return value


def _paragraph(text: str, *marks: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "text", "text": text, "marks": list(marks)}
    return {"type": "paragraph", "content": [node]}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
