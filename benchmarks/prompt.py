"""The fixed overhead of an implement task: system text and tool schemas, as sent."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.stage import stage
from benchmarks.table import Table

AIM = 1500
CHARACTERS_PER_TOKEN = 4


def measure() -> Table:
    """Measured on what the Claude stand-in received; the prefix must not differ by ticket."""
    with tempfile.TemporaryDirectory() as place, stage(Path(place), plan="none") as at:
        at.assign()
        at.run()
        bodies = [e.request for e in at.world.anthropic.exchanges if e.request]
    fixed = {json.dumps(_prefix(body), sort_keys=True) for body in bodies}
    size = max(map(len, fixed)) / CHARACTERS_PER_TOKEN
    return Table(
        "Fixed prompt overhead of an implement task",
        ("what", "tokens (4 characters each)", "beside"),
        [
            ("system text and tool schemas", f"{size:.0f}", f"aim {AIM}"),
            ("different prefixes in one task", str(len(fixed)), "1 caches"),
        ],
    )


def _prefix(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body.get(name) for name in ("system", "tools", "output_config")}
