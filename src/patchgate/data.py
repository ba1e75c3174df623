"""Where the data files that we ship lie: in the wheel, or in the checkout beside `src`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from patchgate.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]
"""The repository, when this is an editable install or a plain checkout."""


def data_dir(name: str) -> Path:
    """The folder `prompts` or `policies`; ConfigError when this installation lacks it."""
    packaged = Path(str(resources.files("patchgate"))) / "_data" / name
    for folder in (packaged, CHECKOUT / name):
        if folder.is_dir():
            return folder
    raise ConfigError(
        f"the shipped folder {name!r} is not there (looked in {packaged.parent} and {CHECKOUT})",
        "Install patchgate again: its data files are missing.",
    )
