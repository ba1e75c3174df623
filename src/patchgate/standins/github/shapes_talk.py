"""Issues, pull requests, comments, reviews and labels in the shape of GitHub's answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from patchgate.standins.github.history import compare, merges
from patchgate.standins.github.hub import Hub
from patchgate.standins.github.shapes import node_id, page_url, repository, repository_url, user
from patchgate.standins.github.state import Comment, Issue, Label, Pull, Repository, Review
from patchgate.standins.github.verdicts import blocked


def label(hub: Hub, repo: Repository, label: Label) -> dict[str, Any]:
    """A label."""
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": f"{repository_url(hub, repo)}/labels/{quote(label.name, safe='')}",
        "name": label.name,
        "description": label.description,
        "color": label.color,
        "default": False,
    }


def labels(hub: Hub, repo: Repository, issue: Issue) -> list[dict[str, Any]]:
    """The labels of an issue."""
    return [label(hub, repo, repo.labels[name.lower()]) for name in issue.labels]


def reactions(url: str) -> dict[str, Any]:
    """The reactions to something: nobody reacts here."""
    names = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(names, 0)}


def association(hub: Hub, repo: Repository, login: str) -> str:
    """How an account stands to a repository."""
    if login == repo.owner:
        return "OWNER"
    return "COLLABORATOR" if hub.account(login).collaborator else "NONE"


def comment(hub: Hub, repo: Repository, issue: Issue, comment: Comment) -> dict[str, Any]:
    """A conversation comment."""
    url = repository_url(hub, repo)
    return {
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": f"{url}/issues/comments/{comment.id}",
        "html_url": f"{issue_page(hub, repo, issue)}#issuecomment-{comment.id}",
        "issue_url": f"{url}/issues/{issue.number}",
        "user": user(hub, comment.login),
        "body": comment.body,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
        "author_association": association(hub, repo, comment.login),
        "reactions": reactions(f"{url}/issues/comments/{comment.id}"),
        "performed_via_github_app": None,
    }


def review(hub: Hub, repo: Repository, issue: Issue, review: Review) -> dict[str, Any]:
    """A submitted review."""
    page = f"{issue_page(hub, repo, issue)}#pullrequestreview-{review.id}"
    pull_url = f"{repository_url(hub, repo)}/pulls/{issue.number}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(hub, review.login),
        "body": review.body,
        "state": review.state,
        "commit_id": review.commit_id,
        "submitted_at": review.submitted_at,
        "html_url": page,
        "pull_request_url": pull_url,
        "author_association": association(hub, repo, review.login),
        "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
    }


def issue_page(hub: Hub, repo: Repository, issue: Issue) -> str:
    """The web address of an issue or pull request."""
    kind = "pull" if issue.pull else "issues"
    return f"{page_url(hub, repo)}/{kind}/{issue.number}"


def issue(hub: Hub, repo: Repository, issue: Issue) -> dict[str, Any]:
    """An issue, or a pull request seen as one."""
    url = f"{repository_url(hub, repo)}/issues/{issue.number}"
    people = [user(hub, login) for login in issue.assignees]
    shown: dict[str, Any] = {
        **_either_side(hub, repo, issue),
        "url": url,
        "repository_url": repository_url(hub, repo),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "assignee": people[0] if people else None,
        "assignees": people,
        "comments": len(issue.comments),
        "reactions": reactions(url),
        "performed_via_github_app": None,
    }
    if issue.pull:
        pull_url = f"{repository_url(hub, repo)}/pulls/{issue.number}"
        page = issue_page(hub, repo, issue)
        shown["draft"] = issue.pull.draft
        shown["pull_request"] = {
            "url": pull_url,
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": issue.pull.merged_at,
        }
    return shown


def simple_pull(hub: Hub, repo: Repository, issue: Issue) -> dict[str, Any]:
    """A pull request in a list."""
    pull = pull_of(issue)
    url = f"{repository_url(hub, repo)}/pulls/{issue.number}"
    page = issue_page(hub, repo, issue)
    people = [user(hub, login) for login in issue.assignees]
    return {
        **_either_side(hub, repo, issue),
        **_links(hub, repo, issue),
        "url": url,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "assignee": people[0] if people else None,
        "assignees": people,
        "requested_reviewers": [user(hub, login) for login in pull.reviewers],
        "requested_teams": [],
        "head": _end(hub, repo, pull.head, pull.head_sha),
        "base": _end(hub, repo, pull.base, pull.base_sha),
        "draft": pull.draft,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit,
        "auto_merge": None,
    }


def pull(hub: Hub, repo: Repository, issue: Issue) -> dict[str, Any]:
    """A pull request in full."""
    pull = pull_of(issue)
    compared = compare(hub.bare(repo), pull.base_sha, pull.head_sha)
    files = compared.files if compared else []
    mergeable, state = _mergeable(hub, repo, issue)
    return {
        **simple_pull(hub, repo, issue),
        "merged": pull.merged_at is not None,
        "merged_by": user(hub, pull.merged_by) if pull.merged_by else None,
        "mergeable": mergeable,
        "mergeable_state": state,
        "rebaseable": False,
        "comments": len(issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(compared.ahead) if compared else 0,
        "additions": sum(f.additions for f in files),
        "deletions": sum(f.deletions for f in files),
        "changed_files": len(files),
    }


def pull_of(issue: Issue) -> Pull:
    """The pull request side of an issue that has one."""
    if issue.pull is None:
        message = f"#{issue.number} is no pull request"
        raise LookupError(message)
    return issue.pull


def _either_side(hub: Hub, repo: Repository, issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull else "I", issue.id),
        "number": issue.number,
        "html_url": issue_page(hub, repo, issue),
        "title": issue.title,
        "body": issue.body,
        "user": user(hub, issue.login),
        "state": issue.state,
        "locked": False,
        "active_lock_reason": None,
        "labels": labels(hub, repo, issue),
        "milestone": None,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "author_association": association(hub, repo, issue.login),
    }


def _links(hub: Hub, repo: Repository, issue: Issue) -> dict[str, Any]:
    url = repository_url(hub, repo)
    own, thread = f"{url}/pulls/{issue.number}", f"{url}/issues/{issue.number}"
    links = {
        "issue": thread,
        "comments": f"{thread}/comments",
        "review_comments": f"{own}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{own}/commits",
        "statuses": f"{url}/statuses/{pull_of(issue).head_sha}",
    }
    shown: dict[str, Any] = {f"{name}_url": address for name, address in links.items()}
    links |= {"self": own, "html": issue_page(hub, repo, issue)}
    shown["_links"] = {name: {"href": address} for name, address in links.items()}
    return shown


def _end(hub: Hub, repo: Repository, branch: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repo.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(hub, repo.owner),
        "repo": repository(hub, repo),
    }


def _mergeable(hub: Hub, repo: Repository, issue: Issue) -> tuple[bool | None, str]:
    """Whether it merges cleanly, and GitHub's word for what stands in the way."""
    pull, bare = pull_of(issue), hub.bare(repo)
    base = bare.branch(pull.base)
    if issue.state != "open" or base is None:
        return None, "unknown"
    if not merges(bare, base, pull.head_sha):
        return False, "dirty"
    if pull.draft:
        return True, "draft"
    return True, "blocked" if blocked(repo, pull.base, pull.head_sha) else "clean"
