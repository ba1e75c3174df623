"""What people and CI do at GitHub without our API: for tests and for the demo."""

from __future__ import annotations

from collections.abc import Mapping

from patchgate.standins.github.bare import ZERO, GitError
from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.moves import HEADS, announce, closed, moved
from patchgate.standins.github.shapes_talk import pull_of
from patchgate.standins.github.state import Issue, Repository
from patchgate.standins.github.talk import (
    NewPull,
    add_comment,
    add_labels,
    add_review,
    merge,
    open_pull,
    request_reviews,
    signature,
)


class Person:
    """Somebody at GitHub's pages, with every right; refusals are the service's own."""

    def __init__(self, hub: Hub, login: str) -> None:
        self._hub = hub
        self._actor = Actor(login)

    def merge(self, repo: str, number: int, *, method: str = "merge") -> str:
        """Merge a pull request; the sha of the new commit on the base branch."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            return merge(self._hub, place, self._actor, issue, method=method, text=("", ""))

    def mark_ready(self, repo: str, number: int) -> None:
        """A draft is ready for review: it can be merged from now on."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            pull_of(issue).draft = False
            issue.updated_at = self._hub.now()
            announce(self._hub, place, self._actor, issue, "ready_for_review")

    def close(self, repo: str, number: int) -> None:
        """Close a pull request or issue without merging."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            closed(self._hub, place, self._actor, issue)

    def review(self, repo: str, number: int, state: str, body: str = "") -> int:
        """Submit a review, `APPROVE`, `REQUEST_CHANGES` or `COMMENT`; its id."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            return add_review(self._hub, place, self._actor, issue, verdict=state, body=body).id

    def comment(self, repo: str, number: int, body: str) -> int:
        """Comment on an issue or pull request; the comment's id."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            return add_comment(self._hub, place, self._actor, issue, body).id

    def edit_comment(self, repo: str, comment: int, body: str) -> None:
        """Edit a comment; LookupError without it."""
        with self._hub.acting():
            place = self._hub.repository(repo)
            found = [c for i in place.issues.values() for c in i.comments if c.id == comment]
            if not found:
                message = f"{repo} has no comment {comment}"
                raise LookupError(message)
            found[0].body, found[0].updated_at = body, self._hub.after(found[0].updated_at)

    def label(self, repo: str, number: int, *names: str) -> None:
        """Add labels."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            add_labels(self._hub, place, self._actor, issue, names)

    def ask_for_review(self, repo: str, number: int, *logins: str) -> None:
        """Request reviews."""
        with self._hub.acting():
            place, issue = self._pull(repo, number)
            request_reviews(self._hub, place, self._actor, issue, logins)

    def push(
        self, repo: str, branch: str, files: Mapping[str, str | bytes | None], message: str
    ) -> str:
        """Commit files (None deletes one) onto a branch, new ones from the default; the sha."""
        with self._hub.acting():
            place = self._hub.repository(repo)
            bare = self._hub.bare(place)
            old = bare.branch(branch)
            parent = old or bare.branch(place.default_branch)
            tree = bare.write_tree(parent, files)
            who = signature(self._hub, self._actor.login)
            parents = [parent] if parent else []
            new = bare.write_commit(tree, parents, message=f"{message}\n", author=who)
            self._move(place, branch, old or ZERO, new)
            return new

    def create_branch(self, repo: str, branch: str, at: str = "") -> str:
        """A new branch at a branch or commit (empty: the default branch); the sha."""
        with self._hub.acting():
            place = self._hub.repository(repo)
            sha = self._hub.bare(place).resolve(at or place.default_branch)
            if sha is None:
                message = f"{repo} has nothing called {at or place.default_branch}"
                raise LookupError(message)
            self._move(place, branch, ZERO, sha)
            return sha

    def delete_branch(self, repo: str, branch: str) -> None:
        """Delete a branch."""
        self.move_branch(repo, branch, ZERO)

    def move_branch(self, repo: str, branch: str, to: str) -> None:
        """Point an existing branch at another commit, as a force-push does."""
        with self._hub.acting():
            place = self._hub.repository(repo)
            old = self._hub.bare(place).branch(branch)
            if old is None:
                message = f"{repo} has no branch {branch}"
                raise LookupError(message)
            self._move(place, branch, old, to)

    def open_pull(
        self, repo: str, head: str, *, base: str = "", title: str = "", body: str = ""
    ) -> int:
        """Open a pull request; its number."""
        with self._hub.acting():
            place = self._hub.repository(repo)
            new = NewPull(head, base or place.default_branch, title or head, body or None)
            return open_pull(self._hub, place, self._actor, new).number

    def _move(self, place: Repository, branch: str, old: str, new: str) -> None:
        """Move a ref by compare-and-swap; GitError when it exists or is not where it was."""
        try:
            self._hub.bare(place).update_ref(HEADS + branch, new, old=old)
        except GitError as error:
            message = f"{place.full_name}: {branch} is not at {old}: {error}"
            raise GitError(message) from error
        moved(self._hub, place, self._actor, ref=HEADS + branch, change=(old, new))

    def _pull(self, repo: str, number: int) -> tuple[Repository, Issue]:
        place = self._hub.repository(repo)
        issue = place.issues[number]
        if issue.pull and issue.state == "open":
            sha = self._hub.bare(place).branch(issue.pull.head)
            issue.pull.head_sha = sha or issue.pull.head_sha
        return place, issue
