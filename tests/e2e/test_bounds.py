"""Input beyond all measure: a run ends by its own limits, in bounded memory, and says why."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from patchgate.standins.jira.adf import adf_to_text
from tests.e2e.answers import answer, edits
from tests.e2e.forks import Forks
from tests.e2e.kills import Runner, chains
from tests.e2e.lives import LEIGH, SEED, SHOP, Life, living

KEY = "MWC-1"
PEAK = 600 * 1024
"""KiB of memory that a run may hold; the client libraries alone are a fifth of it."""
COMMENT_LIMIT, EVENT_LIMIT = 32_767, 64_000
"""What Jira takes as a comment; what we allow an event on the ledger to be."""
GOOD_DAY = edits(("greet.py", '"Hello "', '"Good day "'))
ENDLESS = answer("implement", {"endless": True})
LISTING = answer(
    "implement",
    {"tools": [{"name": "list_files", "input": {}}]},
    *GOOD_DAY["turns"],
)


@contextmanager
def bounded(root: Path, said: Any, **given: Any) -> Iterator[tuple[Life, Runner]]:
    forks = Forks()
    try:
        with living(root, said, **given) as life:
            life.ticket()
            yield life, Runner(life.world, forks, root / "jobs")
    finally:
        forks.close()


def long_text(paragraphs: int) -> dict[str, Any]:
    words = {"type": "text", "text": "word " * 2_000}
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [words]}] * paragraphs,
    }


def many_comments(life: Life, count: int, body: dict[str, Any]) -> None:
    """People talked for days before the runner was asked."""
    issue = life.issue(KEY)
    first = life.world.at_jira(LEIGH).comment(KEY, "talk")
    start, then = 1_000_000, first.created - timedelta(days=2)
    issue.comments[:0] = [
        dataclasses.replace(first, id=str(start + n), body=body, created=then, updated=then)
        for n in range(count)
    ]


def within_limits(life: Life, runner: Runner) -> None:
    """Memory, comments and events of the run that was played."""
    assert runner.forks.peak < PEAK, f"{runner.forks.peak // 1024} MiB"
    for text in life.said(KEY):
        assert len(text) <= COMMENT_LIMIT
    for links in chains(life.world).values():
        assert max(len(one.line) for one in links) <= EVENT_LIMIT


@pytest.mark.parametrize(
    ("paragraphs", "comments"),
    [
        pytest.param(20, 300, id="much"),
        pytest.param(1_000, 50_000, id="beyond measure", marks=pytest.mark.soak),
    ],
)
def test_long_texts_and_endless_talk_are_worked_in_bounded_memory(
    tmp_path: Path, paragraphs: int, comments: int
) -> None:
    with bounded(tmp_path, GOOD_DAY) as (life, runner):
        life.issue(KEY).description = long_text(paragraphs)
        many_comments(life, comments, long_text(1))
        assert len(adf_to_text(life.issue(KEY).description)) > paragraphs * 9_000
        assert runner.play(KEY) == 0
        assert "Patch for approval" in life.said(KEY)[-1]
        within_limits(life, runner)
        print(f"peak {runner.forks.peak // 1024} MiB")  # noqa: T201  # the long suite's summary


@pytest.mark.soak
def test_a_repository_of_ten_thousand_files_is_worked_in_bounded_memory(tmp_path: Path) -> None:
    many = {f"d{n % 100}/f{n}.txt": f"{n}\n" for n in range(10_000)}
    with bounded(tmp_path, LISTING, seed={**many, **SEED}) as (life, runner):
        assert runner.play(KEY) == 0
        assert "Patch for approval" in life.said(KEY)[-1]
        within_limits(life, runner)
        print(f"peak {runner.forks.peak // 1024} MiB")  # noqa: T201  # the long suite's summary


@pytest.mark.soak
def test_a_model_without_an_end_is_stopped_by_its_limit_and_the_reason_is_recorded(
    tmp_path: Path,
) -> None:
    with bounded(tmp_path, ENDLESS) as (life, runner):
        assert runner.play(KEY) == 0
        ended = [x for x in life.events(KEY) if x["kind"] == "run-finished"]
        assert "no answer after" in ended[-1]["record"]["detail"]
        assert life.shows(KEY)[0] == "Blocked"
        assert life.branches(SHOP) == {"main"}
        within_limits(life, runner)
