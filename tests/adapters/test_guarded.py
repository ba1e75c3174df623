"""Each guard stands before its port: words go clean, content whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    answer: Any = field(default_factory=lambda: Turn("", (), "answer", Usage()))

    def __getattr__(self, name: str) -> Any:
        def take(*args: Any, **named: Any) -> Any:
            self.given.append((name, args, named))
            return self.answer

        return take

    @property
    def last(self) -> str:
        return repr(self.given[-1])


PASSED_ON: list[tuple[type[Any], str, tuple[Any, ...]]] = [
    (GuardedTracker, "myself", ()),
    (GuardedTracker, "look", (KEY,)),
    (GuardedTracker, "search", (["MWC"], 5)),
    (GuardedTracker, "find_subtask", (KEY, EID)),
    (GuardedTracker, "touched", (["1"],)),
    (GuardedTracker, "move", (KEY, "In Review")),
    (GuardedTracker, "attach", (KEY, "patch.diff", b"fine")),
    (GuardedLedger, "read", (KEY, "1")),
    (GuardedLedger, "read_together", ([(KEY, "1")],)),
    (GuardedLedger, "open", (KEY, "1")),
    (GuardedLedger, "append", ("stream", [], {})),
    (GuardedLedger, "blob", ("stream", digest_bytes(b""))),
    (GuardedLedger, "open_streams", ()),
    (GuardedLedger, "gather", ("stream",)),
    (GuardedLedger, "read_open", (bool,)),
    (GuardedLedger, "gather_all", (["stream"],)),
    (GuardedModel, "cost", ("m", Usage())),
    (GuardedJob, "output", ("briefs", "[1]")),
    (GuardedJob, "foreign", ()),
]


@pytest.mark.parametrize(("guard", "name", "given"), PASSED_ON)
def test_a_call_with_nothing_to_hide_reaches_the_port_as_it_is(
    guard: type[Any], name: str, given: tuple[Any, ...]
) -> None:
    recorder = Recorder(answer=object())
    answer = getattr(guard(recorder, OUT), name)(*given)
    assert recorder.given == [(name, given, {})]
    assert answer is (None if name in ("move", "gather", "output") else recorder.answer)


def test_a_look_for_a_comment_goes_as_far_back_as_it_was_asked_to() -> None:
    recorder = Recorder(answer=object())
    guarded = GuardedTracker(recorder, OUT)
    assert guarded.find_comment(KEY, EID, since="2026-11-21T10:00:00Z") is recorder.answer
    assert recorder.given == [("find_comment", (KEY, EID), {"since": "2026-11-21T10:00:00Z"})]


def test_the_statuses_anchors_and_people_of_a_ticket_are_passed_on_clean() -> None:
    recorder = Recorder()
    guarded = GuardedTracker(recorder, OUT)
    guarded.move(KEY, HOSTILE)
    guarded.set_anchor(KEY, HOSTILE, seen=HOSTILE)
    flat = "hi @leigh *** <img src=x> ⟨U+202E⟩"
    assert recorder.given == [
        ("move", (KEY, flat), {}),
        ("set_anchor", (KEY, flat), {"seen": flat}),
    ]
    guarded.edit(KEY, assignee=None, add_labels=(SECRET,), remove_labels=("old",))
    people = {"assignee": None, "add_labels": ("***",), "remove_labels": ("old",)}
    assert recorder.given[-1] == ("edit", (KEY,), people)


def test_a_line_that_is_too_long_for_its_place_is_cut_to_what_the_platform_takes() -> None:
    recorder = Recorder()
    long = "x" * 2_000
    tracker = GuardedTracker(recorder, OUT)
    tracker.create_subtask(KEY, summary=long, description="d", assignee=AccountId("a"), eid=EID)
    assert len(recorder.given[-1][2]["summary"]) == 255
    tracker.edit(KEY, add_labels=("x" * 300,))
    assert [len(label) for label in recorder.given[-1][2]["add_labels"]] == [255]
    tracker.attach(KEY, "x" * 300, b"fine")
    assert len(recorder.given[-1][1][1]) == 200
    GuardedJob(recorder, OUT).annotate("error", long, "x" * 5_000)
    assert [len(text) for text in recorder.given[-1][1][1:]] == [255, 4_000]


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
    for bad, what in (
        ({"patch": f"+{SECRET[::-1]}".encode()}, "the patch"),
        ({"branch": f"ai/{SECRET}"}, "the branch's name"),
    ):
        with pytest.raises(RefusedError, match=what):
            guarded.push_commit(commit(**bad))
    pull = PullOrder(
        repo=RepoName("a/b"), branch="ai/x", base_branch="main", title=HOSTILE,
        body=HOSTILE * 2_000,
        labels=(SECRET, "x" * 60), reviewers=(), draft=True, eid=EID,
    )  # fmt: skip
    guarded.put_pull(pull)
    shown = recorder.given[-1][1][0]
    assert shown.labels == ("***", f"{'x' * 49}…")
    assert SECRET not in repr(shown)
    assert len(shown.body) < 65_536
    assert CLEAN in shown.body
    guarded.comment(RepoName("a/b"), 1, markdown=HOSTILE, eid=EID)
    assert recorder.given[-1][2]["markdown"] == CLEAN
    started = guarded.start_workflow(RepoName("a/b"), "ci.yml", branch="ai/x", head=Sha("0" * 40))
    assert started is recorder.answer
    with pytest.raises(RefusedError, match="the branch's name"):
        guarded.put_pull(replace(pull, branch=SECRET))
    with pytest.raises(RefusedError, match="the workflow's start"):
        guarded.start_workflow(RepoName("a/b"), SECRET, branch="ai/x", head=Sha("0" * 40))
    assert len(recorder.given) == 4


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
    assert recorder.given == [("summarise", (CLEAN,), {})]
    job.annotate("error", HOSTILE, f"a\nb {SECRET}")
    assert SECRET not in repr(recorder.given)
    assert "a b ***" in recorder.last
    with pytest.raises(RefusedError, match="the output briefs"):
        job.output("briefs", f"[{SECRET}]")
    job.mask(SECRET)
    assert SECRET in recorder.last
