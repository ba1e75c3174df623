"""A git command that stays: answers in order, a fresh start after trouble, nothing left behind."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from patchgate.adapters.git.process import run_git
from patchgate.adapters.git.standing import LARGEST, Standing
from patchgate.errors import LedgerError, ServiceError

READ = ("cat-file", "--batch-command")
LONG = bytes(range(256)) * 2000


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    place = tmp_path / "objects.git"
    run_git(["init", "--quiet", "--bare", str(place)])
    return place


def _kept(git_dir: Path, content: bytes) -> str:
    out = run_git(["hash-object", "-w", "--stdin"], git_dir=git_dir, stdin=content)
    return out.decode().strip()


def _content(git: Standing, oid: str) -> bytes:
    with git.asked(f"contents {oid}\n".encode()) as answer:
        size = int(answer.line().split()[2])
        content = answer.exactly(size)
        assert answer.exactly(1) == b"\n"
    return content


def _ask(git: Standing, question: bytes) -> bytes:
    with git.asked(question) as answer:
        return answer.line()


def _running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _pid(git: Standing, git_dir: Path) -> int:
    """The one child of ours that works there: this process may have others."""
    _ask(git, b"info HEAD\n")
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    (pid,) = [int(one) for one in children if _place(one) == git_dir]
    return pid


def _place(pid: str) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # it ended meanwhile
        return None


def test_one_process_answers_many_questions_and_sees_what_came_meanwhile(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    first = _kept(git_dir, LONG)

    assert _content(git, first) == LONG
    pid = _pid(git, git_dir)
    assert _content(git, _kept(git_dir, b"later\n")) == b"later\n"
    assert _pid(git, git_dir) == pid


def test_a_command_that_gave_up_says_why_and_is_started_again(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    oid = _kept(git_dir, b"here\n")

    with pytest.raises(LedgerError, match=r"git cat-file gave up: .*unknown command.*nonsense"):
        _ask(git, b"nonsense\n")

    assert _content(git, oid) == b"here\n"


def test_one_that_was_killed_is_an_error_and_never_emptiness(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    oid = _kept(git_dir, b"here\n")
    os.kill(_pid(git, git_dir), signal.SIGKILL)

    with pytest.raises(LedgerError, match="gave up"):
        _content(git, oid)
    assert _content(git, oid) == b"here\n"


def test_an_answer_that_does_not_come_is_waited_for_with_a_limit(git_dir: Path) -> None:
    git = Standing(READ, git_dir, patience=0.2)

    with pytest.raises(ServiceError, match=r"did not answer within 0\.2 s"):
        _ask(git, b"info HEAD")


def _break_off(git: Standing, oid: str) -> None:
    with git.asked(f"contents {oid}\n".encode()) as answer:
        answer.exactly(100)
        raise KeyError(oid)


def test_a_broken_exchange_leaves_nothing_for_the_next_question(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    one, two = _kept(git_dir, LONG), _kept(git_dir, b"two\n")

    with pytest.raises(KeyError):
        _break_off(git, one)

    assert _content(git, two) == b"two\n"


def test_a_question_too_long_for_the_pipe_is_refused(git_dir: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        _ask(Standing(READ, git_dir), b"x" * (LARGEST + 1))


def test_it_ends_with_its_owner(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    pid = _pid(git, git_dir)
    assert _running(pid)

    del git
    gc.collect()

    assert not _running(pid)


def test_a_forked_child_has_a_conversation_of_its_own(git_dir: Path) -> None:
    git = Standing(READ, git_dir)
    one, two = _kept(git_dir, b"one\n"), _kept(git_dir, b"two\n")
    pid = _pid(git, git_dir)
    child = os.fork()
    if child == 0:
        said = _content(git, two)
        git.close()
        os._exit(0 if said == b"two\n" else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert _content(git, one) == b"one\n"
    assert _pid(git, git_dir) == pid
