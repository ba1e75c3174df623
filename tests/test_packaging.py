"""The wheel carries everything that the program needs, the data folders too."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("prompts", "policies")
BUILD = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"
LOOK = """
import sys
sys.path.insert(0, sys.argv[1])
from patchgate.data import data_dir
print(data_dir("prompts"), data_dir("policies"), sep="\\n")
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a plain copy of the sources, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", *SHIPPED):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    run = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=copy, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def files_of(folder: Path, pattern: str = "*") -> set[str]:
    found = {p for p in folder.rglob(pattern) if p.is_file() and "__pycache__" not in p.parts}
    return {p.relative_to(folder).as_posix() for p in found}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_wheel_carries_each_data_file_unchanged(unpacked: Path, name: str) -> None:
    packed = unpacked / "patchgate" / "_data" / name
    assert files_of(packed) == files_of(ROOT / name) != set()
    for file in files_of(packed):
        assert (packed / file).read_bytes() == (ROOT / name / file).read_bytes()


def test_the_wheel_carries_each_module_and_its_data(unpacked: Path) -> None:
    packed = files_of(unpacked / "patchgate")
    assert files_of(ROOT / "src" / "patchgate") <= packed


def test_the_data_folders_are_found_in_an_installed_wheel(unpacked: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-I", "-c", LOOK, str(unpacked)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    data = unpacked / "patchgate" / "_data"
    assert run.stdout.split() == [str(data / name) for name in SHIPPED]
