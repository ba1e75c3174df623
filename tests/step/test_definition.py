"""The composite action: its definition, and the private environment that each room starts in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from patchgate.app.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[2]


def action(path: str) -> dict[str, Any]:
    """An action's definition."""
    found: dict[str, Any] = yaml.safe_load((ROOT / path).read_text("utf-8"))
    return found


def test_the_root_action_is_the_step_and_hands_everything_on() -> None:
    root, step = action("action.yml"), action("step/action.yml")
    assert root["inputs"] == step["inputs"]
    assert list(root["outputs"]) == list(step["outputs"])
    (only,) = root["runs"]["steps"]
    assert only["uses"] == "$/step"
    assert only["with"] == {name: f"${{{{ inputs.{name} }}}}" for name in root["inputs"]}
    for name, output in root["outputs"].items():
        assert output["description"] == step["outputs"][name]["description"]
        assert output["value"] == f"${{{{ steps.{only['id']}.outputs.{name} }}}}"


def test_every_input_reaches_the_program_through_its_own_variable() -> None:
    step = action("step/action.yml")
    run = step["runs"]["steps"][1]
    passed = {text: name for name, text in run["env"].items() if name != "PYTHON"}
    assert set(passed) == {f"${{{{ inputs.{name} }}}}" for name in step["inputs"]}
    known = {variable.name for variable in VARIABLES}
    for name in step["inputs"]:
        plain = name.replace("-", "_").upper()
        variable = passed[f"${{{{ inputs.{name} }}}}"]
        assert variable in (plain, f"PATCHGATE_{plain}")
        assert variable in known, f"nothing reads the input {name}"


@pytest.mark.parametrize("path", ["action.yml", "step/action.yml"])
def test_every_input_and_output_is_described_and_named_in_kebab_case(path: str) -> None:
    found = action(path)
    for name, field in {**found["inputs"], **found["outputs"]}.items():
        assert name == name.lower().replace("_", "-")
        assert field["description"].endswith(".")
    assert set(found["branding"]) == {"icon", "color"}
