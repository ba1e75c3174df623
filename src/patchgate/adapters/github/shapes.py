"""GitHub's objects as the port's messages, and the hidden marker that names an effect."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from patchgate.adapters.github.failures import present
from patchgate.core.ids import AccountId, Eid, Sha
from patchgate.ports import Comment, Posted, Pull

if TYPE_CHECKING:
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.PullRequest import PullRequest

GHOST = AccountId("ghost")
"""Who GitHub shows for a deleted account."""
MARKER = re.compile(r"<!-- patchgate:eid=([0-9a-f]{16}) -->")


def marked(text: str, eid: Eid) -> str:
    """The text with the effect's hidden marker at its end."""
    return f"{text.rstrip()}\n\n<!-- patchgate:eid={eid} -->"


def marker_of(text: str) -> Eid | None:
    """The effect that a text is marked with: the last one, for text above it is not ours alone."""
    found = MARKER.findall(text)
    return Eid(found[-1]) if found else None


def unmarked(text: str) -> str:
    """The text without markers, so that nobody's words bring one along."""
    return MARKER.sub("", text)


def login_of(user: NamedUser | Organization | None) -> AccountId:
    """An account's login."""
    return AccountId(present(user.login)) if user is not None else GHOST


def moment(when: datetime) -> str:
    """A time as GitHub writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Enders = tuple[AccountId | None, AccountId | None]
"""Who merged a pull request and who closed it."""


def as_pull(
    pull: PullRequest, *, ended_by: Enders = (None, None), warnings: tuple[str, ...] = ()
) -> Pull:
    """A pull request; `ended_by` says who merged and who closed it (a listing does not)."""
    merged_by, closed_by = ended_by
    state: Literal["open", "closed", "merged"] = "open"
    if pull.state != "open":
        state = "merged" if pull.merged_at else "closed"
    return Pull(
        number=present(pull.number),
        url=present(pull.html_url),
        author=login_of(pull.user),
        title=pull.title,
        body=pull.body or "",
        state=state,
        draft=bool(pull.draft),
        head=Sha(present(pull.head.sha)),
        head_branch=pull.head.ref,
        base_branch=pull.base.ref,
        merged_by=merged_by,
        merge_sha=Sha(pull.merge_commit_sha) if pull.merged_at else None,
        closed_by=closed_by,
        at=moment(pull.merged_at or pull.closed_at or pull.created_at),
        labels=frozenset(label.name for label in pull.labels),
        warnings=warnings,
    )


def as_comment(comment: IssueComment, *, is_ours: bool) -> Comment:
    """A conversation comment; only in our own a marker counts."""
    author = login_of(comment.user)
    return Comment(
        id=str(present(comment.id)),
        author=author,
        author_name=author,
        at=moment(comment.created_at),
        edited=comment.updated_at != comment.created_at,
        body=comment.body or "",
        ours=marker_of(comment.body or "") if is_ours else None,
    )


def as_posted(comment: IssueComment) -> Posted:
    """A comment that exists."""
    return Posted(str(present(comment.id)), moment(comment.created_at), comment.html_url)
