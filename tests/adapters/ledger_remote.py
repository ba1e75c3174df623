"""A real bare repository as the ledger's remote, and ledgers that look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.adapters.ledger.objects import Entry, Objects
from patchgate.adapters.ledger.trees import find, graft
from patchgate.core.events import Event, SweepDone
from patchgate.core.ids import Digest, Sha, TicketKey, digest_bytes
from patchgate.ports import Stream

KEY, ID = TicketKey("MWC-1"), "10001"
STREAM_REF = "refs/heads/patchgate/live/MWC-1-10001"
LEDGER_REF = "refs/heads/patchgate/ledger"
EVENTS_PATH = "MWC/0000/MWC-1-10001.jsonl"
LONG = b"a long patch, longer than a first fetch brings\n" * 1000
LONG_DIGEST = digest_bytes(LONG)


def said(*numbers: int) -> list[Event]:
    """Events that differ by a number."""
    return [SweepDone(at="2026-11-21T10:00:00Z", tickets=number) for number in numbers]


@dataclass(frozen=True)
class LedgerRemote:
    """A bare repository in a folder; every `ledger` has a fresh cache of its own."""

    folder: Path

    @property
    def git_dir(self) -> Path:
        return self.folder / "remote.git"

    @property
    def remote(self) -> Remote:
        return Remote(f"file://{self.git_dir}")

    def create(self) -> None:
        run_git(["init", "--quiet", "--bare", str(self.git_dir)])
        run_git(["config", "uploadpack.allowFilter", "true"], git_dir=self.git_dir)

    def cache(self) -> Path:
        number = len(list(self.folder.glob("cache-*")))
        return self.folder / f"cache-{number}"

    def ledger(self, *, may_initialise: bool = False) -> GitLedger:
        return GitLedger(self.remote, self.cache(), may_initialise=may_initialise)

    def refs(self) -> dict[str, Sha]:
        return Objects(self.git_dir).local_refs("refs/heads/")

    def hook(self, name: str, script: str) -> None:
        path = self.git_dir / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def put(self, ref: str, path: str, content: bytes) -> None:
        """What somebody with the right to push does: commit any content onto a branch."""
        objects, base = Objects(self.git_dir), self.refs()[ref]
        (oid,) = objects.write_blobs([content])
        tree = graft(objects, base, {path: Entry("100644", oid)})
        commit = objects.write_commit(tree, "Tamper\n", parent=base)
        run_git(["update-ref", ref, commit], git_dir=self.git_dir)

    def get(self, ref: str, path: str) -> bytes:
        objects = Objects(self.git_dir)
        entry = find(objects, self.refs()[ref], [path])[path]
        assert entry is not None
        return objects.blobs([entry.oid])[0]

    def begun(self, *numbers: int, blobs: dict[Digest, bytes] | None = None) -> Stream:
        """A live stream with these events."""
        ledger = self.ledger(may_initialise=True)
        return ledger.append(ledger.open(KEY, ID), said(*numbers), blobs or {})

    def read(self) -> Stream:
        """The stream, looked at cold."""
        stream = self.ledger().read(KEY, ID)
        assert stream is not None
        return stream

    def gathered(self, *numbers: int, blobs: dict[Digest, bytes] | None = None) -> Stream:
        """A gathered stream with these events."""
        stream = self.begun(*numbers, blobs=blobs)
        self.ledger().gather(stream)
        return self.read()


def numbers_of(stream: Stream) -> list[int]:
    """The numbers that the events of `said` differ by."""
    return [event.tickets for event in stream.events if isinstance(event, SweepDone)]
