"""The refs of a remote as they are now, from a remote that has surely answered."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from patchgate.adapters.git.process import run_git
from patchgate.errors import ServiceError

RECEIVED = re.compile(rb"packet: +\S+< ")
"""A line of `GIT_TRACE_PACKET` for a packet that came in."""


def listed(
    url: str, patterns: Sequence[str], *, option: str, env: Mapping[str, str], timeout: float
) -> list[str]:
    """The lines of `git ls-remote` with that option; `timeout` in seconds.

    ServiceError where the remote did not answer in git's protocol. Git itself takes such an answer
    (an error sent as a success, a body that broke off) for a server of plain files, and for a
    repository without any branch. An answer without a line is therefore asked for once more, and
    believed when packets of the protocol are seen to come in.
    """
    args = ["ls-remote", option, url, *patterns]
    if lines := run_git(args, env=env, timeout=timeout).decode().splitlines():
        return lines
    with tempfile.TemporaryDirectory(prefix="patchgate-refs-") as folder:
        packets = Path(folder) / "packets"
        seen = {**env, "GIT_TRACE_PACKET": str(packets)}
        lines = run_git(args, env=seen, timeout=timeout).decode().splitlines()
        if not packets.exists() or not RECEIVED.search(packets.read_bytes()):
            raise ServiceError(f"{url} did not answer in git's protocol")
    return lines
