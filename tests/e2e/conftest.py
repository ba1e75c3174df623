"""What whole runs need: a world of one's own, real projects from the package index."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.forks import quick_python
from tests.e2e.kept import KEPT

FOLDER = Path(__file__).parent / "rehearsals"
IDENTITY = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgSign=false")


@dataclass(frozen=True)
class Rehearsed:
    """A real project as a local repository with a failing test, and the files for a rehearsal."""

    repo: Path
    said: dict[str, Any]
    files: Path

    @property
    def arguments(self) -> list[str]:
        names = {"ticket": "ticket.md", "answers": "answers.yml", "people": "people.yml"}
        pairs = [[f"--{name}", str(self.files / file)] for name, file in names.items()]
        return ["--repo", str(self.repo), *(word for pair in pairs for word in pair)]


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), *IDENTITY, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A local repository with one commit."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


def patchgate(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit status and everything printed by the command line, with no terminal to ask at."""
    names = ("PATH", "HOME", "TMPDIR", "STANDIN_EXCHANGES")
    machine = {name: os.environ[name] for name in names if name in os.environ}
    done = subprocess.run(
        [str(quick_python()), "-I", "-m", "patchgate", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env=machine | (env or {}),
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="session", autouse=True)
def kept_worlds() -> Iterator[None]:
    """Closes the worlds that tests have shared."""
    yield
    KEPT.close()


@pytest.fixture
def rehearsed(tmp_path: Path) -> Callable[[str], Rehearsed]:
    """A project of `rehearsals/`, downloaded now; fails in CI and skips elsewhere without it."""

    def make(name: str) -> Rehearsed:
        said = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
        source = _unpacked(said, tmp_path)
        repo = repository(source, {said["failing"]["path"]: said["failing"]["content"]})
        files = tmp_path / "files"
        files.mkdir()
        (files / "ticket.md").write_text(said["ticket"], "utf-8")
        answers = {"version": 1, "answers": said["answers"]}
        (files / "answers.yml").write_text(yaml.safe_dump(answers), "utf-8")
        (files / "people.yml").write_text(yaml.safe_dump(said["people"]), "utf-8")
        return Rehearsed(repo, said, files)

    return make


def _unpacked(said: dict[str, Any], folder: Path) -> Path:
    wanted = f"{said['project']}=={said['version']}"
    options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if done.returncode:
        reason = f"{wanted} cannot be downloaded from the package index: {done.stderr[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "source", filter="data")
    return next((folder / "source").iterdir())
