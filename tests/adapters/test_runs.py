from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from patchgate.adapters.runs import local_run_has_ended, this_run


def name_of(pid: int) -> str:
    host, _, _ = this_run().removeprefix("local:").partition("/")
    started = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[19]
    return f"local:{host}/{pid}/{started}"


def test_this_run_goes_on() -> None:
    assert not local_run_has_ended(this_run())


def test_a_killed_run_has_ended_even_while_nobody_waited_for_it() -> None:
    sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(sleeper, stdin=subprocess.PIPE) as process:
        name = name_of(process.pid)
        assert not local_run_has_ended(name)
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert local_run_has_ended(name)
    assert local_run_has_ended(name)


def test_another_process_with_the_number_of_a_run_is_not_that_run() -> None:
    assert local_run_has_ended(f"{this_run().rpartition('/')[0]}/1")


def test_runs_of_other_hosts_and_of_actions_are_not_judged_by_this_machine() -> None:
    assert not local_run_has_ended("local:elsewhere/1/1")
    assert not local_run_has_ended(this_run("acme/control", "17"))
