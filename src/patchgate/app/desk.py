"""What one tick works with: the ports, the rules, and a journal of what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.app.folding import Folds
from patchgate.app.settings import Provider, Settings
from patchgate.app.writegate import WriteGate
from patchgate.core.ids import AccountId
from patchgate.core.outlet import Outlet, unguarded
from patchgate.core.plan import Record
from patchgate.core.policy import Policy
from patchgate.core.rules import Rules
from patchgate.ports import Clock, Doorbell, ForgeReader, Ledger, Tracker


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal: which ticket, what kind of thing, and the words."""

    key: str
    kind: str
    text: str


@dataclass(slots=True)
class Journal:
    """What a room saw, decided and did, in order; `tell` is called for each line at once."""

    tell: Callable[[Line], None]
    lines: list[Line] = field(default_factory=list)

    def note(self, key: str, kind: str, text: str) -> None:
        """Add a line."""
        line = Line(key, kind, text)
        self.lines.append(line)
        self.tell(line)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the deterministic rooms (`tick`, `settle`) hold."""

    settings: Settings
    rules: Rules
    policy: Policy
    tracker: Tracker
    forge: ForgeReader
    gate: WriteGate
    ledger: Ledger
    clock: Clock
    run: str
    """This run, as reservations name it."""
    run_ended: Callable[[str], bool]
    """Whether the run of that name is over (asked of the run, not of the clock)."""
    journal: Journal
    providers: frozenset[Provider]
    """Model providers whose key the propose room has (told by name; the keys are not here)."""
    reviewers: tuple[AccountId, ...] = ()
    """GitHub logins whose review is requested on pull requests."""
    settings_source: str = ""
    """Where settings and policy were read, for people."""
    clean: Outlet = field(default_factory=unguarded)
    """The way out of this room: takes secrets out of words, refuses content that holds one."""
    asks: bool = True
    """Whether this run can still enter a propose room; else the next run asks the model."""
    bell: Doorbell | None = None
    """Wakes a ticket in a run of its own, where there is a place for that."""
    folds: Folds = field(default_factory=Folds)
    """Workflows folded before."""

    def now(self) -> str:
        """The present moment as it stands on the ledger: ISO 8601, UTC, milliseconds."""
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Waits(Record):
    """What one ticket waits for, for outputs and status."""

    key: str
    state: str
    what: str
    whom: str

    @property
    def said(self) -> str:
        """What is waited for, and from whom, in words."""
        return f"{self.what} ({self.whom})" if self.whom else self.what


class Outcome(Record):
    """What a tick leaves behind: briefs to be worked on, what is waited for, how it went."""

    briefs: tuple[str, ...] = ()
    """Effect ids; each has `briefs/<eid>.json` in the run's folder."""
    waits: tuple[Waits, ...] = ()
    goes_on: tuple[str, ...] = ()
    """Tickets whose next step needs no person, but a run of its own."""
    troubles: tuple[str, ...] = ()
    heads: tuple[tuple[str, str], ...] = ()
    """(stream, ledger head) after the tick, for the run summary."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files that travel between the rooms of one run."""

    root: Path

    def brief(self, eid: str) -> Path:
        """The brief of a model task."""
        return self.root / "briefs" / f"{eid}.json"

    def proposal(self, eid: str) -> Path:
        """The folder of a proposal: `proposal.json` and, if there is one, `patch.diff`."""
        return self.root / "proposals" / eid

    def evidence(self, eid: str) -> Path:
        """What the checks said."""
        return self.root / "evidence" / f"{eid}.json"

    @property
    def outcome(self) -> Path:
        """What the last tick left behind."""
        return self.root / "outcome.json"

    @property
    def checks(self) -> Path:
        """The order for the check room."""
        return self.root / "checks.json"
