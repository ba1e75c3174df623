"""The ports to the GitHub in memory, reading and writing, as a run sees them through its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from patchgate.core.ids import AccountId, Eid, RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.errors import NotFoundError, TakenError
from patchgate.ports import (
    Checks,
    Comment,
    CommitFacts,
    CommitOrder,
    ForgeReader,
    Posted,
    Pull,
    PullOrder,
    Review,
    StartedRun,
)
from patchgate.standins.simulate.github import BOT, Commit, GitHubSite, judged
from patchgate.standins.simulate.wire import Line, Request

T = TypeVar("T")


class MemoryReader(ForgeReader):
    """Reads; the commits that a run has fetched are its own from then on."""

    def __init__(self, site: GitHubSite, line: Line) -> None:
        self._site = site
        self._line = line

    def _get(self, what: str, target: str, act: Callable[[], T], thing: str = "") -> T:
        return self._line.send(Request("github", "GET", what, target, thing), act)

    def _git(self, what: str, target: str, act: Callable[[], T]) -> T:
        return self._line.send(Request("git", "GET", what, target), act)

    def myself(self) -> AccountId:
        """Our own login."""
        return BOT

    def default_branch(self, repo: RepoName) -> str:
        """The name of the default branch."""

        def act() -> str:
            if not any(known == repo for known, _ in self._site.commits):
                raise NotFoundError(f"there is no repository {repo}")
            return "main"

        return self._get("repository", repo, act)

    def is_public(self, repo: RepoName) -> bool:
        """Every repository here is private."""
        return self._get("repository", repo, lambda: False)

    def branch_head(self, repo: RepoName, branch: str) -> Sha | None:
        """The commit that a branch points to, or None."""
        return self._git("branch", repo, lambda: self._site.branches.get((repo, branch)))

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        """One file of a commit."""
        text = self._site.at(repo, commit).tree.get(path)
        return None if text is None else text.encode()

    def pulls_of(self, repo: RepoName, branch: str) -> list[Pull]:
        """Pull requests from that branch, newest first."""
        thing = f"{repo}:{branch}"
        return self._get("pulls", repo, lambda: self._site.pulls_of(repo, branch), thing)

    def checks(self, repo: RepoName, commit: Sha, *, base_branch: str) -> Checks:
        """The required checks on that commit."""
        return self._get("checks", repo, lambda: self._site.checks(commit))

    def is_merged(self, repo: RepoName, number: int) -> bool:
        """Whether that pull request is merged."""

        def act() -> bool:
            pull = self._site.pulls.get((repo, number))
            return pull is not None and pull.state == "merged"

        return self._get("pull", repo, act)

    def reviews(self, repo: RepoName, number: int) -> list[Review]:
        """Reviews of a pull request, oldest first."""
        return self._get("reviews", repo, lambda: list(self._site.given.get((repo, number), ())))

    def comments(self, repo: RepoName, number: int) -> list[Comment]:
        """Comments of a pull request, oldest first."""
        return self._get("talk", repo, lambda: list(self._site.talk.get((repo, number), ())))

    def started_run(self, repo: RepoName, run_id: int) -> StartedRun:
        """Nobody here starts a run by hand."""
        raise NotFoundError(f"{repo} has no run {run_id}")

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        """The author of a commit."""
        return self._site.at(repo, commit).author

    def commit_facts(self, repo: RepoName, commit: Sha) -> CommitFacts:
        """What a commit is made of."""
        there = self._site.at(repo, commit)
        parents = (there.parent,) if there.parent else ()
        return CommitFacts(there.tree_id, parents, there.message, there.author == BOT)

    def is_ancestor(self, repo: RepoName, older: Sha, newer: Sha) -> bool:
        """Whether `older` is reachable from `newer`."""
        self._site.at(repo, older)
        here: Sha | None = newer
        while here is not None and here != older:
            here = self._site.at(repo, here).parent
        return here == older

    def same_blobs(self, repo: RepoName, one: Sha, two: Sha, *, paths: Sequence[str]) -> bool:
        """Whether every path has the same content in both commits."""
        before, after = self._site.at(repo, one).tree, self._site.at(repo, two).tree
        return all(before.get(path) == after.get(path) for path in paths)

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        """Apply a patch to the start commit and judge the tree that it gives."""
        old = self._site.at(repo, start).tree
        return judged(start, old, self._site.applied(repo, start, patch), patch)


class MemoryForge(MemoryReader):
    """Writes as well: handed to the write gate alone."""

    def push_commit(self, order: CommitOrder) -> Sha:
        """Commit the patch onto the parent and push it (same order, same commit id)."""
        site = self._site
        given = site.applied(order.repo, order.parent, order.patch)
        if given.tree_id != order.tree:
            raise TakenError("the patch gives another tree than was ordered")
        message = f"{order.message}\n{order.when}"

        def act() -> Sha:
            commit = Commit(order.parent, given.tree, BOT, message, given.tree_id)
            made = site.store(order.repo, commit)
            head = site.branches.get((order.repo, order.branch))
            if head == made:
                return made
            if head != order.expected and (head is None or head != order.drops):
                raise TakenError(f"{order.branch} is at {head}, not at {order.expected}")
            site.point(order.repo, order.branch, made)
            site.written = (*site.written, (order, made))
            return made

        thing = f"{order.repo}:{order.branch}"
        return self._line.send(Request("git", "PUSH", "branch", order.repo, thing), act)

    def put_pull(self, order: PullOrder) -> Pull:
        """Create the branch's one pull request, or bring the existing one up to date."""
        site, thing = self._site, f"{order.repo}:{order.branch}"
        there = self.pulls_of(order.repo, order.branch)
        made = [p for p in there if order.eid in p.body]
        found = next((p for p in there if p.state == "open"), made[0] if made else None)
        if found is None:
            return self._line.send(
                Request("github", "POST", "pull", order.repo, thing), lambda: site.open_pull(order)
            )
        if found.state != "open" or (found.title == order.title and order.eid in found.body):
            return found
        place = (order.repo, found.number)

        def act() -> Pull:
            body = f"{order.body}\n<!-- {order.eid} -->"
            site.pulls[place] = replace(site.pulls[place], title=order.title, body=body)
            return site.pull(*place)

        return self._line.send(Request("github", "PATCH", "pull", order.repo, thing), act)

    def comment(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        """Comment on a pull request once."""
        site, target = self._site, f"{repo}#{number}"

        def look() -> Comment | None:
            there = site.talk.get((repo, number), ())
            return next((c for c in there if c.ours == eid), None)

        found = self._get("talk", target, look, eid)
        if found is None:
            found = self._line.send(
                Request("github", "POST", "comment", target, eid),
                lambda: site.write(repo, number, BOT, markdown, eid),
            )
        return Posted(found.id, found.at, "")

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        """No world here names a workflow to start."""
        raise NotFoundError(f"{repo} has no workflow {workflow}")
