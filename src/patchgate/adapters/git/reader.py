"""Objects by name, from one git process that stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from patchgate.adapters.git.standing import Standing
from patchgate.errors import LedgerError

AT_ONCE = 64
"""Objects that are asked for in one question."""


class ObjectReader:
    """What lies in one git directory; nothing is fetched for it."""

    def __init__(self, git_dir: Path) -> None:
        self._git = Standing(["cat-file", "--batch-command", "--buffer"], git_dir)

    def has(self, oids: Iterable[str]) -> dict[str, bool]:
        """Which objects are here."""
        found: dict[str, bool] = {}
        for some in _few(list(dict.fromkeys(oids))):
            with self._git.asked(_lines("info", some)) as answer:
                found |= {oid: not answer.line().endswith(b" missing") for oid in some}
        return found

    def contents(self, names: Sequence[str], kind: str) -> list[bytes]:
        """Blobs or trees (`kind`) as they are stored, in order; LedgerError where one is not."""
        return [content for some in _few(names) for content in self._contents(some, kind)]

    def _contents(self, names: Sequence[str], kind: str) -> Iterator[bytes]:
        with self._git.asked(_lines("contents", names)) as answer:
            for name in names:
                words = answer.line().split(b" ")
                if len(words) != 3 or words[1] != kind.encode():
                    raise LedgerError(f"the git object {name} is no {kind}, or is not there")
                yield answer.exactly(int(words[2]))
                answer.exactly(1)


def _few(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _lines(command: str, names: Iterable[str]) -> bytes:
    return ("".join(f"{command} {name}\n" for name in names) + "flush\n").encode()
