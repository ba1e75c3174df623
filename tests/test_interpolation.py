"""The lint against interpolated text: what we ship passes, each seeded fault is named."""

from __future__ import annotations

import pytest

from tests import interpolation
from tests.interpolation import ROOT, in_prompt, in_workflow

PROMPT = (ROOT / "prompts" / "implement.md").read_text("utf-8")
WORKFLOW = """\
on: push
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "$TITLE" > "${{ runner.temp }}/x"
        env: {TITLE: "${{ github.event.issue.title }}"}
      - uses: actions/github-script@0000000000000000000000000000000000000000
        with: {script: "return 1"}
"""


def test_nothing_that_we_ship_interpolates_text_of_others() -> None:
    assert interpolation.findings() == []
    assert len(list((ROOT / "prompts").glob("*.md"))) >= 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('{{ fence("ticket summary", summary) }}', "{{ summary }}", "puts in summary"),
        ('{{ fence("approved plan", plan) }}', "{{ plan }}", "puts in plan"),
        ('{{ fence("work item", item) }}', "{{ item|trim }}", "puts in item|trim"),
        ("{{ fence(\"feedback (\" + entry.kind + \")\", entry.text) }}", "{{ entry.text }}",
         "puts in entry.text"),
        ("{{ fence(\"feedback (\" + entry.kind + \")\", entry.text) }}",
         '{{ fence(entry.text, "x") }}', "the title of a fence is text of others"),
        ('{{ fence("ticket summary", summary) }}', '{{ fence("a " + summary, "x") }}',
         "the title of a fence is text of others"),
        ("{{ repo }}", "{{ repo ~ summary }}", "puts in concat"),
        ("You change code", "You change {{ summary }}", "the fixed text holds a placeholder"),
        ("<!-- user -->", "", "cannot be read as a prompt"),
        ("{% endif %}", "{% end %}", "unknown tag"),
    ],
)  # fmt: skip
def test_a_prompt_with_a_fault_is_named(old: str, new: str, said: str) -> None:
    assert in_prompt(PROMPT, "p.md") == []
    assert old in PROMPT
    (first, *_) = in_prompt(PROMPT.replace(old, new, 1), "p.md")
    assert first.startswith("p.md: ")
    assert said in first


@pytest.mark.parametrize(
    "inside",
    [
        "github.event.issue.title",
        "github.head_ref",
        "inputs.key",
        "steps.x.outputs.y",
        "toJSON(github)",
        "secrets.TOKEN",
        "github.event.client_payload.issue",
    ],
)
@pytest.mark.parametrize("place", ['echo "$TITLE"', "return 1"])
def test_an_expression_in_code_is_named_with_its_place(inside: str, place: str) -> None:
    assert in_workflow(WORKFLOW, "w.yml") == []
    (found,) = in_workflow(WORKFLOW.replace(place, f"{place} ${{{{ {inside} }}}}"), "w.yml")
    assert found.startswith("w.yml: jobs.one.steps[")
    assert inside in found
