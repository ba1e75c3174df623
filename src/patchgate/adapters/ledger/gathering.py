"""Gathering ended streams: many in one commit of the ledger branch, then their branches deleted.

It may be killed after any step and called again: each step looks first. A stream is deleted only
where a fresh look finds all of it on the ledger branch, and only at exactly the commit gathered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import SystemRandom

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.archive import Whole
from patchgate.adapters.ledger.names import Address, located
from patchgate.adapters.ledger.store import Move, ObjectStore
from patchgate.adapters.ledger.view import View
from patchgate.core.chain import sound
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError, LostRaceError, PatchgateError
from patchgate.ports import Stream

TRIES = 8
"""How often the ledger branch may move while we write on it."""
PAUSE = 0.2
"""Seconds by which each further try may wait for other gatherers."""
CHANCE = SystemRandom()

Refused = dict[StreamId, PatchgateError]


@dataclass(frozen=True, slots=True)
class Due:
    """A stream to be gathered, with its live branch as it was read."""

    home: Address
    stream: Stream
    commit: Sha


class Gathering:
    """Moves streams from live branches into the ledger branch of one remote."""

    def __init__(self, store: ObjectStore, view: Callable[[], View]) -> None:
        self._store = store
        self._view = view

    def gather(self, streams: Sequence[Stream]) -> Refused:
        """Gather them all; those that were not, each with the reason."""
        refused: Refused = {}
        due = [Due(located(s.id), s, s.commit) for s in streams if s.commit is not None]
        if not due:
            return refused
        view = self._view()
        moved = {d.home: LostRaceError(f"{d.stream.id} went on while it was gathered") for d in due}
        stale = [d for d in due if view.live(d.stream.id) not in (None, d.commit)]
        refused |= {d.stream.id: moved[d.home] for d in stale}
        due = [d for d in due if d.stream.id not in refused]
        self._archive([d for d in due if view.live(d.stream.id) is not None], refused)
        held = self._held([d for d in due if d.stream.id not in refused], refused)
        names = view.branches
        moves = [Move(names.live_ref(d.stream.id), None, expected=d.commit) for d in held]
        failed = self._store.push_all(moves)
        refused |= {d.stream.id: moved[d.home] for d in held
                    if names.live_ref(d.stream.id) in failed}  # fmt: skip
        return refused

    def _archive(self, due: Sequence[Due], refused: Refused) -> None:
        """Bring the ledger branch to hold these streams; others may push meanwhile."""
        trees = self._trees(due, refused)
        due = [d for d in due if d.home in trees]
        for attempt in range(TRIES):
            if not due:
                return
            view = self._view()
            base = view.ledger
            if base is None:
                raise LedgerError("the ledger branch went away while streams were gathered")
            wholes = self._wholes(base, due, trees, refused)
            new = archive.write(self._store, base, wholes)
            if self._store.same_tree(base, new):
                return
            try:
                self._store.push(view.branches.ledger_ref, new, expected=base)
            except LostRaceError:
                time.sleep(CHANCE.uniform(0, PAUSE * (attempt + 1)))
            else:
                return
        raise LostRaceError(f"the ledger branch moved {TRIES} times while streams were gathered")

    def _trees(self, due: Sequence[Due], refused: Refused) -> dict[Address, live.LiveTree]:
        self._store.bring_commits([d.commit for d in due], filtered=live.SMALL)
        trees: dict[Address, live.LiveTree] = {}
        for one in due:
            try:
                trees[one.home] = sound(live.load(self._store, one.stream.id, one.commit))
            except LedgerError as error:
                refused[one.stream.id] = error
        self._store.bring([e.oid for tree in trees.values() for e in tree.blobs.values()])
        return trees

    def _wholes(
        self,
        base: Sha,
        due: Sequence[Due],
        trees: dict[Address, live.LiveTree],
        refused: Refused,
    ) -> list[Whole]:
        """What the ledger branch has to hold of each; what does not fit together is refused."""
        held = archive.read_all(self._store, base, [d.home for d in due])
        wholes: list[Whole] = []
        for one in due:
            home, tree, before = one.home, trees[one.home], held[one.home]
            try:
                if isinstance(before, LedgerError):
                    raise before
                if before is not None and before.address != home:
                    raise LedgerError(f"{home.stream} is on the ledger as {before.address.stream}")
                links = sound(live.join(home.stream, tree, before.links if before else ()))
                blobs = archive.checked_blobs(self._store, home, tree.blobs)
            except LedgerError as error:
                refused[one.stream.id] = error
            else:
                wholes.append(Whole(home, links, blobs))
        return wholes

    def _held(self, due: Sequence[Due], refused: Refused) -> list[Due]:
        """Before live branches go: those of which a fresh look finds all on the ledger branch."""
        base = self._view().ledger if due else None
        found = archive.read_all(self._store, base, [d.home for d in due]) if base else {}
        safe = []
        for one in due:
            held = found.get(one.home)
            heads = [] if held is None or isinstance(held, LedgerError) else held.heads
            events = len(one.stream.events)
            if len(heads) > events and heads[events] == one.stream.head:
                safe.append(one)
            else:
                why = f"{one.stream.id} is not on the ledger branch after it was gathered"
                refused[one.stream.id] = held if isinstance(held, LedgerError) else LedgerError(why)
        return safe
