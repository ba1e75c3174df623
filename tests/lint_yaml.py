"""Checks the YAML that we ship or show: workflows, the action, examples, Dependabot, settings.

`python tests/lint_yaml.py` exits with the first failing tool's status. A tool that is missing is a
failure.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.workflows import shown_in  # noqa: E402  # found through the line above

BIN = Path(sys.executable).parent
TABLE = ROOT / "tests" / "mapping.schema.json"


def commands(shown: Path) -> list[list[str]]:
    """The tools to run over what is there; what documents show is put into a folder for them."""
    plain = [*ROOT.glob("policies/*.y*ml"), *ROOT.glob("docs/**/*.y*ml")]
    examples = [path for path in plain if _is_workflow(path)]
    workflows = [*ROOT.glob(".github/workflows/*.y*ml"), *examples, *_written(shown)]
    actions = [ROOT / "action.yml", ROOT / "step" / "action.yml"]
    dependabot = [ROOT / ".github" / "dependabot.yml"]
    chooser = ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"
    forms = [path for path in chooser.parent.glob("*.yml") if path != chooser]
    return [
        _shaped("--builtin-schema", "vendor.github-workflows", workflows),
        _shaped("--builtin-schema", "vendor.github-actions", actions),
        _shaped("--builtin-schema", "vendor.dependabot", dependabot),
        _shaped("--builtin-schema", "vendor.github-issue-forms", forms),
        _shaped("--builtin-schema", "vendor.github-issue-config", [chooser]),
        _shaped("--schemafile", str(TABLE), plain),
        _audited([*workflows, *actions, *dependabot]),
    ]


def _shaped(option: str, schema: str, files: list[Path]) -> list[str]:
    return [str(BIN / "check-jsonschema"), "--quiet", option, schema, *sorted(map(str, files))]


def _audited(files: list[Path]) -> list[str]:
    """zizmor at its strictest and without the network."""
    strict = ["--offline", "--quiet", "--no-progress", "--strict-collection"]
    return [str(BIN / "zizmor"), *strict, "--persona=auditor", *sorted(map(str, files))]


def _is_workflow(path: Path) -> bool:
    found = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506  # makes text only
    return isinstance(found, dict) and {"on", "jobs"} <= set(found)


def _written(folder: Path) -> list[Path]:
    """The whole workflows that pages show, each as a file."""
    place = folder / ".github" / "workflows"
    place.mkdir(parents=True, exist_ok=True)
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = []
    for page in pages:
        for number, block in enumerate(shown_in(page), 1):
            path = place / f"{page.stem}-{number}.yml"
            path.write_text(block.text, "utf-8")
            found.append(path)
    return found


def main() -> int:
    """Run them all; the first status that is not 0."""
    with tempfile.TemporaryDirectory(prefix="patchgate-shown-") as folder:
        found = [subprocess.run(c, cwd=ROOT).returncode for c in commands(Path(folder))]
    return next((status for status in found if status), 0)


if __name__ == "__main__":
    sys.exit(main())
