"""A ref moved: the push event, and what it means for pull requests."""

from __future__ import annotations

from typing import Any

from patchgate.standins.github.bare import ZERO, BareRepository, Commit
from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.shapes import page_url, repository, user
from patchgate.standins.github.shapes_talk import pull, pull_of
from patchgate.standins.github.state import Issue, Repository

HEADS = "refs/heads/"


def moved(hub: Hub, repo: Repository, actor: Actor, *, ref: str, change: tuple[str, str]) -> None:
    """Take note of a ref that moved from `change[0]` to `change[1]` (ZERO: none)."""
    old, new = change
    repo.pushed_at = hub.now()
    hub.emit("push", actor, lambda: _push(hub, repo, actor, ref, change))
    if not ref.startswith(HEADS):
        return
    branch = ref.removeprefix(HEADS)
    for issue in repo.open_pulls():
        own = pull_of(issue)
        if own.head == branch and new == ZERO:
            closed(hub, repo, actor, issue)
        elif own.head == branch:
            _synchronize(hub, repo, actor, issue, (old, new))
        elif own.base == branch and new != ZERO and hub.bare(repo).is_ancestor(own.head_sha, new):
            merged(hub, repo, actor, issue, new)


def closed(hub: Hub, repo: Repository, actor: Actor, issue: Issue) -> None:
    """Close a pull request or issue."""
    issue.state, issue.closed_by = "closed", actor.login
    issue.closed_at = issue.updated_at = hub.now()
    announce(hub, repo, actor, issue, "closed")


def merged(hub: Hub, repo: Repository, actor: Actor, issue: Issue, commit: str) -> None:
    """Close a pull request as merged by that commit."""
    own = pull_of(issue)
    own.merged_by, own.merged_at, own.merge_commit = actor.login, hub.now(), commit
    closed(hub, repo, actor, issue)


def announce(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, action: str, **more: Any
) -> None:
    """Emit a `pull_request` event (for plain issues there is none)."""
    if issue.pull is None:
        return

    def build() -> dict[str, Any]:
        return {
            "action": action,
            "number": issue.number,
            "pull_request": pull(hub, repo, issue),
            **more,
            "repository": repository(hub, repo),
            "sender": user(hub, actor.login),
        }

    hub.emit("pull_request", actor, build)


def _synchronize(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, change: tuple[str, str]
) -> None:
    own = pull_of(issue)
    own.head_sha = change[1]
    own.base_sha = hub.bare(repo).branch(own.base) or own.base_sha
    issue.updated_at = hub.now()
    announce(hub, repo, actor, issue, "synchronize", before=change[0], after=change[1])


def _push(
    hub: Hub, repo: Repository, actor: Actor, ref: str, change: tuple[str, str]
) -> dict[str, Any]:
    old, new = change
    bare, page = hub.bare(repo), page_url(hub, repo)
    commits: list[Commit] = []
    if new != ZERO:
        commits = bare.commits("--max-count=20", new, *([f"^{old}"] if old != ZERO else []))
    shown = [_pushed(commit, page) for commit in reversed(commits)]
    email = f"{actor.login}@users.noreply.github.com"
    return {
        "ref": ref,
        "before": old,
        "after": new,
        "created": old == ZERO,
        "deleted": new == ZERO,
        "forced": ZERO not in change and not _follows(bare, old, new, commits),
        "base_ref": None,
        "compare": f"{page}/compare/{old[:12]}...{new[:12]}",
        "commits": shown,
        "head_commit": shown[-1] if shown else None,
        "repository": repository(hub, repo),
        "pusher": {"name": actor.login, "email": email},
        "sender": user(hub, actor.login),
    }


def _follows(bare: BareRepository, old: str, new: str, commits: list[Commit]) -> bool:
    """Whether `new`, with these commits that `old` has not, has `old` in its history."""
    return any(old in one.parents for one in commits) or bare.is_ancestor(old, new)


def _pushed(commit: Commit, page: str) -> dict[str, Any]:
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.author.date,
        "url": f"{page}/commit/{commit.sha}",
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
        "added": [],
        "removed": [],
        "modified": [],
    }
