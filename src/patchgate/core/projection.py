"""State → what Jira shows: status, assignee and labels, as roles (DESIGN.md §5)."""

from __future__ import annotations

from patchgate.core.rules import Rules, TicketNow
from patchgate.core.state import State, View, Workflow

AWAITING = "awaiting-approval"
DEFERRED_LABEL = "deferred"
OWN_LABELS = frozenset({AWAITING, DEFERRED_LABEL, "rejected", "cancelled", "failed"})

_FIXED: dict[State, tuple[str, str, tuple[str, ...]]] = {
    State.INGESTED: ("backlog", "runner", ()),
    State.PLANNING: ("backlog", "runner", ()),
    State.PLAN_REVIEW: ("plan_review", "reviewer", ()),
    State.EXECUTING: ("in_progress", "runner", ()),
    State.PATCHES_PROPOSED: ("in_progress", "runner", ()),
    State.APPLYING_PATCHES: ("in_progress", "runner", ()),
    State.WAITING_USER_APPROVAL: ("in_progress", "approver", (AWAITING,)),
    State.READY_TO_MERGE: ("in_testing", "reviewer", ()),
    State.NEEDS_HUMAN: ("blocked", "reviewer", ()),
    State.BLOCKED_POLICY: ("blocked", "reviewer", ()),
    State.STOPPED: ("blocked", "reviewer", ()),
    State.DEFERRED: ("backlog", "nobody", (DEFERRED_LABEL,)),
    State.DONE: ("done", "", ()),
    State.REJECTED: ("", "reviewer", ("rejected",)),
    State.CANCELLED: ("", "reviewer", ("cancelled",)),
    State.FAILED: ("", "reviewer", ("failed",)),
}


def view_of(w: Workflow, rules: Rules) -> View:
    """What the ticket has to show now; empty status or assignee: left as it is."""
    status, assignee, labels = _wanted(w, rules)
    # Only an open trouble says so: a person who resumes has mended the way to the status.
    missing = {name.casefold() for name, _ in w.unreachable}
    if status and status_name(status, rules).casefold() in missing:
        status = ""
    return View(w.state, status, assignee, labels)


def _wanted(w: Workflow, rules: Rules) -> tuple[str, str, tuple[str, ...]]:
    if w.state in (State.PR_OPEN, State.VERIFYING_CI):
        testing = rules.in_testing_when == "pr_opened"
        return ("in_testing", "reviewer", ()) if testing else ("in_progress", "runner", ())
    return _FIXED[w.state]


def differs(view: View, now: TicketNow, rules: Rules) -> bool:
    """Whether Jira shows something else than the view asks for."""
    if _status_differs(view, now, rules):
        return True
    if view.assignee and now.assignee != account(view.assignee, rules):
        return True
    return (now.labels & OWN_LABELS) != frozenset(view.labels)


def half_resumed(view: View, now: TicketNow, rules: Rules) -> bool:
    """Whether one half of a resume was done: moved out of Blocked, or given to the runner."""
    return _status_differs(view, now, rules) or now.assignee == rules.runner["jira"]


def _status_differs(view: View, now: TicketNow, rules: Rules) -> bool:
    wanted = status_name(view.status, rules)
    return bool(wanted) and now.status.casefold() != wanted.casefold()


def account(role: str, rules: Rules) -> str:
    """The Jira account that plays a role; empty for `nobody`."""
    roles = {"runner": rules.runner["jira"], "reviewer": rules.reviewer, "approver": rules.approver}
    return roles.get(role, "")


def status_name(role: str, rules: Rules) -> str:
    """The Jira name of a status role; empty for none."""
    return str(getattr(rules.statuses, role)) if role else ""
