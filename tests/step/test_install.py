"""The installation: by hash, private, whole or not at all, and deaf to the workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.step.stage import BIN, TINY, UV_SCRIPT, Runner, executable

EDITS: dict[str, Callable[[Path], object]] = {
    "the lock": lambda action: append(action / "requirements" / "check.txt", "# another\n"),
    "the program": lambda action: append(action / "src" / "patchgate" / "errors.py", "# x\n"),
    "a new module": lambda action: (action / "src" / "patchgate" / "new.py").write_text(""),
    "a prompt": lambda action: append(action / "prompts" / "plan.md", "More.\n"),
    "a policy": lambda action: append(action / "policies" / "standard.yml", "# x\n"),
    "the installer": lambda action: append(action / "step" / "prepare.py", "# x\n"),
}


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def says(python: Path, code: str, cwd: Path) -> str:
    """What the environment's own Python prints."""
    run = [str(python), "-I", "-c", code]
    return subprocess.run(run, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


# ── what is there afterwards ─────────────────────────────────────────────────────────────


def test_an_environment_holds_its_lock_and_the_program_and_is_found_again(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    status, said = runner.install()
    assert status == 0, said
    assert "made with the runner's uv" in said
    python = runner.python()
    look = "import tiny, patchgate, sys; print(tiny.ANSWER, patchgate.__file__, len(sys.path))"
    answer, place, _ = says(python, look, tmp_path).split()
    assert answer == "42"
    assert Path(place).is_relative_to(python.parents[1])
    data = "from patchgate.data import data_dir; print(data_dir('prompts'), data_dir('policies'))"
    for folder in says(python, data, tmp_path).split():
        assert Path(folder).is_relative_to(python.parents[1])
    assert not (Path(place).parent / "standins").exists()
    made = python.parents[1].stat().st_mtime_ns
    status, said = runner.install()
    assert status == 0
    assert "found" in said
    assert runner.python() == python
    assert python.parents[1].stat().st_mtime_ns == made
    assert len(runner.environments()) == 1


@pytest.mark.soak
def test_pip_does_it_where_there_is_no_uv_at_all(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tools=())
    status, said = runner.install()
    assert status == 0, said
    assert "made with pip" in said
    assert says(runner.python(), "import tiny; print(tiny.ANSWER)", tmp_path) == "42"


def test_uv_is_fetched_as_the_hashed_wheel_of_its_lock(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tools=())
    script = UV_SCRIPT.format(uv=BIN / "uv")
    runner.lock("uv", runner.wheel("uv", {"uv.py": ""}, {"uv": script}))
    status, said = runner.install()
    assert status == 0, said
    assert "made with a fetched uv" in said
    assert says(runner.python(), "import tiny; print(tiny.ANSWER)", tmp_path) == "42"


@pytest.mark.parametrize(
    ("kind", "place", "other"),
    [("github-hosted", "tools", "temp"), ("self-hosted", "temp", "tools")],
    ids=["hosted", "self-hosted"],
)
def test_only_hosted_runners_keep_it_in_the_tool_cache(
    tmp_path: Path, kind: str, place: str, other: str
) -> None:
    runner = Runner(tmp_path, extra={"RUNNER_ENVIRONMENT": kind})
    assert runner.install()[0] == 0
    assert len(runner.environments(place)) == 1
    assert runner.environments(other) == []
    folder = tmp_path / place / "patchgate-environments"
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_anything_of_ours_that_changes_makes_another_environment(
    tmp_path: Path, edit: Callable[[Path], object]
) -> None:
    runner = Runner(tmp_path)
    before = key_of(runner)
    assert key_of(runner) == before
    edit(runner.action)
    assert key_of(runner) != before


def key_of(runner: Runner) -> str:
    """The name that the environment would have."""
    code = f"import runpy; print(runpy.run_path({str(runner.action / 'step/prepare.py')!r})"
    return says(Path(sys.executable), f"{code}['key_of']('check'))", runner.root)


# ── by hash ──────────────────────────────────────────────────────────────────────────────


INSTALLERS = pytest.mark.parametrize(
    "tools",
    [
        pytest.param((), id="pip"),
        pytest.param(("uv",), id="uv, then pip", marks=pytest.mark.soak),
    ],
)


@INSTALLERS
def test_a_package_with_another_hash_is_refused_and_nothing_stays(
    tmp_path: Path, tools: tuple[str, ...]
) -> None:
    runner = Runner(tmp_path, tools=tools)
    runner.wheel("tiny", {**TINY, "evil.py": "print('hello')\n"})
    status, said = runner.install()
    assert status == 8
    assert said.count("::error title=patchgate cannot start::") == 1
    assert "check.txt cannot be installed" in said
    assert "sha256" in said
    assert runner.environments() == []
    assert not (tmp_path / "output").exists()


@pytest.mark.soak
@INSTALLERS
def test_a_package_without_a_hash_is_refused(tmp_path: Path, tools: tuple[str, ...]) -> None:
    runner = Runner(tmp_path, tools=tools)
    runner.lock("check", "tiny==1.0")
    status, said = runner.install()
    assert status == 8
    assert "hash" in said
    assert runner.environments() == []


@pytest.mark.soak
def test_a_source_package_is_never_built(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    (tmp_path / "index" / "tiny-1.0-py3-none-any.whl").unlink()
    source = tmp_path / "index" / "tiny-1.0.tar.gz"
    source.write_bytes(b"anything")
    status, said = runner.install()
    assert status == 8
    assert "binary" in said or "wheel" in said or "No matching distribution" in said


# ── whole or not at all ──────────────────────────────────────────────────────────────────


def test_a_killed_installation_is_never_used(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tools=())
    hung = tmp_path / "hung"
    stuck = executable(
        tmp_path / "bin" / "uv", f'#!/bin/sh\n{BIN / "uv"} "$@"\ntouch {hung}\nsleep 60\n'
    )
    process = runner.start()
    while not hung.exists():  # everything is installed, nothing has its name yet
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert [name[:7] for name in runner.environments()] == ["making-"]
    stuck.unlink()
    (tmp_path / "bin" / "uv").symlink_to(BIN / "uv")
    status, said = runner.install()
    assert status == 0
    assert "made with" in said
    assert "making-" not in str(runner.python())
    assert says(runner.python(), "import tiny; print(tiny.ANSWER)", tmp_path) == "42"


def test_what_has_the_name_but_is_not_whole_is_replaced(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.install()
    environment = runner.python().parents[1]
    (environment / "patchgate-complete").unlink()
    next(environment.rglob("tiny.py")).unlink()
    status, said = runner.install()
    assert status == 0
    assert "made with" in said
    assert says(runner.python(), "import tiny; print(tiny.ANSWER)", tmp_path) == "42"
    assert runner.environments() == [environment.name]


def test_two_at_once_end_with_one_whole_environment(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    processes = [runner.start() for _ in range(3)]
    for process in processes:
        out, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, out + complaints
    lines = set((tmp_path / "output").read_text().splitlines())
    assert len(lines) == 1
    assert len(runner.environments()) == 1


# ── deaf to the workspace ────────────────────────────────────────────────────────────────


def test_nothing_of_the_workspace_is_run_or_imported(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tools=())
    seen, workspace = tmp_path / "seen", runner.workspace
    shout = f"open({str(seen)!r}, 'a').write(__file__)\n"
    for name in ("yaml", "tiny", "click", "sitecustomize", "usercustomize", "venv", "hashlib"):
        (workspace / f"{name}.py").write_text(shout)
    for name in ("patchgate", "pip"):
        (workspace / name).mkdir()
        (workspace / name / "__init__.py").write_text(shout)
        (workspace / name / "__main__.py").write_text(shout)
    (workspace / "bin").mkdir()
    for name in ("python3", "python", "uv", "pip"):
        executable(workspace / "bin" / name, f"#!/bin/sh\necho {name} >>{seen}\nexit 0\n")
    for name in ("uv.toml", "pip.conf", "pyproject.toml", "setup.cfg", ".python-version"):
        (workspace / name).write_text("nonsense = [\n")
    for name in ("python3", "uv"):  # a link from outside leads inside all the same
        (tmp_path / "bin" / name).symlink_to(workspace / "bin" / name)
    path = f"{workspace / 'bin'}:bin:{runner.env()['PATH']}:{BIN}"
    runner.extra = {"PATH": path, "PYTHONPATH": str(workspace), "PYTHONSTARTUP": "yaml.py"}
    status, said = runner.install()
    assert status == 0, said
    assert "made with the runner's uv" in said
    code = "import tiny, patchgate; print(tiny.__file__, patchgate.__file__)"
    run = [str(runner.python()), "-I", "-c", code]
    places = subprocess.run(run, cwd=workspace, env=runner.env(), capture_output=True, text=True)
    assert places.returncode == 0, places.stderr
    for place in places.stdout.split():
        assert Path(place).is_relative_to(runner.python().parents[1])
    assert not seen.exists(), seen.read_text()


def test_installers_see_no_secret_of_the_job(tmp_path: Path) -> None:
    runner = Runner(tmp_path, tools=())
    dump = tmp_path / "dump"
    executable(tmp_path / "bin" / "uv", f'#!/bin/sh\nenv >{dump}\nexec {BIN / "uv"} "$@"\n')
    runner.extra = {"JIRA_API_TOKEN": "canary-1", "GITHUB_TOKEN": "canary-2", "MINE": "canary-3"}
    assert runner.install()[0] == 0
    assert "UV_FIND_LINKS" in dump.read_text()
    assert "canary" not in dump.read_text()


# ── bad input ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("extra", "status", "says"),
    [
        ({"PATCHGATE_ROOM": "kitchen"}, 2, "Input `room` is 'kitchen'; it is one of: tick"),
        ({"PATCHGATE_ROOM": ""}, 2, "Input `room` is ''"),
        ({"PATCHGATE_ROOM": "a\nb%"}, 2, "Input `room` is 'a\\nb%25'"),
        ({"RUNNER_TOOL_CACHE": ""}, 3, "RUNNER_TOOL_CACHE is not set"),
        ({"PATH": "/nonexistent"}, 127, ""),
    ],
    ids=["an unknown room", "no room", "a room that would break lines", "no runner", "no tools"],
)
def test_bad_input_gets_one_annotation_that_names_it(
    tmp_path: Path, extra: dict[str, str], status: int, says: str
) -> None:
    runner = Runner(tmp_path, extra=extra)
    ended, said = runner.install()
    assert ended == status
    assert says in said
    if says:
        assert said.count("::error title=patchgate cannot start::") == 1


def test_a_runner_without_a_fit_python_says_how_to_get_one(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    for name in ("python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"):
        executable(tmp_path / "bin" / name, "#!/bin/sh\nexit 1\n")
    runner.extra = {"PATH": f"{tmp_path / 'bin'}:{tools_without_python(tmp_path)}"}
    status, said = runner.install()
    assert status == 3
    assert "no Python 3.11 or later" in said
    assert "actions/setup-python" in said


def test_an_environment_never_lies_in_the_workspace(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.extra = {"RUNNER_TOOL_CACHE": str(runner.workspace / "tools")}
    status, said = runner.install()
    assert status == 3
    assert "inside of the workspace" in said


def tools_without_python(root: Path) -> Path:
    """The few programs that the script calls, and nothing else."""
    folder = root / "few"
    folder.mkdir()
    for name in ("bash", "env", "dirname", "readlink", "sort"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    return folder
