from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from patchgate.adapters.jira import ApiToken, ClientCredentials, Connection, JiraTracker
from patchgate.adapters.jira.looking import MAX_COMMENTS
from patchgate.adapters.jira.writing import LIMIT
from patchgate.core.ids import AccountId, Eid, Json, TicketKey
from patchgate.errors import (
    ConfigError,
    ConflictError,
    CredentialError,
    MalformedError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
    UnreachableStatusError,
)
from patchgate.ports import Tracker
from patchgate.standins.http import Fault, FaultKind, Server
from patchgate.standins.jira import (
    JiraCloud,
    OAuthClient,
    Person,
    Project,
    Transition,
    User,
    Workflow,
    site,
)
from patchgate.standins.jira.state import DEFAULT_STATUSES, Comment
from tests.adapters.every_node import EVERY_NODE, WORDS

RUNNER, ALICE = AccountId("acc-runner"), AccountId("acc-alice")
EID, OTHER = Eid("0123456789abcdef"), Eid("fedcba9876543210")
CLIENT_SECRET, API_TOKEN = "very-secret-client", "very-secret-token"
KEY, GONE = TicketKey("MWC-1"), TicketKey("MWC-99")


class World:
    """A site with one ticket, served; what the tracker sends is counted."""

    def __init__(self) -> None:
        users = [
            User(RUNNER, "Runner", "runner@example.com", API_TOKEN),
            User(ALICE, "Alice", "alice@example.com"),
        ]
        self.jira = JiraCloud(
            site(
                users=users,
                projects=[Project("MWC", "Widgets", components={"api": "10500"})],
                oauth_clients=[OAuthClient("client-1", CLIENT_SECRET, RUNNER)],
                custom_fields={"customfield_10050": "Team"},
            ),
            limits=False,
        )
        self.alice: Person = self.jira.as_user(ALICE)
        self.alice.create("MWC", "Story", "Sort widgets", "By *name*.")
        self.server = Server(self.jira)
        self.connections: list[Connection] = []

    @property
    def sent(self) -> list[str]:
        return [f"{e.method} {e.path.rpartition('/rest/api/3/')[2]}" for e in self.jira.exchanges]

    def tracker(
        self, credential: Any = None, *, timeout: tuple[float, float] = (2, 5), **settings: Any
    ) -> JiraTracker:
        way_in = credential or ApiToken(self.server.url, "runner@example.com", API_TOKEN)
        connection = Connection(way_in, timeout)
        self.connections.append(connection)
        return JiraTracker(connection, **settings)

    def oauth(self, **settings: Any) -> ClientCredentials:
        urls = {"token_url": f"{self.server.url}/oauth/token", "api_url": self.server.url}
        return ClientCredentials("client-1", CLIENT_SECRET, **{**urls, **settings})

    def fail(self, method: str, path: str, **fault: Any) -> None:
        self.jira.plan_fault(Fault(fault.pop("kind", FaultKind.STATUS), method, path, **fault))

    def workflow(self, *ways: Transition) -> None:
        self.jira.state.projects["MWC"].workflow = Workflow(
            DEFAULT_STATUSES, list(ways), initial="Backlog"
        )


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for connection in made.connections:
        connection.close()
    made.server.close()


# ── Looking ──────────────────────────────────────────────────────────────────────────────


def test_it_plays_the_role_of_the_port(world: World) -> None:
    tracker: Tracker = world.tracker()
    assert tracker.myself() == RUNNER


def test_importing_the_adapter_loads_no_vendor_library() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import patchgate.adapters.jira, sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert {"jira", "requests", "marklassian", "mistune"}.isdisjoint(told.stdout.split())


def test_one_look_is_one_request_and_tells_all(world: World) -> None:
    world.alice.edit(KEY, labels=["b", "a"], components=[{"name": "api"}], customfield_10050="Blue")
    world.alice.assign(KEY, RUNNER)
    world.alice.transition(KEY, "Plan Review")
    world.alice.comment(KEY, "/approve 3f2a91c0")
    look = world.tracker(custom_fields=["customfield_10050", "customfield_10051"]).look(KEY)
    assert len(world.sent) == 1
    ticket = look.ticket
    assert (ticket.key, ticket.summary, ticket.description) == (KEY, "Sort widgets", "By *name*.")
    assert (ticket.project, ticket.issue_type, ticket.is_subtask) == ("MWC", "Story", False)
    assert (ticket.status, ticket.assignee, ticket.reporter) == ("Plan Review", RUNNER, ALICE)
    assert (ticket.labels, ticket.components) == (frozenset({"a", "b"}), ("api",))
    assert ticket.fields == {"customfield_10050": "Blue", "customfield_10051": None}
    assert ticket.url == f"{world.server.url}/browse/MWC-1"
    assert (ticket.parent, look.anchor) == (None, "")
    assert [(c.author, c.field, c.before, c.after) for c in look.changes] == [
        (ALICE, "customfield_10050", "", ""),
        (ALICE, "assignee", "", RUNNER),
        (ALICE, "status", "Backlog", "Plan Review"),
    ]
    assert len({change.id for change in look.changes}) == 3
    (comment,) = look.comments
    assert (comment.author, comment.author_name, comment.body) == (
        ALICE,
        "Alice",
        "/approve 3f2a91c0",
    )
    assert (comment.edited, comment.ours) == (False, None)


def test_looking_again_gives_the_same_ids_oldest_first(world: World) -> None:
    for number in range(3):
        world.alice.comment(KEY, f"word {number}")
        world.alice.assign(KEY, RUNNER if number % 2 == 0 else None)
    first = world.tracker().look(KEY)
    assert [c.body for c in first.comments] == ["word 0", "word 1", "word 2"]
    assert [c.after for c in first.changes] == [RUNNER, "", RUNNER]
    assert [c.at for c in first.changes] == sorted(c.at for c in first.changes)
    assert world.tracker().look(KEY) == first


def test_an_empty_description_and_an_unknown_ticket_are_different_things(world: World) -> None:
    world.alice.create("MWC", "Task", "No words")
    assert world.tracker().look(TicketKey("MWC-2")).ticket.description == ""
    with pytest.raises(NotFoundError, match="MWC-99"):
        world.tracker().look(GONE)


def test_a_subtask_names_its_parent_and_a_moved_ticket_its_new_key(world: World) -> None:
    with world.jira.acting() as state:
        state.add_project(Project("NEW", "New home"))
    world.alice.create("MWC", "Sub-task", "Part", parent=KEY)
    child = world.tracker().look(TicketKey("MWC-2")).ticket
    assert (child.is_subtask, child.parent) == (True, KEY)
    world.alice.move(KEY, "NEW")
    moved = world.tracker().look(KEY).ticket
    assert (moved.key, moved.project) == ("NEW-1", "NEW")


def test_a_long_changelog_is_paged_without_a_gap(world: World) -> None:
    for number in range(125):
        world.alice.assign(KEY, RUNNER if number % 2 == 0 else None)
    look = world.tracker().look(KEY)
    assert [c.after for c in look.changes] == ([RUNNER, ""] * 63)[:125]
    assert sum("changelog" in sent for sent in world.sent) == 2


def test_comments_that_the_issue_leaves_out_are_fetched(world: World) -> None:
    for number in range(150):
        world.alice.comment(KEY, f"word {number}")
    look = world.tracker().look(KEY)
    assert [c.id for c in look.comments] == [c.id for c in world.jira.issue(KEY).comments]
    assert sum("comment" in sent for sent in world.sent) == 2, "the issue itself shows a hundred"


def test_an_edited_comment_says_so_whoever_edited_it(world: World) -> None:
    own = world.alice.comment(KEY, "/approve")
    world.alice.edit_comment(KEY, own.id, "/approve 3f2a91c0")
    foreign = world.alice.comment(KEY, "/reject")
    foreign.update_author = RUNNER
    untouched = world.alice.comment(KEY, "/stop")
    edited = {c.id: c.edited for c in world.tracker().look(KEY).comments}
    assert edited == {own.id: True, foreign.id: True, untouched.id: False}


def test_a_comment_with_every_kind_of_node_is_read_whole(world: World) -> None:
    made = world.alice.comment(KEY, "placeholder")
    made.body = EVERY_NODE  # the editor makes kinds that the REST API does not take
    (comment,) = world.tracker().look(KEY).comments
    assert [word for word in WORDS if word not in comment.body] == []


def test_huge_texts_and_fifty_thousand_comments_are_bounded(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    issue = world.jira.issue(KEY)
    issue.description = paragraph("x" * 10_000_000)
    one = world.alice.comment(KEY, "word")
    issue.comments[:] = [numbered(one, number) for number in range(50_000)]
    look = world.tracker(timeout=(2, 60)).look(KEY)
    assert "cut here by patchgate" in look.ticket.description[-100:]
    assert len(look.comments) == MAX_COMMENTS
    assert look.comments[-1].id == "149999"
    assert "MWC-1: the 49000 oldest comments are left out" in caplog.text


def paragraph(words: str) -> dict[str, Any]:
    text = {"type": "paragraph", "content": [{"type": "text", "text": words}]}
    return {"type": "doc", "version": 1, "content": [text]}


def numbered(comment: Comment, number: int) -> Comment:
    return replace(comment, id=str(100_000 + number))


# ── Comments ─────────────────────────────────────────────────────────────────────────────


def test_our_comment_is_found_by_its_effect_and_shown_as_ours(world: World) -> None:
    tracker = world.tracker()
    assert tracker.find_comment(KEY, EID) is None
    posted = tracker.post_comment(KEY, "Plan **ready**", eid=EID)
    assert tracker.find_comment(KEY, EID) == posted
    assert tracker.find_comment(KEY, OTHER) is None
    assert posted.url == f"{world.server.url}/browse/MWC-1?focusedCommentId={posted.id}"
    (comment,) = tracker.look(KEY).comments
    assert (comment.id, comment.at, comment.ours) == (posted.id, posted.at, EID)
    assert comment.body == f"Plan **ready**\n\npatchgate · ref {EID}"
    assert world.jira.issue(KEY).comments[0].properties == {"patchgate.eid": EID}


def test_a_comment_of_ours_is_found_by_either_mark(world: World) -> None:
    tracker = world.tracker()
    tracker.post_comment(KEY, "one", eid=EID)
    tracker.post_comment(KEY, "two", eid=OTHER)
    first, second = world.jira.issue(KEY).comments
    first.properties.clear()
    second.body = paragraph("somebody took the footer away")
    assert tracker.find_comment(KEY, EID)
    assert tracker.find_comment(KEY, OTHER)


def test_a_copy_of_our_mark_by_somebody_else_counts_for_nothing(world: World) -> None:
    world.alice.comment(KEY, paragraph(f"patchgate · ref {EID}"))
    world.jira.issue(KEY).comments[0].properties["patchgate.eid"] = EID
    tracker = world.tracker()
    assert tracker.find_comment(KEY, EID) is None
    assert tracker.look(KEY).comments[0].ours is None


def test_an_old_comment_of_ours_is_found_behind_many_others(world: World) -> None:
    tracker = world.tracker()
    posted = tracker.post_comment(KEY, "one", eid=EID)
    for number in range(205):
        world.alice.comment(KEY, f"word {number}")
    assert tracker.find_comment(KEY, EID) == posted


def test_a_comment_of_ours_is_not_looked_for_in_years_of_talk_before_the_work(
    world: World,
) -> None:
    tracker = world.tracker()
    one = world.alice.comment(KEY, "word")
    world.jira.issue(KEY).comments[:] = [numbered(one, number) for number in range(7_000)]
    with pytest.raises(ServiceError, match="more comments than can be looked through"):
        tracker.find_comment(KEY, EID)
    begun = (one.created + timedelta(days=2)).isoformat()
    before = len(world.sent)
    assert tracker.find_comment(KEY, EID, since=begun) is None
    assert len(world.sent) == before + 1
    posted = tracker.post_comment(KEY, "one", eid=EID)
    assert tracker.find_comment(KEY, EID, since=one.created.isoformat()) == posted


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.MALFORMED])
def test_a_lost_answer_to_a_comment_leaves_exactly_one(world: World, kind: FaultKind) -> None:
    world.fail("POST", "/comment", kind=kind)
    posted = world.tracker().post_comment(KEY, "Plan", eid=EID)
    assert [c.id for c in world.jira.issue(KEY).comments] == [posted.id]


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.STATUS])
def test_a_comment_that_was_never_made_is_not_sent_twice(world: World, kind: FaultKind) -> None:
    world.fail("POST", "/comment", kind=kind, status=503, times=5)
    with pytest.raises(ServiceError):
        world.tracker().post_comment(KEY, "Plan", eid=EID)
    assert world.jira.issue(KEY).comments == []
    world.jira.clear_faults()
    assert [s for s in world.sent if s.startswith("POST")][1:] == []


def test_a_slow_answer_is_a_lost_answer(world: World) -> None:
    world.fail("POST", "/comment", kind=FaultKind.DELAY, seconds=1.0)
    with pytest.raises(ServiceError, match="no answer"):
        world.tracker(timeout=(2, 0.3)).post_comment(KEY, "Plan", eid=EID)


def test_a_comment_that_is_too_long_arrives_cut(world: World) -> None:
    posted = world.tracker().post_comment(KEY, "word " * 50_000, eid=EID)
    (comment,) = world.tracker().look(KEY).comments
    assert comment.id == posted.id
    assert f"cut here: Jira takes {LIMIT:,} characters" in comment.body
    assert comment.ours == EID


# ── Sub-tasks ────────────────────────────────────────────────────────────────────────────


def subtask(tracker: JiraTracker, eid: Eid, summary: str = "Part one") -> Any:
    return tracker.create_subtask(
        KEY, summary=summary, description="Do **it**", assignee=RUNNER, eid=eid
    )


def test_a_subtask_is_created_once_and_found_by_its_effect(world: World) -> None:
    tracker = world.tracker()
    assert tracker.find_subtask(KEY, EID) is None
    created = subtask(tracker, EID, "Part\none " + "x" * 300)
    subtask(tracker, OTHER)
    assert tracker.find_subtask(KEY, EID) == created
    ticket = tracker.look(created.key).ticket
    assert (ticket.parent, ticket.assignee, ticket.is_subtask) == (KEY, RUNNER, True)
    assert ticket.summary == ("Part one " + "x" * 300)[:255]
    assert ticket.description == "Do **it**"


def test_a_lost_answer_to_a_subtask_leaves_exactly_one(world: World) -> None:
    world.fail("POST", "/rest/api/3/issue", kind=FaultKind.RESET_AFTER)
    created = subtask(world.tracker(), EID)
    assert len(world.jira.state.children(world.jira.issue(KEY).id)) == 1
    assert world.jira.issue(created.key).properties == {"patchgate.eid": EID}


def test_a_subtask_that_somebody_else_marked_like_ours_is_not_ours(world: World) -> None:
    made = world.alice.create("MWC", "Sub-task", "Trap", parent=KEY)
    made.properties["patchgate.eid"] = EID
    assert world.tracker().find_subtask(KEY, EID) is None


def test_an_unknown_issue_type_is_a_wrong_setting(world: World) -> None:
    with pytest.raises(ConfigError, match="valid issue type"):
        subtask(world.tracker(subtask_type="Piece"), EID)


# ── Transitions ──────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.51")
def test_a_move_finds_its_transition_by_the_name_of_the_status(world: World) -> None:
    world.tracker().move(KEY, "plan review")
    assert world.jira.issue(KEY).status == "Plan Review"
    assert world.sent == ["GET issue/MWC-1", "POST issue/MWC-1/transitions"]


def test_a_move_to_where_it_is_does_nothing(world: World) -> None:
    world.tracker().move(KEY, "Backlog")
    assert world.sent == ["GET issue/MWC-1"]


@pytest.mark.covers("S1.49", "S1.50")
@pytest.mark.parametrize("named", ["91", "ship it"])
@pytest.mark.parametrize("status", ["In Testing", "Done"])
def test_the_transition_can_be_configured_by_id_or_name(
    world: World, named: str, status: str
) -> None:
    world.workflow(Transition("90", "Other", status), Transition("91", "Ship it", status))
    world.tracker(via={status: named}).move(KEY, status)
    assert world.jira.issue(KEY).status == status
    (chosen,) = [e.request for e in world.jira.exchanges if e.method == "POST"]
    assert chosen == {"transition": {"id": "91"}}


@pytest.mark.parametrize(
    ("via", "why"),
    [
        ({}, "'In Testing' cannot be reached; Jira offers: Plan Review, Done"),
        ({"In Testing": "77"}, "the configured transition '77' is not offered"),
        ({"in testing": "Plan"}, "the configured transition 'Plan' leads to 'Plan Review'"),
    ],
)
def test_a_status_out_of_reach_is_said_with_what_is_offered(
    world: World, via: dict[str, str], why: str
) -> None:
    world.workflow(Transition("1", "Plan", "Plan Review"), Transition("2", "End", "Done"))
    with pytest.raises(UnreachableStatusError) as refused:
        world.tracker(via=via).move(KEY, "In Testing")
    assert why in refused.value.message
    assert refused.value.available == ("Plan Review", "Done")
    assert world.jira.issue(KEY).status == "Backlog"


DONE_BY_RESOLUTION = Transition("5", "Resolve", "Done", required=("resolution",))


def test_a_required_field_is_filled_from_the_settings(world: World) -> None:
    world.workflow(DONE_BY_RESOLUTION)
    world.tracker(transition_fields={"Resolution": "won't do"}).move(KEY, "Done")
    assert world.jira.issue(KEY).resolution == "Won't Do"


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({"allowedValues": [{"id": "10002", "name": "Duplicate"}]}, id="only-choice"),
        pytest.param({"defaultValue": {"id": "10002"}, "hasDefaultValue": True}, id="default"),
    ],
)
def test_a_required_field_with_one_choice_or_a_default_is_filled_with_it(
    world: World, meta: dict[str, Json]
) -> None:
    world.workflow(DONE_BY_RESOLUTION)
    field = {"required": True, "name": "Resolution", "schema": {"type": "resolution"}, **meta}
    offered = {"transitions": [{"id": "5", "fields": {"resolution": field}}]}
    world.fail("GET", "/transitions", status=200, body=json.dumps(offered))
    world.tracker().move(KEY, "Done")
    assert world.jira.issue(KEY).resolution == "Duplicate"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "its screen requires 'Resolution': configure a value"),
        ({"resolution": "Magic"}, "resolution cannot be 'Magic', only Done, Won't Do, Duplicate"),
    ],
)
def test_a_required_field_without_a_value_is_named(
    world: World, values: dict[str, Json], why: str
) -> None:
    world.workflow(DONE_BY_RESOLUTION)
    with pytest.raises(UnreachableStatusError, match="cannot be reached") as refused:
        world.tracker(transition_fields=values).move(KEY, "Done")
    assert why in refused.value.message
    assert world.jira.issue(KEY).status == "Backlog"


def test_a_required_field_that_has_a_value_stays_as_it_is(world: World) -> None:
    world.workflow(Transition("6", "Own", "In Progress", required=("assignee", "summary")))
    world.alice.assign(KEY, ALICE)
    world.tracker().move(KEY, "In Progress")
    assert world.jira.issue(KEY).status == "In Progress"
    assert world.jira.issue(KEY).assignee == ALICE


def test_the_way_without_a_screen_is_taken_first(world: World) -> None:
    world.workflow(DONE_BY_RESOLUTION, Transition("7", "Close", "Done"))
    world.tracker().move(KEY, "Done")
    assert world.jira.issue(KEY).status == "Done"


def test_a_lost_race_is_read_again_and_tried_once_more(world: World) -> None:
    world.jira.lose_next_transition(KEY)
    world.tracker().move(KEY, "In Progress")
    assert world.jira.issue(KEY).status == "In Progress"


def test_a_second_lost_race_is_a_conflict(world: World) -> None:
    world.fail("POST", "/transitions", status=409, times=2)
    with pytest.raises(ConflictError):
        world.tracker().move(KEY, "In Progress")
    assert sum(s.startswith("POST") for s in world.sent) == 2


def test_a_refusal_that_stays_tells_jiras_words(world: World) -> None:
    body = '{"errorMessages": ["Only the lead may do this."], "errors": {}}'
    world.fail("POST", "/transitions", status=400, times=2, body=body)
    with pytest.raises(UnreachableStatusError, match="Only the lead may do this"):
        world.tracker().move(KEY, "In Progress")


def test_a_lost_answer_to_a_move_is_looked_up_instead_of_repeated(world: World) -> None:
    world.fail("POST", "/transitions", kind=FaultKind.RESET_AFTER)
    world.tracker().move(KEY, "In Progress")
    assert world.sent.count("POST issue/MWC-1/transitions") == 1
    (history,) = world.jira.issue(KEY).histories
    assert history.author == RUNNER


# ── Other writes ─────────────────────────────────────────────────────────────────────────


def test_assignee_and_labels_are_set_in_one_request(world: World) -> None:
    world.alice.edit(KEY, labels=["old", "kept"])
    world.tracker().edit(KEY, assignee=ALICE, add_labels=["new"], remove_labels=["old"])
    assert world.sent == ["PUT issue/MWC-1"]
    issue = world.jira.issue(KEY)
    assert (issue.assignee, sorted(issue.labels)) == (ALICE, ["kept", "new"])
    world.tracker().edit(KEY, assignee=None)
    assert world.jira.issue(KEY).assignee is None
    world.tracker().edit(KEY)
    assert len(world.sent) == 2


def test_an_account_that_cannot_be_assigned_is_a_wrong_setting(world: World) -> None:
    with pytest.raises(ConfigError, match="cannot be assigned"):
        world.tracker().edit(KEY, assignee=AccountId("acc-nobody"))


def test_a_put_is_repeated_after_a_broken_connection(world: World) -> None:
    world.fail("PUT", "/issue", kind=FaultKind.RESET_AFTER)
    world.tracker().edit(KEY, add_labels=["a"])
    assert world.jira.issue(KEY).labels == ["a"]


def test_a_file_is_attached_once_even_if_the_answer_is_lost(world: World) -> None:
    world.alice.attach(KEY, "abc.patch", b"not ours")
    world.fail("POST", "/attachments", kind=FaultKind.RESET_AFTER)
    tracker = world.tracker()
    url = tracker.attach(KEY, "abc.patch", b"diff")
    assert tracker.attach(KEY, "abc.patch", b"diff") == url
    ours = [a for a in world.jira.issue(KEY).attachments if a.author == RUNNER]
    assert [a.content for a in ours] == [b"diff"]
    assert url == f"{world.server.url}/rest/api/3/attachment/content/{ours[0].id}"


def test_the_anchor_is_kept_in_the_issue_property(world: World) -> None:
    tracker = world.tracker()
    tracker.set_anchor(KEY, "sha256:one")
    tracker.set_anchor(KEY, "sha256:two")
    assert tracker.look(KEY).anchor == "sha256:two"
    tracker.set_anchor(KEY, "sha256:two", seen="yesterday")
    look = tracker.look(KEY)
    assert (look.anchor, look.seen) == ("sha256:two", "yesterday")


def test_an_anchor_of_the_first_form_is_still_read(world: World) -> None:
    world.jira.issue(KEY).properties["patchgate.head"] = "sha256:one"
    look = world.tracker().look(KEY)
    assert (look.anchor, look.seen) == ("sha256:one", "")


def test_many_tickets_are_asked_for_at_once_as_they_are_now(world: World) -> None:
    tracker = world.tracker()
    ids = [world.alice.create("MWC", "Task", f"Task {n}").id for n in range(60)]
    world.jira.search_lag = 3600.0
    first = world.jira.issue("MWC-2")
    key = TicketKey("MWC-2")
    tracker.set_anchor(key, "sha256:one", seen=tracker.look(key).ticket.updated)
    before = len(world.sent)
    found = tracker.touched(ids)
    assert (len(found), len(world.sent) - before) == (60, 2)
    assert found[first.id].seen == found[first.id].updated != ""
    world.alice.comment("MWC-2", "news")
    after = tracker.touched([first.id])[first.id]
    assert after.seen != after.updated


def test_a_ticket_that_is_gone_fails_the_question_for_all(world: World) -> None:
    with pytest.raises(PatchgateError):
        world.tracker().touched([world.jira.issue(KEY).id, "99999"])


def test_a_search_is_paged_and_bounded_to_projects_and_time(world: World) -> None:
    for number in range(230):
        world.alice.create("MWC", "Task", f"Task {number}")
    found = world.tracker().search(["MWC"], 15)
    assert found == [f"MWC-{number}" for number in range(1, 232)]
    assert len(world.sent) == 3
    assert world.tracker().search([], 15) == []
    with pytest.raises(ConfigError, match="no Jira project key"):
        world.tracker().search(['X") OR project in ("Y'], 15)


def test_a_search_in_an_unknown_project_is_a_wrong_setting(world: World) -> None:
    with pytest.raises(ConfigError, match="NOPE"):
        world.tracker().search(["NOPE"], 15)


# ── Credentials and errors ───────────────────────────────────────────────────────────────


@pytest.mark.covers("S4.29")
def test_oauth_finds_its_site_and_works_through_the_gateway(world: World) -> None:
    tracker = world.tracker(world.oauth())
    look = tracker.look(KEY)
    assert look.ticket.url == f"{world.server.url}/browse/MWC-1"
    tracker.post_comment(KEY, "Plan", eid=EID)
    assert [e.path for e in world.jira.exchanges[:3]] == [
        "/oauth/token",
        "/oauth/token/accessible-resources",
        f"/ex/jira/{world.jira.state.cloud_id}/rest/api/3/issue/MWC-1",
    ]
    assert sum(e.path == "/oauth/token" for e in world.jira.exchanges) == 1


def test_oauth_with_a_known_site_discovers_nothing(world: World) -> None:
    known = {"cloud_id": world.jira.state.cloud_id, "site_url": "https://example.atlassian.net/"}
    look = world.tracker(world.oauth(**known)).look(KEY)
    assert look.ticket.url == "https://example.atlassian.net/browse/MWC-1"
    assert len(world.sent) == 2


def test_oauth_with_an_unknown_site_says_which_there_are(world: World) -> None:
    with pytest.raises(NotFoundError, match=world.server.url):
        world.tracker(world.oauth(site_url="https://other.atlassian.net")).look(KEY)


def test_a_token_is_renewed_shortly_before_its_end(world: World) -> None:
    now = [0.0]
    tracker = world.tracker(world.oauth(clock=lambda: now[0]))
    tracker.look(KEY)
    now[0] = 3600 - 61
    tracker.look(KEY)
    assert tokens(world) == 1
    now[0] = 3600 - 59
    tracker.look(KEY)
    assert tokens(world) == 2


def tokens(world: World) -> int:
    return sum(e.path == "/oauth/token" for e in world.jira.exchanges)


def test_a_revoked_token_is_renewed_once_even_for_a_post(world: World) -> None:
    tracker = world.tracker(world.oauth())
    tracker.look(KEY)
    world.jira.state.bearers.clear()
    tracker.post_comment(KEY, "Plan", eid=EID)
    assert len(world.jira.issue(KEY).comments) == 1
    world.fail("GET", "/issue", status=401, times=2)
    with pytest.raises(CredentialError, match="client-1"):
        tracker.look(KEY)


def test_wrong_client_credentials_are_named_without_their_secret(world: World) -> None:
    wrong = world.oauth()
    world.jira.state.oauth_clients["client-1"].secret = "rotated"
    with pytest.raises(CredentialError, match="Jira OAuth client client-1") as refused:
        world.tracker(wrong).look(KEY)
    assert CLIENT_SECRET not in everything_said(refused.value)


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED, FaultKind.RESET_BEFORE])
def test_a_broken_token_endpoint_is_a_service_error(world: World, kind: FaultKind) -> None:
    world.fail("POST", "/oauth/token", kind=kind, times=9)
    with pytest.raises(ServiceError, match="oauth/token"):
        world.tracker(world.oauth()).look(KEY)


def test_a_wrong_api_token_is_named_without_its_value(world: World) -> None:
    wrong = ApiToken(world.server.url, "runner@example.com", "wrong-token")
    with pytest.raises(CredentialError, match=r"API token of runner@example\.com") as refused:
        world.tracker(wrong).look(KEY)
    assert "wrong-token" not in everything_said(refused.value)


def everything_said(error: PatchgateError) -> str:
    return f"{error.message} {error.advice} {error!r} {error.__cause__} {error.__cause__!r}"


def test_a_write_without_permission_is_a_matter_of_the_credential(world: World) -> None:
    world.jira.state.projects["MWC"].writers = {ALICE}
    with pytest.raises(CredentialError, match="may not do this"):
        world.tracker().post_comment(KEY, "Plan", eid=EID)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 400}, MalformedError),
        ({"status": 401}, CredentialError),
        ({"status": 403}, CredentialError),
        ({"status": 404}, NotFoundError),
        (
            {"status": 404, "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}},
            CredentialError,
        ),
        ({"status": 409}, ConflictError),
        ({"status": 410}, ConfigError),
        ({"status": 413}, MalformedError),
        ({"status": 429}, RateLimitedError),
        ({"status": 500}, ServiceError),
        ({"status": 503}, ServiceError),
        ({"status": 200, "body": "<html>maintenance</html>"}, ServiceError),
        ({"status": 200, "body": "[" * 100_000}, ServiceError),
        ({"status": 200, "body": "{}"}, ServiceError),
        ({"status": 200, "body": "[]"}, ServiceError),
        ({"kind": FaultKind.RESET_BEFORE}, ServiceError),
        ({"kind": FaultKind.MALFORMED}, ServiceError),
    ],
)
def test_each_failure_of_jira_is_one_of_our_errors(
    world: World, fault: dict[str, Any], error: type[PatchgateError]
) -> None:
    body = json.dumps({"errorMessages": [f"said with {API_TOKEN}"], "errors": {}})
    world.fail("GET", "/issue", **{"times": 9, "body": body, **fault})
    with pytest.raises(PatchgateError) as raised:
        world.tracker().look(KEY)
    assert type(raised.value) is error
    assert API_TOKEN not in raised.value.message


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("17", 17.0), ("", None), ("soon", None), ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0)],
)
def test_a_limit_says_when_to_come_back_and_is_not_waited_for(
    world: World, said: str, seconds: float | None
) -> None:
    headers = {"Retry-After": said, "RateLimit-Reason": "jira-burst-based"}
    world.fail("GET", "/issue", status=429, headers=headers, times=1)
    with pytest.raises(RateLimitedError, match="jira-burst-based") as limited:
        world.tracker().look(KEY)
    assert limited.value.retry_after == seconds


def test_a_read_survives_a_broken_connection_and_a_restart(world: World) -> None:
    world.fail("GET", "/issue", kind=FaultKind.RESET_BEFORE)
    world.fail("GET", "/issue", status=502)
    assert world.tracker().look(KEY).ticket.key == KEY


def test_nobody_listening_is_a_service_error_and_no_address_a_wrong_setting() -> None:
    nobody = JiraTracker(Connection(ApiToken("http://127.0.0.1:9", "a@example.com", "t")))
    with pytest.raises(ServiceError, match="no answer"):
        nobody.look(KEY)
    nowhere = JiraTracker(Connection(ApiToken("example", "a@example.com", "t")))
    with pytest.raises(ConfigError, match="web address"):
        nowhere.look(KEY)


def test_a_key_cannot_leave_its_place_in_the_path(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.tracker().look(TicketKey("../myself?x="))
