"""Copies the shipped prompts and policies into the package; all else is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("prompts", "policies")


class BuildWithData(build_py):
    """The package's modules, and beside them `_data/` with the repository's data folders."""

    def run(self) -> None:
        """Build; an editable install reads the folders where they lie."""
        super().run()
        if self.editable_mode:
            return
        for name in SHIPPED:
            target = Path(self.build_lib) / "patchgate" / "_data" / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(Path(__file__).parent / name, target)


setup(cmdclass={"build_py": BuildWithData})
