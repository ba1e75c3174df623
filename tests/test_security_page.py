"""The security page names tests that exist, every threat once, and limits as the code has them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from patchgate.core import outlet

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
README = (ROOT / "README.md").read_text("utf-8")


def test_every_control_names_tests_that_exist() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| T\d+ \|", line)]
    assert len(rows) >= 12
    for row in rows:
        assert NAMED.search(row), row
    for path, name in NAMED.findall(PAGE):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{path}::{name}"


def test_threats_stand_there_once_and_in_order() -> None:
    numbers = [int(n) for n in re.findall(r"^\| T(\d+) \|", PAGE, re.MULTILINE)]
    assert numbers == sorted(set(numbers))


def test_the_model_is_told_in_both_halves() -> None:
    first, second = PAGE.split("## You must not assume")
    assert "## You can assume" in first
    assert len(re.findall(r"^- ", first.split("## You can assume")[1], re.MULTILINE)) >= 5
    assert len(re.findall(r"^- ", second.split("\n## ")[0], re.MULTILINE)) >= 5


def test_the_limits_are_those_of_the_code() -> None:
    for limit in (outlet.JIRA_COMMENT, outlet.GITHUB_BODY):
        assert f"{limit:,} characters" in PAGE
    assert f"the title {outlet.GITHUB_TITLE}" in PAGE
    assert outlet.STEP_SUMMARY == 1 << 20
    assert f"a subject of {outlet.COMMIT_SUBJECT} characters" in PAGE


def test_the_readme_stays_short_and_points_there() -> None:
    section = README.split("## Security model")[1].split("\n## ")[0]
    assert "docs/security.md" in section
    assert len(section.splitlines()) <= 14
