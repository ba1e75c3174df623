"""What travels between jobs as artifacts: folders that are named by the digest of their files.

The name is given out of band (a job's output); whoever opens a parcel hashes it again.
"""

from __future__ import annotations

from pathlib import Path

from patchgate.core.ids import digest_bytes, digest_json
from patchgate.errors import MalformedError, NotFoundError

LARGEST = 40_000_000
"""Bytes of one file."""
MOST = 200
"""Files of one parcel."""


def digest_of(folder: Path) -> str:
    """64 hex digits over the names and contents of a folder's files."""
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise MalformedError(f"artifact file {name!r:.100} is not a plain file")
        if path.is_dir():
            continue
        if path.stat().st_size > LARGEST or len(files) >= MOST:
            raise MalformedError(f"the artifact is larger than {MOST} files of {LARGEST} bytes")
        files[name] = digest_bytes(path.read_bytes())
    return digest_json(files).removeprefix("sha256:")


def named(kind: str, folder: Path) -> str:
    """The name under which this folder travels."""
    return f"{kind}-{digest_of(folder)}"


def opened(given: Path, name: str) -> Path:
    """The folder of a parcel that came, hashed again."""
    folder = given / name
    if not folder.is_dir() or folder.is_symlink():
        raise NotFoundError(
            f"artifact {name} did not come",
            "The job that makes it failed or was cancelled, or the artifact expired: start the "
            "ticket again (the schedule does).",
        )
    found = digest_of(folder)
    if not name.endswith(f"-{found}"):
        raise MalformedError(
            f"artifact {name} holds other files than its name says (their digest is {found[:12]})",
            "It was truncated or exchanged on the way: nothing of it counts.",
        )
    return folder


def arrived(given: Path, kind: str) -> dict[str, str]:
    """Effect id → name of the one artifact of that kind that came for it.

    Where several came for one id, none of them counts.
    """
    found: dict[str, list[str]] = {}
    for folder in sorted(given.iterdir()) if given.is_dir() else []:
        parts = folder.name.split("-")
        if len(parts) == 3 and parts[0] == kind:
            found.setdefault(parts[1], []).append(folder.name)
    return {eid: names[0] for eid, names in found.items() if len(names) == 1}
