"""How every comment is put together: a heading, sections that fit, what happens next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from patchgate.core.words.inert import code

COMMENT_LIMIT = 30_000
"""Characters of one comment: Jira takes 32,767, and its own markup needs some of them."""

Step = tuple[str, str]
"""A command line to type, and what it does."""


def comment(
    heading: str,
    sections: Iterable[str],
    *,
    ending: str,
    whole: str = "",
    limit: int = COMMENT_LIMIT,
) -> str:
    """A comment of at most `limit` characters: sections go first, heading and ending always stand.

    `whole` says where a reader finds what was left out.
    """
    title = f"### {heading}"
    every = [section for section in sections if section]
    if room((title, *every, ending), limit) < -2:
        note = f"**Cut here: too long for a comment.** {whole or 'The whole is on the ledger.'}"
        every = [*_that_fit(every, room((title, note, ending), limit)), note]
    return "\n\n".join((title, *every, ending))


def room(parts: Iterable[str], limit: int) -> int:
    """Characters that are left for one more part beside these."""
    return limit - sum(len(part) + 2 for part in parts)


def _that_fit(sections: Sequence[str], left: int) -> Iterator[str]:
    for section in sections:
        if len(section) > left:
            return
        left -= len(section) + 2
        yield section


def what_next(sentence: str, steps: Sequence[Step] = ()) -> str:
    """The last section of every comment: what happens next, and what to type for it."""
    lines = [f"**What happens next.** {sentence}"]
    if steps:
        lines += ["", *(f"- {code(command)} {meaning}" for command, meaning in steps)]
        lines += ["", "One command per comment; `patchgate approve` works like `/approve`."]
    return "\n".join(lines)


def bullets(items: Iterable[str], *, most: int, unit: str) -> str:
    """A list of at most `most` lines, with a word on how many are left out."""
    every = list(items)
    shown = [f"- {item}" for item in every[:most]]
    if len(every) > most:
        shown.append(f"- … and {len(every) - most:,} more {unit}")
    return "\n".join(shown)


def count(number: int, unit: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
