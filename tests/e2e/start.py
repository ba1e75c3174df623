"""Starts `python -I -m patchgate …` as a fork of the nursery of `tests/e2e/forks.py`.

`python -I -S start.py ADDRESS PYTHON -I -m patchgate …` takes milliseconds where an interpreter
with all client libraries takes a second. The program has this process's files, folder and
environment, ends with it, gives it its exit code, and starts others with PYTHON. Anything else than
`-I -m patchgate` is run as it stands.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time

PROGRAM = ["-I", "-m", "patchgate"]
READ_OUT = 0.5
"""Seconds before a failure is told at a terminal: act gives its step a terminal, and once the step
has failed it reads no further, so that what was said last would be missing from its log."""


def main() -> int:
    """Send what the program needs, pass signals on, and wait for its exit code."""
    address, python, *arguments = sys.argv[1:]
    if arguments[: len(PROGRAM)] != PROGRAM:
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  # as the action says
    said = {
        "arguments": arguments[len(PROGRAM) :],
        "folder": os.getcwd(),  # noqa: PTH109  # pathlib takes long to load
        "python": python,
        "env": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        text = json.dumps(said).encode()
        socket.send_fds(line, [len(text).to_bytes(4, "big")], [0, 1, 2])
        line.sendall(text)
        pid = int.from_bytes(line.recv(4), "big")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda n, _: os.kill(pid, n))
        code = line.recv(1)
    if code != b"\0" and os.isatty(1):
        time.sleep(READ_OUT)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main())
