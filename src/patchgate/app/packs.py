"""The policies that come with patchgate, by name."""

from __future__ import annotations

from patchgate.data import data_dir


def shipped_pack(name: str) -> tuple[str, str] | None:
    """The text of a shipped policy and the name of its file; None where there is none."""
    if name not in pack_names():
        return None
    path = data_dir("policies") / f"{name}.yml"
    return path.read_text(encoding="utf-8"), path.name


def pack_names() -> list[str]:
    """Every shipped policy."""
    return sorted(path.stem for path in data_dir("policies").glob("*.yml"))
