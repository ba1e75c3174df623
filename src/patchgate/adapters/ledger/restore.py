"""Restoring streams that were damaged, cut or deleted, from copies: planned, judged, then written.

Nothing is guessed. A stream is taken from a copy only when all of it is proven, when it holds
every head that is kept outside, and when no event that lies on the ledger now would be lost;
otherwise it is refused with the reason. What is written goes on top of what is there (nothing is
force-pushed), so that the damage stays in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.copies import Copy, holds_ledger, read_copy
from patchgate.adapters.ledger.ledger import GitLedger
from patchgate.adapters.ledger.names import Address
from patchgate.adapters.ledger.objects import FILE, Entry, Tree
from patchgate.adapters.ledger.trees import graft
from patchgate.adapters.ledger.verify import artifacts_of, strangers_in
from patchgate.core.chain import (
    Anchor,
    Finding,
    Link,
    Tail,
    join_lines,
    origin,
    parse_chain,
    prefix_heads,
    sound,
    tail,
    tip_bytes,
    verify_anchors,
)
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError

Outside = Callable[[StreamId, Sequence[Link]], Sequence[Anchor]]
"""The heads kept outside the ledger for a stream with these events."""


class Action(StrEnum):
    """What is to be done with a stream."""

    RESTORE = "restore"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One stream that differs from a copy, and why it is or is not taken from there."""

    stream: StreamId
    action: Action
    why: str
    copy: Copy | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger holds of a stream now."""

    lines: dict[int, bytes]
    """Its lines by their place, sound or not."""
    links: tuple[Link, ...]
    problem: str
    """Why it is not sound; empty: it is."""

    @property
    def absent(self) -> bool:
        """Whether nothing at all is there."""
        return not self.lines and not self.problem


class Restoration:
    """Compares copies with the ledger as it is now, and brings back what is proven."""

    def __init__(self, ledger: GitLedger, outside: Outside) -> None:
        """Fetches all that the ledger's branches hold now."""
        self._ledger = ledger
        self._outside = outside
        self._names, self._store = ledger.branches, ledger.store
        self._refs = ledger.branches_now()
        self._store.mirror(self._refs)
        self._base = self._refs.get(self._names.ledger_ref)
        self._files = self._store.walk(self._base) if self._base else {}
        self.whole = 0
        """How many streams of the copies are on the ledger already."""
        self.lacks_ledger = self._base is None
        """Whether the ledger branch itself is missing."""
        self._may_make_it = False

    def plan(self, places: Iterable[Path]) -> list[Step]:
        """What the copies could bring back; the longest proven one of each stream."""
        steps: dict[StreamId, Step] = {}
        for place in places:
            self._may_make_it |= holds_ledger(place, self._names)
            found = read_copy(self._store, place, names=self._names, known=self._files)
            for copy in found:
                if isinstance(copy, Finding):
                    why = f"{place} holds it damaged: {copy.problem}"
                    steps.setdefault(copy.stream, Step(copy.stream, Action.REFUSE, why))
                    continue
                step = self._judge(copy)
                if step is None:
                    self.whole += 1
                elif _better(step, steps.get(step.stream)):
                    steps[step.stream] = step
        return sorted(steps.values(), key=lambda step: step.stream)

    def write(self, steps: Sequence[Step]) -> None:
        """Bring back what is to be restored; LedgerError where no ledger branch can be made."""
        copies = [step.copy for step in steps if step.copy and step.action is Action.RESTORE]
        if self.lacks_ledger and not self._may_make_it:
            raise LedgerError(
                f"the ledger branch {self._names.ledger} is missing, and no copy holds it",
                "Name a clone that has it; exports alone cannot say what else it held.",
            )
        self._write_ledger([copy for copy in copies if self._belongs_on_ledger(copy)])
        for copy in copies:
            self._write_live(copy)

    # ── judging ──────────────────────────────────────────────────────────────────────────

    def _judge(self, copy: Copy) -> Step | None:
        """None: the ledger has all of it."""
        home, now = copy.home, self._standing(copy.home)
        if not now.problem and _begins_with(now.links, copy.links):
            return None
        whole = self._continued(copy, now)
        anchors = self._outside(home.stream, whole.links)
        step = Step(home.stream, Action.RESTORE, "", whole)
        if problem := _not_vouched(whole, anchors):
            return replace(step, action=Action.REFUSE, why=problem)
        vouched = bool(anchors)
        if now.absent:
            return replace(step, why=f"it is gone; {_told(whole, vouched)}")
        if now.problem:
            lost = len(now.lines) - len(whole.links)
            if lost > 0 and not _ends_at(whole, anchors):
                why = f"{now.problem}; {copy.where} ends at event {len(copy.links)}, before that"
                return replace(step, action=Action.REFUSE, why=f"{why}: name a newer copy")
            return replace(step, why=f"{now.problem}; {_told(whole, vouched)}")
        if _begins_with(whole.links, now.links):
            why = f"it was cut after event {len(now.links)}; {_told(whole, vouched)}"
            return replace(step, why=why)
        heads = prefix_heads(home.stream, now.links)
        if vouched and verify_anchors(home.stream, heads, anchors):
            return replace(step, why=f"it was rewritten; {_told(whole, vouched)}")
        why = "the ledger and the copy are both sound and differ, and no head outside decides"
        return replace(step, action=Action.REFUSE, why=why)

    def _standing(self, home: Address) -> Standing:
        store, tip = self._store, self._refs.get(self._names.live_ref(home.stream))
        lines = self._lines(home, tip)
        try:
            held = archive.read(store, self._base, home) if self._base else None
            links = held.links if held else ()
            blobs = archive.blobs_of(store, self._base, home) if self._base else {}
            if tip is not None:
                tree = sound(live.load(store, home.stream, tip))
                links = sound(live.join(home.stream, tree, links))
                blobs |= tree.blobs
            archive.checked_blobs(store, home, blobs)
        except LedgerError as error:
            return Standing(lines, (), error.message)
        return Standing(lines, links, "")

    def _lines(self, home: Address, tip: Sha | None) -> dict[int, bytes]:
        """Whatever stands in the places of its events."""
        found: dict[int, bytes] = {}
        entry = self._files.get(home.events_path)
        if entry is not None and entry.mode == FILE:
            (data,) = self._store.blobs([entry.oid])
            found |= enumerate(data.splitlines(), start=1)
        if tip is not None:
            walk = self._store.walk(tip)
            names = [path for path in walk if path.startswith("events/")]
            contents = self._store.blobs([walk[path].oid for path in names])
            for path, content in zip(names, contents, strict=True):
                number = path.removeprefix("events/").removesuffix(".json")
                if number.isascii() and number.isdigit():
                    found[int(number)] = content.removesuffix(b"\n")
        return found

    def _continued(self, copy: Copy, now: Standing) -> Copy:
        """The copy with the events of the ledger that go on from its end."""
        links = list(copy.links)
        while (line := now.lines.get(len(links) + 1)) is not None:
            after = tail(links, origin(copy.home.stream))
            found = parse_chain(copy.home.stream, [line], Tail(after.count, after.head))
            if isinstance(found, Finding):
                break
            links += found
        if len(links) == len(copy.links):
            return copy
        return replace(copy, links=tuple(links), blobs=self._sound_blobs(copy.home) | copy.blobs)

    def _sound_blobs(self, home: Address) -> Tree:
        """The artifacts on the ledger that are what their names say."""
        blobs = artifacts_of(self._files, [home]).get(home, {})
        if (tip := self._refs.get(self._names.live_ref(home.stream))) is not None:
            walk = self._store.walk(tip)
            blobs |= {p[len("blobs/") :]: walk[p] for p in walk if p.startswith("blobs/")}
        return {
            name: entry
            for name, entry in blobs.items()
            if not live.bad_blobs(self._store, [(home.stream, {name: entry})])
        }

    # ── writing ──────────────────────────────────────────────────────────────────────────

    def _belongs_on_ledger(self, copy: Copy) -> bool:
        paths = (copy.home.events_path, copy.home.index_path)
        return copy.gathered or any(path in self._files for path in paths)

    def _write_ledger(self, copies: Sequence[Copy]) -> None:
        odd = strangers_in(self._files)
        if self._base is not None and not copies and not odd:
            return
        store, renewed = self._store, {copy.home.blobs_path for copy in copies}
        files = {
            path: entry
            for path, entry in self._files.items()
            if path not in odd and path.rpartition("/")[0] not in renewed
        }
        for copy in copies:
            home, end = copy.home, tail(copy.links, origin(copy.home.stream))
            contents = [join_lines(copy.links), tip_bytes(home.stream, end)]
            events, index = store.write_blobs(contents)
            files[home.events_path] = Entry(FILE, events)
            files[home.index_path] = Entry(FILE, index)
            files |= {f"{home.blobs_path}/{name}": entry for name, entry in copy.blobs.items()}
        message = f"Restore {len(copies)} streams\n\n" + "".join(
            f"{path}: removed\n" for path in odd
        )
        commit = store.write_commit(graft(store, None, files), message, parent=self._base)
        store.push(self._names.ledger_ref, commit, expected=self._base)

    def _write_live(self, copy: Copy) -> None:
        ref = self._names.live_ref(copy.home.stream)
        tip = self._refs.get(ref)
        if tip is None and self._belongs_on_ledger(copy):
            return
        commit = live.rewrite(
            self._store, copy.home.stream, tip, links=copy.links, blobs=copy.blobs
        )
        self._store.push(ref, commit, expected=tip)


def _better(one: Step, other: Step | None) -> bool:
    """What can be restored goes before what cannot, and more events before fewer."""
    if other is None or other.copy is None or one.copy is None:
        return other is None or one.copy is not None
    mine, theirs = (step.action is Action.RESTORE for step in (one, other))
    return (mine, len(one.copy.links)) > (theirs, len(other.copy.links))


def _begins_with(whole: Sequence[Link], part: Sequence[Link]) -> bool:
    mine = [one.digest for one in whole[: len(part)]]
    return mine == [one.digest for one in part]


def _not_vouched(copy: Copy, anchors: Sequence[Anchor]) -> str:
    """Why the heads outside speak against the copy; empty: they do not."""
    heads = prefix_heads(copy.home.stream, copy.links)
    wrong = verify_anchors(copy.home.stream, heads, anchors)
    if not wrong:
        return ""
    return f"{copy.where} has {len(copy.links)} events of it, but {wrong[0].problem}"


def _ends_at(copy: Copy, anchors: Sequence[Anchor]) -> bool:
    """Whether a head outside is that of the copy's last event."""
    return any(anchor.head == copy.links[-1].digest for anchor in anchors if copy.links)


def _told(copy: Copy, vouched: bool) -> str:
    said = "the heads kept outside are in it" if vouched else "no head outside vouches for its end"
    return f"{len(copy.links)} events from {copy.where}, {said}"
