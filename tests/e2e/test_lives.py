"""A feature's whole life over HTTP and git: what people see, what is on GitHub and the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.feature import FEATURE, FIRST, ITEMS, PARENT, SECOND, WISH, Feature
from tests.e2e.lives import LEIGH, NO_CHECKS, ROBIN, RUNNER, SHOP, lasting_writes, living


@pytest.fixture(scope="module")
def feature(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feature]:
    """A feature with two sub-tasks, one of them reworked, from Backlog to Done."""
    root = tmp_path_factory.mktemp("feature")
    with living(root, *FEATURE, settings=NO_CHECKS) as life:
        feature = Feature(life)
        feature.play()
        yield feature


# ── planning ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.23", "S1.8", "S0.10")
@pytest.mark.parametrize("where", ["Backlog", "In Testing"])
def test_neither_backlog_nor_the_assignment_alone_starts_a_plan(tmp_path: Path, where: str) -> None:
    with living(tmp_path, *FEATURE, settings=NO_CHECKS) as life:
        key = life.ticket("Politeness", kind="Story", assign=False)
        if where != "Backlog":
            life.world.at_jira(LEIGH).transition(key, where)
            life.world.at_jira(LEIGH).assign(key, RUNNER.jira)
        life.settle()
        life.run(key)
        assert lasting_writes(life.world) == []
        assert life.prompts("plan") == []


@pytest.mark.covers("S0.23", "S0.2", "S0.24", "S1.13", "S1.14", "S1.15", "S1.16")
def test_assigned_in_backlog_the_openai_planner_reads_the_ticket(feature: Feature) -> None:
    asked = feature.life.world.openai.exchanges[0]
    assert (asked.path, asked.status) == ("/v1/responses", 200)
    text = json.dumps(asked.request)
    assert "Politeness" in text
    assert "Customers miss it." in text
    assert "The till prints it, too." in text


@pytest.mark.covers("S0.63", "S1.17")
def test_the_planner_looks_into_the_target_repository(feature: Feature) -> None:
    second = feature.life.world.openai.exchanges[1].request
    found = [x["output"] for x in second["input"] if x.get("type") == "function_call_output"]
    assert 'return "Hello " + name' in str(found)


@pytest.mark.covers("S0.18", "S0.25", "S0.26", "S0.27", "S0.28", "S0.29", "S0.30", "S0.62")
def test_the_plan_is_a_comment_on_the_parent(feature: Feature) -> None:
    (text,) = feature.scenes["planned"].said[PARENT]
    for part in (
        "Change the greeting in one place.",
        "greet.py",
        "Somebody may rely on the old greeting.",
        "Whether names may be empty.",
        "AC1 The greeting is polite.",
        "Greet politely, with its test.",
        "Greet even more politely",
    ):
        assert part in text


@pytest.mark.covers("S0.11", "S0.31", "S0.32")
def test_after_the_plan_the_parent_is_in_plan_review_with_the_reviewer(feature: Feature) -> None:
    assert feature.scenes["planned"].shows == {PARENT: ("Plan Review", "Leigh")}
    assert feature.scenes["planned"].branches == {"main"}


@pytest.mark.covers("S0.34", "S0.87")
def test_a_comment_and_the_assignment_revise_the_plan(feature: Feature) -> None:
    first, *later = feature.life.prompts("plan")
    assert WISH not in first
    assert any(WISH in prompt and "Revise the plan." in prompt for prompt in later)
    scene = feature.scenes["revised"]
    assert "revision 2" in scene.said[PARENT][-1]
    assert "Evenings as well." in scene.said[PARENT][-1]
    assert scene.shows == {PARENT: ("Plan Review", "Leigh")}


@pytest.mark.covers("S0.16", "S0.33", "S0.36", "S1.3")
def test_the_move_to_in_progress_approves_and_the_changelog_is_its_evidence(
    feature: Feature,
) -> None:
    (given,) = [x for x in feature.life.events(PARENT) if x["kind"] == "approved"]
    assert (given["what"], given["approver"]) == ("plan", "Leigh")
    entries = {h.id: h for h in feature.life.issue(PARENT).histories}
    entry = entries[given["evidence"]["id"].partition(":")[0]]
    assert entry.author == LEIGH.jira
    assert [(i.before_text, i.after_text) for i in entry.items if i.field == "status"] == [
        ("Plan Review", "In Progress")
    ]


def test_a_plan_is_approved_by_a_command_too(tmp_path: Path) -> None:
    with living(tmp_path, *FEATURE, settings=NO_CHECKS) as life:
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        life.approve(key, by=ROBIN)
        (given,) = [x for x in life.events(key) if x["kind"] == "approved"]
        assert (given["what"], given["approver"]) == ("plan", "Robin")
        assert given["evidence"]["kind"] == "comment"
        assert life.shows(key)[0] == "In Progress"


# ── sub-tasks ────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.3", "S0.17", "S0.21", "S0.37")
def test_sub_tasks_are_created_once_in_the_order_of_the_plan(feature: Feature) -> None:
    issues = feature.scenes["done"].issues
    assert set(issues) == {PARENT, FIRST, SECOND}
    assert len(feature.life.world.jira.state.issues) == 3
    assert [issues[key].summary for key in (FIRST, SECOND)] == [x["title"] for x in ITEMS]
    assert {issues[key].parent for key in (FIRST, SECOND)} == {issues[PARENT].id}
    assert {issues[key].type for key in (FIRST, SECOND)} == {"Sub-task"}


@pytest.mark.covers("S0.38", "S0.39", "S0.44")
def test_the_first_is_in_progress_while_the_second_waits_with_the_runner(feature: Feature) -> None:
    scene = feature.scenes["approved"]
    assert scene.shows[FIRST][0] == "In Progress"
    assert scene.shows[SECOND] == ("Backlog", "AI Runner")
    assert scene.issues[FIRST].histories[0].author == RUNNER.jira


@pytest.mark.covers("S0.40", "S0.89")
def test_the_second_starts_only_when_the_first_is_done(feature: Feature) -> None:
    for name in ("approved", "first open", "first tested", "first reworked", "first tested again"):
        scene = feature.scenes[name]
        assert scene.shows[SECOND] == ("Backlog", "AI Runner"), name
        assert scene.said[SECOND] == [], name
    scene = feature.scenes["first done"]
    assert scene.shows[FIRST][0] == "Done"
    assert scene.shows[SECOND][0] == "In Progress"
    assert "Patch for approval" in scene.said[SECOND][-1]


@pytest.mark.covers("S0.4", "S0.47", "S0.65", "S1.19")
def test_claude_implements_with_tools_and_the_patch_waits_for_its_approver(
    feature: Feature,
) -> None:
    served = [x for x in feature.life.world.anthropic.exchanges if x.path == "/v1/messages"]
    assert {x.status for x in served} == {200}
    assert "claude-sonnet-5-5" in json.dumps(served[0].request)
    scene = feature.scenes["approved"]
    assert scene.shows[FIRST] == ("In Progress", "Leigh")
    assert "awaiting-approval" in scene.issues[FIRST].labels
    assert '+    return "Good day " + name' in scene.said[FIRST][-1]
    assert scene.branches == {"main"}
    assert scene.pulls == []


@pytest.mark.covers("S0.5", "S0.22", "S0.46", "S0.51", "S1.18", "S1.72", "S0.80", "S0.81", "S1.52")
def test_each_sub_task_has_one_branch_and_one_pull_request(feature: Feature) -> None:
    pulls = feature.life.pulls()
    assert [p.pull.head for p in pulls if p.pull] == ["ai/MWC-2", "ai/MWC-3"]
    assert {p.login for p in pulls} == {RUNNER.github}
    assert feature.life.branches() == {"main", "ai/MWC-2", "ai/MWC-3"}


@pytest.mark.covers("S0.49", "S0.50", "S1.20", "S1.22", "S1.23", "S1.73")
def test_the_commit_names_the_ticket_and_holds_what_was_approved(feature: Feature) -> None:
    github = feature.life.world.github
    commit = github.commit(SHOP, "ai/MWC-3")
    subject = commit.message.splitlines()[0]
    assert re.fullmatch(r"MWC-3: \S.*", subject)
    assert "Approved-By: Robin" in commit.message
    (given,) = [x for x in feature.life.events(SECOND) if x["kind"] == "approved"][-1:]
    assert f"Patch-Digest: {given['subject']}" in commit.message
    assert b"A very good evening" in github.tree(SHOP, "ai/MWC-3")["greet.py"]


@pytest.mark.covers("S0.12", "S0.13", "S0.52", "S0.53", "S0.69", "S1.27", "S1.28")
def test_only_green_checks_bring_it_to_in_testing_with_the_reviewer(feature: Feature) -> None:
    assert feature.scenes["first open"].shows[FIRST] == ("In Progress", "AI Runner")
    assert feature.scenes["first tested"].shows[FIRST] == ("In Testing", "Leigh")


@pytest.mark.covers("S0.54", "S1.25", "S1.26")
def test_the_ticket_tells_of_the_pull_request_with_its_links(feature: Feature) -> None:
    comments = feature.scenes["first tested"].issues[FIRST].comments
    body = json.dumps(comments[-1].body)
    assert "/acme/shop/pull/1" in body
    assert "ai/MWC-2" in body


# ── rework ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.56", "S0.88", "S1.29", "S1.30")
def test_a_comment_and_the_assignment_alone_start_the_rework(feature: Feature) -> None:
    asked = [p for p in feature.life.prompts("implement") if "MWC-2 attempt 2" in p]
    assert "Say good evening instead." in asked[0]
    scene = feature.scenes["first reworked"]
    assert "attempt 2" in scene.said[FIRST][-1]
    assert scene.shows[FIRST] == ("In Progress", "Leigh")


@pytest.mark.covers("S0.57", "S0.58", "S1.24", "S1.30")
def test_rework_goes_on_the_same_branch_and_keeps_a_persons_commit(feature: Feature) -> None:
    github = feature.life.world.github
    head = github.commit(SHOP, "ai/MWC-2")
    assert head.parents == (feature.human,)
    tree = github.tree(SHOP, "ai/MWC-2")
    assert tree["NEWS.md"] == b"Politeness.\n"
    assert b"Good evening" in tree["greet.py"]
    assert len(feature.scenes["first tested again"].pulls) == 1


@pytest.mark.covers("S0.59")
def test_rework_asks_for_review_again(feature: Feature) -> None:
    asked = [
        one
        for one in feature.life.world.github.exchanges
        if one.path.endswith("/pulls/1/requested_reviewers") and one.method == "POST"
    ]
    assert [one.request for one in asked] == [{"reviewers": ["leigh-acme"]}] * 2


@pytest.mark.covers("S1.4", "S1.5")
def test_who_reviewed_and_who_merged_is_recorded(feature: Feature) -> None:
    events = feature.life.events(FIRST)
    (review,) = [x for x in events if x["kind"] == "review-given"]
    assert (review["evidence"]["author"], review["state"]) == ("leigh-acme", "approved")
    (merged,) = [x for x in events if x["kind"] == "pull-seen"]
    assert (merged["by"], merged["state"]) == ("leigh-acme", "merged")


# ── the end ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.14", "S0.55", "S1.31", "S1.33", "S1.71")
def test_the_merge_makes_the_sub_task_done(feature: Feature) -> None:
    assert feature.scenes["first tested again"].shows[FIRST][0] == "In Testing"
    assert feature.scenes["first done"].shows[FIRST][0] == "Done"


@pytest.mark.covers("S0.42")
def test_the_second_builds_on_the_merged_first(feature: Feature) -> None:
    main = feature.life.world.github.tree(SHOP, "main")
    assert b"A very good evening" in main["greet.py"]
    (reserved,) = [x for x in feature.life.events(SECOND) if x["kind"] == "attempt-reserved"]
    merged = [p.pull.merge_commit for p in feature.scenes["first done"].pulls if p.pull]
    assert merged == [reserved["base"]]


@pytest.mark.covers("S0.20", "S0.60", "S0.61", "S0.90", "S0.41")
def test_with_the_last_sub_task_the_parent_is_done_with_a_summary(feature: Feature) -> None:
    assert feature.scenes["second tested"].shows[PARENT][0] == "In Progress"
    scene = feature.scenes["done"]
    assert {status for status, _ in scene.shows.values()} == {"Done"}
    summary = scene.said[PARENT][-1]
    assert "2 of 2 sub-tasks done." in summary
    assert re.search(r"5 model runs; cost: \$0\.0[0-9]+", summary)
    assert "MWC-2" in summary
    assert "/acme/shop/pull/2" in json.dumps(scene.issues[PARENT].comments[-1].body)


@pytest.mark.covers("S0.19")
def test_the_parents_comments_hold_who_approved_what(feature: Feature) -> None:
    (given,) = [x for x in feature.life.events(PARENT) if x["kind"] == "approved"]
    summary = feature.scenes["done"].said[PARENT][-1]
    assert f"Leigh approved plan {given['subject'][7:19]}" in summary


@pytest.mark.covers("S1.2")
def test_the_runner_itself_merges_nothing(feature: Feature) -> None:
    asked = [x.path for x in feature.life.world.github.exchanges if x.method != "GET"]
    assert asked
    assert not [path for path in asked if path.endswith("/merge")]
    assert {p.pull.merged_by for p in feature.life.pulls() if p.pull} == {"leigh-acme"}


@pytest.mark.covers("S0.1", "S0.6", "S1.6", "S0.43")
def test_people_only_assign_comment_move_and_merge(feature: Feature) -> None:
    """Everything else that the tickets went through was done by the runner."""
    moved: dict[str, list[tuple[str | None, str]]] = {}
    for key, issue in feature.scenes["done"].issues.items():
        moved[key] = [
            (i.after_text, h.author)
            for h in issue.histories
            for i in h.items
            if i.field == "status"
        ]
    by_people = [(key, to) for key, all_moves in moved.items() for to, by in all_moves
                 if by != RUNNER.jira]  # fmt: skip
    assert by_people == [(PARENT, "In Progress")]
    steps = [to for to, _ in moved[FIRST]]
    again = ["In Progress", "In Testing"]
    assert steps == [*again, *again, *again, "Done"]
    assert len(feature.scenes["done"].said[FIRST]) == 5


@pytest.mark.covers("S0.7", "S1.78")
def test_every_effect_is_on_the_ledger(feature: Feature) -> None:
    life = feature.life
    for key in (PARENT, FIRST, SECOND):
        events = life.events(key)
        posted = {x["comment"] for x in events if x["kind"] == "comment-posted" and x["comment"]}
        ours = {c.id for c in life.issue(key).comments if c.author == RUNNER.jira}
        assert ours <= posted
        intended = {e["eid"] for x in events if x["kind"] == "intended" for e in x["effects"]}
        done = {x["eid"] for x in events if x["kind"] in ("comment-posted", "ticket-shown",
                "patch-published", "pull-put", "subtask-created")}  # fmt: skip
        assert done - {"0" * 16} <= intended
        assert [x["record"]["outcome"] for x in events if x["kind"] == "run-finished"] == [
            "answered"
        ] * {PARENT: 2, FIRST: 2, SECOND: 1}[key]


@pytest.mark.covers("S0.8")
def test_no_secret_is_in_comments_repositories_or_logs(feature: Feature) -> None:
    world = feature.life.world
    keys = [world.keys.jira, world.keys.anthropic, world.keys.openai, world.keys.github]
    seen = "\n".join(feature.life.lines)
    for issue in world.jira.state.issues.values():
        seen += json.dumps([c.body for c in issue.comments])
    for repo in (SHOP, "acme/control"):
        for ref in world.github.refs(repo):
            tree = world.github.tree(repo, ref)
            seen += b"\n".join(tree.values()).decode("utf-8", "replace")
    assert all(key not in seen for key in keys)


@pytest.mark.covers("S1.69")
def test_the_doorbell_carries_the_key_alone(feature: Feature) -> None:
    rung = [x for x in feature.life.world.github.exchanges if x.path.endswith("/dispatches")]
    assert {json.dumps(x.request["client_payload"], sort_keys=True) for x in rung} == {
        json.dumps({"issue": key, "v": 1}) for key in (PARENT, FIRST, SECOND)
    }


@pytest.mark.covers("S1.36", "S0.37", "S1.24")
def test_a_further_run_of_everything_changes_nothing(feature: Feature) -> None:
    life = feature.life
    before, refs = lasting_writes(life.world), life.world.github.refs("acme/control")
    assert life.run(PARENT) == 0
    assert life.run(SECOND, FIRST) == 0
    assert lasting_writes(life.world) == before
    assert life.world.github.refs("acme/control") == refs
