"""The person at the terminal of a rehearsal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from patchgate.standins.rehearse.people import OFFERS, AtTerminal, Decision, Kind


class Typed(Console):
    """A terminal at which this is typed; an exception is what the keys raise."""

    def __init__(self, *typed: str | BaseException) -> None:
        super().__init__(file=io.StringIO(), width=100)
        self._typed = list(typed)

    def input(self, *_: Any, **__: Any) -> str:
        first = self._typed.pop(0)
        if isinstance(first, BaseException):
            raise first
        return first

    @property
    def shown(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


ASKED = Decision("MWC-1", "patch", "approval of its patch")


@pytest.mark.parametrize("keys", [KeyboardInterrupt(), EOFError()], ids=["ctrl-c", "ctrl-d"])
def test_ctrl_c_and_the_end_of_the_input_mean_quit(keys: BaseException) -> None:
    assert AtTerminal(Typed(keys)).decide(ASKED) == "quit"
    assert AtTerminal(Typed("", keys)).decide(ASKED) == "quit"


def test_a_command_needs_no_slash_and_anything_else_stays_as_it_was_typed() -> None:
    typed = Typed("  approve 1f4f ", "checks red one failed")
    person = AtTerminal(typed)
    assert [person.decide(ASKED) for _ in range(2)] == ["/approve 1f4f", "checks red one failed"]
    assert "MWC-1 waits for approval of its patch." in typed.shown


@pytest.mark.parametrize("kind", OFFERS)
def test_each_act_is_offered_once(kind: Kind) -> None:
    typed = Typed("quit")
    AtTerminal(typed).decide(Decision("MWC-1", kind, "an answer"))
    offered = typed.shown.splitlines()[1].strip().split(" · ")
    assert sorted(set(offered)) == sorted(offered)
