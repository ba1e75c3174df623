"""Pull requests and comments: looked for first, made once, brought up to date.

A POST is never sent twice. After one that broke off, the object is looked for again, and when it
is not there the error stands: the next run looks first, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from patchgate.adapters.github.connection import Connection
from patchgate.adapters.github.failures import UnprocessableError, told
from patchgate.adapters.github.shapes import (
    as_posted,
    as_pull,
    login_of,
    marked,
    marker_of,
    unmarked,
)
from patchgate.core.ids import Eid, RepoName
from patchgate.errors import NotFoundError, RateLimitedError, RefusedError, ServiceError, TakenError
from patchgate.ports import Posted, Pull, PullOrder

if TYPE_CHECKING:
    from github.PullRequest import PullRequest

WRITE = "pull requests: write"


def put_pull(connection: Connection, order: PullOrder) -> Pull:
    """The branch's one pull request as ordered; made, or brought up to date.

    One that this very effect made and a person closed since is returned as it is. Labels are
    added, never removed; a draft that a person made ready stays ready. Reviewers who cannot be
    asked (not collaborators) are named in `warnings`: the pull request stands without them.
    TakenError when an open one is not ours, or goes to another base.
    """
    found = _look(connection, order)
    if found is not None and found.state != "open":
        return as_pull(found)
    pull = found or _create(connection, order)
    _bring_up_to_date(pull, order)
    missing = set(order.labels) - {label.name for label in pull.labels}
    if missing:
        with told(f"label pull request {order.repo}#{pull.number}", needs=WRITE):
            pull.add_to_labels(*sorted(missing))
    shown = as_pull(pull, warnings=_ask_reviewers(pull, order))
    return replace(shown, labels=shown.labels | missing)


def post_comment(
    connection: Connection, repo: RepoName, number: int, *, markdown: str, eid: Eid
) -> Posted:
    """Our comment of that effect on a pull request; made unless it is there."""
    found = _find_comment(connection, repo, number, eid)
    if found is not None:
        return found
    body = marked(unmarked(markdown), eid)
    try:
        with told(f"comment on {repo}#{number}", needs=WRITE):
            return as_posted(connection.repo(repo).get_issue(number).create_comment(body))
    except RateLimitedError:
        raise
    except ServiceError:
        found = _find_comment(connection, repo, number, eid)
        if found is None:
            raise
        return found


def _find_comment(connection: Connection, repo: RepoName, number: int, eid: Eid) -> Posted | None:
    with told(f"list the comments of {repo}#{number}", needs="pull requests: read"):
        for comment in connection.repo(repo).get_issue(number).get_comments():
            ours = connection.is_me(login_of(comment.user))
            if ours and marker_of(comment.body or "") == eid:
                return as_posted(comment)
    return None


def _look(connection: Connection, order: PullOrder) -> PullRequest | None:
    """Our open pull request of that branch, or the one that this effect made; TakenError."""
    pulls = pulls_from(connection, order.repo, order.branch)
    for pull in pulls:
        if pull.state == "open":
            _must_be_ours(connection, pull, order)
    opened = [pull for pull in pulls if pull.state == "open"]
    made = [p for p in pulls if _is_ours(connection, p) and marker_of(p.body or "") == order.eid]
    return next(iter(opened + made), None)


def _must_be_ours(connection: Connection, pull: PullRequest, order: PullOrder) -> None:
    name = f"pull request {order.repo}#{pull.number}"
    if not _is_ours(connection, pull):
        raise TakenError(f"{name} from {order.branch} is not ours: {login_of(pull.user)} opened it")
    if pull.base.ref != order.base_branch:
        raise TakenError(f"{name} goes to {pull.base.ref}, not to {order.base_branch}")


def pulls_from(connection: Connection, repo: RepoName, branch: str) -> list[PullRequest]:
    """Pull requests whose head is that branch of the repository itself, newest first."""
    owner = repo.partition("/")[0]
    with told(f"list the pull requests of {branch} in {repo}", needs="pull requests: read"):
        listed = connection.repo(repo).get_pulls(
            state="all", head=f"{owner}:{branch}", sort="created", direction="desc"
        )
        return [
            pull
            for pull in listed
            if pull.head.ref == branch
            and pull.head.repo is not None
            and pull.head.repo.full_name.casefold() == repo.casefold()
        ]


def _is_ours(connection: Connection, pull: PullRequest) -> bool:
    return connection.is_me(login_of(pull.user)) and marker_of(pull.body or "") is not None


def _create(connection: Connection, order: PullOrder) -> PullRequest:
    try:
        with told(f"open a pull request from {order.branch} in {order.repo}", needs=WRITE):
            return connection.repo(order.repo).create_pull(
                order.base_branch,
                order.branch,
                title=order.title,
                body=_body(order),
                draft=order.draft,
            )
    except RateLimitedError:
        raise
    except UnprocessableError as error:
        if "already exists" in error.message:
            return _found_after_all(connection, order, error)
        raise _meaning(error, order) from error
    except ServiceError as error:
        return _found_after_all(connection, order, error)


def _found_after_all(
    connection: Connection, order: PullOrder, error: ServiceError | UnprocessableError
) -> PullRequest:
    """After a POST that broke off or came second: the one that is there, else the error."""
    found = _look(connection, order)
    if found is None:
        raise error
    return found


def _meaning(
    error: UnprocessableError, order: PullOrder
) -> NotFoundError | RefusedError | UnprocessableError:
    said = error.message
    if "No commits between" in said:
        return RefusedError(f"{order.branch} holds nothing that {order.base_branch} lacks")
    for field, branch in (("head", order.branch), ("base", order.base_branch)):
        if f"{field} is invalid" in said or f"{field} invalid" in said:
            return NotFoundError(f"{order.repo} has no branch {branch}")
    return error


def _body(order: PullOrder) -> str:
    return marked(unmarked(order.body), order.eid)


def _bring_up_to_date(pull: PullRequest, order: PullOrder) -> None:
    there = (pull.title, _plain(pull.body or ""))
    if there == (order.title, _plain(_body(order))):
        return
    with told(f"edit pull request {order.repo}#{pull.number}", needs=WRITE):
        pull.edit(title=order.title, body=_body(order))


def _plain(text: str) -> str:
    """A body as it compares: GitHub keeps line ends as they come."""
    return text.replace("\r\n", "\n").strip()


def _ask_reviewers(pull: PullRequest, order: PullOrder) -> tuple[str, ...]:
    """Ask for the reviews that are not asked for, again from those who answered; warnings.

    One who is no collaborator fails a whole request, so then each is asked alone.
    """
    asked = {login_of(user).casefold() for user in pull.requested_reviewers}
    asked.add(login_of(pull.user).casefold())
    missing = [login for login in order.reviewers if login.casefold() not in asked]
    refusal = _ask(pull, order, missing) if missing else None
    if refusal is None or len(missing) == 1:
        return (refusal,) if refusal else ()
    refused = [_ask(pull, order, [login]) for login in missing]
    return tuple(warning for warning in refused if warning)


def _ask(pull: PullRequest, order: PullOrder, logins: Sequence[str]) -> str | None:
    """Ask for reviews; what GitHub says when it will not, as a warning."""
    try:
        with told(f"ask {', '.join(logins)} to review {order.repo}#{pull.number}", needs=WRITE):
            pull.create_review_request(reviewers=list(logins))
    except UnprocessableError as error:
        return error.message
    return None
