"""One served stand-in, and the real clients in front of it."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import github
import pytest
import requests
from github.Repository import Repository

from patchgate.standins.github import GitHub, Snapshot

REPO = "acme/shop"
WORKFLOW = "on:\n  workflow_dispatch:\n    inputs:\n      key:\n        type: string\n"
SEED = {"README.md": "shop\n", "src/cart.py": "TAX = 1\n", ".github/workflows/ci.yml": WORKFLOW}
DEFAULT = "github-actions[bot]"


@dataclass
class Desk:
    """One served stand-in and everything that the tests ask of it."""

    hub: GitHub
    url: str
    folder: Path
    start: Snapshot
    seen: list[tuple[str, dict[str, Any], bool]] = field(default_factory=list)

    def __call__(self, event: str, payload: dict[str, Any], *, starts_workflows: bool) -> None:
        self.seen.append((event, payload, starts_workflows))

    def events(self) -> list[str]:
        """`event.action` of everything delivered since the last question."""
        names = [f"{event}.{p.get('action', '')}".rstrip(".") for event, p, _ in self.seen]
        self.seen.clear()
        return names

    def client(self, token: str, repo: str = REPO) -> Repository:
        """PyGithub's view of the repository."""
        return self.api(github.Auth.Token(token)).get_repo(repo)

    def api(self, auth: github.Auth.Auth) -> github.Github:
        """PyGithub without its waits and repeats."""
        return github.Github(
            auth=auth,
            base_url=f"{self.url}/api/v3",
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=None,
        )

    def git(self, *arguments: str, token: str = "", cwd: Path | None = None) -> str:
        """Standard output of git; GitRefused with its standard error otherwise."""
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header = ["-c", f"http.extraHeader=Authorization: basic {secret}"] if token else []
        done = subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=n@x", *header, *arguments],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_TERMINAL_PROMPT": "0",
            },
        )
        if done.returncode:
            raise GitRefused(done.stderr)
        return done.stdout.strip()

    def clone(self, token: str, name: str = "work") -> Path:
        """A work tree of the repository."""
        self.git("clone", "-q", f"{self.url}/{REPO}.git", name, token=token)
        return self.folder / name

    def commit(self, work: Path, files: dict[str, str], branch: str = "ai/X") -> str:
        """A local commit on a branch."""
        self.git("checkout", "-q", "-B", branch, cwd=work)
        for path, content in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(content, "utf-8")
        self.git("add", ".", cwd=work)
        self.git("commit", "-qm", "change", cwd=work)
        return self.git("rev-parse", "HEAD", cwd=work)

    def post(self, token: str, path: str, body: Any) -> requests.Response:
        """A request that no client library would make."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}/api/v3{path}", json=body, headers=headers, timeout=5)


class GitRefused(Exception):
    """Git failed; its standard error is the message."""


def refusal(error: pytest.ExceptionInfo[github.GithubException]) -> tuple[int, str]:
    return error.value.status, str(error.value.data)


def opened(desk: Desk, token: str, branch: str = "ai/X", **files: str) -> Any:
    desk.hub.as_user("bob").push(REPO, branch, files or {"new.txt": "new\n"}, "Add")
    return desk.client(token).create_pull("main", branch, title="Add it", body="why")
