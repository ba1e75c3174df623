"""What each profile installs, and an environment of exactly that, linked from this one.

The versions of a profile's lock are those of the development lock, so its packages are already
here: an environment is a folder of links to them, made in a moment and without a network.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path
from types import ModuleType

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ("tick", "propose", "check")


def prepare() -> ModuleType:
    """The installer itself, as a module."""
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "step" / "prepare.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("step/prepare.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def locked(name: str) -> dict[str, str]:
    """Names and versions of a lock; what its marker leaves out on this machine stays out."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    lines = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)(?: ; (.*?))?(?: \\)?$", text, re.MULTILINE)
    return {
        package: version
        for package, version, marker in lines
        if not marker or Marker(marker).evaluate()
    }


def asked(name: str) -> set[str]:
    """The names that a profile's `.in` file asks for, with those of the files that it includes."""
    found: set[str] = set()
    for line in (ROOT / "requirements" / f"{name}.in").read_text("utf-8").splitlines():
        if line.startswith("-r "):
            found |= asked(line.removeprefix("-r ").removesuffix(".in"))
        elif line and not line.startswith("#"):
            found.add(line.lower())
    return found


def modules_of(found: Distribution) -> set[str]:
    """The top-level names that a distribution puts into site-packages."""
    tops = {Path(str(file)).parts[0] for file in found.files or ()}
    return {top for top in tops if top not in ("..", "__pycache__") and not top.endswith(".pth")}


def importable(profile: str) -> set[str]:
    """The modules that a profile's packages offer to `import`."""
    names = {top for package in locked(profile) for top in modules_of(distribution(package))}
    return {name.split(".")[0] for name in names if not name.endswith(".dist-info")}


def environment(root: Path, profile: str) -> Path:
    """An environment with the packages of a profile and the program, and nothing else."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(root)
    site = next((root / "lib").glob("python3.*/site-packages"))
    for package, version in locked(profile).items():
        found = distribution(package)
        if found.version != version:
            raise LookupError(f"{package} is {found.version} here and {version} in {profile}.txt")
        for top in modules_of(found):
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))
    prepare().add_ourselves(root)
    _add_compiled(site / "patchgate")
    return root / "bin" / "python"


def _add_compiled(program: Path) -> None:
    """Spare the rooms of a test what the suite has compiled already; it is the same source."""
    source = ROOT / "src" / "patchgate"
    for cache in source.rglob("__pycache__"):
        target = program / cache.relative_to(source)
        if target.parent.is_dir():
            shutil.copytree(cache, target, dirs_exist_ok=True)
