"""A GitHub in memory: commits, branches, pull requests, and patches that apply or do not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.app.fakes import FakeClock, sha

from patchgate.core.ids import AccountId, Eid, RepoName, Sha, canonical, digest_bytes
from patchgate.core.patch import ABSENT, REGULAR, AppliedPatch, FileChange
from patchgate.errors import MalformedError, NotFoundError, TakenError
from patchgate.ports import (
    Checks,
    Comment,
    CommitOrder,
    ForgeReader,
    ForgeWriter,
    Posted,
    Pull,
    PullOrder,
    Review,
    StartedRun,
)

Tree = Mapping[str, str]
BOT = AccountId("patchgate-bot")


def patch_of(**files: tuple[str | None, str | None]) -> bytes:
    """A patch of this forge: path (`__` for `/`) → text before and after; None: no such file."""
    named = {path.replace("__", "/"): list(texts) for path, texts in files.items()}
    return canonical(named)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; the tree holds whole texts."""

    parent: Sha | None
    tree: Tree
    author: str
    message: str


class FakeForge(ForgeReader, ForgeWriter):
    """One forge; `written` holds every commit order that it carried out, in order."""

    def __init__(self, clock: FakeClock, *repos: RepoName) -> None:
        self.clock = clock
        self.started: list[tuple[str, Sha]] = []
        self.commits: dict[tuple[RepoName, Sha], Commit] = {}
        self.branches: dict[tuple[RepoName, str], Sha] = {}
        self.pulls: dict[tuple[RepoName, int], Pull] = {}
        self.talk: dict[tuple[RepoName, int], list[Comment]] = {}
        self.given: dict[tuple[RepoName, int], list[Review]] = {}
        self.required: dict[Sha, Checks] = {}
        self.written: list[CommitOrder] = []
        self.runs: dict[int, StartedRun] = {}
        for name in repos:
            self.push(name, "main", {"src/app.py": "one\n", "docs/guide.md": "hello\n"})

    # ── what people do ───────────────────────────────────────────────────────────────────

    def push(self, repo: RepoName, branch: str, files: Mapping[str, str | None]) -> Sha:
        """Somebody commits these files onto a branch; None deletes one."""
        parent = self.branches.get((repo, branch))
        tree = dict(self.commits[repo, parent].tree) if parent else {}
        for path, text in files.items():
            if text is None:
                tree.pop(path, None)
            else:
                tree[path] = text
        made = self._commit(repo, Commit(parent, tree, "person@acme.test", self.clock.tick()))
        self.branches[repo, branch] = made
        return made

    def _commit(self, repo: RepoName, commit: Commit) -> Sha:
        name = sha(repo, commit.parent, dict(commit.tree), commit.author, commit.message)
        self.commits[repo, name] = commit
        return name

    def write(self, repo: RepoName, number: int, author: str, body: str) -> str:
        """A comment on a pull request; its id."""
        said = self.talk.setdefault((repo, number), [])
        at = self.clock.tick()
        comment_id = f"{number}{len(said):03}"
        said.append(Comment(comment_id, AccountId(author), author, at, False, body, None))
        return comment_id

    def review(self, repo: RepoName, number: int, author: str, *, state: str, body: str) -> str:
        """A review of a pull request; its id."""
        given = self.given.setdefault((repo, number), [])
        review_id = f"r{number}{len(given):03}"
        given.append(Review(review_id, AccountId(author), self.clock.tick(), state, body))
        return review_id

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

    def close(self, repo: RepoName, number: int, *, by: str, merged: bool) -> None:
        """Somebody merges or closes a pull request."""
        pull, who = self.pulls[repo, number], AccountId(by)
        if merged:
            change = replace(pull, state="merged", merged_by=who, merge_sha=pull.head)
        else:
            change = replace(pull, state="closed", closed_by=who)
        self.pulls[repo, number] = replace(change, at=self.clock.tick())

    # ── reading ──────────────────────────────────────────────────────────────────────────

    def myself(self) -> AccountId:
        return BOT

    def default_branch(self, repo: RepoName) -> str:
        if repo not in {known for known, _ in self.commits}:
            raise NotFoundError(f"there is no repository {repo}")
        return "main"

    def branch_head(self, repo: RepoName, branch: str) -> Sha | None:
        self.default_branch(repo)
        return self.branches.get((repo, branch))

    def _at(self, repo: RepoName, commit: Sha) -> Commit:
        if (repo, commit) not in self.commits:
            raise NotFoundError(f"{repo} has no commit {commit}")
        return self.commits[repo, commit]

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        text = self._at(repo, commit).tree.get(path)
        return None if text is None else text.encode()

    def pulls_of(self, repo: RepoName, branch: str) -> list[Pull]:
        found = [self._now(repo, p) for (r, _), p in self.pulls.items() if r == repo]
        return [p for p in reversed(found) if p.head_branch == branch]

    def _now(self, repo: RepoName, pull: Pull) -> Pull:
        head = self.branches.get((repo, pull.head_branch), pull.head)
        return replace(pull, head=head) if pull.state == "open" else pull

    def checks(self, repo: RepoName, commit: Sha, *, base_branch: str) -> Checks:
        return self.required.get(commit) or Checks(commit, "not-required", (), "none required")

    def is_merged(self, repo: RepoName, number: int) -> bool:
        pull = self.pulls.get((repo, number))
        return pull is not None and pull.state == "merged"

    def reviews(self, repo: RepoName, number: int) -> list[Review]:
        return list(self.given.get((repo, number), []))

    def comments(self, repo: RepoName, number: int) -> list[Comment]:
        return list(self.talk.get((repo, number), []))

    def started_run(self, repo: RepoName, run_id: int) -> StartedRun:
        if run_id not in self.runs:
            raise NotFoundError(f"{repo} has no run {run_id}")
        return self.runs[run_id]

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        return self._at(repo, commit).author

    def content_of(self, repo: RepoName, commit: Sha) -> tuple[Sha, Sha | None]:
        there = self._at(repo, commit)
        return sha(dict(there.tree)), there.parent

    def is_ancestor(self, repo: RepoName, older: Sha, newer: Sha) -> bool:
        self._at(repo, older)
        here: Sha | None = newer
        while here is not None and here != older:
            here = self._at(repo, here).parent
        return here == older

    def same_blobs(self, repo: RepoName, one: Sha, two: Sha, *, paths: Sequence[str]) -> bool:
        before, after = self._at(repo, one).tree, self._at(repo, two).tree
        return all(before.get(path) == after.get(path) for path in paths)

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        old = self._at(repo, start).tree
        new = _applied(old, patch)
        changes = tuple(
            _change(p, old, new) for p in sorted(set(old) | set(new)) if _moved(p, old, new)
        )
        return AppliedPatch(
            start=start,
            tree=sha(dict(new)),
            patch=digest_bytes(patch),
            patch_size=len(patch),
            changes=changes,
            rendered="".join(f"--- a/{c.path}\n+++ b/{c.path}\n" for c in changes),
        )

    # ── writing ──────────────────────────────────────────────────────────────────────────

    def push_commit(self, order: CommitOrder) -> Sha:
        tree = _applied(self._at(order.repo, order.parent).tree, order.patch)
        if sha(dict(tree)) != order.tree:
            raise TakenError("the patch gives another tree than was ordered")
        message = f"{order.message}\n{order.when}"
        made = self._commit(order.repo, Commit(order.parent, tree, BOT, message))
        head = self.branches.get((order.repo, order.branch))
        if head not in (made, order.expected):
            raise TakenError(f"{order.branch} is at {head}, not at {order.expected}")
        self.branches[order.repo, order.branch] = made
        self.written.append(order)
        return made

    def put_pull(self, order: PullOrder) -> Pull:
        found = [p for p in self.pulls_of(order.repo, order.branch) if p.state == "open"]
        number = found[0].number if found else len(self.pulls) + 1
        head = self.branches[order.repo, order.branch]
        pull = Pull(
            number=number,
            url=f"https://github.test/{order.repo}/pull/{number}",
            author=BOT,
            title=order.title,
            body=order.body,
            state="open",
            draft=order.draft,
            head=head,
            head_branch=order.branch,
            base_branch=order.base_branch,
            merged_by=None,
            merge_sha=None,
            closed_by=None,
            at=self.clock.tick(),
            labels=frozenset(order.labels),
        )
        self.pulls[order.repo, number] = pull
        return pull

    def comment(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        found = [c for c in self.talk.get((repo, number), []) if c.ours == eid]
        if not found:
            name = self.write(repo, number, BOT, markdown)
            said = self.talk[repo, number]
            said[-1] = replace(said[-1], ours=eid)
            return Posted(name, said[-1].at, "")
        return Posted(found[0].id, found[0].at, "")

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        if (workflow, head) not in self.started:
            self.started.append((workflow, head))
        return str(self.started.index((workflow, head)) + 1)


def _applied(old: Tree, patch: bytes) -> dict[str, str]:
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
    return new


def _moved(path: str, old: Tree, new: Tree) -> bool:
    return old.get(path) != new.get(path)


def _change(path: str, old: Tree, new: Tree) -> FileChange:
    before, after = old.get(path), new.get(path)
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
