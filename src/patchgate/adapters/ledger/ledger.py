"""The ledger over git: live branches while tickets are open, the ledger branch afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.export import export
from patchgate.adapters.ledger.gathering import Gathering
from patchgate.adapters.ledger.names import (
    OURS,
    PROJECT_ID,
    Address,
    Branches,
    address,
    blob_name,
    located,
)
from patchgate.adapters.ledger.objects import Entry
from patchgate.adapters.ledger.store import ObjectStore, Remote
from patchgate.adapters.ledger.trees import find
from patchgate.adapters.ledger.verify import verify_repository
from patchgate.adapters.ledger.view import View
from patchgate.core.chain import Finding, Link, Tail, link, origin, prefix_heads, sound, tail
from patchgate.core.events import Event
from patchgate.core.ids import Digest, Sha, StreamId, TicketKey, digest_bytes
from patchgate.errors import (
    LedgerError,
    LostRaceError,
    NotFoundError,
    PatchgateError,
    ServiceError,
)
from patchgate.ports import Stream, Wanted

TRIES = 8
"""How often a read starts again because the branches moved under it."""
AT_ONCE = 100
"""How many streams are gathered in one commit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A stream with the links that prove it."""

    stream: Stream
    links: tuple[Link, ...]


class GitLedger:
    """Plays `ports.Ledger` over one remote, with a bare cache directory of its own.

    `may_initialise`: whether a repository without any branch of ours counts as a new ledger;
    otherwise a missing ledger branch is damage, never emptiness.
    """

    def __init__(
        self,
        remote: Remote,
        cache: Path,
        *,
        branches: Branches | None = None,
        may_initialise: bool = False,
    ) -> None:
        self.branches = branches or Branches()
        self.store = ObjectStore(cache, remote)
        self._may_initialise = may_initialise

    def initialise(self) -> None:
        """Create the ledger branch (nothing if it is there); LedgerError beside branches of ours.

        Branches without their ledger branch mean that it was deleted, not that it is new.
        """
        view = self._view()
        if self.branches.ledger_ref in view.refs:
            return
        if view.refs:
            raise view.missing()
        root = self.store.write_commit(self.store.write_tree({}), "Begin the ledger\n", parent=None)
        try:
            self.store.push(self.branches.ledger_ref, root, expected=None)
        except LostRaceError:
            if self.branches.ledger_ref not in self._view().refs:
                raise

    def exists(self) -> bool:
        """Whether the ledger branch is there; LedgerError where it should be and is not."""
        return self._view().ledger is not None

    def branches_now(self) -> dict[str, Sha]:
        """All branches of ours as they are now, by full name, whatever state they are in."""
        return dict(self._refs())

    # ── reading ──────────────────────────────────────────────────────────────────────────

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        """The ticket's stream: live, then ledger, then live again; None when there is none."""
        reading = self.read_links(key, issue_id)
        return reading.stream if reading else None

    def read_together(self, tickets: Sequence[tuple[TicketKey, str]]) -> list[Stream | None]:
        """As `read` for each: live streams and projects' from one look at the branches."""
        view = self._view()
        readings = [self._read_links(address(*ticket), view) for ticket in tickets]
        return [reading.stream if reading else None for reading in readings]

    def read_links(self, key: TicketKey, issue_id: str) -> Reading | None:
        """As `read`, with every event's line and digest."""
        return self._read_links(address(key, issue_id), self._view())

    def _read_links(self, ticket: Address, view: View) -> Reading | None:
        """Begin with what was seen of the branches, and look again where that is not enough."""
        for _ in range(TRIES):
            commit = view.ledger
            if (home := view.live_home(ticket)) is not None:
                if (reading := self._read_live(home, view)) is not None:
                    return reading
                view = self._view()
                continue
            held = archive.read(self.store, commit, ticket) if commit else None
            if ticket.issue_id == PROJECT_ID:
                # A project's stream is never gathered: it cannot have moved while we read.
                return _closed(held) if held else None
            view = self._view()
            if view.live_home(ticket) is None and (held or view.ledger == commit):
                return _closed(held) if held else None
        raise ServiceError(f"the ledger moved {TRIES} times while {ticket.key} was read")

    def read_open(self, wanted: Wanted) -> dict[StreamId, Stream | LedgerError]:
        """The open streams that are wanted, in few exchanges; a damaged one stands as its error."""
        view = self._view()
        homes = [home for home in view.open() if wanted(home.stream)]
        lives = [commit for home in homes if (commit := view.live(home.stream)) is not None]
        self.store.bring_commits(lives, filtered=live.SMALL)
        found: dict[StreamId, Stream | LedgerError] = {}
        for home in homes:
            try:
                reading = self._read_live(home, view)
                stream = (
                    reading.stream if reading else self.read(TicketKey(home.key), home.issue_id)
                )
            except LedgerError as error:
                found[home.stream] = error
            else:
                if stream is not None:
                    found[home.stream] = stream
        return found

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        """An empty stream, not yet pushed."""
        stream = address(key, issue_id).stream
        head = origin(stream).head
        return Stream(stream, (), head, commit=None, closed=False, heads=(head,))

    def open_streams(self) -> list[StreamId]:
        """Streams that have a live branch (a branch that is no stream's is left to `verify`)."""
        return [home.stream for home in self._view().open()]

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        """An artifact by digest, re-hashed; LedgerError when absent or different."""
        name = blob_name(digest)
        entry = None
        if stream.commit is not None:
            self.store.bring_commit(stream.commit, filtered=live.SMALL)
            path = f"blobs/{name}"
            entry = find(self.store, stream.commit, [path])[path]
        if entry is None and (commit := self._view().ledger) is not None:
            entry = archive.blobs_of(self.store, commit, located(stream.id)).get(name)
        if entry is None:
            raise LedgerError(f"{stream.id} has no artifact {digest}")
        self.store.bring([entry.oid])
        (content,) = self.store.blobs([entry.oid])
        if digest_bytes(content) != digest:
            raise LedgerError(f"the artifact {digest} of {stream.id} has another content")
        return content

    def blobs(self, stream: Stream) -> dict[Digest, bytes]:
        """All artifacts of a stream as read, re-hashed, of its live and its gathered part."""
        home, tree = located(stream.id), dict[str, Entry]()
        if (base := self._view().ledger) is not None:
            tree |= archive.blobs_of(self.store, base, home)
        if stream.commit is not None:
            tree |= sound(live.load(self.store, stream.id, stream.commit)).blobs
        archive.checked_blobs(self.store, home, tree)
        contents = self.store.blobs([entry.oid for entry in tree.values()])
        return {digest_bytes(content): content for content in contents}

    def export(self, key: TicketKey, issue_id: str) -> bytes:
        """The whole stream as one tar (see `export.export`); NotFoundError when there is none."""
        reading = self.read_links(key, issue_id)
        if reading is None:
            raise NotFoundError(f"the ledger has no stream of {key}")
        return export(reading.stream.id, reading.links, self.blobs(reading.stream))

    def verify(self, only: StreamId | None = None) -> list[Finding]:
        """Fetch all branches of ours as they are now into the cache and verify them there."""
        view = self._view()
        if view.ledger is None:
            return []
        self.store.mirror(view.refs)
        return verify_repository(self.store.git_dir, branches=self.branches, only=only)

    # ── writing ──────────────────────────────────────────────────────────────────────────

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        """Append and push in one commit; LostRaceError when somebody was first."""
        for digest, content in blobs.items():
            if digest_bytes(content) != digest:
                raise LedgerError(f"an artifact offered as {digest} has another content")
        if not events:
            if blobs:
                raise LedgerError(f"artifacts for {stream.id} without an event that names them")
            return stream
        home = located(stream.id)
        if stream.commit is None and self._view().ledger is None:
            self.initialise()
        links = link(events, Tail(len(stream.events), stream.head))
        commit = live.write(self.store, stream.id, stream.commit, links=links, blobs=blobs)
        self.store.push(self.branches.live_ref(stream.id), commit, expected=stream.commit)
        if stream.commit is None:
            self._confirm(home, commit, stream, links[-1])
        whole = (*stream.events, *events)
        heads = (*stream.heads, *(one.digest for one in links))
        return Stream(stream.id, whole, links[-1].digest, commit=commit, closed=False, heads=heads)

    def _confirm(self, home: Address, commit: Sha, stream: Stream, last: Link) -> None:
        """After a branch was begun: nobody else began or gathered this ticket's stream meanwhile.

        A lease on an absent branch cannot see a branch that came and went, or one under the key
        that the ticket had before; then ours is withdrawn, before anybody acts on it.
        """
        view = self._view()
        base = view.ledger
        held = archive.read(self.store, base, home) if base else None
        heads = [origin(home.stream).head, *(one.digest for one in held.links)] if held else []
        if held is None:
            alone = not stream.events
        else:
            alone = held.address == home and heads[-1] in (stream.head, last.digest)
        if not alone or any(rival != home for rival in view.lives_of(home)):
            self.store.push(self.branches.live_ref(home.stream), None, expected=commit)
            raise LostRaceError(f"{home.stream} was begun by somebody else at the same time")

    def _refs(self) -> dict[str, Sha]:
        names = self.branches
        return self.store.refs(names.ledger_ref, f"{names.live_prefix}*", f"{OURS}*")

    def _view(self) -> View:
        return View(self.branches, self._refs(), self._may_initialise)

    def _read_live(self, home: Address, view: View) -> Reading | None:
        """The live stream; None when its branch went away while we read."""
        commit = view.refs[self.branches.live_ref(home.stream)]
        try:
            tree = sound(live.load(self.store, home.stream, commit))
        except NotFoundError:
            if self._view().live(home.stream) is not None:
                raise
            return None
        held = None
        if tree.first > 1 and (base := view.ledger) is not None:
            held = archive.read(self.store, base, home)
        links = sound(live.join(home.stream, tree, held.links if held else ()))
        return Reading(_stream(home.stream, links, commit), links)

    def gather(self, stream: Stream) -> None:
        """Move an ended stream into the ledger branch: append, verify, delete the live branch.

        Each step looks first, so that it may be killed and called again. LostRaceError when the
        live branch is no longer what was read.
        """
        for error in self.gather_all([stream]).values():
            raise error

    def gather_all(self, streams: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        """The same for many with two pushes for every few; those not gathered, with the reason."""
        refused: dict[StreamId, PatchgateError] = {}
        gathering = Gathering(self.store, self._view)
        for start in range(0, len(streams), AT_ONCE):
            refused |= gathering.gather(streams[start : start + AT_ONCE])
        return refused


def _stream(stream: StreamId, links: Sequence[Link], commit: Sha | None) -> Stream:
    events = tuple(one.event for one in links)
    head = tail(links, origin(stream)).head
    heads = prefix_heads(stream, links)
    return Stream(stream, events, head, commit=commit, closed=commit is None, heads=heads)


def _closed(held: archive.Held) -> Reading:
    return Reading(_stream(held.address.stream, held.links, None), held.links)
