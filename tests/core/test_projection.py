"""How each state shows in Jira."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.stories import EVE, LEIGH, REX, RULES, RUNNER

from patchgate.core.projection import account, differs, half_resumed, status_name, view_of
from patchgate.core.rules import TicketNow
from patchgate.core.state import State, View, Workflow

TABLE = {
    State.INGESTED: ("Backlog", RUNNER, ()),
    State.PLANNING: ("Backlog", RUNNER, ()),
    State.PLAN_REVIEW: ("Plan Review", REX, ()),
    State.EXECUTING: ("In Progress", RUNNER, ()),
    State.PATCHES_PROPOSED: ("In Progress", RUNNER, ()),
    State.APPLYING_PATCHES: ("In Progress", RUNNER, ()),
    State.WAITING_USER_APPROVAL: ("In Progress", LEIGH, ("awaiting-approval",)),
    State.PR_OPEN: ("In Progress", RUNNER, ()),
    State.VERIFYING_CI: ("In Progress", RUNNER, ()),
    State.READY_TO_MERGE: ("In Testing", REX, ()),
    State.NEEDS_HUMAN: ("Blocked", REX, ()),
    State.BLOCKED_POLICY: ("Blocked", REX, ()),
    State.STOPPED: ("Blocked", REX, ()),
    State.DEFERRED: ("Backlog", "", ("deferred",)),
    State.DONE: ("Done", "", ()),
    State.REJECTED: ("", REX, ("rejected",)),
    State.CANCELLED: ("", REX, ("cancelled",)),
    State.FAILED: ("", REX, ("failed",)),
}


@pytest.mark.parametrize("state", State)
def test_each_state_shows_its_status_assignee_and_labels(state: State) -> None:
    view = view_of(Workflow(state=state), RULES)
    shown = (status_name(view.status, RULES), account(view.assignee, RULES), view.labels)
    assert shown == TABLE[state]


@pytest.mark.covers("S0.52", "S1.27")
@pytest.mark.parametrize("state", [State.PR_OPEN, State.VERIFYING_CI])
def test_settings_may_show_in_testing_as_soon_as_the_pull_request_is_open(state: State) -> None:
    view = view_of(Workflow(state=state), replace(RULES, in_testing_when="pr_opened"))
    assert (view.status, view.assignee) == ("in_testing", "reviewer")


@pytest.mark.parametrize("state", [State.NEEDS_HUMAN, State.PR_OPEN])
def test_a_status_that_cannot_be_reached_is_left_as_it_is(state: State) -> None:
    names = (("BLOCKED", ()), ("in progress", ()))
    assert view_of(Workflow(state=state, unreachable=names), RULES).status == ""


VIEW = View("X", "blocked", "reviewer", ("awaiting-approval",))
SAME = TicketNow("BLOCKED", REX, frozenset({"awaiting-approval", "theirs"}), None)


def test_labels_of_others_and_the_case_of_a_status_are_no_difference() -> None:
    assert not differs(VIEW, SAME, RULES)


@pytest.mark.parametrize(
    "other",
    [
        replace(SAME, status="In Progress"),
        replace(SAME, assignee=EVE),
        replace(SAME, labels=frozenset()),
        replace(SAME, labels=SAME.labels | {"rejected"}),
    ],
)
def test_status_assignee_and_own_labels_are(other: TicketNow) -> None:
    assert differs(VIEW, other, RULES)


def test_a_view_that_leaves_status_and_assignee_alone_differs_only_in_labels() -> None:
    view = View("REJECTED", "", "", ("rejected",))
    assert not differs(view, TicketNow("Anything", EVE, frozenset({"rejected"}), None), RULES)


def test_a_parked_ticket_out_of_blocked_or_with_the_runner_is_half_resumed() -> None:
    assert half_resumed(VIEW, replace(SAME, status="In Progress"), RULES)
    assert half_resumed(VIEW, replace(SAME, assignee=RUNNER), RULES)
    assert not half_resumed(VIEW, replace(SAME, assignee=EVE), RULES)
