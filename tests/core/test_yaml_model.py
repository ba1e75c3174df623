"""YAML is read alike by libyaml and, where that was not built, by Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

POLICIES = sorted((Path(__file__).parents[2] / "policies").glob("*.yml"))
READ = """
import json, sys
if "plain" in sys.argv:
    sys.modules["yaml._yaml"] = None
from patchgate.core import yaml_model
from patchgate.errors import ConfigError
print(yaml_model._Parser.__name__)
for text in json.load(sys.stdin):
    try:
        data, lines = yaml_model._parsed(text, "a.yml")
        print(json.dumps([data, [[list(path), line] for path, line in lines.items()]], default=str))
    except ConfigError as error:
        print(error.message.split(": ")[0], type(error.__cause__).__name__)
"""
BROKEN = (
    "a: 1\nb: [1, 2\n",
    "a: &x 1\nb: *x\n",
    "a: 1\na: 2\n",
    "a: \x07\n",
    "- 1\n",
    "a: 2026-11-27\nb: !!python/object:os.system {}\n",
    "a: {b: {c: ['x', \"y\\u2028\"]}}\nd: |\n  two\n  lines\ne: 0x1f\n",
)


def _read(*how: str) -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in POLICIES] + list(BROKEN)
    done = subprocess.run(
        [sys.executable, "-c", READ, *how],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def plain() -> list[str]:
    """What Python's own parser makes of the texts."""
    return _read("plain")


def test_a_build_without_libyaml_reads_the_same(plain: list[str]) -> None:
    fast = _read()
    assert (fast[0], plain[0]) == ("CParser", "_PlainParser")
    assert fast[1:] == plain[1:]


def test_what_is_no_plain_yaml_is_refused_with_its_line(plain: list[str]) -> None:
    refused = plain[-len(BROKEN) :]
    assert refused[0] == "a.yml:2 ParserError"
    assert refused[1] == "a.yml _AliasFound"
    assert refused[2] == "a.yml:2 NoneType"
    assert refused[4] == "a.yml NoneType"
    assert refused[5] == "a.yml:2 ConstructorError"
    assert len([line for line in refused if line.startswith("[")]) == 1
