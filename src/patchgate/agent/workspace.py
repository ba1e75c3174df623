"""A scratch worktree as the model may touch it: no way out, no links, no repository data."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FILE_LIMIT = 1_000_000
"""Bytes of a file that is read, searched or written."""
PATH_LIMIT = 1_000
GIT_NAMES = frozenset({".git", "git~1"})


class ToolFault(Exception):
    """A tool cannot do that; the message is for the model to read and act on."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Files below `root`, by repository path."""

    root: Path

    def place(self, path: str) -> Path:
        """Where a path lies; ToolFault when it leads out, into git, or over a link."""
        parts = safe_parts(path)
        here = self.root
        for part in parts:
            here = here / part
            if here.is_symlink():
                raise ToolFault(f"{path}: {part!r} is a symbolic link; links are not followed")
        return here

    def existing(self, path: str) -> Path:
        """An existing regular file; ToolFault when it is not there or something else."""
        place = self.place(path)
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise ToolFault(f"{path}: there is no such file") from None
        if stat.S_ISDIR(mode):
            raise ToolFault(f"{path} is a folder; list_files shows what is in it")
        if not stat.S_ISREG(mode):
            raise ToolFault(f"{path} is not a regular file")
        return place

    def read(self, path: str) -> str:
        """A text file, line ends as they are."""
        place = self.existing(path)
        size = place.stat().st_size
        if size > FILE_LIMIT:
            raise ToolFault(f"{path} has {size} bytes; files over {FILE_LIMIT} are not read")
        text = as_text(place.read_bytes())
        if text is None:
            raise ToolFault(f"{path} is not text in UTF-8")
        return text

    def write(self, path: str, text: str) -> None:
        """Write a file that was checked by `place` or `existing`; its mode stays."""
        data = encode(path, text)
        place = self.place(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ToolFault(f"{path}: a part of the path before its name is a file") from None
        place.write_bytes(data)

    def files(self, under: str = "") -> Iterator[str]:
        """Repository paths of all regular files below (or at) a path, without git's own."""
        start = self.place(under) if under.strip("/") not in ("", ".") else self.root
        if start.is_file():
            yield start.relative_to(self.root).as_posix()
            return
        if not start.is_dir():
            raise ToolFault(f"{under} is neither a file nor a folder")
        for folder, folders, names in os.walk(start, followlinks=False):
            folders[:] = sorted(name for name in folders if not is_git(name))
            for name in sorted(names):
                place = Path(folder) / name
                if not is_git(name) and stat.S_ISREG(place.lstat().st_mode):
                    yield place.relative_to(self.root).as_posix()


def safe_parts(path: str) -> tuple[str, ...]:
    """The parts of a repository path; ToolFault when it is not one."""
    if not path.strip() or len(path) > PATH_LIMIT:
        raise ToolFault(f"a path has 1 to {PATH_LIMIT} characters")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        raise ToolFault("a path has no control characters")
    if path.startswith("/"):
        raise ToolFault(f"{path}: paths are relative to the repository")
    parts = PurePosixPath(path).parts
    if ".." in parts:
        raise ToolFault(f"{path}: `..` is not allowed")
    if not parts or any(is_git(part) for part in parts):
        raise ToolFault(f"{path}: git's own files are out of reach")
    return parts


def is_git(name: str) -> bool:
    """Whether some file system takes this name for `.git`."""
    shown = "".join(
        c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf"
    )
    return shown.casefold().split(":")[0].rstrip(" .") in GIT_NAMES


def as_text(data: bytes) -> str | None:
    """The text, or None when it is binary."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def lines_of(text: str) -> list[str]:
    """The lines as git and editors count them, without their ends."""
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.removesuffix("\r") for line in lines]


def encode(path: str, text: str) -> bytes:
    """The bytes to write; ToolFault when they are binary or too many."""
    if "\0" in text:
        raise ToolFault(f"{path}: text has no NUL characters")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolFault(f"{path}: not valid Unicode: {error.reason}") from None
    if len(data) > FILE_LIMIT:
        raise ToolFault(f"{path} would have {len(data)} bytes; at most {FILE_LIMIT} are written")
    return data
