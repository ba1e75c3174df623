"""Each guard stands before its port: words go clean, content whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from patchgate.adapters.guarded import (
    GuardedJob,
    GuardedLedger,
    GuardedModel,
    GuardedTracker,
    GuardedWriter,
)
from patchgate.core import events as e
from patchgate.core.ids import AccountId, Eid, RepoName, Sha, TicketKey, digest_bytes
from patchgate.core.outlet import Outlet
from patchgate.core.proposal import Usage
from patchgate.core.secrets import KnownValues
from patchgate.errors import RefusedError
from patchgate.ports import CommitOrder, PullOrder, Query, ToolCall, ToolResult, Turn
from tests.app.fakes import FakeClock, FakeLedger, FakeTracker
from tests.core.test_secrets import shipped
from tests.tokens import made, seeded

SECRET = made("<an:30>", seeded("guarded"))
OUT = Outlet(KnownValues({"GITHUB_TOKEN": SECRET}), shipped)
KEY, EID = TicketKey("MWC-1"), Eid("e" * 16)
HOSTILE = f"hi @leigh {SECRET} <img src=x> \u202e"
CLEAN = "hi @ leigh *** < img src=x> ⟨U+202E⟩"


@dataclass
class Recorder:
    """Takes every call of a port and keeps what it was given."""

    provider: str = "anthropic"
    given: list[Any] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def take(*args: Any, **named: Any) -> Any:
            self.given.append((name, args, named))
            return Turn("", (), "answer", Usage())

        return take

    @property
    def last(self) -> str:
        return repr(self.given[-1])


def test_what_goes_to_jira_is_clean() -> None:
    tracker = FakeTracker(FakeClock())
    tracker.create(KEY)
    guarded = GuardedTracker(tracker, OUT)
    guarded.post_comment(KEY, HOSTILE, eid=EID)
    assert guarded.look(KEY).comments[-1].body.startswith(CLEAN)
    made_one = guarded.create_subtask(
        KEY, summary=HOSTILE, description=HOSTILE, assignee=AccountId("a"), eid=EID
    )
    child = guarded.look(made_one.key).ticket
    assert child.summary == "hi @leigh *** <img src=x> ⟨U+202E⟩"
    assert child.description.startswith(CLEAN)
    guarded.edit(KEY, add_labels=(f"x{SECRET}",))
    assert SECRET not in repr(guarded.look(KEY))
    with pytest.raises(RefusedError, match="the attachment patch"):
        guarded.attach(KEY, "patch.diff", SECRET.encode())
    assert guarded.attach(KEY, "patch.diff", b"fine")


def test_a_comment_that_is_too_long_for_jira_is_cut_with_a_pointer() -> None:
    recorder = Recorder()
    GuardedTracker(recorder, OUT).post_comment(KEY, "line\n" * 20_000, eid=EID)
    text = recorder.given[-1][1][1]
    assert len(text) < 32_767
    assert text.endswith("The whole is on the ledger: `patchgate ledger show`.")


def commit(**changed: Any) -> CommitOrder:
    order: dict[str, Any] = {
        "repo": RepoName("a/b"), "branch": "ai/MWC-1", "parent": Sha("0" * 40), "patch": b"x",
        "tree": Sha("0" * 40), "message": f"Fix {SECRET}\u202e\n", "when": "", "expected": None,
    }  # fmt: skip
    return CommitOrder(**{**order, **changed})


def test_what_goes_to_github_is_clean_or_refused() -> None:
    recorder = Recorder()
    guarded = GuardedWriter(recorder, OUT)
    guarded.push_commit(commit())
    assert "Fix ***⟨U+202E⟩" in recorder.last
    for bad in ({"patch": f"+{SECRET[::-1]}".encode()}, {"branch": f"ai/{SECRET}"}):
        with pytest.raises(RefusedError):
            guarded.push_commit(commit(**bad))
    pull = PullOrder(
        repo=RepoName("a/b"), branch="ai/x", base_branch="main", title=HOSTILE,
        body=HOSTILE * 2_000,
        labels=(SECRET,), reviewers=(), draft=True, eid=EID,
    )  # fmt: skip
    guarded.put_pull(pull)
    shown = recorder.given[-1][1][0]
    assert SECRET not in repr(shown)
    assert len(shown.body) < 65_536
    assert CLEAN in shown.body
    guarded.comment(RepoName("a/b"), 1, markdown=HOSTILE, eid=EID)
    assert recorder.given[-1][2]["markdown"] == CLEAN
    assert len(recorder.given) == 3


def test_the_ledger_takes_neither_a_fact_nor_an_artifact_with_a_secret() -> None:
    ledger = GuardedLedger(FakeLedger(), OUT)
    stream = ledger.open(KEY, "1")
    told = e.WriteRefused(
        at="2026-01-01T00:00:00.000Z", eid=EID, subject=digest_bytes(b""), code="x", reason="r"
    )
    bad = told.model_copy(update={"reason": SECRET.encode().hex()})
    with pytest.raises(RefusedError, match="the event"):
        ledger.append(stream, [told, bad], {})
    for blob in (SECRET.encode(), b"\xff\xfe" + SECRET.encode()):
        with pytest.raises(RefusedError, match="the artifact"):
            ledger.append(stream, [told], {digest_bytes(blob): blob})
    assert ledger.read(KEY, "1") is None
    assert len(ledger.append(stream, [told], {digest_bytes(b"x"): b"x"}).events) == 1


def query(*messages: Any) -> Query:
    return Query("m", "system", messages, (), None, 10, 1.0)


@pytest.mark.parametrize(
    "message",
    [
        f"the ticket says {SECRET}",
        (ToolResult("1", f"file: {SECRET}"),),
        Turn("", (ToolCall("1", "search", {"pattern": SECRET}),), "tools", Usage()),
        Turn(SECRET, (), "answer", Usage()),
    ],
)
def test_a_question_with_a_secret_in_it_is_not_asked(message: Any) -> None:
    recorder = Recorder()
    model = GuardedModel(recorder, OUT)
    model.query(query("hello", (ToolResult("1", "fine"),)))
    with pytest.raises(RefusedError, match="the request to the model holds"):
        model.query(query("hello", message, "more"))
    assert len(recorder.given) == 1


def test_what_the_runner_is_told_is_clean() -> None:
    recorder = Recorder()
    job = GuardedJob(recorder, OUT)
    job.summarise(HOSTILE)
    job.annotate("error", HOSTILE, f"a\nb {SECRET}")
    assert SECRET not in repr(recorder.given)
    assert "a b ***" in recorder.last
    with pytest.raises(RefusedError, match="the output briefs"):
        job.output("briefs", f"[{SECRET}]")
    job.mask(SECRET)
    assert SECRET in recorder.last
