"""Commits, refs, branches and file changes in the shape of GitHub's answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from patchgate.standins.github.bare import Commit, Signature
from patchgate.standins.github.history import FileChange, changes
from patchgate.standins.github.hub import Hub
from patchgate.standins.github.shapes import node_id, page_url, repository_url, user
from patchgate.standins.github.state import Protection, Repository

UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def reference(hub: Hub, repo: Repository, name: str, sha: str) -> dict[str, Any]:
    """A ref and what it points to (commits; annotated tags are not told apart)."""
    url = repository_url(hub, repo)
    return {
        "ref": name,
        "node_id": node_id("REF", repo.id) + "_" + name,
        "url": f"{url}/git/{quote(name)}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"},
    }


def git_commit(hub: Hub, repo: Repository, commit: Commit) -> dict[str, Any]:
    """A commit as the git data operations show it."""
    url = repository_url(hub, repo)
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": f"{page_url(hub, repo)}/commit/{commit.sha}",
        "author": _signature(commit.author),
        "committer": _signature(commit.committer),
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "message": commit.message,
        "parents": [_parent(hub, repo, p, f"{url}/git/commits") for p in commit.parents],
        "verification": dict(UNSIGNED),
    }


def commit(hub: Hub, repo: Repository, commit: Commit, *, files: bool = False) -> dict[str, Any]:
    """A commit as the repository operations show it, with its files where they are asked for."""
    url = repository_url(hub, repo)
    shown: dict[str, Any] = {
        "url": f"{url}/commits/{commit.sha}",
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "html_url": f"{page_url(hub, repo)}/commit/{commit.sha}",
        "comments_url": f"{url}/commits/{commit.sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{commit.sha}",
            "author": _signature(commit.author),
            "committer": _signature(commit.committer),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
            "verification": dict(UNSIGNED),
        },
        "author": _known(hub, commit.author),
        "committer": _known(hub, commit.committer),
        "parents": [_parent(hub, repo, p, f"{url}/commits") for p in commit.parents],
    }
    if files:
        first = commit.parents[0] if commit.parents else None
        changed = changes(hub.bare(repo), first, commit.sha)
        shown["files"] = [file_change(hub, repo, f, commit.sha) for f in changed]
        shown["stats"] = {
            "additions": sum(f.additions for f in changed),
            "deletions": sum(f.deletions for f in changed),
            "total": sum(f.additions + f.deletions for f in changed),
        }
    return shown


def simple_commit(commit: Commit) -> dict[str, Any]:
    """A commit as check suites and runs embed it."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.author.date,
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def file_change(hub: Hub, repo: Repository, change: FileChange, head: str) -> dict[str, Any]:
    """One changed file."""
    url, page, path = repository_url(hub, repo), page_url(hub, repo), quote(change.path)
    shown = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{head}/{path}",
        "raw_url": f"{page}/raw/{head}/{path}",
        "contents_url": f"{url}/contents/{path}?ref={head}",
    }
    return shown if change.patch is None else {**shown, "patch": change.patch}


def short_branch(hub: Hub, repo: Repository, name: str, sha: str) -> dict[str, Any]:
    """A branch in a list."""
    url = repository_url(hub, repo)
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
        "protected": name in repo.protections,
    }


def branch(hub: Hub, repo: Repository, name: str, head: Commit) -> dict[str, Any]:
    """A branch with a summary of its protection."""
    url = f"{repository_url(hub, repo)}/branches/{quote(name, safe='')}"
    held = repo.protections.get(name)
    classic = held if held and not held.by_ruleset else None
    contexts = list(classic.required_checks) if classic else []
    return {
        "name": name,
        "commit": commit(hub, repo, head),
        "_links": {"self": url, "html": f"{page_url(hub, repo)}/tree/{quote(name)}"},
        "protected": held is not None,
        "protection": {
            "enabled": classic is not None,
            "required_status_checks": {
                "enforcement_level": "non_admins" if contexts else "off",
                "contexts": contexts,
                "checks": [{"context": name, "app_id": None} for name in contexts],
            },
        },
        "protection_url": f"{url}/protection",
    }


def required_status_checks(url: str, held: Protection) -> dict[str, Any]:
    """What a protected branch requires of checks; `url` is the protection's."""
    contexts = list(held.required_checks)
    return {
        "url": f"{url}/required_status_checks",
        "contexts_url": f"{url}/required_status_checks/contexts",
        "strict": held.strict,
        "contexts": contexts,
        "checks": [{"context": name, "app_id": None} for name in contexts],
    }


def _signature(signature: Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email, "date": signature.date}


def _known(hub: Hub, signature: Signature) -> dict[str, Any] | None:
    """The account behind an e-mail address, where it is one of ours."""
    login = signature.email.partition("@")[0].partition("+")[2] or signature.name
    return user(hub, login) if login in hub.world.accounts else None


def _parent(hub: Hub, repo: Repository, sha: str, commits: str) -> dict[str, str]:
    page = f"{page_url(hub, repo)}/commit/{sha}"
    return {"sha": sha, "url": f"{commits}/{sha}", "html_url": page}
