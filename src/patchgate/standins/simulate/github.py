"""A GitHub in memory: commits, branches, pull requests, reviews, checks; and what people do there.

Patches of this forge are JSON: path → text before and after (null: no such file). Trees are whole
texts, an object's id is the digest of its content, so that the same commit is the same again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from patchgate.core.ids import AccountId, Eid, Json, RepoName, Sha, canonical, digest_bytes
from patchgate.core.patch import ABSENT, REGULAR, AppliedPatch, FileChange
from patchgate.errors import MalformedError, NotFoundError
from patchgate.ports import Checks, Comment, CommitOrder, Pull, PullOrder, Review
from patchgate.standins.simulate.time import VirtualClock

Tree = Mapping[str, str]
BOT = AccountId("patchgate-bot")
SEED_FILES = {"src/app.py": "one\n", "docs/guide.md": "hello\n"}
Place = tuple[RepoName, int]


def sha(*parts: Json) -> Sha:
    """An object id that its content names."""
    return Sha(hashlib.sha1(canonical(list(parts)), usedforsecurity=False).hexdigest())


def patch_of(files: Mapping[str, tuple[str | None, str | None]]) -> bytes:
    """A patch of this forge: path → text before and after; None: no such file."""
    return canonical({path: list(texts) for path, texts in files.items()})


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; the tree holds whole texts."""

    parent: Sha | None
    tree: Tree
    author: str
    message: str
    tree_id: Sha


@dataclass(frozen=True, slots=True)
class Applied:
    """The tree that a patch gives, and its id: asked for again and again, and reckoned once."""

    tree: Tree
    tree_id: Sha
    paths: tuple[str, ...]
    """Those that the patch changes, in order."""


class GitHubSite:
    """All repositories, by value: nothing in it is changed in place but its tables."""

    def __init__(self, clock: VirtualClock, *repos: RepoName) -> None:
        self.clock = clock
        self.commits: dict[tuple[RepoName, Sha], Commit] = {}
        self.branches: dict[tuple[RepoName, str], Sha] = {}
        self.pulls: dict[Place, Pull] = {}
        self.of_branch: dict[tuple[RepoName, str], tuple[int, ...]] = {}
        self.talk: dict[Place, tuple[Comment, ...]] = {}
        self.given: dict[Place, tuple[Review, ...]] = {}
        self.required: dict[Sha, Checks] = {}
        self.written: tuple[tuple[CommitOrder, Sha], ...] = ()
        """Commits that were made through the port, in order."""
        self.pushed: list[tuple[RepoName, str, Sha]] = []
        """Every head that a branch ever had, in order."""
        self.has_ci = False
        """Whether the branches require a check, which is pending until it is reported."""
        self._applied: dict[tuple[Sha, bytes], Applied] = {}
        for name in repos:
            self.push(name, "main", SEED_FILES)

    def copy(self, clock: VirtualClock) -> GitHubSite:
        """The same site, to go another way from here."""
        twin = GitHubSite(clock)
        twin.commits, twin.branches = dict(self.commits), dict(self.branches)
        twin.pulls, twin.of_branch = dict(self.pulls), dict(self.of_branch)
        twin.talk, twin.given = dict(self.talk), dict(self.given)
        twin.required, twin.written = dict(self.required), self.written
        twin.pushed, twin.has_ci = list(self.pushed), self.has_ci
        twin._applied = self._applied
        return twin

    # ── what people and CI do ────────────────────────────────────────────────────────────

    def push(self, repo: RepoName, branch: str, files: Mapping[str, str | None]) -> Sha:
        """Somebody commits these files onto a branch; None deletes one."""
        parent = self.branches.get((repo, branch))
        tree = dict(self.commits[repo, parent].tree) if parent else {}
        for path, text in files.items():
            if text is None:
                tree.pop(path, None)
            else:
                tree[path] = text
        made = self.keep(repo, parent, tree, "person@acme.test", self.clock.stamp())
        self.point(repo, branch, made)
        return made

    def point(self, repo: RepoName, branch: str, commit: Sha) -> None:
        """A branch gets another head."""
        self.branches[repo, branch] = commit
        self.pushed.append((repo, branch, commit))

    def keep(
        self, repo: RepoName, parent: Sha | None, tree: Tree, author: str, message: str
    ) -> Sha:
        """Store a commit; its id."""
        return self.store(repo, Commit(parent, tree, author, message, sha(dict(tree))))

    def store(self, repo: RepoName, commit: Commit) -> Sha:
        """The id of a commit, which is there from now on."""
        name = sha(repo, commit.parent, commit.tree_id, commit.author, commit.message)
        self.commits[repo, name] = commit
        return name

    def write(
        self, repo: RepoName, number: int, author: str, body: str, ours: Eid | None = None
    ) -> Comment:
        """A comment on a pull request."""
        there = self.talk.get((repo, number), ())
        at, name = self.clock.stamp(), f"{number}{len(there):03}"
        said = Comment(name, AccountId(author), author, at, False, body, ours)
        self.talk[repo, number] = (*there, said)
        return said

    def review(self, repo: RepoName, number: int, author: str, *, state: str, body: str) -> str:
        """A review of a pull request; its id."""
        there = self.given.get((repo, number), ())
        name = f"r{number}{len(there):03}"
        given = Review(name, AccountId(author), self.clock.stamp(), state, body)
        self.given[repo, number] = (*there, given)
        return name

    def close(self, repo: RepoName, number: int, *, by: str, merged: bool) -> None:
        """Somebody merges (by squashing) or closes a pull request."""
        pull, who = self.pull(repo, number), AccountId(by)
        if merged:
            made = self._squash(repo, pull)
            change = replace(pull, state="merged", merged_by=who, merge_sha=made)
        else:
            change = replace(pull, state="closed", closed_by=who)
        self.pulls[repo, number] = replace(change, at=self.clock.stamp())

    def reopen(self, repo: RepoName, number: int) -> None:
        """Somebody opens it again."""
        pull = self.pulls[repo, number]
        self.pulls[repo, number] = replace(pull, state="open", closed_by=None)

    def _squash(self, repo: RepoName, pull: Pull) -> Sha:
        base = self.branches[repo, pull.base_branch]
        old, new = self._fork(repo, base, pull.head), self.commits[repo, pull.head].tree
        tree = dict(self.commits[repo, base].tree)
        for path in set(old) | set(new):
            if old.get(path) != new.get(path):
                if path in new:
                    tree[path] = new[path]
                else:
                    tree.pop(path, None)
        made = self.keep(repo, base, tree, "person@acme.test", f"{pull.title} (#{pull.number})")
        self.branches[repo, pull.base_branch] = made
        return made

    def _fork(self, repo: RepoName, base: Sha, head: Sha) -> Tree:
        """The tree of the last commit that both have."""
        mine: set[Sha] = set()
        here: Sha | None = head
        while here is not None and len(mine) < 50:
            mine.add(here)
            here = self.commits[repo, here].parent
        here = base
        while here is not None and here not in mine:
            here = self.commits[repo, here].parent
        return self.commits[repo, here].tree if here else {}

    def report(self, commit: Sha, level: Literal["green", "red", "pending"]) -> None:
        """CI reports its required check on a commit."""
        self.required[commit] = Checks(commit, level, ("tests",), f"tests: {level}")

    # ── what is there ────────────────────────────────────────────────────────────────────

    def at(self, repo: RepoName, commit: Sha) -> Commit:
        """A commit."""
        if (repo, commit) not in self.commits:
            raise NotFoundError(f"{repo} has no commit {commit}")
        return self.commits[repo, commit]

    def checks(self, commit: Sha) -> Checks:
        """The required check on a commit."""
        known = self.required.get(commit)
        if known is not None:
            return known
        if self.has_ci:
            return Checks(commit, "pending", ("tests",), "tests: not yet reported")
        return Checks(commit, "not-required", (), "none required")

    def pull(self, repo: RepoName, number: int) -> Pull:
        """A pull request with the head that it has now."""
        pull = self.pulls[repo, number]
        if pull.state != "open":
            return pull
        head = self.branches.get((repo, pull.head_branch), pull.head)
        return pull if head == pull.head else replace(pull, head=head)

    def pulls_of(self, repo: RepoName, branch: str) -> list[Pull]:
        """Pull requests from that branch, newest first."""
        numbers = self.of_branch.get((repo, branch), ())
        return [self.pull(repo, n) for n in reversed(numbers)]

    def open_pull(self, order: PullOrder) -> Pull:
        """What a POST makes; 422 when the branch has an open one already."""
        if any(p.state == "open" for p in self.pulls_of(order.repo, order.branch)):
            raise MalformedError(f"a pull request already exists for {order.branch}")
        number = len(self.pulls) + 1
        pull = Pull(
            number=number,
            url=f"https://github.test/{order.repo}/pull/{number}",
            author=BOT,
            title=order.title,
            body=f"{order.body}\n<!-- {order.eid} -->",
            state="open",
            draft=order.draft,
            head=self.branches[order.repo, order.branch],
            head_branch=order.branch,
            base_branch=order.base_branch,
            merged_by=None,
            merge_sha=None,
            closed_by=None,
            at=self.clock.stamp(),
            labels=frozenset(order.labels),
        )
        self.pulls[order.repo, number] = pull
        there = self.of_branch.get((order.repo, order.branch), ())
        self.of_branch[order.repo, order.branch] = (*there, number)
        return pull

    def applied(self, repo: RepoName, start: Sha, patch: bytes) -> Applied:
        """The tree that a patch gives."""
        known = self._applied.get((start, patch))
        if known is None:
            known = self._applied[start, patch] = _applied(self.at(repo, start).tree, patch)
        return known


def _applied(old: Tree, patch: bytes) -> Applied:
    try:
        wanted = json.loads(patch)
    except ValueError as exc:
        raise MalformedError("the forge does not take the patch") from exc
    new = dict(old)
    for path, (before, after) in wanted.items():
        if old.get(path) != before:
            raise MalformedError(f"the patch does not apply: {path} differs")
        if after is None:
            new.pop(path, None)
        else:
            new[path] = after
    changed = tuple(path for path in sorted(wanted) if old.get(path) != new.get(path))
    return Applied(new, sha(new), changed)


def judged(start: Sha, old: Tree, new: Applied, patch: bytes) -> AppliedPatch:
    """A patch as the tree that it gives."""
    changes = tuple(_change(path, old.get(path), new.tree.get(path)) for path in new.paths)
    return AppliedPatch(
        start=start,
        tree=new.tree_id,
        patch=digest_bytes(patch),
        patch_size=len(patch),
        changes=changes,
        rendered="".join(f"--- a/{c.path}\n+++ b/{c.path}\n" for c in changes),
    )


def _change(path: str, before: str | None, after: str | None) -> FileChange:
    return FileChange(
        path=path,
        status="A" if before is None else "D" if after is None else "M",
        old_mode=ABSENT if before is None else REGULAR,
        new_mode=ABSENT if after is None else REGULAR,
        old_blob=sha(before),
        new_blob=sha(after),
        added=len((after or "").splitlines()),
        removed=len((before or "").splitlines()),
        size=len((after or "").encode()),
    )
