"""The simulator's GitHub for these tests: with people's doings, and runs that people start."""

from __future__ import annotations

from collections.abc import Mapping

from tests.app.fakes import FakeClock

from patchgate.core.ids import AccountId, RepoName, Sha
from patchgate.errors import NotFoundError
from patchgate.ports import CommitOrder, StartedRun
from patchgate.standins.simulate.forge import MemoryForge
from patchgate.standins.simulate.github import BOT, Commit, GitHubSite, Tree
from patchgate.standins.simulate.github import patch_of as encoded
from patchgate.standins.simulate.wire import Line

__all__ = ["BOT", "Commit", "FakeForge", "Tree", "patch_of"]


def patch_of(**files: tuple[str | None, str | None]) -> bytes:
    """A patch of this forge: path (`__` for `/`) → text before and after; None: no such file."""
    return encoded({path.replace("__", "/"): texts for path, texts in files.items()})


class FakeForge(MemoryForge):
    """One forge and the port to it, with a line that never fails."""

    def __init__(self, clock: FakeClock, *repos: RepoName) -> None:
        self.site = GitHubSite(clock, *repos)
        super().__init__(self.site, Line("run-1"))
        self.clock = clock
        self.commits, self.branches = self.site.commits, self.site.branches
        self.pulls, self.talk = self.site.pulls, self.site.talk
        self.required = self.site.required
        self.runs: dict[int, StartedRun] = {}
        self.written: list[CommitOrder] = []
        """Every commit order that it carried out, in order; the same one again too."""
        self.started: list[tuple[str, Sha]] = []
        """Workflows that were started, and on which commit."""

    # ── the port ─────────────────────────────────────────────────────────────────────────

    def push_commit(self, order: CommitOrder) -> Sha:
        """Commit and push, and keep the order."""
        made = super().push_commit(order)
        self.written.append(order)
        return made

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        """Start a workflow once for each commit; its run."""
        if (workflow, head) not in self.started:
            self.started.append((workflow, head))
        return str(self.started.index((workflow, head)) + 1)

    # ── what people do ───────────────────────────────────────────────────────────────────

    def push(self, repo: RepoName, branch: str, files: Mapping[str, str | None]) -> Sha:
        """Somebody commits these files onto a branch; None deletes one."""
        return self.site.push(repo, branch, files)

    def write(self, repo: RepoName, number: int, author: str, body: str) -> str:
        """A comment on a pull request; its id."""
        return self.site.write(repo, number, author, body).id

    def review(self, repo: RepoName, number: int, author: str, *, state: str, body: str) -> str:
        """A review of a pull request; its id."""
        return self.site.review(repo, number, author, state=state, body=body)

    def close(self, repo: RepoName, number: int, *, by: str, merged: bool) -> None:
        """Somebody merges or closes a pull request."""
        self.site.close(repo, number, by=by, merged=merged)

    def dispatch(
        self,
        login: str,
        title: str,
        *,
        triggered_by: str = "",
        branch: str = "main",
        event: str = "workflow_dispatch",
        at: str = "",
    ) -> StartedRun:
        """Somebody starts the control repository's workflow by hand."""
        run = StartedRun(
            id=7000 + len(self.runs),
            event=event,
            actor=AccountId(login),
            triggered_by=AccountId(triggered_by or login),
            attempt=1,
            at=at or self.clock.tick().replace(".000+0000", "Z"),
            branch=branch,
            title=title,
        )
        self.runs[run.id] = run
        return run

    def started_run(self, repo: RepoName, run_id: int) -> StartedRun:
        """The run of that id."""
        if run_id not in self.runs:
            raise NotFoundError(f"{repo} has no run {run_id}")
        return self.runs[run_id]
