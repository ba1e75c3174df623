"""What the runner reads: fences, workflow commands, masks and the size of a summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.adapters.actions import LARGEST_OUTPUT, Runner
from patchgate.errors import MalformedError, UsageError

MIB = 1024 * 1024


def runner(folder: Path) -> tuple[Runner, list[str]]:
    said: list[str] = []
    made = Runner(output=str(folder / "out"), summary=str(folder / "sum"), say=said.append)
    return made, said


def outputs(text: str) -> dict[str, str]:
    """An output file as the runner reads it."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, fence = line.partition("<<")
        value: list[str] = []
        for inner in lines:
            if inner == fence:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


VALUES = [
    "plain",
    "",
    "a\nadmin=true",
    "a\nstate<<EOF\nDONE\nEOF",
    "patchgate-00000000000000000000000000000000",
    "::set-output name=x::y",
    "%0A%25",
    "ü\t'\"$(id)`id`",
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_an_output_is_read_back_as_it_was_and_makes_no_other(tmp_path: Path, value: str) -> None:
    job, said = runner(tmp_path)
    job.output("state", value)
    job.output("after", "fits")
    assert outputs((tmp_path / "out").read_text("utf-8")) == {"state": value, "after": "fits"}
    assert said == []


def test_two_outputs_never_share_a_fence(tmp_path: Path) -> None:
    job, _ = runner(tmp_path)
    for _ in range(20):
        job.output("x", "y")
    fences = [line for line in (tmp_path / "out").read_text().split("\n") if "<<" in line]
    assert len(set(fences)) == 20


@pytest.mark.parametrize("name", ["", "State", "a=b", "a\nb", "x" * 70])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MalformedError, match="no name"):
        runner(tmp_path)[0].output(name, "x")


def test_an_output_too_large_for_the_runner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="larger than"):
        runner(tmp_path)[0].output("x", "y" * (LARGEST_OUTPUT + 1))


@given(st.text(), st.text())
def test_an_annotation_is_one_line_whatever_is_in_it(title: str, text: str) -> None:
    said: list[str] = []
    Runner(output="", summary="", say=said.append).annotate("error", title, text)
    (line,) = said
    assert "\n" not in line
    assert "\r" not in line
    head, _, _ = line.removeprefix("::error title=").partition("::")
    assert ":" not in head
    assert "," not in head


def test_a_secret_of_several_lines_is_masked_line_by_line(tmp_path: Path) -> None:
    job, said = runner(tmp_path)
    job.mask("-----BEGIN-----\nabc%def\n\n-----END-----")
    assert said[0] == "::add-mask::-----BEGIN-----%0Aabc%25def%0A%0A-----END-----"
    assert said[1:] == [
        "::add-mask::-----BEGIN-----",
        "::add-mask::abc%25def",
        "::add-mask::-----END-----",
    ]


def test_foreign_text_is_printed_while_commands_are_stopped(tmp_path: Path) -> None:
    job, said = runner(tmp_path)
    with job.foreign():
        said.append("::error::I am a ticket")
        job.annotate("warning", "ours", "goes through")
    fence = said[0].removeprefix("::stop-commands::")
    assert said == [
        f"::stop-commands::{fence}",
        "::error::I am a ticket",
        f"::{fence}::",
        "::warning title=ours::goes through",
        f"::stop-commands::{fence}",
        f"::{fence}::",
    ]
    with job.foreign():
        pass
    assert said[-1] != f"::{fence}::", "the word that ends it is another each time"


@pytest.mark.parametrize("piece", ["line of text\n", "ü" * 500 + "\n", "x" * 3_000_000])
def test_a_summary_stays_below_one_mebibyte_and_says_that_it_was_cut(
    tmp_path: Path, piece: str
) -> None:
    job, _ = runner(tmp_path)
    job.summarise("# First\n")
    job.summarise(piece * (2_500_000 // len(piece) + 1))
    text = (tmp_path / "sum").read_text("utf-8")
    assert len(text.encode()) < MIB
    assert text.startswith("# First\n")
    assert text.rstrip().endswith("The ledger has it all.*")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    job = Runner(output=str(tmp_path / "no" / "out"), summary="", say=lambda line: None)
    with pytest.raises(UsageError, match="no/out"):
        job.output("x", "y")
    job.summarise("nobody reads this, and nothing breaks")
