"""The search for secrets beside `detect-secrets`: megabytes a second over the same files."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path

from patchgate.core.secrets import load_secret_rules

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "policies" / "secrets" / "standard.toml"


@dataclass(frozen=True)
class Searched:
    """Processor time for the same text; `other` is None where detect-secrets is not installed."""

    megabytes: float
    ours: float
    other: float | None


def measure(rounds: int) -> Searched:
    """Our own sources and tests, `rounds` times; detect-secrets once, because it is slow."""
    files = sorted(p for name in ("src", "tests") for p in (ROOT / name).rglob("*.py"))
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in files]
    rules = load_secret_rules(RULES.read_text("utf-8"), RULES.name)
    rules.find("a token of warming up")
    began = time.process_time()
    for _ in range(rounds):
        for name, text in texts:
            rules.find(text, name)
    ours = (time.process_time() - began) / rounds
    size = sum(len(text.encode()) for _, text in texts) / 1e6
    return Searched(size, ours, _other(files))


def _other(files: list[Path]) -> float | None:
    if importlib.util.find_spec("detect_secrets") is None:
        return None
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    began = time.process_time()
    with default_settings():
        found = SecretsCollection()
        for path in files:
            found.scan_file(str(path))
    return time.process_time() - began
