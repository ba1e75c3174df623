"""The one way out for text: everything that leaves passes here, as content or as words.

Content (a patch, an artifact, a brief, a proposal, a request to a model) is known by its digest, so
it goes out whole or not at all. Words (comments, messages, summaries, log lines) are redacted, made
inert, and cut to what their place takes, with a word on where the whole is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel

from patchgate.core.characters import visible
from patchgate.core.secrets import KnownValues, SecretRules
from patchgate.core.secrets.known import HIDDEN
from patchgate.core.words.tame import tame
from patchgate.errors import RefusedError

JIRA_COMMENT = 32_767
"""Characters that Jira takes in a comment or a description."""
GITHUB_BODY = 65_536
"""Characters that GitHub takes in a comment or in the text of a pull request."""
GITHUB_TITLE = 256
STEP_SUMMARY = 1_048_576
"""Bytes that GitHub takes in the summary of one step."""
COMMIT_SUBJECT = 72
"""Characters after which git's own tools cut a subject."""

SHAPES = re.compile(
    r"\bgh[opsur]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{20,}|\bsk-[A-Za-z0-9_-]{16,}"
    r"|(?i:\b(?:Bearer|Basic)\s+)[A-Za-z0-9+/=_.~-]{12,}|-----BEGIN [A-Z ]+-----[^-]*(?:-----END)?"
)
"""What is a credential by its looks, also where too short or too poor for the rule file."""
_PREFIXES = tuple(f"gh{letter}_" for letter in "opsur")
_DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"
_HINTS = (*_PREFIXES, "github_pat_", "sk-", "bearer", "basic", "-----begin ", _DOTLESS)
"""What a text holds, case-folded, that has one of these shapes in it (an `i` may be dotless)."""
USERINFO = re.compile(r"://[^/@\s]+@")
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)|##(?=\[)", re.MULTILINE)
"""Where the Actions runner would read a command in a log line: `::name::`, and `##[name]`."""


E = TypeVar("E", bound=BaseModel)


class Outlet:
    """What one room lets out: it knows this room's secrets and the published forms of others."""

    def __init__(self, known: KnownValues, rules: Callable[[], SecretRules]) -> None:
        """`rules` is asked once, when the first text goes out."""
        self._known = known
        self._ask = rules
        self._more = SecretRules(())

    @property
    def forms(self) -> tuple[str, ...]:
        """Every form of this room's secrets, the longest first, for a runner to mask."""
        return self._known.forms

    def learn(self, name: str, value: str) -> None:
        """Look for one more secret from now on: a token that was made from a credential."""
        self._known = KnownValues({**self._known.named, name: value})

    def heed(self, rules: SecretRules) -> None:
        """Take out from now on what these rules find, too: forms of a consumer's own."""
        self._more = rules

    @cached_property
    def _rules(self) -> SecretRules:
        return self._ask()

    # ── content ──────────────────────────────────────────────────────────────────────────

    def content(self, content: bytes, what: str) -> bytes:
        """The same bytes; RefusedError when they hold one of this room's secrets in any form."""
        found = self._known.found(content)
        if found:
            raise RefusedError(
                f"{what} holds the value of {', '.join(found)} and is refused whole",
                "Renew that credential: somebody or something has read it. Then find out how it "
                "got there, and `/retry`.",
            )
        return content

    # ── words ────────────────────────────────────────────────────────────────────────────

    def __call__(self, text: str) -> str:
        """The text with `***` in place of each secret; all else stays as it is."""
        text = self._more.hide(self._rules.hide(self._known.hide(text)))
        return USERINFO.sub(f"://{HIDDEN}@", shapeless(text))

    def markdown(self, text: str, limit: int, whole: str) -> str:
        """Markdown for a reader on Jira or GitHub, of at most `limit` characters."""
        return fitted(tame(self(text)), limit, whole)

    def line(self, text: str, limit: int) -> str:
        """One line for a reader where no markup is read: a title, a label, a branch."""
        flat = " ".join(visible(self(text)).split())
        return flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…"

    def message(self, text: str) -> str:
        """A commit message: nothing hidden in it; the subject stays within what git shows."""
        subject, line_end, rest = visible(self(text)).partition("\n")
        return f"{self.line(subject, COMMIT_SUBJECT)}{line_end}{rest}"

    def terminal(self, text: str) -> str:
        """Lines for a terminal or a log: no escape sequence, no command of the runner."""
        return _COMMAND.sub(lambda found: f"{found.group()} ", visible(self(text)))

    def event(self, event: E) -> E:
        """A fact for the ledger, its texts redacted (before it is hashed, never afterwards)."""
        said = event.model_dump_json()
        if self(said) == said:
            return event
        data = _walked(event.model_dump(), self)
        return type(event).model_validate(data)


def shapeless(text: str) -> str:
    """The text without what is a credential by its looks."""
    folded = text.casefold()
    if not any(hint in folded for hint in _HINTS):
        return text  # a search for nine shapes at each letter takes fifty times as long
    return SHAPES.sub(HIDDEN, text)


def unguarded() -> Outlet:
    """The way out of a room that holds no secret and knows no form of one."""
    return Outlet(KnownValues({}), lambda: SecretRules(()))


def _walked(value: Any, clean: Callable[[str], str]) -> Any:
    """The same data with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _walked(inner, clean) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_walked(inner, clean) for inner in value)
    if isinstance(value, list):
        return [_walked(inner, clean) for inner in value]
    return value


def fitted(text: str, limit: int, whole: str) -> str:
    """The text, cut to `limit` characters at a line's end, with a word on where the whole is."""
    if len(text) <= limit:
        return text
    note = f"\n\n**Cut here: too long for this place.** {whole}"
    kept = text[: limit - len(note) - 8]
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    return f"{kept}{_closing(kept)}{note}"


def _closing(kept: str) -> str:
    """What ends a code block that the cut left open."""
    mark = ""
    for found in re.finditer(r"^(`{3,})", kept, re.MULTILINE):
        mark = "" if mark and len(found[1]) >= len(mark) else mark or found[1]
    return f"\n{mark}" if mark else ""
