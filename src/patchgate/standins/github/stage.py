"""Setting the stage at the stand-in, CI at work, and looking at what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from patchgate.standins.github.bare import BareRepository, Commit
from patchgate.standins.github.checking import new_check, put_check, start_run
from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.people import Person
from patchgate.standins.github.state import (
    EVERYWHERE,
    Account,
    App,
    Issue,
    Protection,
    Repository,
    Token,
    Variable,
    WorkflowRun,
)

WRITE_ALL = dict.fromkeys(
    ("contents", "pull_requests", "issues", "checks", "statuses", "actions"), "write"
)


class Stage:
    """The Python interface of the stand-in; nothing here goes through HTTP."""

    hub: Hub

    def create_repository(
        self,
        owner: str,
        name: str,
        seed: Mapping[str, str | bytes] | Path,
        *,
        default_branch: str = "main",
        private: bool = True,
    ) -> str:
        """A repository with one commit of these files, or with the history of a local one.

        Of a local repository the current HEAD becomes the default branch. Returns `owner/name`.
        """
        with self.hub.lock:
            now = self.hub.now()
            number = self.hub.world.next_id()
            repo = Repository(owner, name, number, default_branch, private, now, now)
            bare = BareRepository.create(self.hub.root / owner / f"{name}.git", default_branch)
            ref = f"refs/heads/{default_branch}"
            if isinstance(seed, Path):
                bare.run("fetch", "--quiet", "--no-tags", str(seed.resolve()), f"HEAD:{ref}")
            else:
                person = Person(self.hub, owner)
                self.hub.world.repositories[repo.full_name.lower()] = repo
                person.push(repo.full_name, default_branch, seed, "Start")
            bare.run("repack", "-a", "-d", "--quiet")
            self.hub.world.repositories[repo.full_name.lower()] = repo
            return repo.full_name

    def add_user(self, login: str, *, collaborator: bool = True) -> str:
        """An account; collaborators can be asked for reviews."""
        with self.hub.lock:
            number = self.hub.world.next_id()
            self.hub.world.accounts[login] = Account(login, number, "User", collaborator)
        return login

    def issue_token(
        self,
        login: str,
        *,
        permissions: Mapping[str, str] | None = None,
        repository: str = EVERYWHERE,
        default: bool = False,
        lifetime: timedelta | None = None,
    ) -> str:
        """A token of an account; without `permissions` it may write all but workflow files.

        `permissions` maps contents, pull_requests, issues, checks, statuses, actions, variables,
        administration and workflows to none, read or write. `default` makes it an Actions run's
        own. A negative lifetime gives an expired one.
        """
        held = dict(WRITE_ALL if permissions is None else permissions)
        workflow = held.pop("workflows", "none") == "write"
        value = f"{'ghs' if default else 'ghp'}_{secrets.token_hex(18)}"
        with self.hub.lock:
            self.hub.account(login)
            self.hub.world.tokens[value] = Token(
                login=login,
                permissions={repository: held},
                workflow=workflow,
                default=default,
                expires=self.hub.clock() + lifetime if lifetime is not None else None,
            )
        return value

    def register_app(
        self,
        slug: str,
        *,
        public_key: str,
        repositories: Iterable[str],
        permissions: Mapping[str, str],
    ) -> App:
        """A GitHub App and its installation; its account is `<slug>[bot]`."""
        with self.hub.lock:
            self.hub.account(f"{slug}[bot]")
            number, installation = self.hub.world.next_id(), self.hub.world.next_id()
            held, names = dict(permissions), tuple(repositories)
            app = App(number, slug, public_key, held, installation, names)
            self.hub.world.apps[number] = app
            return app

    def protect(
        self,
        repo: str,
        branch: str,
        *,
        required_checks: Iterable[str] = (),
        direct_pushes: bool = False,
        by_ruleset: bool = False,
    ) -> None:
        """Protect a branch: no force, no deletion, the checks before a merge."""
        held = Protection(tuple(required_checks), False, direct_pushes, by_ruleset)
        with self.hub.lock:
            self.hub.repository(repo).protections[branch] = held

    def set_variable(self, repo: str, name: str, value: str) -> None:
        """An Actions variable."""
        with self.hub.lock:
            now = self.hub.now()
            made = Variable(name.upper(), value, now, now)
            self.hub.repository(repo).variables[name.upper()] = made

    def as_user(self, login: str) -> Person:
        """Somebody who acts at GitHub's pages."""
        with self.hub.lock:
            self.hub.account(login)
        return Person(self.hub, login)

    def report_checks(
        self, repo: str, sha: str, checks: Mapping[str, str], *, app: str = "ci"
    ) -> None:
        """CI reports on a commit: check runs with their conclusions, then the suite's end."""
        actor = Actor(f"{app}[bot]")
        with self.hub.acting():
            place = self.hub.repository(repo)
            made = [
                new_check(self.hub, sha=sha, name=name, conclusion=conclusion, app=app)
                for name, conclusion in checks.items()
            ]
            place.checks += made[:-1]
            for check in made[-1:]:
                put_check(self.hub, place, actor, check)

    def start_run(
        self, repo: str, path: str, *, event: str = "push", branch: str = "", login: str = "ghost"
    ) -> WorkflowRun:
        """A queued workflow run."""
        with self.hub.lock:
            place = self.hub.repository(repo)
            where = branch or place.default_branch
            return start_run(self.hub, place, login, path=path, event=event, branch=where)

    def finish_run(self, repo: str, run: int, conclusion: str) -> None:
        """End a workflow run."""
        with self.hub.lock:
            found = next(r for r in self.hub.repository(repo).runs if r.id == run)
            found.status, found.conclusion = "completed", conclusion
            found.updated_at = self.hub.now()

    def bare(self, repo: str) -> BareRepository:
        """The git repository itself."""
        return self.hub.bare(self.hub.repository(repo))

    def pulls(self, repo: str) -> list[Issue]:
        """All pull requests, oldest first."""
        with self.hub.lock:
            return [i for i in self.hub.repository(repo).issues.values() if i.pull]

    def refs(self, repo: str) -> dict[str, str]:
        """All refs as `{full name: sha}`."""
        return self.bare(repo).refs()

    def tree(self, repo: str, ref: str) -> dict[str, bytes]:
        """All files of a branch or commit with their contents."""
        bare = self.bare(repo)
        entries = bare.entries(self.commit(repo, ref).sha, recursive=True)
        files = [entry for entry in entries if entry.kind == "blob"]
        return {entry.path: bare.blob(entry.sha) for entry in files}

    def commit(self, repo: str, ref: str) -> Commit:
        """The commit that a branch, tag or sha means."""
        bare = self.bare(repo)
        sha = bare.resolve(ref)
        if sha is None:
            message = f"{repo} has nothing called {ref}"
            raise LookupError(message)
        return bare.commit(sha)
