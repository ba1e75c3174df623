"""A runner to install on: a copy of the action, a package index in a folder, and both their lies.

The index is a folder of small wheels made here; installers are told of no other place.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TINY = {"tiny.py": "ANSWER = 42\n"}
UV_SCRIPT = """\
#!/bin/sh
exec {uv} "$@"
"""


@dataclass
class Runner:
    """Folders of a job, and what its steps see."""

    root: Path
    tools: tuple[str, ...] = ("uv",)
    """Installers on PATH besides Python's own."""
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("action", "bin", "index", "temp", "tools", "workspace", "home"):
            (self.root / folder).mkdir(parents=True)
        copy_action(self.action)
        for name in self.tools:
            (self.root / "bin" / name).symlink_to(BIN / name)
        self.lock("check", self.wheel("tiny", TINY))
        self.lock("uv", "uv==0.0.1 --hash=sha256:" + "0" * 64)

    @property
    def action(self) -> Path:
        """The action's checkout."""
        return self.root / "action"

    @property
    def workspace(self) -> Path:
        """Where a repository would be checked out."""
        return self.root / "workspace"

    def env(self) -> dict[str, str]:
        """All that the step sees."""
        base = Path(sys.base_prefix) / "bin"
        return {
            "PATH": f"{self.root / 'bin'}:{base}:/usr/bin:/bin",
            "HOME": str(self.root / "home"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.root / "output"),
            "RUNNER_TEMP": str(self.root / "temp"),
            "RUNNER_TOOL_CACHE": str(self.root / "tools"),
            "RUNNER_ENVIRONMENT": "github-hosted",
            "PATCHGATE_ROOM": "check",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.root / "index"),
            "PIP_CONFIG_FILE": os.devnull,
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.root / "index"),
            **self.extra,
        }

    def wheel(self, name: str, files: Mapping[str, str], scripts: Mapping[str, str] = {}) -> str:
        """Put a wheel into the index; its line of a lock."""
        path = self.root / "index" / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        content = {
            **files,
            **{f"{name}-1.0.data/scripts/{script}": text for script, text in scripts.items()},
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{file},{_hashed(text)},{len(text)}\n" for file, text in content.items())
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in content.items():
                entry = zipfile.ZipInfo(file)
                entry.external_attr = 0o100755 << 16
                archive.writestr(entry, text)
            archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def lock(self, profile: str, *lines: str) -> None:
        """Replace a profile's lock."""
        text = "".join(f"{line}\n" for line in lines)
        (self.action / "requirements" / f"{profile}.txt").write_text(text, "utf-8")

    def start(self) -> subprocess.Popen[str]:
        """The first step of the composite, as the runner starts it."""
        return subprocess.Popen(
            [str(self.action / "step" / "install")],
            env=self.env(),
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def install(self) -> tuple[int, str]:
        """The same to its end; exit code and everything that it printed."""
        out, complaints = (process := self.start()).communicate(timeout=120)
        return process.returncode, out + complaints

    def python(self) -> Path:
        """The output of the last installation."""
        name, _, value = (self.root / "output").read_text().splitlines()[-1].partition("=")
        assert name == "python"
        return Path(value)

    def environments(self, place: str = "tools") -> list[str]:
        """What lies in the folder of environments."""
        folder = self.root / place / "patchgate-environments"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def copy_action(into: Path) -> None:
    """What the installation reads of the action's checkout; of the program, the least."""
    for name in ("step", "prompts", "policies"):
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = into / "src" / "patchgate"
    (program / "standins").mkdir(parents=True)
    (into / "requirements").mkdir()
    for name in ("__init__.py", "errors.py", "data.py", "standins/__init__.py"):
        shutil.copy(ROOT / "src" / "patchgate" / name, program / name)


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def executable(path: Path, text: str) -> Path:
    """A script that can be run."""
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path
