"""The layout is as the design says, and each rule is seen to refuse a tree that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import Rule, Tree

SOURCE = Path(__file__).resolve().parents[1] / "src" / "patchgate"
RULES: list[Rule] = [
    architecture.imports_go_one_way,
    architecture.modules_form_no_cycle,
    architecture.core_is_pure,
    architecture.only_the_gate_holds_the_writer,
    architecture.few_read_the_environment,
    architecture.few_catch_everything,
    architecture.modules_and_functions_are_small,
    architecture.names_say_something,
    architecture.modules_say_what_is_in_them,
]


def named(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_source_keeps_the_rule(rule: Rule) -> None:
    tree = architecture.source_tree(SOURCE)
    assert "patchgate.core.ids" in tree
    assert rule(tree) == []


@pytest.mark.covers("S2.20")
def test_nothing_but_the_gate_can_name_the_writer() -> None:
    tree = architecture.source_tree(SOURCE)
    assert "class ForgeWriter" in tree["patchgate.ports.forge"]
    assert architecture.only_the_gate_holds_the_writer(tree) == []


GOOD: Tree = {
    "patchgate": '"""All."""',
    "patchgate.errors": '"""Errors."""',
    "patchgate.ports": '"""Ports."""\nfrom patchgate.core.ids import X\nclass ForgeWriter: ...',
    "patchgate.core.ids": '"""Ids."""\nimport hashlib\nfrom patchgate.errors import E',
    "patchgate.adapters.git": '"""Git."""\nfrom patchgate import ports',
    "patchgate.app.writegate": '"""Gate."""\nfrom patchgate.ports import ForgeWriter',
    "patchgate.app.bootstrap": '"""Wires."""\nimport patchgate.adapters.git',
    "patchgate.app.environment": '"""Reads."""\nimport os\nX = os.environ',
    "patchgate.standins.demo": '"""Plays."""\nfrom patchgate.app import bootstrap',
    "patchgate.cli": (
        '"""Argv."""\nfrom patchgate.standins.demo import play\n'
        "try:\n    play()\nexcept Exception:\n    pass"
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_good_tree_passes_every_rule(rule: Rule) -> None:
    assert rule(GOOD) == []


BROKEN: list[tuple[Rule, str, str, str]] = [
    (RULES[0], "patchgate.errors", "import patchgate.core.ids", "errors imports patchgate.core"),
    (RULES[0], "patchgate.core.x", "from patchgate import ports", "core.x imports patchgate.ports"),
    (RULES[0], "patchgate.ports", "from patchgate.app import x", "ports imports patchgate.app"),
    (RULES[0], "patchgate.agent.x", "import patchgate.adapters.git", "agent.x imports"),
    (RULES[0], "patchgate.adapters.x", "from patchgate.app.writegate import G", "adapters.x"),
    (RULES[0], "patchgate.app.tick", "from patchgate.adapters import git", "app.tick imports"),
    (RULES[0], "patchgate.app.tick", "def f():\n    import patchgate.adapters.git", "app.tick"),
    (RULES[0], "patchgate.standins.http", "from patchgate.errors import E\nimport patchgate.core",
     "standins.http imports patchgate.core"),
    (RULES[0], "patchgate.standins.jira", "from patchgate.app import bootstrap", "standins.jira"),
    (RULES[0], "patchgate.cli", "from patchgate.adapters.git import x", "cli imports"),
    (RULES[0], "patchgate.cli", "import patchgate.standins.http", "cli imports"),
    (RULES[1], "patchgate.core.ids", "import patchgate.ports",
     "patchgate.ports → patchgate.core.ids → patchgate.ports"),
    (RULES[2], "patchgate.core.x", "import time", "core.x imports time"),
    (RULES[2], "patchgate.core.x", "from random import choice", "core.x imports random"),
    (RULES[2], "patchgate.core.x", "from os import environ", "core.x imports os"),
    (RULES[2], "patchgate.core.x", "import subprocess, uuid", "core.x imports subprocess"),
    (RULES[2], "patchgate.core.x", "def f():\n    return datetime.now()", "core.x:3 calls now"),
    (RULES[2], "patchgate.core.x", "open('f')", "core.x:2 calls open"),
    (RULES[3], "patchgate.app.tick", "from patchgate.ports import ForgeWriter", "app.tick names"),
    (RULES[3], "patchgate.agent.x", "def f(w: ports.ForgeWriter): ...", "agent.x names"),
    (RULES[3], "patchgate.app.x", "def f(w: 'ForgeWriter'): ...", "app.x names"),
    (RULES[4], "patchgate.adapters.x", "import os\nos.environ['A']", "adapters.x:3 reads"),
    (RULES[4], "patchgate.app.x", "from os import getenv", "app.x:2 reads"),
    (RULES[5], "patchgate.app.x", "try:\n    f()\nexcept Exception:\n    pass", "app.x:4 catches"),
    (RULES[5], "patchgate.app.x", "try:\n    f()\nexcept:\n    pass", "app.x:4 catches"),
    (RULES[5], "patchgate.app.x", "try:\n    f()\nexcept (OSError, Exception):\n    pass", "app.x"),
    (RULES[6], "patchgate.app.x", "\n" * 400, "app.x has"),
    (RULES[6], "patchgate.app.x", "def f():\n" + "    x = 1\n" * 60, "app.x.f has 61 lines"),
    (RULES[7], "patchgate.app.git_utils", "", "patchgate.app.git_utils"),
    (RULES[7], "patchgate.app.x", "class RunManager: ...", "patchgate.app.x.RunManager"),
    (RULES[7], "patchgate.app.x", "def helper(): ...", "patchgate.app.x.helper"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "module", "code", "said"), BROKEN)
def test_a_broken_rule_is_named_with_its_place(
    rule: Rule, module: str, code: str, said: str
) -> None:
    found = rule({**GOOD, module: f'"""Doc."""\n{code}'})
    assert len(found) >= 1
    assert any(said in sentence for sentence in found)


def test_a_module_without_a_docstring_is_named() -> None:
    assert RULES[8]({"patchgate.x": "import os"}) == ["patchgate.x"]


def test_the_command_line_may_be_lazy_about_what_makes_a_cycle() -> None:
    tree = {
        "patchgate.a": '"""A."""\nimport patchgate.b',
        "patchgate.b": '"""B."""\ndef f():\n    import patchgate.a',
    }
    assert RULES[1](tree) == []
