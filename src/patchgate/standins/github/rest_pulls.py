"""REST operations on pull requests and their reviews."""

from __future__ import annotations

from werkzeug.wrappers import Response

from patchgate.standins.github import shapes_talk as shapes
from patchgate.standins.github.call import REPO, Call, Operation
from patchgate.standins.github.history import Comparison, compare
from patchgate.standins.github.moves import announce, closed
from patchgate.standins.github.refusals import Refusal, invalid, not_found
from patchgate.standins.github.shapes import user
from patchgate.standins.github.shapes_git import commit, file_change
from patchgate.standins.github.state import Issue
from patchgate.standins.github.talk import (
    NewPull,
    add_review,
    checked_text,
    merge,
    open_pull,
    reopen,
    request_reviews,
)
from patchgate.standins.http import json_response

ONE = f"{REPO}/pulls/<int:number>"


def list_pulls(call: Call) -> Response:
    """Pull requests, newest first, by state, head (`owner:branch`) and base."""
    asked = call.request.args
    state, base = asked.get("state", "open"), asked.get("base")
    owner, _, head = asked.get("head", "").rpartition(":")
    found = [
        call.pull(issue.number)
        for issue in reversed(call.repo.issues.values())
        if issue.pull
        and state in ("all", issue.state)
        and base in (None, "", issue.pull.base)
        and (not head or (issue.pull.head == head and owner.lower() == call.repo.owner.lower()))
    ]
    if asked.get("direction") == "asc":
        found.reverse()
    return call.paged(found, lambda issue: shapes.simple_pull(call.hub, call.repo, issue))


def create_pull(call: Call) -> Response:
    """Open a pull request between two branches of this repository."""
    owner, _, head = call.text("head").rpartition(":")
    if owner and owner.lower() != call.repo.owner.lower():
        raise invalid("PullRequest", "head is invalid", field="head", code="invalid")
    draft = call.body().get("draft") is True
    body = call.text("body", optional=True) or None
    new = NewPull(head, call.text("base"), call.text("title"), body, draft)
    issue = open_pull(call.hub, call.repo, call.actor, new)
    return json_response(shapes.pull(call.hub, call.repo, issue), 201)


def get_pull(call: Call, number: int) -> Response:
    """One pull request."""
    return json_response(shapes.pull(call.hub, call.repo, call.pull(number)))


def edit_pull(call: Call, number: int) -> Response:
    """Change title, body, base or state."""
    issue, body = call.pull(number), call.body()
    pull = shapes.pull_of(issue)
    title, text, base = (call.text(k, optional=True) for k in ("title", "body", "base"))
    checked_text("PullRequest", title if "title" in body else None, text)
    if base and call.bare.branch(base) is None:
        raise invalid("PullRequest", "base is invalid", field="base", code="invalid")
    issue.title = title or issue.title
    issue.body = text if "body" in body else issue.body
    pull.base = base or pull.base
    if {"title", "body", "base"} & set(body):
        issue.updated_at = call.hub.now()
        announce(call.hub, call.repo, call.actor, issue, "edited", changes={})
    state = call.text("state", optional=True)
    if state == "closed" and issue.state == "open":
        closed(call.hub, call.repo, call.actor, issue)
    elif state == "open" and issue.state == "closed":
        reopen(call.hub, call.repo, call.actor, issue)
    return json_response(shapes.pull(call.hub, call.repo, issue))


def merge_pull(call: Call, number: int) -> Response:
    """Merge for real: 405 where it cannot be, 409 where the head is another one."""
    issue = call.pull(number)
    expected = call.text("sha", optional=True)
    if expected and expected != shapes.pull_of(issue).head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    method = call.text("merge_method", optional=True) or "merge"
    if method not in ("merge", "squash", "rebase"):
        raise Refusal(422, "Invalid merge_method")
    text = call.text("commit_title", optional=True), call.text("commit_message", optional=True)
    sha = merge(call.hub, call.repo, call.actor, issue, method=method, text=text)
    done = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
    return json_response(done)


def is_merged(call: Call, number: int) -> Response:
    """204 where it was merged, 404 where not."""
    if shapes.pull_of(call.pull(number)).merged_at is None:
        raise not_found()
    return json_response(None, 204)


def list_files(call: Call, number: int) -> Response:
    """The files that it changes."""
    issue = call.pull(number)
    head = shapes.pull_of(issue).head_sha
    return call.paged(
        _compared(call, issue).files, lambda f: file_change(call.hub, call.repo, f, head)
    )


def list_commits(call: Call, number: int) -> Response:
    """Its commits, oldest first."""
    compared = _compared(call, call.pull(number))
    return call.paged(compared.ahead, lambda one: commit(call.hub, call.repo, one))


def get_reviewers(call: Call, number: int) -> Response:
    """Who was asked for a review and has not answered."""
    asked = shapes.pull_of(call.pull(number)).reviewers
    return json_response({"users": [user(call.hub, login) for login in asked], "teams": []})


def add_reviewers(call: Call, number: int) -> Response:
    """Ask for reviews."""
    issue = call.pull(number)
    request_reviews(call.hub, call.repo, call.actor, issue, call.texts("reviewers"))
    return json_response(shapes.simple_pull(call.hub, call.repo, issue), 201)


def remove_reviewers(call: Call, number: int) -> Response:
    """Ask no longer."""
    issue = call.pull(number)
    pull, gone = shapes.pull_of(issue), {login.lower() for login in call.texts("reviewers")}
    pull.reviewers = [login for login in pull.reviewers if login.lower() not in gone]
    return json_response(shapes.simple_pull(call.hub, call.repo, issue))


def list_reviews(call: Call, number: int) -> Response:
    """Submitted reviews, oldest first."""
    issue = call.pull(number)
    return call.paged(
        shapes.pull_of(issue).reviews, lambda r: shapes.review(call.hub, call.repo, issue, r)
    )


def get_review(call: Call, number: int, review: int) -> Response:
    """One submitted review."""
    issue = call.pull(number)
    for one in shapes.pull_of(issue).reviews:
        if one.id == review:
            return json_response(shapes.review(call.hub, call.repo, issue, one))
    raise not_found()


def create_review(call: Call, number: int) -> Response:
    """Submit a review at once (pending ones are not offered)."""
    issue = call.pull(number)
    verdict, body = call.text("event"), call.text("body", optional=True)
    review = add_review(call.hub, call.repo, call.actor, issue, verdict=verdict, body=body)
    return json_response(shapes.review(call.hub, call.repo, issue, review))


def pulls_with_commit(call: Call, sha: str) -> Response:
    """Pull requests whose head is that commit."""
    pulls = [call.pull(issue.number) for issue in call.repo.issues.values() if issue.pull]
    found = [issue for issue in pulls if shapes.pull_of(issue).head_sha == sha]
    return call.paged(found, lambda issue: shapes.simple_pull(call.hub, call.repo, issue))


def _compared(call: Call, issue: Issue) -> Comparison:
    pull = shapes.pull_of(issue)
    compared = compare(call.bare, pull.base_sha, pull.head_sha)
    return compared or Comparison(pull.base_sha, [], 0, [])


def operations() -> list[Operation]:
    """This module's operations."""
    read, write = "pull_requests:read", "pull_requests:write"
    return [
        ("GET", f"{REPO}/pulls", read, list_pulls),
        ("POST", f"{REPO}/pulls", write, create_pull),
        ("GET", ONE, read, get_pull),
        ("PATCH", ONE, write, edit_pull),
        ("PUT", f"{ONE}/merge", "contents:write", merge_pull),
        ("GET", f"{ONE}/merge", read, is_merged),
        ("GET", f"{ONE}/files", read, list_files),
        ("GET", f"{ONE}/commits", read, list_commits),
        ("GET", f"{ONE}/requested_reviewers", read, get_reviewers),
        ("POST", f"{ONE}/requested_reviewers", write, add_reviewers),
        ("DELETE", f"{ONE}/requested_reviewers", write, remove_reviewers),
        ("GET", f"{ONE}/reviews", read, list_reviews),
        ("POST", f"{ONE}/reviews", write, create_review),
        ("GET", f"{ONE}/reviews/<int:review>", read, get_review),
        ("GET", f"{REPO}/commits/<sha>/pulls", read, pulls_with_commit),
    ]
