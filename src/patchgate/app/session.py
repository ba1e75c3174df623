"""One stream during one tick: events in memory, artifacts, and pushes by compare-and-swap."""

from __future__ import annotations

from patchgate.app.desk import Desk
from patchgate.app.narrate import narrate
from patchgate.core.events import Event
from patchgate.core.fold import fold
from patchgate.core.ids import Digest, digest_bytes
from patchgate.core.state import Workflow
from patchgate.ports import Stream


class Session:
    """Records events, keeps the folded workflow in step, pushes when told to."""

    def __init__(self, desk: Desk, stream: Stream) -> None:
        self.desk = desk
        self.stream = stream
        self.w: Workflow = desk.folds.of(stream)
        self.pending: list[Event] = []
        self.recorded: list[Event] = []
        """Everything recorded in this wake-up, pushed or not."""
        self._known: dict[Digest, bytes] = {}
        self._fresh: dict[Digest, bytes] = {}

    @property
    def name(self) -> str:
        """The ticket as the journal names it."""
        return self.w.key or str(self.stream.id).rpartition("-")[0]

    @property
    def events(self) -> tuple[Event, ...]:
        """The whole stream, with what is not yet pushed."""
        return (*self.stream.events, *self.pending)

    def record(self, *events: Event) -> None:
        """Fold events, their words redacted, and keep them for the next push."""
        for event in map(self.desk.clean.event, events):
            self.pending.append(event)
            self.recorded.append(event)
            self.w = fold((event,), self.w)
            for kind, text in narrate(event):
                self.desk.journal.note(self.name, kind, text)

    def keep(self, content: bytes) -> Digest:
        """Keep an artifact for the next push; returns its digest."""
        digest = digest_bytes(content)
        self._known[digest] = self._fresh[digest] = content
        return digest

    def blob(self, digest: Digest) -> bytes:
        """An artifact, from memory or from the ledger (re-hashed there)."""
        if digest not in self._known:
            self._known[digest] = self.desk.ledger.blob(self.stream, digest)
        return self._known[digest]

    def push(self) -> None:
        """Append what is pending; LostRaceError when somebody was first (then start again)."""
        if not self.pending:
            return
        self.stream = self.desk.ledger.append(self.stream, self.pending, self._fresh)
        self.pending, self._fresh = [], {}
        self.desk.folds.keep(self.stream, self.w)
