"""The page of promises names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
NAMED = re.compile(r"`(test_\w+)`")


def named_in_the_suite() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    return found


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(NAMED.findall(PAGE.read_text("utf-8")))
    assert len(named) > 20
    assert named - named_in_the_suite() == set()


def test_every_promise_of_the_page_names_a_test() -> None:
    under_promise: list[str] = []
    inside = False
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| promise"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("| ---"):
            under_promise.append(line)
    assert len(under_promise) > 20
    assert [line for line in under_promise if not NAMED.search(line)] == []
