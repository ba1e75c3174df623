"""Accounts, repositories and apps in the shape of GitHub's answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from patchgate.standins.github.hub import Hub
from patchgate.standins.github.state import App, Repository

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
ABSENT = ("description", "homepage", "language", "mirror_url", "license")
ZERO_COUNTS = ("forks", "forks_count", "size", "stargazers_count", "watchers", "watchers_count")


def node_id(kind: str, number: int) -> str:
    """An opaque id; ours only has to be unique."""
    return f"{kind}_{number}"


def repository_url(hub: Hub, repo: Repository) -> str:
    """The API's address of a repository."""
    return f"{hub.base}/repos/{repo.full_name}"


def page_url(hub: Hub, repo: Repository) -> str:
    """The web address of a repository."""
    return f"{hub.web}/{repo.full_name}"


def user(hub: Hub, login: str) -> dict[str, Any]:
    """An account."""
    account = hub.account(login)
    url = f"{hub.base}/users/{quote(login)}"
    return {
        "login": login,
        "id": account.id,
        "node_id": node_id("U", account.id),
        "avatar_url": f"{hub.web}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{hub.web}/{quote(login)}",
        "type": account.kind,
        "site_admin": False,
        **{name: url + path for name, path in USER_LINKS.items()},
    }


def profile(hub: Hub, login: str) -> dict[str, Any]:
    """An account as `/user` and `/users/…` show it."""
    absent = ("bio", "blog", "company", "email", "hireable", "location")
    counts = ("followers", "following", "public_gists", "public_repos")
    return {
        **user(hub, login),
        **dict.fromkeys(absent),
        **dict.fromkeys(counts, 0),
        "blog": "",
        "name": login,
        "user_view_type": "public",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
    }


def minimal_repository(hub: Hub, repo: Repository) -> dict[str, Any]:
    """A repository as other answers embed it."""
    url = repository_url(hub, repo)
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": user(hub, repo.owner),
        "private": repo.private,
        "html_url": page_url(hub, repo),
        "description": None,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in REPOSITORY_LINKS.items()},
    }


def repository(hub: Hub, repo: Repository) -> dict[str, Any]:
    """A repository in full."""
    page = page_url(hub, repo)
    count = sum(1 for issue in repo.issues.values() if issue.state == "open")
    having = ("has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions")
    return {
        **minimal_repository(hub, repo),
        **dict.fromkeys(ABSENT),
        **dict.fromkeys(ZERO_COUNTS, 0),
        **dict.fromkeys((*having, "has_downloads", "archived", "disabled"), False),
        "has_issues": True,
        "visibility": "private" if repo.private else "public",
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": False,
        "topics": [],
        "custom_properties": {},
        "default_branch": repo.default_branch,
        "open_issues": count,
        "open_issues_count": count,
        "clone_url": f"{page}.git",
        "git_url": f"{page}.git".replace("http:", "git:"),
        "ssh_url": f"git@127.0.0.1:{repo.full_name}.git",
        "svn_url": page,
        "pushed_at": repo.pushed_at,
        "created_at": repo.created_at,
        "updated_at": repo.pushed_at,
    }


def app(hub: Hub, owner: str, app: App) -> dict[str, Any]:
    """A GitHub App."""
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": user(hub, owner),
        "name": app.slug,
        "description": None,
        "external_url": hub.web,
        "html_url": f"{hub.web}/apps/{app.slug}",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "permissions": {"metadata": "read", **app.permissions},
        "events": [],
    }


def installation(hub: Hub, owner: str, app: App) -> dict[str, Any]:
    """An app's installation."""
    url = f"{hub.base}/app/installations/{app.installation}"
    return {
        "id": app.installation,
        "app_id": app.id,
        "app_slug": app.slug,
        "account": user(hub, owner),
        "target_id": hub.account(owner).id,
        "target_type": hub.account(owner).kind,
        "single_file_name": None,
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{hub.base}/installation/repositories",
        "html_url": f"{hub.web}/settings/installations/{app.installation}",
        "events": [],
        "permissions": {"metadata": "read", **app.permissions},
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "suspended_by": None,
        "suspended_at": None,
    }
