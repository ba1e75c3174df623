from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from patchgate.adapters.github import Connection, GitHubForge, TokenCredential
from patchgate.adapters.github.bell import GitHubDoorbell
from patchgate.core.ids import AccountId, Eid, RepoName, Sha, TicketKey
from patchgate.errors import (
    ConflictError,
    CredentialError,
    MalformedError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    TakenError,
)
from patchgate.ports import CommitOrder, ForgeReader, ForgeWriter, PullOrder
from patchgate.standins.github import GitHub, Snapshot
from patchgate.standins.http import Fault, FaultKind, Server

SHOP = RepoName("acme/shop")
BRANCH = "ai/MWC-2"
EID = Eid("0123456789abcdef")
PATCH = b"""diff --git a/a.txt b/a.txt
--- a/a.txt
+++ b/a.txt
@@ -1 +1 @@
-one
+two
"""
ORDER = PullOrder(
    repo=SHOP,
    branch=BRANCH,
    base_branch="main",
    title="MWC-2: Two",
    body="Makes two.",
    labels=("patchgate", "risk: low"),
    reviewers=(AccountId("rita"),),
    draft=True,
    eid=EID,
)


@dataclass
class Desk:
    hub: GitHub
    url: str
    folder: Path
    token: str
    forge: GitHubForge

    def forge_for(self, token: str, folder: str = "other") -> GitHubForge:
        return GitHubForge.connect(
            token=token, api_url=f"{self.url}/api/v3", server_url=self.url,
            cache=self.folder / folder,
        )  # fmt: skip

    @property
    def main(self) -> Sha:
        return Sha(self.hub.refs(SHOP)["refs/heads/main"])

    def publish(self) -> Sha:
        """Our branch, as the gate would push it."""
        applied = self.forge.apply(SHOP, self.main, PATCH)
        return self.forge.push_commit(
            CommitOrder(
                repo=SHOP,
                branch=BRANCH,
                parent=self.main,
                patch=PATCH,
                tree=applied.tree,
                message="MWC-2: Two\n",
                when="2026-11-20T10:00:00Z",
                expected=None,
            )
        )

    def requests(self) -> list[str]:
        return [f"{e.method} {e.path.removeprefix('/api/v3')}" for e in self.hub.exchanges]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHub, str, Snapshot]]:
    hub = GitHub(tmp_path_factory.mktemp("hub"))
    for login in ("rita", "bob", "mallory"):
        hub.add_user(login)
    hub.add_user("stranger", collaborator=False)
    hub.create_repository("acme", "shop", {"a.txt": "one\n"})
    with Server(hub) as server:
        yield hub, server.url, hub.snapshot()


@pytest.fixture
def undescribed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules of a branch, stale checks, refused dispatches: not in the vendors' description."""
    monkeypatch.delenv("STANDIN_EXCHANGES", raising=False)


@pytest.fixture
def desk(served: tuple[GitHub, str, Snapshot], tmp_path: Path) -> Desk:
    hub, url, start = served
    hub.restore(start)
    hub.clear_faults()
    hub.exchanges.clear()
    token = hub.issue_token("robot")
    found = Desk(hub, url, tmp_path, token, None)  # type: ignore[arg-type]  # made of the desk
    found.forge = found.forge_for(token, "own")
    return found


def test_the_forge_plays_both_ports(desk: Desk) -> None:
    reader: ForgeReader = desk.forge
    writer: ForgeWriter = desk.forge
    assert reader.default_branch(SHOP) == "main"
    assert writer is desk.forge


def test_importing_the_adapter_loads_no_vendor() -> None:
    program = (
        "import sys, patchgate.adapters.github; "
        "print([m for m in ('github', 'requests', 'urllib3', 'jwt') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"


# ── who we are ───────────────────────────────────────────────────────────────────────────


def test_a_persons_token_gives_the_persons_login(desk: Desk) -> None:
    assert desk.forge.myself() == desk.forge.myself() == "robot"
    assert desk.requests() == ["GET /user"]


def test_an_actions_runs_own_token_is_the_actions_bot(desk: Desk) -> None:
    token = desk.hub.issue_token("github-actions[bot]", default=True)
    assert desk.forge_for(token).myself() == "github-actions[bot]"


def test_a_dead_token_of_that_kind_is_nobody(desk: Desk) -> None:
    dead = desk.hub.issue_token("x", default=True, lifetime=timedelta(seconds=-1))
    with pytest.raises(CredentialError):
        desk.forge_for(dead).myself()


def test_a_login_that_was_given_is_believed(desk: Desk) -> None:
    credential = TokenCredential("ghs_made_elsewhere", login="shop-bot[bot]")
    assert Connection(credential, api_url=desk.url).myself() == "shop-bot[bot]"


def pem(key: rsa.RSAPrivateKey) -> tuple[str, str]:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def test_an_app_reads_pushes_and_is_its_bot(desk: Desk) -> None:
    private, public = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    permissions = dict.fromkeys(("contents", "pull_requests", "issues"), "write")
    app = desk.hub.register_app(
        "shop-bot", public_key=public, repositories=[SHOP], permissions=permissions
    )
    desk.forge = GitHubForge.connect(
        app=(str(app.id), private, str(app.installation)),
        api_url=f"{desk.url}/api/v3",
        server_url=desk.url,
        cache=desk.folder / "app",
    )
    desk.publish()
    assert desk.forge.myself() == "shop-bot[bot]"
    assert desk.forge.put_pull(ORDER).author == "shop-bot[bot]"
    assert len([r for r in desk.requests() if "access_tokens" in r]) == 1


@pytest.mark.parametrize("key", ["no key at all", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"])
def test_an_app_key_that_is_none_is_a_credential_error(desk: Desk, key: str) -> None:
    forge = GitHubForge.connect(app=("1", key, "2"), api_url=desk.url, cache=desk.folder / "app")
    with pytest.raises(CredentialError):
        forge.default_branch(SHOP)
    with pytest.raises(CredentialError):
        forge.token()


def test_no_credential_is_a_credential_error(tmp_path: Path) -> None:
    with pytest.raises(CredentialError):
        GitHubForge.connect(token="", cache=tmp_path)


# ── errors ───────────────────────────────────────────────────────────────────────────────


LIMIT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
ANSWERS: dict[str, tuple[Fault, type[PatchgateError]]] = {
    "401": (Fault(FaultKind.STATUS, status=401), CredentialError),
    "403": (Fault(FaultKind.STATUS, status=403), CredentialError),
    "403 hourly limit": (Fault(FaultKind.STATUS, status=403, headers=LIMIT), RateLimitedError),
    "429": (Fault(FaultKind.STATUS, status=429), RateLimitedError),
    "404": (Fault(FaultKind.STATUS, status=404), NotFoundError),
    "409": (Fault(FaultKind.STATUS, status=409), ConflictError),
    "410": (Fault(FaultKind.STATUS, status=410), NotFoundError),
    "422": (Fault(FaultKind.STATUS, status=422), MalformedError),
    "500": (Fault(FaultKind.STATUS, status=500), ServiceError),
    "502 in HTML": (Fault(FaultKind.STATUS, status=502, body="<html>"), ServiceError),
    "reset": (Fault(FaultKind.RESET_BEFORE), ServiceError),
    "half an answer": (Fault(FaultKind.MALFORMED), ServiceError),
    "HTML": (Fault(FaultKind.STATUS, status=200, body="<html>"), ServiceError),
    "a list": (Fault(FaultKind.STATUS, status=200, body='["x"]'), ServiceError),
    "another type": (
        Fault(FaultKind.STATUS, status=200, body='{"default_branch": 7}'), ServiceError
    ),
    "another host": (
        Fault(FaultKind.STATUS, status=301, headers={"location": "http://example.com/x"}),
        ServiceError,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_each_failure_leaves_as_an_error_of_ours(desk: Desk, name: str) -> None:
    fault, expected = ANSWERS[name]
    desk.hub.plan_fault(replace(fault, times=9))
    with pytest.raises(expected) as caught:
        desk.forge.default_branch(SHOP)
    assert type(caught.value).__mro__.index(PatchgateError) <= 3
    assert isinstance(caught.value, RateLimitedError) == (expected is RateLimitedError)
    assert SHOP in caught.value.message
    assert desk.token not in caught.value.message + caught.value.advice


@pytest.mark.usefixtures("undescribed")
@pytest.mark.parametrize("fault", ["half an answer", "HTML", "a list", "500", "reset"])
def test_a_listing_that_fails_is_never_an_empty_one(desk: Desk, fault: str) -> None:
    for ask in (
        lambda: desk.forge.pulls_of(SHOP, BRANCH),
        lambda: desk.forge.comments(SHOP, 1),
        lambda: desk.forge.reviews(SHOP, 1),
        lambda: desk.forge.checks(SHOP, desk.main, base_branch="main"),
    ):
        desk.hub.clear_faults()
        desk.hub.plan_fault(replace(ANSWERS[fault][0], times=9))
        with pytest.raises(ServiceError):
            ask()


def test_a_limit_says_when_to_come_back(desk: Desk) -> None:
    desk.hub.plan_fault(Fault(FaultKind.STATUS, status=429, headers={"retry-after": "17"}))
    with pytest.raises(RateLimitedError) as caught:
        desk.forge.default_branch(SHOP)
    assert caught.value.retry_after == 17


def test_a_missing_permission_is_named(desk: Desk) -> None:
    desk.publish()
    weak = desk.hub.issue_token("robot", permissions={"contents": "read", "pull_requests": "read"})
    with pytest.raises(CredentialError, match="pull requests: write"):
        desk.forge_for(weak).put_pull(ORDER)


def test_an_expired_token_is_a_credential_error(desk: Desk) -> None:
    old = desk.hub.issue_token("robot", lifetime=timedelta(seconds=-1))
    with pytest.raises(CredentialError):
        desk.forge_for(old).default_branch(SHOP)


def test_reads_are_tried_again_and_writes_are_not(desk: Desk) -> None:
    desk.publish()
    desk.hub.plan_fault(Fault(FaultKind.STATUS, "GET", "/acme/shop", times=2, status=502))
    assert desk.forge.default_branch(SHOP) == "main"
    desk.hub.exchanges.clear()
    desk.hub.plan_fault(Fault(FaultKind.STATUS, "POST", "/pulls", times=5, status=502))
    with pytest.raises(ServiceError):
        desk.forge.put_pull(ORDER)
    assert desk.requests().count("POST /repos/acme/shop/pulls") == 1


# ── pull requests ────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.65")
def test_a_pull_request_is_opened_once_as_ordered(desk: Desk) -> None:
    head = desk.publish()
    made = desk.forge.put_pull(ORDER)
    assert (made.state, made.draft, made.head, made.base_branch) == ("open", True, head, "main")
    assert made.labels == {"patchgate", "risk: low"}
    assert made.warnings == ()
    (issue,) = desk.hub.pulls(SHOP)
    assert issue.title == "MWC-2: Two"
    assert issue.body == f"Makes two.\n\n<!-- patchgate:eid={EID} -->"
    assert issue.pull
    assert issue.pull.reviewers == ["rita"]
    effects = desk.hub.effects
    assert desk.forge.put_pull(ORDER) == made
    assert desk.hub.effects == effects


def test_a_whole_pull_request_costs_few_requests(desk: Desk) -> None:
    desk.publish()
    desk.hub.exchanges.clear()
    desk.forge.put_pull(ORDER)
    assert desk.requests() == [
        "GET /repos/acme/shop/pulls",
        "POST /repos/acme/shop/pulls",
        "POST /repos/acme/shop/issues/1/labels",
        "POST /repos/acme/shop/pulls/1/requested_reviewers",
    ]


@pytest.mark.covers("S1.30")
def test_a_later_attempt_updates_the_same_pull_request(desk: Desk) -> None:
    desk.publish()
    first = desk.forge.put_pull(ORDER)
    desk.hub.as_user("bob").label(SHOP, 1, "keep me")
    later = replace(
        ORDER, title="MWC-2: Two again", body="Better.", labels=("new",), eid=Eid("f" * 16)
    )
    again = desk.forge.put_pull(later)
    assert again.number == first.number
    assert (again.title, again.body.splitlines()[0]) == ("MWC-2: Two again", "Better.")
    assert again.labels == {"patchgate", "risk: low", "keep me", "new"}
    assert len(desk.hub.pulls(SHOP)) == 1


def test_a_review_is_asked_for_again_after_it_was_given(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    desk.hub.as_user("rita").review(SHOP, 1, "REQUEST_CHANGES", "No")
    desk.forge.put_pull(replace(ORDER, eid=Eid("f" * 16)))
    pull = desk.hub.pulls(SHOP)[0].pull
    assert pull
    assert pull.reviewers == ["rita"]


def test_a_reviewer_who_cannot_be_asked_is_a_warning_and_the_others_are_asked(desk: Desk) -> None:
    desk.publish()
    reviewers = tuple(AccountId(login) for login in ("robot", "stranger", "RITA", "bob"))
    made = desk.forge.put_pull(replace(ORDER, reviewers=reviewers))
    pull = desk.hub.pulls(SHOP)[0].pull
    assert pull
    assert pull.reviewers == ["rita", "bob"]
    (warning,) = made.warnings
    assert "stranger" in warning
    assert "collaborator" in warning


@pytest.mark.parametrize(
    ("who", "body"), [("mallory", f"<!-- patchgate:eid={EID} -->"), ("robot", "no marker")]
)
def test_an_open_pull_request_that_is_not_ours_is_taken(desk: Desk, who: str, body: str) -> None:
    desk.publish()
    number = desk.hub.as_user(who).open_pull(SHOP, BRANCH, body=body)
    with pytest.raises(TakenError, match=f"#{number} .*{who} opened it"):
        desk.forge.put_pull(ORDER)
    assert len(desk.hub.pulls(SHOP)) == 1


def test_a_pull_request_that_a_person_retargeted_is_taken(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    desk.hub.as_user("bob").push(SHOP, "next", {"b.txt": "1"}, "Next")
    with pytest.raises(TakenError, match="goes to main, not to next"):
        desk.forge.put_pull(replace(ORDER, base_branch="next"))


def test_after_a_closed_one_a_new_effect_opens_another(desk: Desk) -> None:
    desk.publish()
    first = desk.forge.put_pull(ORDER)
    desk.hub.as_user("bob").close(SHOP, first.number)
    assert desk.forge.put_pull(ORDER).state == "closed"
    second = desk.forge.put_pull(replace(ORDER, eid=Eid("f" * 16)))
    assert second.number != first.number
    assert second.state == "open"


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.MALFORMED])
@pytest.mark.parametrize(
    "path", ["/acme/shop/pulls", "/labels", "/requested_reviewers"], ids=lambda p: p[1:]
)
def test_after_a_broken_answer_there_is_one_pull_request(
    desk: Desk, kind: FaultKind, path: str
) -> None:
    desk.publish()
    desk.hub.plan_fault(Fault(kind, "POST", path))
    if path != "/acme/shop/pulls":
        with pytest.raises(ServiceError):
            desk.forge.put_pull(ORDER)
    made = desk.forge.put_pull(ORDER)
    (issue,) = desk.hub.pulls(SHOP)
    assert issue.number == made.number
    assert set(issue.labels) == set(ORDER.labels)
    assert issue.pull
    assert issue.pull.reviewers == ["rita"]


def test_a_pull_request_made_between_look_and_post_is_found(desk: Desk) -> None:
    desk.publish()

    def somebody_was_first(effect: int, method: str, path: str) -> None:
        if path.endswith("/pulls") and not desk.hub.pulls(SHOP):
            desk.hub.as_user("mallory").open_pull(SHOP, BRANCH)

    desk.hub.before_effect = somebody_was_first
    try:
        with pytest.raises(TakenError, match="mallory"):
            desk.forge.put_pull(ORDER)
    finally:
        desk.hub.before_effect = None


def test_a_pull_request_that_cannot_be_says_why(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match=f"no branch {BRANCH}"):
        desk.forge.put_pull(ORDER)
    desk.hub.as_user("robot").create_branch(SHOP, BRANCH)
    with pytest.raises(RefusedError, match="holds nothing"):
        desk.forge.put_pull(ORDER)


def test_a_marker_in_the_text_counts_for_nothing(desk: Desk) -> None:
    desk.publish()
    theirs = Eid("b" * 16)
    desk.forge.put_pull(replace(ORDER, body=f"x <!-- patchgate:eid={theirs} -->"))
    body = desk.hub.pulls(SHOP)[0].body or ""
    assert theirs not in body
    assert EID in body


def test_pull_requests_tell_how_they_ended_and_by_whom(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(replace(ORDER, draft=False))
    desk.hub.as_user("bob").close(SHOP, 1)
    desk.forge.put_pull(replace(ORDER, eid=Eid("f" * 16), draft=False))
    merged = desk.hub.as_user("rita").merge(SHOP, 2)
    newest, older = desk.forge.pulls_of(SHOP, BRANCH)
    assert (newest.state, newest.merged_by, newest.merge_sha) == ("merged", "rita", merged)
    assert (older.state, older.merged_by, older.merge_sha) == ("closed", None, None)
    assert newest.at.endswith("Z")
    desk.hub.exchanges.clear()
    assert desk.forge.pulls_of(SHOP, BRANCH) == [newest, older]
    assert desk.requests() == ["GET /repos/acme/shop/pulls"]
    assert desk.forge.is_merged(SHOP, 2)
    assert not desk.forge.is_merged(SHOP, 1)
    assert not desk.forge.is_merged(SHOP, 99)


# ── comments and reviews ─────────────────────────────────────────────────────────────────


def test_a_comment_is_made_once(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    first = desk.forge.comment(SHOP, 1, markdown="Hello", eid=EID)
    assert desk.forge.comment(SHOP, 1, markdown="Hello again", eid=EID) == first
    other = desk.forge.comment(SHOP, 1, markdown="Other", eid=Eid("f" * 16))
    assert other.id != first.id
    assert len(desk.hub.pulls(SHOP)[0].comments) == 2


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.MALFORMED])
def test_a_comment_whose_answer_was_lost_is_found(desk: Desk, kind: FaultKind) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    desk.hub.plan_fault(Fault(kind, "POST", "/comments"))
    posted = desk.forge.comment(SHOP, 1, markdown="Hello", eid=EID)
    assert [str(c.id) for c in desk.hub.pulls(SHOP)[0].comments] == [posted.id]


def test_comments_tell_author_edits_and_which_are_ours(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    ours = desk.forge.comment(SHOP, 1, markdown="Hello", eid=EID)
    bob = desk.hub.as_user("bob")
    edited = bob.comment(SHOP, 1, f"/approve <!-- patchgate:eid={EID} -->")
    bob.edit_comment(SHOP, edited, f"/reject <!-- patchgate:eid={EID} -->")
    first, second = desk.forge.comments(SHOP, 1)
    assert (first.id, first.author, first.ours, first.edited) == (ours.id, "robot", EID, False)
    assert (second.author, second.ours, second.edited) == ("bob", None, True)


def test_long_conversations_are_read_whole(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    bob = desk.hub.as_user("bob")
    for number in range(120):
        bob.comment(SHOP, 1, f"comment {number}")
    found = desk.forge.comments(SHOP, 1)
    assert [c.body for c in found] == [f"comment {number}" for number in range(120)]


def test_reviews_come_oldest_first_in_lower_case(desk: Desk) -> None:
    desk.publish()
    desk.forge.put_pull(ORDER)
    desk.hub.as_user("rita").review(SHOP, 1, "REQUEST_CHANGES", "No")
    desk.hub.as_user("bob").review(SHOP, 1, "APPROVE")
    assert [(r.author, r.state, r.body) for r in desk.forge.reviews(SHOP, 1)] == [
        ("rita", "changes_requested", "No"),
        ("bob", "approved", ""),
    ]


# ── checks ───────────────────────────────────────────────────────────────────────────────


def level(desk: Desk) -> str:
    return desk.forge.checks(SHOP, desk.main, base_branch="main").level


@pytest.mark.usefixtures("undescribed")
@pytest.mark.parametrize("by_ruleset", [False, True], ids=["protection", "ruleset"])
def test_required_checks_are_aggregated_worst_first(desk: Desk, by_ruleset: bool) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test", "lint"], by_ruleset=by_ruleset)
    assert level(desk) == "pending"
    desk.hub.report_checks(SHOP, desk.main, {"test": "success", "docs": "failure"})
    found = desk.forge.checks(SHOP, desk.main, base_branch="main")
    assert (found.level, found.names) == ("pending", ("lint", "test"))
    assert found.detail == "lint: not reported; test: success"
    desk.hub.report_checks(SHOP, desk.main, {"lint": "skipped"})
    assert level(desk) == "green"
    desk.hub.report_checks(SHOP, desk.main, {"test": "timed_out"})
    assert level(desk) == "red"


@pytest.mark.usefixtures("undescribed")
@pytest.mark.parametrize(
    ("conclusion", "expected"),
    [
        ("success", "green"),
        ("neutral", "green"),
        ("skipped", "green"),
        ("failure", "red"),
        ("cancelled", "red"),
        ("action_required", "red"),
        ("stale", "red"),
    ],
)
def test_each_conclusion_counts_as_it_should(desk: Desk, conclusion: str, expected: str) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test"])
    desk.hub.report_checks(SHOP, desk.main, {"test": conclusion})
    assert level(desk) == expected


@pytest.mark.usefixtures("undescribed")
def test_a_check_that_is_running_is_pending(desk: Desk) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test"])
    runs = desk.hub.issue_token("github-actions[bot]", default=True)
    checker = Connection(TokenCredential(runs), api_url=f"{desk.url}/api/v3").repo(SHOP)
    made = checker.create_check_run("test", desk.main, status="in_progress")
    assert level(desk) == "pending"
    made.edit(conclusion="success")
    assert level(desk) == "green"


@pytest.mark.usefixtures("undescribed")
def test_statuses_count_beside_check_runs(desk: Desk) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test"])
    commit = desk.forge._connection.repo(SHOP).get_commit(desk.main)
    for state, expected in (("pending", "pending"), ("success", "green"), ("error", "red")):
        commit.create_status(state, context="test")
        assert level(desk) == expected
    desk.hub.report_checks(SHOP, desk.main, {"test": "success"})
    assert level(desk) == "red"


@pytest.mark.usefixtures("undescribed")
def test_without_required_checks_nothing_is_asked_of_the_commit(desk: Desk) -> None:
    desk.hub.report_checks(SHOP, desk.main, {"docs": "failure"})
    assert level(desk) == "not-required"
    assert desk.requests() == [
        "GET /repos/acme/shop/branches/main",
        "GET /repos/acme/shop/rules/branches/main",
    ]
    assert level(desk) == "not-required"
    assert len(desk.requests()) == 2


@pytest.mark.usefixtures("undescribed")
def test_what_is_required_is_asked_for_once(desk: Desk) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test"])
    level(desk)
    desk.hub.exchanges.clear()
    level(desk)
    assert [r.rpartition("/")[2] for r in desk.requests()] == ["check-runs", "status"]


@pytest.mark.usefixtures("undescribed")
def test_checks_of_a_base_branch_that_is_gone_are_not_found(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        desk.forge.checks(SHOP, desk.main, base_branch="gone")


@pytest.mark.usefixtures("undescribed")
@pytest.mark.parametrize("path", ["/rules/", "/branches/main", "/check-runs", "/status"])
def test_a_failure_on_the_way_is_never_green(desk: Desk, path: str) -> None:
    desk.hub.protect(SHOP, "main", required_checks=["test"])
    desk.hub.report_checks(SHOP, desk.main, {"test": "success"})
    desk.hub.plan_fault(Fault(FaultKind.STATUS, "GET", path, times=9, status=503))
    with pytest.raises(ServiceError):
        level(desk)


# ── starting a workflow ──────────────────────────────────────────────────────────────────

CI = ".github/workflows/ci.yml"
BY_HAND = "on: {workflow_dispatch: , pull_request: }\njobs: {}\n"


def with_workflow(desk: Desk, text: str = BY_HAND) -> Sha:
    """Our branch, and a workflow on the default branch."""
    desk.hub.as_user("rita").push(SHOP, "main", {CI: text}, "CI")
    return desk.publish()


def starts(desk: Desk) -> int:
    return sum(r.endswith("/dispatches") for r in desk.requests())


def test_a_workflow_is_started_on_the_head_of_our_branch_and_only_once(desk: Desk) -> None:
    head = with_workflow(desk)
    run = desk.forge.start_workflow(SHOP, "ci.yml", branch=BRANCH, head=head)
    (made,) = desk.hub.hub.repository(SHOP).runs
    assert (str(made.id), made.sha, made.branch, made.path) == (run, head, BRANCH, CI)
    assert desk.forge.start_workflow(SHOP, "ci.yml", branch=BRANCH, head=head) == run
    assert starts(desk) == 1


@pytest.mark.usefixtures("undescribed")
def test_a_workflow_without_the_trigger_is_refused_with_what_it_needs(desk: Desk) -> None:
    head = with_workflow(desk, "on: [push]\njobs: {}\n")
    with pytest.raises(RefusedError, match="workflow_dispatch") as refused:
        desk.forge.start_workflow(SHOP, "ci.yml", branch=BRANCH, head=head)
    assert "`on: workflow_dispatch`" in refused.value.advice


def test_a_workflow_that_is_not_there_is_named_with_its_setting(desk: Desk) -> None:
    head = desk.publish()
    with pytest.raises(NotFoundError, match=r"acme/shop has no workflow ci\.yml") as missing:
        desk.forge.start_workflow(SHOP, "ci.yml", branch=BRANCH, head=head)
    assert "pull_request.ci_workflows" in missing.value.advice


def test_a_token_that_may_not_start_workflows_is_told_which_permission_it_lacks(
    desk: Desk,
) -> None:
    head = with_workflow(desk)
    token = desk.hub.issue_token("robot", permissions={"contents": "write", "actions": "read"})
    with pytest.raises(CredentialError, match="actions"):
        desk.forge_for(token).start_workflow(SHOP, "ci.yml", branch=BRANCH, head=head)


# ── ringing ──────────────────────────────────────────────────────────────────────────────


def test_a_ticket_and_a_sweep_are_rung_for_as_a_doorbell_rings(desk: Desk) -> None:
    bell = GitHubDoorbell(desk.forge.connection, SHOP, "patchgate")
    bell.ring(TicketKey("MWC-1"))
    bell.ring_sweep()
    said = [x.request for x in desk.hub.exchanges if x.path.endswith("/dispatches")]
    assert said == [
        {"event_type": "patchgate", "client_payload": {"v": 1, "issue": "MWC-1"}},
        {"event_type": "patchgate", "client_payload": {"v": 1, "sweep": True}},
    ]
