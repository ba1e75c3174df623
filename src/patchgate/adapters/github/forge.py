"""GitHub and git as the forge of the port: reading and, for the write gate alone, writing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from patchgate.adapters.git.cache import GitHost
from patchgate.adapters.git.commit import CommitRules
from patchgate.adapters.git.repositories import GitReader, GitWriter
from patchgate.adapters.github.checks import RequiredChecks
from patchgate.adapters.github.connection import (
    API_URL,
    AppCredential,
    Connection,
    TokenCredential,
)
from patchgate.adapters.github.failures import present, told
from patchgate.adapters.github.shapes import Enders, as_comment, as_pull, login_of, moment
from patchgate.adapters.github.starting import start_workflow
from patchgate.adapters.github.writing import post_comment, pulls_from, put_pull
from patchgate.core.ids import AccountId, Eid, RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.errors import CredentialError, NotFoundError
from patchgate.ports import (
    Checks,
    Comment,
    CommitFacts,
    CommitOrder,
    Posted,
    Pull,
    PullOrder,
    Review,
    StartedRun,
)

READ = "pull requests: read"
COMMITTER = CommitRules("patchgate", "patchgate@users.noreply.github.com")
"""Who our commits are by, whatever the credential: so that the same order is the same commit."""


class GitHubForge:
    """Plays ForgeReader and ForgeWriter; answers that cannot change are asked for once."""

    def __init__(self, connection: Connection, git: GitReader, rules: CommitRules) -> None:
        self._connection = connection
        self._git = git
        self._writer = GitWriter(git, rules)
        self._checks = RequiredChecks(connection)
        self._defaults: dict[RepoName, str] = {}
        self._ended: dict[tuple[RepoName, int], Enders] = {}

    @classmethod
    def connect(
        cls,
        *,
        token: str = "",
        app: tuple[str, str, str] | None = None,
        api_url: str = API_URL,
        server_url: str = "https://github.com",
        cache: Path,
        branch_prefix: str = "ai/",
    ) -> GitHubForge:
        """For a token, or for an App as (id, private key, installation id); nothing is sent yet.

        `cache` is the directory of the repositories' caches.
        """
        if app is None and not token:
            raise CredentialError("there is no credential for GitHub")
        credential = AppCredential(*app) if app else TokenCredential(token)
        connection = Connection(credential, api_url=api_url)
        git = GitReader(GitHost(server_url, connection.token), cache)
        forge = cls(connection, git, COMMITTER)
        forge.confine(branch_prefix)
        return forge

    def confine(self, branch_prefix: str) -> None:
        """From now on push only to branches that begin so."""
        rules = CommitRules(COMMITTER.name, COMMITTER.email, branch_prefix)
        self._writer = GitWriter(self._git, rules)

    @property
    def connection(self) -> Connection:
        """The way into the REST interface, for what is no part of the forge's role."""
        return self._connection

    def token(self) -> str:
        """A token for git that is valid now."""
        return self._connection.token()

    # ── reading ──────────────────────────────────────────────────────────────────────────

    def myself(self) -> AccountId:
        """Our own login."""
        return self._connection.myself()

    def default_branch(self, repo: RepoName) -> str:
        """The name of the default branch; asked once."""
        if repo not in self._defaults:
            with told(f"read repository {repo}", needs="metadata: read"):
                found = self._connection.repo(repo).default_branch
                self._defaults[repo] = present(found)
        return self._defaults[repo]

    def default_head(self, repo: RepoName) -> tuple[str, Sha]:
        """The default branch and the commit that it points to, in one look."""
        name, head = self._git.default_head(repo)
        self._defaults[repo] = name
        return name, head

    def is_public(self, repo: RepoName) -> bool:
        """Whether anybody may read it; an internal repository is as private as another."""
        with told(f"read repository {repo}", needs="metadata: read"):
            return not present(self._connection.repo(repo).private)

    def branch_head(self, repo: RepoName, branch: str) -> Sha | None:
        """The commit that a branch points to, or None."""
        return self._git.branch_head(repo, branch)

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        """One regular file of a commit; None when the commit has no such file."""
        return self._git.read_file(repo, commit, path)

    def pulls_of(self, repo: RepoName, branch: str) -> list[Pull]:
        """Pull requests whose head is that branch of that repository, newest first."""
        found = pulls_from(self._connection, repo, branch)
        with told(f"read the pull requests of {branch} in {repo}", needs=READ):
            return [
                as_pull(
                    pull,
                    ended_by=(
                        (None, None)
                        if pull.state == "open"
                        else self._who_ended(repo, pull.number, merged=bool(pull.merged_at))
                    ),
                )
                for pull in found
            ]

    def _who_ended(self, repo: RepoName, number: int, *, merged: bool) -> Enders:
        """Who merged and who closed it: a listing does not say, so each is asked for once."""
        key = (repo, number)
        if key not in self._ended or merged != (self._ended[key][0] is not None):
            place = self._connection.repo(repo)
            if merged:
                by = login_of(place.get_pull(number).merged_by)
                self._ended[key] = (by, by)
            else:
                closer = place.get_issue(number).closed_by
                self._ended[key] = (None, login_of(closer) if closer else None)
        return self._ended[key]

    def checks(self, repo: RepoName, commit: Sha, *, base_branch: str) -> Checks:
        """The required checks of the base branch on that commit."""
        return self._checks.on(repo, commit, base_branch)

    def is_merged(self, repo: RepoName, number: int) -> bool:
        """Whether that pull request is merged; False when it cannot be seen."""
        try:
            with told(f"read pull request {repo}#{number}", needs=READ):
                pull = self._connection.repo(repo).get_pull(number)
                return present(pull.state) == "closed" and pull.merged_at is not None
        except NotFoundError:
            return False

    def reviews(self, repo: RepoName, number: int) -> list[Review]:
        """Submitted reviews of a pull request, oldest first."""
        with told(f"list the reviews of {repo}#{number}", needs=READ):
            return [
                Review(
                    id=str(present(review.id)),
                    author=login_of(review.user),
                    at=moment(review.submitted_at),
                    state=review.state.lower(),
                    body=review.body or "",
                )
                for review in self._connection.repo(repo).get_pull(number).get_reviews()
                if review.state != "PENDING"
            ]

    def comments(self, repo: RepoName, number: int) -> list[Comment]:
        """Conversation comments of a pull request, oldest first."""
        with told(f"list the comments of {repo}#{number}", needs=READ):
            return [
                as_comment(comment, is_ours=self._connection.is_me(login_of(comment.user)))
                for comment in self._connection.repo(repo).get_issue(number).get_comments()
            ]

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        """The author e-mail of a commit."""
        return self._git.author_of(repo, commit)

    def commit_facts(self, repo: RepoName, commit: Sha) -> CommitFacts:
        """What a commit is made of."""
        return self._git.commit_facts(repo, commit, COMMITTER)

    def run_has_ended(self, repo: RepoName, run_id: int) -> bool:
        """Whether a workflow run is over, or no longer known."""
        try:
            with told(f"look at run {run_id} of {repo}", needs="actions: read"):
                run = self._connection.repo(repo).get_workflow_run(run_id)
                return bool(run.status == "completed")
        except NotFoundError:
            return True

    def started_run(self, repo: RepoName, run_id: int) -> StartedRun:
        """A workflow run, with who asked for it."""
        with told(f"look at run {run_id} of {repo}", needs="actions: read"):
            run = self._connection.repo(repo).get_workflow_run(run_id)
            return StartedRun(
                id=run_id,
                event=present(run.event),
                actor=login_of(run.actor),
                triggered_by=login_of(run.triggering_actor),
                attempt=run.run_attempt,
                at=moment(run.created_at),
                branch=run.head_branch or "",
                title=run.display_title or "",
            )

    def is_ancestor(self, repo: RepoName, older: Sha, newer: Sha) -> bool:
        """Whether `older` is reachable from `newer`."""
        return self._git.is_ancestor(repo, older, newer)

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        """Apply a patch to the start commit in a scratch index and judge the tree it gives."""
        return self._git.apply(repo, start, patch)

    def same_blobs(self, repo: RepoName, one: Sha, two: Sha, *, paths: Sequence[str]) -> bool:
        """Whether every path has the same blob and mode (or is absent) in both commits."""
        return self._git.same_blobs(repo, one, two, paths=paths)

    # ── writing ──────────────────────────────────────────────────────────────────────────

    def push_commit(self, order: CommitOrder) -> Sha:
        """Commit the patch onto the parent and push it (same order, same commit id)."""
        return self._writer.push_commit(order)

    def put_pull(self, order: PullOrder) -> Pull:
        """Create the branch's one pull request, or bring the existing one up to date."""
        return put_pull(self._connection, order)

    def comment(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        """Comment on a pull request once."""
        return post_comment(self._connection, repo, number, markdown=markdown, eid=eid)

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        """Start a workflow on a branch unless one runs or ran on that head so; the run's id."""
        return start_workflow(self._connection, repo, workflow, branch=branch, head=head)
