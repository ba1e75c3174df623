"""Where a stream lies: names of branches, and paths on the ledger branch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchgate.core.ids import Digest, StreamId, TicketKey
from patchgate.errors import MalformedError

PROJECT_ID = "0"
"""The issue id that project streams are read with; they belong to no ticket."""
HEADS = "refs/heads/"
OURS = "refs/heads/patchgate/"

_KEY = re.compile(r"[A-Z][A-Z0-9_]*-[0-9]{1,12}")
_PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]*-project")
_ID = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Branches:
    """Names of the ledger's branches, without `refs/heads/`."""

    ledger: str = "patchgate/ledger"
    live: str = "patchgate/live"
    """Folder of the live branches."""

    @property
    def ledger_ref(self) -> str:
        """The ledger branch in full."""
        return f"{HEADS}{self.ledger}"

    @property
    def live_prefix(self) -> str:
        """What every live branch begins with, in full."""
        return f"{HEADS}{self.live}/"

    def live_ref(self, stream: StreamId) -> str:
        """The live branch of a stream, in full."""
        return f"{self.live_prefix}{stream}"


@dataclass(frozen=True, slots=True)
class Address:
    """A stream's id taken apart: the key at opening, and the issue id (`0`: a project's)."""

    key: str
    issue_id: str

    @property
    def stream(self) -> StreamId:
        """The stream's id."""
        return StreamId(self.key if self.issue_id == PROJECT_ID else f"{self.key}-{self.issue_id}")

    @property
    def folder(self) -> str:
        """`<PROJECT>/<hundred>` on the ledger branch: a read costs the tree of this folder."""
        project, _, number = self.key.rpartition("-")
        shard = number if self.issue_id == PROJECT_ID else f"{int(number) // 100:04d}"
        return f"{project}/{shard}"

    @property
    def events_path(self) -> str:
        """The stream's JSON lines on the ledger branch."""
        return f"{self.folder}/{self.stream}.jsonl"

    @property
    def blobs_path(self) -> str:
        """The stream's folder of artifacts on the ledger branch."""
        return f"{self.folder}/{self.stream}"

    @property
    def index_path(self) -> str:
        """The stream's tip in the index by issue id: 256 folders by its lowest byte."""
        if self.issue_id == PROJECT_ID:
            return f"index/project/{self.key}.json"
        return f"index/{int(self.issue_id) % 256:02x}/{self.issue_id}.json"


def address(key: TicketKey | str, issue_id: str) -> Address:
    """The address that a ticket has now (the key may have been another at opening)."""
    wanted = _PROJECT_KEY if issue_id == PROJECT_ID else _KEY
    if not wanted.fullmatch(key):
        raise MalformedError(f"{key!r} (issue id {issue_id!r}) is no key that names a stream")
    if issue_id != PROJECT_ID and not _ID.fullmatch(issue_id):
        raise MalformedError(f"{issue_id!r} is no issue id that names a stream")
    return Address(key, issue_id)


def parse_stream(name: str) -> Address | None:
    """The address that a stream id was made from; None when it is not one."""
    if _PROJECT_KEY.fullmatch(name):
        return Address(name, PROJECT_ID)
    key, _, issue_id = name.rpartition("-")
    return Address(key, issue_id) if _KEY.fullmatch(key) and _ID.fullmatch(issue_id) else None


def located(stream: StreamId) -> Address:
    """The address of a stream that must be one."""
    found = parse_stream(stream)
    if found is None:
        raise MalformedError(f"{stream!r} is no stream id")
    return found


def event_name(seq: int) -> str:
    """The file name of one event on a live branch."""
    return f"{seq:06d}.json"


def blob_name(digest: Digest) -> str:
    """The file name of an artifact."""
    return digest.removeprefix("sha256:")
