"""The command line itself: help, near misses, exit codes in step with README and `errors`."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from patchgate import errors
from patchgate.app.environment import Environment
from patchgate.app.mishap import told
from patchgate.app.redact import Redactor
from patchgate.cli import SECTIONS, cli
from patchgate.cli.terminal import hear_libraries
from patchgate.errors import INTERRUPTED
from tests.e2e.terminal import TRACEBACK, as_process

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
CODES = {
    kind.exit_code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.PatchgateError)
}


def table(text: str, heading: str) -> dict[int, str]:
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {int(code): said for code, said in re.findall(r"^\| (\d+) \| ([^|]+)", section, re.M)}


def commands() -> Iterator[tuple[str, ...]]:
    for name, command in cli.commands.items():
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.commands)


@pytest.mark.parametrize("text", [README, OPERATIONS], ids=["README", "operations"])
def test_the_table_of_exit_codes_is_the_one_of_the_errors(text: str) -> None:
    assert set(table(text, "Exit codes")) == CODES | {0, INTERRUPTED}


def test_the_drawn_tree_of_errors_names_every_class_with_its_code() -> None:
    drawn = dict(re.findall(r"([A-Za-z]+Error) +(\d+)", errors.__doc__ or ""))
    real = {
        name: str(kind.exit_code)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.PatchgateError)
    }
    assert drawn == real


@pytest.mark.parametrize("text", [README, OPERATIONS], ids=["README", "operations"])
def test_every_command_that_is_written_about_exists(text: str) -> None:
    known = set(commands())
    named = re.findall(r"`patchgate ([a-z]+)(?: ([a-z]+))?", text)
    named += re.findall(r"^(?:\.venv/bin/)?patchgate ([a-z]+)(?: ([a-z]+))?", text, re.M)
    people = {"approve"}
    found = {
        (first, second) if (first, second) in known or first == "ledger" else (first,)
        for first, second in named
        if first not in people
    }
    assert found
    assert found <= known | {("ledger",)}


def test_every_option_that_is_written_about_exists() -> None:
    groups = {(name,) for name, one in cli.commands.items() if isinstance(one, click.Group)}
    for name in set(commands()) - groups:
        spoken = re.findall(rf"patchgate {' '.join(name)}\b([^`\n]*)", README + OPERATIONS)
        options = {o for said in spoken for o in re.findall(r"--[a-z-]+", said)}
        text = as_process([*name, "--help"], {}).out
        assert [o for o in options if o not in text] == [], name


def test_help_lists_every_command_in_full_sentences_by_what_it_is_for() -> None:
    text = as_process(["--help"], {}).out
    assert "..." not in text.split("Options:", 1)[1]
    assert "Others:" not in text
    for title, names in SECTIONS.items():
        section = text.split(f"{title}:\n", 1)[1].split("\n\n", 1)[0]
        assert re.findall(r"^  ([a-z]+)  ", section, re.M) == list(names)


@pytest.mark.parametrize("name", list(commands()), ids=" ".join)
def test_each_command_explains_itself_and_each_of_its_options(name: tuple[str, ...]) -> None:
    said = as_process([*name, "--help"], {})
    assert (said.code, said.err) == (0, "")
    command: click.Command = cli
    for part in name:
        assert isinstance(command, click.Group)
        command = command.commands[part]
    assert command.help
    assert command.help.strip().endswith((".", ")."))
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == []


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["tikc"], ["'tikc'", "Did you mean 'tick'"]),
        (["tick", "--evnt", "x"], ["'--evnt'", "'--event'", "patchgate tick --help"]),
        (["ledger", "sho"], ["Did you mean 'show'", "patchgate ledger --help"]),
        (["run"], ["KEYS", "patchgate run --help"]),
        (["tick"], ["which ticket?"]),
        (["tick", "MWC-1", "--event", "e.json"], ["not both"]),
        (["sweep", "--since", "soon"], ["'soon' is not a valid integer"]),
    ],
)
def test_a_slip_of_the_fingers_is_answered_with_what_is_near(
    argv: list[str], words: list[str]
) -> None:
    assert as_process(argv, {}).complains(2, *words)


def test_the_program_answers_as_a_module_of_an_isolated_interpreter() -> None:
    command = [sys.executable, "-I", "-m", "patchgate", "tikc"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("patchgate: ")


def unforeseen(secret: str) -> Exception:
    try:
        raise KeyError(f"x {secret}")
    except KeyError as error:
        return error


@pytest.mark.parametrize("debug", [False, True])
def test_what_nobody_foresaw_is_one_message_with_a_reference_and_no_secret(debug: bool) -> None:
    secret = "a-secret-of-this-test"
    clean = Redactor(Environment.from_mapping({"JIRA_API_TOKEN": secret}))
    lines, code = told(unforeseen(secret), clean, debug=debug)
    again, _ = told(unforeseen(secret), clean)
    text = "\n".join(lines)
    assert code == 1
    assert (TRACEBACK in text) is debug
    assert secret not in text
    assert "--debug" in lines[-1]
    assert lines[-2:] == again
    assert re.search(r"\(reference [0-9a-f]{8}\)$", again[0])


INTERRUPTED_IMPORT = """
import runpy, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "patchgate.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
runpy.run_module("patchgate", run_name="__main__")
"""


def test_ctrl_c_while_the_program_loads_is_no_traceback() -> None:
    argv = [sys.executable, "-c", INTERRUPTED_IMPORT]
    ran = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (INTERRUPTED, "", "")


def test_what_a_library_logs_goes_out_clean_and_inert(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a-secret-of-this-test"
    monkeypatch.setenv("JIRA_API_TOKEN", secret)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        hear_libraries()
        logging.getLogger("urllib3").warning("retry of %s\n::error::x \x1b[31m", secret)
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(capture=False)
    said = capsys.readouterr().err
    assert said.startswith("warning: retry of ***\n: :error::x ⟨U+001B⟩")
