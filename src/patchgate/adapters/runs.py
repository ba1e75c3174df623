"""Names of runs, and whether the run of a name is over: asked of the run, never of the clock."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_run(repository: str = "", run_id: str = "") -> str:
    """`actions:<owner/name>/<run id>` inside Actions, else this process by host, id and start."""
    if repository and run_id:
        return f"actions:{repository}/{run_id}"
    pid = os.getpid()
    return f"local:{socket.gethostname()}/{pid}/{_started(pid)}"


def local_run_has_ended(name: str) -> bool:
    """Whether a local run is over; a run of another host (or in Actions) counts as going on."""
    kind, _, rest = name.partition(":")
    host, _, process = rest.partition("/")
    if kind != "local" or host != socket.gethostname():
        return False
    pid, _, started = process.partition("/")
    return not pid.isdigit() or _started(int(pid)) != started


def _started(pid: int) -> str:
    """The start time of a process in clock ticks since boot (proc(5), field 22); empty: gone.

    A process that ended and that nobody waited for (state Z or X) is gone, too.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]
