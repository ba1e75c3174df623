"""The user's repository, read once: a private clone that shares nothing with it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from patchgate.errors import NotFoundError, UsageError
from patchgate.standins.github.bare import hermetic_environment

OFF = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.allow=never",
       "protocol.file.allow=always")  # fmt: skip
"""Nothing of the repository's own runs, and nothing else is contacted."""
OWNER = "local"


@dataclass(frozen=True)
class Source:
    """A bare clone, the branch it stands on, and the name that it gets at GitHub."""

    clone: Path
    branch: str
    name: str


def clone(repo: Path, into: Path) -> Source:
    """Clone the repository's present branch without hard links, hooks or its configuration.

    Only `git clone` is run on it, which reads; what is not committed is not taken along.
    """
    if not repo.is_dir():
        raise NotFoundError(f"there is no folder {repo}", "Name a local git repository.")
    done = _git(
        *("clone", "--quiet", "--bare", "--no-hardlinks", "--no-tags", "--single-branch"),
        *("--template=", "--", str(repo.resolve()), str(into)),
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NotFoundError(
            f"{repo} cannot be cloned: {said[-1] if said else 'git failed'}",
            "Name a git repository with at least one commit that belongs to you.",
        )
    if (into / "shallow").exists():
        raise UsageError(f"{repo} is a shallow clone", "Run `git fetch --unshallow` there first.")
    if _git("--git-dir", str(into), "rev-parse", "--verify", "HEAD^{commit}").returncode:
        raise NotFoundError(f"{repo} has no commit yet", "Commit something first.")
    head = _git("--git-dir", str(into), "symbolic-ref", "--short", "HEAD").stdout.strip()
    return Source(into, head or "main", f"{OWNER}/{_slug(repo.resolve().name)}")


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    settings = [part for setting in OFF for part in ("-c", setting)]
    return subprocess.run(
        ["git", *settings, *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=hermetic_environment(),
    )


def _slug(name: str) -> str:
    """A repository name that GitHub takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "repository"
