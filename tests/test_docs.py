"""Documents say what the code does: each is compared with what it describes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from patchgate.app.environment import VARIABLES
from patchgate.app.settings import StatusNames, load_settings
from tests import configuration_page, requirements_trace
from tests.requirements_trace import Requirement, proofs_in, renewed, requirements

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SIZES = {"S0": 91, "S1": 79, "S2": 153, "S3": 150, "S4": 71}
"""How many numbered lines each of the five systems has."""
FOREIGN = re.compile(r"/(work|tmp|root|home)/|pypi\.|--index-url|find-links", re.IGNORECASE)
"""What names one machine or registry."""


def text_of(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def rows() -> list[Requirement]:
    return requirements(text_of("docs/requirements.md"))


def test_every_requirement_is_listed_once_in_order_and_classed() -> None:
    assert [row.id for row in rows()] == [
        f"{system}.{number}" for system, size in SIZES.items() for number in range(1, size + 1)
    ]
    assert {row.kind.split(" ")[0] for row in rows()} == set(requirements_trace.CLASSES)


def test_what_is_superseded_says_by_what() -> None:
    for row in rows():
        if row.kind.startswith("superseded"):
            assert re.fullmatch(r"superseded \(.+\)", row.kind), row.id


def test_requirements_are_in_step_with_the_markers() -> None:
    document = text_of("docs/requirements.md")
    proven = requirements_trace.proofs(ROOT / "tests")
    assert set(proven) <= {row.id for row in rows()}
    assert document == renewed(document, proven), "run `make trace`"


def test_the_trace_finds_markers_on_functions_parameters_and_classes() -> None:
    source = """
@pytest.mark.covers("S0.1", "S0.2")
@pytest.mark.covers("S0.3")
def test_one(): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.covers("S0.4"))])
def test_two(x): ...
class TestThree:
    @pytest.mark.covers("S0.5")
    def test_four(self): ...
"""
    assert list(proofs_in(source, "a.py")) == [
        ("a.py::test_one", ["S0.1", "S0.2"]),
        ("a.py::test_one", ["S0.3"]),
        ("a.py::test_two", ["S0.4"]),
        ("a.py::TestThree::test_four", ["S0.5"]),
    ]


def test_the_trace_refuses_ids_that_it_can_not_read() -> None:
    source = "@pytest.mark.covers(*IDS)\ndef test_one(): ..."
    with pytest.raises(ValueError, match="literal"):
        list(proofs_in(source, "a.py"))


def test_a_marker_that_went_away_leaves_its_requirement_open() -> None:
    line = "| S0.1 | a \\| b | behaviour | `a.py::test_x` |\n"
    assert renewed(line, {}) == "| S0.1 | a \\| b | behaviour | open |\n"
    assert renewed(line, {"S0.1": ["b.py::y"]}).endswith("| `b.py::y` |\n")


def test_the_configuration_page_is_made_from_the_code() -> None:
    assert text_of("docs/configuration.md") == configuration_page.page(), "run `make trace`"


def test_the_configuration_example_loads() -> None:
    settings = load_settings(configuration_page.EXAMPLE)
    assert configuration_page.EXAMPLE in text_of("docs/configuration.md")
    assert settings.reviewer in settings.approvers


@pytest.mark.covers("S0.85")
def test_the_environment_example_lists_every_variable_without_a_value() -> None:
    lines = [line for line in text_of(".env.example").splitlines() if line and line[0] != "#"]
    assert sorted(lines) == sorted(f"{variable.name}=" for variable in VARIABLES)


@pytest.mark.covers("S0.74")
def test_the_jira_workflow_lists_the_default_statuses_and_the_approving_transition() -> None:
    text = text_of("docs/jira-workflow.md")
    for name in StatusNames().model_dump().values():
        assert re.search(rf"^\| {name} \| (To do|In progress|Done) \|", text, re.MULTILINE)
    assert "| Plan Review | In Progress | an approver | the plan is approved |" in text


@pytest.mark.covers("S0.91")
def test_the_architecture_shows_the_flow_as_a_diagram() -> None:
    text = text_of("docs/architecture.md")
    diagram = text.split("```mermaid\n")[1].split("```")[0]
    for edge in (
        "review -- changes requested --> planning",
        "merge -- changes requested --> propose",
        "done -- others remain --> subtasks",
        "done -- all Done --> parent",
    ):
        assert edge in diagram


def test_what_a_run_costs_is_what_was_measured() -> None:
    table = text_of("docs/actions.md").split("## What a run costs\n")[1].split("\n## ")[0]
    told = [line.strip("| ").split(" | ") for line in table.splitlines()]
    told = [row for row in told if row[-1].isdigit()]
    measured = re.findall(
        r"^\| run in Actions: (.+?) \| .*?, (\d+) jobs? \| (\d+) jira, (\d+) github, (\d+) git",
        text_of("docs/benchmarks.md"),
        re.MULTILINE,
    )
    assert len(measured) == len(told) == 6
    for name, *numbers in measured:
        (row,) = [row for row in told if row[0].startswith(name)]
        assert row[1:] == numbers, name


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob(".github/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("lock", ["requirements/run.txt", "requirements/dev.txt"])
def test_locks_hash_everything_and_name_no_registry(lock: str) -> None:
    text = text_of(lock)
    assert "://" not in text
    assert not FOREIGN.search(text)
    pins = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 20
    assert text.count("==") >= len(pins)
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry[:60]


def test_documents_name_no_machine() -> None:
    for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / ".env.example"]:
        assert not FOREIGN.search(page.read_text("utf-8")), page.name


def test_the_readme_shows_the_workflow_to_paste_as_it_is_shipped() -> None:
    shown = text_of("README.md").split("```yaml\n")[1].partition("```")[0]
    assert shown == text_of("docs/examples/patchgate.yml")
    assert len(shown.splitlines()) <= 20
    assert len(text_of("README.md").splitlines()) <= 250
