"""Events in words: every kind that a person should hear of says something, on one line."""

from __future__ import annotations

import typing
from enum import Enum

import pytest
from tests.app.stage import APPROVER, EID, NOW

from patchgate.app.desk import Waits
from patchgate.app.narrate import dollars, narrate
from patchgate.app.status import Standing
from patchgate.core import events as e
from patchgate.core.ids import Eid, digest_bytes
from patchgate.core.proposal import Outcome, RunRecord, Task, Usage

SILENT = {
    "work-started": "the state that follows says it",
    "intended": "what comes of it is told",
    "project-stopped": "the project's own stream has no ticket to tell it on",
    "project-resumed": "the project's own stream has no ticket to tell it on",
    "item-failed": "the ticket's own end is told",
    "item-succeeded": "the ticket's own end is told",
    "sweep-done": "a heartbeat",
}
EVERY = list(typing.get_args(typing.get_args(e.Event)[0]))
EVIDENCE = e.Evidence(
    platform="jira", kind="comment", id="1", target="MWC-1", author=APPROVER, at=NOW
)


def example(model: type[typing.Any]) -> typing.Any:
    """An event of that kind with something in every field."""
    values = {name: _value(name, field.annotation) for name, field in model.model_fields.items()}
    return model.model_validate(values)


def _value(name: str, annotation: typing.Any) -> object:
    if name in ("kind", "v"):
        return typing.get_args(annotation)[0]
    known: dict[str, object] = {
        "at": NOW,
        "evidence": EVIDENCE.model_dump(),
        "record": RECORD.model_dump(),
        "task": Task.IMPLEMENT,
        "eid": Eid(EID),
    }
    args = typing.get_args(annotation)
    if name in known and not (name == "evidence" and annotation is not e.Evidence):
        return known[name]
    if typing.get_origin(annotation) is typing.Literal:
        return args[0]
    if typing.get_origin(annotation) is tuple:
        return ()
    if annotation is bool:
        return True
    if annotation is int:
        return 7
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    return str(digest_bytes(name.encode()))


RECORD = RunRecord(
    role="implementer",
    provider="anthropic",
    model="claude-test",
    prompt_digest=digest_bytes(b"p"),
    context_digest=digest_bytes(b"c"),
    usage=Usage(input=3, output=4),
    micro_dollars=1500,
    outcome=Outcome.ANSWERED,
)


@pytest.mark.covers("S0.7")
@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.model_fields["kind"].default)
def test_an_event_says_one_line_or_has_its_reason_to_be_silent(model: type[typing.Any]) -> None:
    told = narrate(example(model))
    kind = model.model_fields["kind"].default
    if SILENT.get(kind):
        assert told == []
        return
    ((label, text),) = told
    assert label in (
        "person", "jira", "github", "model", "gate", "decide", "check", "stop", "end",
    )  # fmt: skip
    assert text.strip()
    assert "\n" not in text


def test_a_run_tells_its_cost_and_how_it_ended() -> None:
    finished = e.RunFinished(
        at=NOW, eid=EID, task=Task.IMPLEMENT, attempt=1, record=RECORD, charged=1500
    )
    ((_, text),) = narrate(finished)
    assert text == "implementer (anthropic claude-test) answered; 7 tokens, $0.0015, 0 steps"
    failed = RECORD.model_copy(
        update={"outcome": Outcome.REFUSED, "detail": "no\nmore", "micro_dollars": None}
    )
    ((_, text),) = narrate(finished.model_copy(update={"record": failed}))
    assert "refused: no;" in text
    assert "unknown" in text


@pytest.mark.parametrize(
    ("micro", "text"), [(None, "unknown"), (0, "$0.0000"), (1_234_567, "$1.2346")]
)
def test_money_is_told_in_dollars(micro: int | None, text: str) -> None:
    assert dollars(micro) == text


@pytest.mark.parametrize(
    ("updated", "said"), [(False, "#7 opened: u"), (True, "#7 brought up to date: u")]
)
def test_a_pull_request_is_said_to_be_opened_or_brought_up_to_date(
    updated: bool, said: str
) -> None:
    put = e.PullPut(at=NOW, eid=EID, repo="r", number=7, url="u", head="h", updated=updated)
    assert narrate(put) == [("github", f"pull request {said}")]


def test_who_is_waited_for_is_left_out_where_it_is_nobody() -> None:
    assert Waits(key="K-1", state="S", what="the merge", whom="Leigh").said == "the merge (Leigh)"
    assert Waits(key="K-1", state="DONE", what="nothing more", whom="").said == "nothing more"


def test_a_standing_breaks_between_words_and_goes_on_under_its_first_line() -> None:
    url = "https://github.test/" + "x" * 60
    details = (("stopped", "because " * 20 + url),)
    standing = Standing("MWC-1", "NEEDS_HUMAN", "long ago", "a word", "a person", details)
    lines = standing.lines(whole=True, width=60)
    assert lines[1].split("  ")[-1].strip() == "a word (a person)"
    start = lines[2].index("because")
    assert all(len(line) <= 60 for line in lines if url not in line)
    assert all(line[:start].strip() == "" for line in lines[3:])
    assert any(url in line for line in lines)
    assert len(standing.lines(whole=True)) == 3
