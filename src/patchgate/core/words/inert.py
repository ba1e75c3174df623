"""Foreign text made harmless Markdown: it reads as it was written and does nothing else.

Text of models, tickets and repositories may not mention people, refer to or close issues, link,
fetch images, carry HTML, look like our own headings, or hide characters. What would come alive is
shown as code. The escapes are CommonMark's, https://spec.commonmark.org/0.31.2/#backslash-escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from patchgate.core.characters import visible

SHORT_TEXT, LONG_TEXT = 400, 6_000
"""Characters that one line, and one passage, of foreign text may take."""
_ALIVE = re.compile(
    r"""
      [A-Za-z][A-Za-z0-9+.-]{0,31}://[^\s`]*          # an address
    | (?:mailto|xmpp):[^\s`]+
    | www\.[^\s`]*
    | [\w.%+/-]{0,64}@[\w-][\w./-]*                   # a mention, a mail address, owner/name@sha
    | [\w./-]{0,140}\#[0-9]+                          # an issue, also of another repository
    | (?<![A-Za-z])GH-[0-9][\w-]*
    | \[~[^\]\s`]*\]?                                 # a mention in Jira's older markup
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPED = re.compile(r"[\\`<>&\[\]|$_~]")
_STARS = re.compile(r"\*+")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})[^`]*$")
_BULLET = re.compile(r"(\s*)[-*+]\s+(?=\S)")
_NUMBER = re.compile(r"(\s*)([0-9]{1,9})[.)]\s+(?=\S)")
_LOUD_START = re.compile(r"[-+=#>~:]|[0-9]{1,9}(?=[.)])")


def clip(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with a word on how much is missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()} … ({len(text) - limit:,} more characters)"


def line(text: str, limit: int = SHORT_TEXT) -> str:
    """Foreign text on one line, harmless anywhere in ours: in bold, in a list, in a sentence."""
    flat = " ".join(visible(clip(text, limit)).split())
    return _tame_start(_prose(flat, stars=r"\*"))


def inert(text: str, limit: int = LONG_TEXT) -> str:
    """Foreign text as paragraphs; lists, bold, code spans and code blocks are kept."""
    return "\n".join(_blocks(visible(clip(_unix(text), limit)).split("\n"))).strip("\n")


def code(text: str) -> str:
    """A code span that holds the text, whatever is in it."""
    shown = " ".join(visible(_unix(text)).split("\n")).strip() or "(nothing)"
    tick = "`" * (_longest_run(shown, "`") + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{tick}{pad}{shown}{pad}{tick}"


def fence(text: str, info: str = "") -> str:
    """A code block that the text cannot leave; a carriage return in it is shown."""
    shown = visible(text).rstrip("\n")
    ticks = "`" * max(3, _longest_run(shown, "`") + 1)
    return f"{ticks}{info}\n{shown}\n{ticks}"


def link(text: str, url: str) -> str:
    """A link to an address that a platform gave us; anything else is shown as code."""
    if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+", url):
        return f"[{line(text)}]({url})"
    return f"{line(text)} ({code(url)})"


def dollars(micro_dollars: int | None) -> str:
    """Micro-dollars as people read money; None is unknown, and is never nothing."""
    if micro_dollars is None:
        return "unknown"
    if 0 < micro_dollars < 100:
        return "less than $0.0001"
    digits = 4 if 0 < micro_dollars < 10_000 else 2
    unit = 10 ** (6 - digits)
    whole, part = divmod((micro_dollars + unit // 2) // unit, 10**digits)
    return f"${whole:,}.{part:0{digits}d}"


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _blocks(lines: list[str]) -> Iterator[str]:
    """Prose line by line; a code block is rebuilt so that it surely ends."""
    rest = iter(lines)
    for here in rest:
        opened = _FENCE.match(here)
        if opened is None:
            yield _prose_line(here)
            continue
        mark = opened.group(1)
        body: list[str] = []
        for inside in rest:
            closing = inside.strip()
            if len(closing) >= len(mark) and set(closing) == {mark[0]}:
                break
            body.append(inside)
        yield f"\n{fence(chr(10).join(body))}\n"


def _prose_line(text: str) -> str:
    for pattern, sign in ((_BULLET, "-"), (_NUMBER, r"\2.")):
        found = pattern.match(text)
        if found:
            indent = " " * min(len(found.group(1).expandtabs(4)), 6)
            return f"{indent}{found.expand(sign)} {_paragraph(text[found.end() :])}"
    return _paragraph(text)


def _paragraph(text: str) -> str:
    """Bold stays bold; stars with nothing between them would be a rule across the page."""
    bare = text.strip()
    return _tame_start(_prose(bare, stars="**" if set(bare) - set("* \t") else ""))


def _tame_start(text: str) -> str:
    """No heading, quotation, rule, list or table begins where foreign text begins."""
    found = _LOUD_START.match(text)
    if not found:
        return text
    at = found.end() if found.group()[0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def _prose(text: str, *, stars: str) -> str:
    """One line: code spans rebuilt, live words as code, everything else escaped."""
    return _joined(
        code(part) if is_code else _escape_living(part, stars=stars)
        for is_code, part in _code_spans(text)
    )


def _joined(parts: Iterable[str]) -> str:
    """The parts in a row; a space where ticks would meet and so come to mean something else."""
    shown = ""
    for part in parts:
        shown += f" {part}" if shown.endswith("`") and part.startswith("`") else part
    return shown


def _code_spans(text: str) -> Iterator[tuple[bool, str]]:
    """(is code, text) in order; ticks without a partner stay in the prose."""
    runs = list(re.finditer("`+", text))
    at = 0
    for index, opening in enumerate(runs):
        if opening.start() < at:
            continue
        size = len(opening.group())
        closing = next((r for r in runs[index + 1 :] if len(r.group()) == size), None)
        inside = text[opening.end() : closing.start()] if closing else ""
        if closing and inside.strip():
            yield False, text[at : opening.start()]
            yield True, inside
            at = closing.end()
    yield False, text[at:]


def _escape_living(text: str, *, stars: str) -> str:
    shown, at = [], 0
    for found in _ALIVE.finditer(text):
        shown += [_escape(text[at : found.start()], stars=stars), code(found.group())]
        at = found.end()
    return _joined([*shown, _escape(text[at:], stars=stars)])


def _escape(text: str, *, stars: str) -> str:
    """`stars` is the run of stars that stays as it is; every other star is escaped."""
    escaped = _ESCAPED.sub(lambda found: f"\\{found.group()}", text)
    return _STARS.sub(
        lambda run: run.group() if run.group() == stars else r"\*" * len(run.group()), escaped
    )


def _longest_run(text: str, char: str) -> int:
    return max((len(run) for run in re.findall(f"{re.escape(char)}+", text)), default=0)
