"""A git command that stays and answers questions, one at a time: starting one costs more.

It lives as long as its owner is used, and ends by itself when this process does: its input closes.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from patchgate.adapters.git.process import end_git, start_git
from patchgate.errors import LedgerError, ServiceError

LARGEST = 4096
"""Bytes of one question: it always fits into the pipe, whatever git has yet to say."""
CHUNK = 65_536


class Standing:
    """One command over one git directory, started when it is first asked something."""

    def __init__(self, args: Sequence[str], git_dir: Path, *, patience: float = 60.0) -> None:
        """`patience`: seconds that one line, or one stretch of bytes, may take."""
        self._args = tuple(args)
        self._patience = patience
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._said, self._at = b"", 0
        """What was read of the answer, and how much of that was given out."""

    @contextmanager
    def asked(self, question: bytes) -> Iterator[Standing]:
        """Ask, and read the whole answer inside the block; a broken exchange ends the command.

        ServiceError when git is late, LedgerError when it gave up.
        """
        if len(question) > LARGEST:
            raise ValueError("the question is too long for a standing command")
        with self._lock:
            is_whole = False
            try:
                self._ask(question)
                yield self
                is_whole = True
            finally:
                if not is_whole:
                    self.close()

    def _ask(self, question: bytes) -> None:
        if self._process is None or self._owner != os.getpid():
            # A forked child must not speak into its parent's conversation.
            self._process = start_git(self._args, git_dir=self._git_dir)
            self._owner, self._said, self._at = os.getpid(), b"", 0
            weakref.finalize(self, _end, self._process, self._owner)
        if self._process.stdin is None:
            raise LedgerError(f"git {self._args[0]} takes no questions")
        try:
            os.write(self._process.stdin.fileno(), question)
        except OSError as error:
            raise LedgerError(f"git {self._args[0]} gave up: {self._complaint()}") from error

    def line(self) -> bytes:
        """The next line of the answer, without its end."""
        until = time.monotonic() + self._patience
        while (end := self._said.find(b"\n", self._at)) < 0:
            self._said, self._at = self._said[self._at :] + self._chunk(until), 0
        line = self._said[self._at : end]
        self._at = end + 1
        return line

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes of the answer."""
        until = time.monotonic() + self._patience
        if len(self._said) - self._at >= size:
            self._at += size
            return self._said[self._at - size : self._at]
        parts = [self._said[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            parts.append(self._chunk(until))
            missing -= len(parts[-1])
        whole = b"".join(parts)
        self._said, self._at = whole[size:], 0
        return whole[:size]

    def close(self) -> None:
        """End the command; the next question starts it again."""
        process, self._process = self._process, None
        if process is not None:
            _end(process, self._owner)

    def _chunk(self, until: float) -> bytes:
        """What git says next, at the latest when the monotonic clock shows `until`."""
        if self._process is None or self._process.stdout is None:
            raise LedgerError(f"git {self._args[0]} was not asked")
        out = self._process.stdout.fileno()
        if not select.select([out], [], [], max(0.0, until - time.monotonic()))[0]:
            raise ServiceError(f"git {self._args[0]} did not answer within {self._patience:g} s")
        chunk = os.read(out, CHUNK)
        if not chunk:
            raise LedgerError(f"git {self._args[0]} gave up: {self._complaint()}")
        return chunk

    def _complaint(self) -> str:
        """Why it gave up, in its own words; it is over after this."""
        process, self._process = self._process, None
        if process is None:
            return "no reason given"
        process.kill()
        said = process.communicate()[1].decode(errors="replace")
        return " ".join(said.split())[:200] or "no reason given"


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    """End a command of ours; a forked child leaves its parent's alone."""
    if owner != os.getpid():
        return
    end_git(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
