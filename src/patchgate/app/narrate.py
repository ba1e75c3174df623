"""Events → one line of words each, for the terminal, the log and the job summary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.ids import short
from patchgate.core.proposal import Outcome
from patchgate.core.words.shape import count

Told = tuple[str, str]
"""(kind, text); kinds: person, jira, github, model, gate, decide, check, stop, end."""


def narrate(event: Event) -> list[Told]:
    """What this event means in words; internal bookkeeping says nothing."""
    tell = _TELL.get(type(event))
    return [tell(event)] if tell else []


def dollars(micro: int | None) -> str:
    """Micro-dollars as people read them."""
    return "unknown" if micro is None else f"${micro / 1_000_000:.4f}"


def _opened(x: e.WorkflowOpened) -> Told:
    where = f"{x.repo}@{x.base_branch}"
    kind = f"sub-task {x.ordinal} of {x.parent}" if x.parent else "ticket"
    return "decide", f"stream opened for {kind}: {where}, mode {x.mode}"


def _assigned(x: e.RunnerAssigned) -> Told:
    return "person", f"{x.evidence.author} assigned it to the runner"


def _moved(x: e.StatusMoved) -> Told:
    return "person", f"{x.evidence.author} moved it: {x.before} → {x.after}"


def _commanded(x: e.CommandGiven) -> Told:
    said = f"/{x.verb} {x.argument.splitlines()[0][:60] if x.argument else ''}".strip()
    return "person", f"{x.evidence.author} wrote `{said}` on {x.evidence.platform}"


def _pull(x: e.PullSeen) -> Told:
    by = f" by {x.by}" if x.by else ""
    return "github", f"#{x.number} is {x.state}{by}"


def _put(x: e.PullPut) -> Told:
    how = "brought up to date" if x.updated else "opened"
    return "github", f"pull request #{x.number} {how}: {x.url}"


def _checks(x: e.ChecksSeen) -> Told:
    names = ", ".join(x.names) or "none required"
    return "github", f"checks on {x.head[:12]}: {x.level} ({names})"


def _reserved(x: e.AttemptReserved) -> Told:
    money = dollars(x.micro_dollars)
    return "decide", f"{x.task} attempt {x.attempt}: brief {short(x.brief)}, {money} reserved"


def _finished(x: e.RunFinished) -> Told:
    r = x.record
    cost = f"{r.usage.total} tokens, {dollars(r.micro_dollars)}, {r.steps} steps"
    good = r.outcome is Outcome.ANSWERED
    how = "answered" if good else f"{r.outcome}: {r.detail.splitlines()[0] if r.detail else ''}"
    return "model", f"{r.role} ({r.provider} {r.model}) {how}; {cost}"


def _judged(x: e.PatchJudged) -> Told:
    def how(severity: str) -> str:
        return "overridden" if x.level == "ACCEPT" and severity == "BLOCK" else severity

    rules = ", ".join(dict.fromkeys(f"{v.rule} ({how(v.severity)})" for v in x.violations))
    return "gate", f"G2 policy: {x.level}" + (f": {rules}" if rules else "")


def _reviewed(x: e.PatchReviewed) -> Told:
    if x.verdict == "none":
        return "model", f"patch {short(x.patch)} was not reviewed: {x.first}"
    found = f"{x.blocking} blocking, {x.warnings} warnings, {x.notes} notes"
    return "model", f"{x.reviewer} reviewed patch {short(x.patch)}: {x.verdict} ({found})"


def _handled(x: e.InputHandled) -> Told:
    return "decide", f"{x.outcome}: {x.reason}"


def _parked(x: e.Parked) -> Told:
    return "stop", f"{x.state} ({x.code}): {x.reason}; {x.advice}"


def _approved(x: e.Approved) -> Told:
    how = f"{x.evidence.kind} {x.evidence.id} on {x.evidence.platform}"
    return "gate", f"{x.what} {short(x.subject)} approved by {x.approver} ({how})"


def _shown(x: e.TicketShown) -> Told:
    status = x.status.replace("_", " ") or "status unchanged"
    drift = " (re-asserted)" if x.drift else ""
    return "jira", f"shows {status}, assignee {x.assignee or 'unchanged'}{drift}"


def _proposed(x: e.PatchProposed) -> Told:
    size = f"{count(len(x.paths), 'file')}, +{x.added} -{x.removed}"
    return "model", f"patch {short(x.patch)} proposed: {size}"


def _child_ended(x: e.ChildEnded) -> Told:
    return "decide", f"sub-task {x.ordinal} ended: {x.state}"


_TELL: dict[type, Callable[[Any], Told]] = {
    e.WorkflowOpened: _opened,
    e.TicketRevised: lambda x: ("jira", f"request {short(x.request)}"),
    e.TicketUnseen: lambda x: (
        "jira",
        "shows the ticket again" if x.seen_again else "does not show the ticket to us",
    ),
    e.RunnerAssigned: _assigned,
    e.StatusMoved: _moved,
    e.CommandGiven: _commanded,
    e.NearMiss: lambda x: ("person", f"{x.evidence.author} wrote `{x.word}`: no command"),
    e.ReviewGiven: lambda x: ("person", f"{x.evidence.author} reviewed: {x.state}"),
    e.PullSeen: _pull,
    e.ChecksSeen: _checks,
    e.HeadMoved: lambda x: ("github", f"somebody pushed {x.head[:12]} to our branch"),
    e.AttemptReserved: _reserved,
    e.RunFinished: _finished,
    e.RunLost: lambda x: ("stop", f"the {x.task} run was lost: {x.why}"),
    e.Triaged: lambda x: ("model", f"triage says {x.decision}: {x.reason}"),
    e.AnswerGiven: lambda x: ("model", f"answered the question {x.question}"),
    e.PlanProposed: lambda x: (
        "model",
        f"plan {short(x.plan)} proposed: {len(x.items)} sub-tasks",
    ),
    e.PatchProposed: _proposed,
    e.PatchJudged: _judged,
    e.PatchReviewed: _reviewed,
    e.EvidenceReceived: lambda x: ("check", f"{x.level}: {x.reason}"),
    e.InputHandled: _handled,
    e.Approved: _approved,
    e.PatchCleared: lambda x: ("gate", f"patch stays inside approved {short(x.under)}"),
    e.ApprovalVoided: lambda x: ("gate", f"approval of {short(x.subject)} void: {x.reason}"),
    e.ChangesRequested: lambda x: ("decide", f"another round asked for by {x.by} ({x.source})"),
    e.Parked: _parked,
    e.Resumed: lambda x: ("decide", f"resumed by {x.by}"),
    e.OverrideGiven: lambda x: ("gate", f"{x.rule} overridden by {x.approver}: {x.reason}"),
    e.Ended: lambda x: ("end", f"{x.state}: {x.reason}"),
    e.Reopened: lambda x: ("decide", f"generation {x.generation} begins"),
    e.ChildActivated: lambda x: ("decide", f"sub-task {x.ordinal} is the active one"),
    e.ChildEnded: _child_ended,
    e.EffectFailed: lambda x: ("stop", f"{x.effect} failed: {x.reason}"),
    e.CommentPosted: lambda x: (x.platform, f"comment {x.comment} posted ({x.topic})"),
    e.TicketShown: _shown,
    e.StatusUnreachable: lambda x: ("stop", f"{x.status} is out of reach"),
    e.SubtaskCreated: lambda x: ("jira", f"sub-task {x.key} created"),
    e.PatchAttached: lambda x: ("jira", f"patch {short(x.patch)} attached"),
    e.PatchPublished: lambda x: ("github", f"pushed {x.commit[:12]} to {x.branch}"),
    e.ChecksStarted: lambda x: ("github", f"started {x.workflow} on {x.head[:12]}"),
    e.WriteRefused: lambda x: ("gate", f"WriteGate refused ({x.code}): {x.reason}"),
    e.PullPut: _put,
}
