"""Checks the YAML that we ship: workflows, the action, settings examples.

`python tests/lint_yaml.py` exits with the first failing tool's status. Folders that do not exist
yet are passed by; a tool that is missing is a failure.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def commands() -> list[list[str]]:
    """The tools to run over what is there."""
    workflows = sorted(str(p) for p in ROOT.glob(".github/workflows/*.y*ml"))
    actions = sorted(str(p) for p in [*ROOT.glob("action.y*ml"), *ROOT.glob("step/action.y*ml")])
    found = []
    for schema, files in [
        ("vendor.github-workflows", workflows),
        ("vendor.github-actions", actions),
    ]:
        if files:
            found.append([str(BIN / "check-jsonschema"), "--builtin-schema", schema, *files])
    if workflows or actions:
        zizmor = [str(BIN / "zizmor"), "--offline", "--quiet", "--no-progress"]
        found.append([*zizmor, "--persona=auditor", *workflows, *actions])
    plain = sorted(str(p) for p in [*ROOT.glob("policies/*.y*ml"), *ROOT.glob("docs/**/*.y*ml")])
    if plain:
        metaschema = str(ROOT / "tests" / "mapping.schema.json")
        found.append([str(BIN / "check-jsonschema"), "--schemafile", metaschema, *plain])
    return found


def main() -> int:
    """Run them all; the first status that is not 0."""
    statuses = [subprocess.run(command, cwd=ROOT).returncode for command in commands()]
    return next((status for status in statuses if status), 0)


if __name__ == "__main__":
    sys.exit(main())
