"""Tickets' lives on the loopback world: its people, its doorbell, and the rooms as they are run.

The rooms are played inside this process through the command line's own commands, each with the
environment that it would be given as a process; `spawned` plays them as real processes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from patchgate.app.desk import Waits
from patchgate.app.doorbell import keys_of, rung
from patchgate.app.environment import Environment
from patchgate.app.records import show_stream
from patchgate.app.run import Entry, LocalRun
from patchgate.cli import cli
from patchgate.errors import PatchgateError
from patchgate.standins.demo.driver import environment
from patchgate.standins.github.state import Issue as GitHubIssue
from patchgate.standins.http import Exchange
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.jira.state import Issue
from patchgate.standins.models import parse_script
from patchgate.standins.world import (
    CONTROL,
    LEIGH,
    PROJECT,
    REQUIRED_CHECK,
    ROBIN,
    RUNNER,
    SAM,
    SETTINGS_PATH,
    Account,
    Bell,
    Target,
    World,
)
from tests.e2e.answers import (
    FIRST_AT_ANY_ATTEMPT,
    POLITE,
    POLITER,
    answer,
    edits,
    item,
    plan,
    script,
)

SHOP = "acme/shop"
BRANCH = "ai/MWC-1"
SEED = {
    "greet.py": 'def greet(name):\n    return "Hello " + name\n',
    "shout.py": 'def shout(name):\n    return name.upper() + "!"\n',
    "README.md": "# shop\n\nGreets people.\n",
    "tests/test_greet.py": "from greet import greet\n\nassert greet('x').endswith('x')\n",
    ".github/workflows/ci.yml": "name: ci\non: [pull_request]\n",
}
DIGEST = re.compile(r"/approve ([0-9a-f]{6,64})")
ENOUGH = 40
"""Runs after one step of a person; more would be a loop."""


# ── a life ───────────────────────────────────────────────────────────────────────────────


def inside(entry: Entry) -> int:
    """Play a room in this process, with the environment that it is given and no other."""
    kept, out, status = dict(os.environ), io.StringIO(), 0
    given = dict(entry.env) | {k: v for k, v in kept.items() if k.startswith("STANDIN_")}
    os.environ.clear()
    os.environ.update(given)
    try:
        with contextlib.redirect_stdout(out):
            cli.main(args=list(entry.argv), prog_name="patchgate", standalone_mode=False)
    except PatchgateError as error:
        status = error.exit_code
        out.write(f"patchgate: {error.message}\n  next: {error.advice}\n")
    finally:
        os.environ.clear()
        os.environ.update(kept)
    if entry.heard is not None:
        for line in out.getvalue().splitlines():
            entry.heard(line)
    return status


@dataclass
class Life:
    """A world, and runs that answer its doorbell until it is quiet."""

    world: World
    env: Environment
    folder: Path
    enter: Callable[[Entry], int] = inside
    lines: list[str] = field(default_factory=list)
    """Everything that the rooms said."""
    runs: int = 0
    waits: dict[str, Waits] = field(default_factory=dict)

    # runs

    def settle(self) -> int:
        """Answer all bells, and those that these runs ring; the worst exit code."""
        worst = 0
        for _ in range(ENOUGH):
            keys = self._keys(self.world.bells())
            if not keys:
                return worst
            worst = self.run(*keys) or worst
        raise AssertionError(f"still ringing after {ENOUGH} runs:\n" + "\n".join(self.lines[-40:]))

    def run(self, *keys: str) -> int:
        """`patchgate run KEY…`; the exit code."""
        self.runs += 1
        local = LocalRun(
            env=self.env,
            folder=self.folder / "runs" / f"{self.runs:03}",
            cache=self.folder / "cache",
            heard=self.lines.append,
            enter=self.enter,
        )
        return local.keys(keys_of(keys))

    def cli(self, *argv: str) -> tuple[int, str]:
        """Any other command with every key of this world; its exit code and its words."""
        said: list[str] = []
        env = {**dict(self.env.machine), **self.world.env()}
        status = inside(Entry(None, argv, env, 0, said.append))  # type: ignore[arg-type]  # no room
        return status, "\n".join(said)

    def _keys(self, bells: Sequence[Bell]) -> list[str]:
        found: dict[str, None] = {}
        for bell in bells:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / "event.json"
            path.write_text(json.dumps(bell.payload), encoding="utf-8")
            found |= dict.fromkeys(rung(self.env, (), path, bell.event))
        return list(found)

    # people

    def ticket(
        self,
        summary: str = "Greet politely",
        text: str = "Say good day.",
        *,
        by: Account = LEIGH,
        kind: str = "Task",
        assign: bool = True,
        **fields: Any,
    ) -> str:
        """A new ticket, assigned to the runner by its author; its key. Nothing runs yet."""
        made = self.world.at_jira(by).create(PROJECT, kind, summary, text, **fields)
        if assign:
            self.world.at_jira(by).assign(made.key, RUNNER.jira)
        return made.key

    def say(self, key: str, text: str, *, by: Account = LEIGH) -> None:
        """A person comments in Jira, and the bells are answered."""
        self.world.at_jira(by).comment(key, text)
        self.settle()

    def say_on_github(self, number: int, text: str, *, by: Account = LEIGH) -> None:
        """A person comments on the pull request, and the bells are answered."""
        self.world.github.as_user(by.github).comment(SHOP, number, text)
        self.settle()

    def hand_back(self, key: str, text: str = "", *, by: Account = LEIGH) -> None:
        """A person comments and reassigns to the runner; the bells are answered."""
        if text:
            self.world.at_jira(by).comment(key, text)
        self.world.at_jira(by).assign(key, RUNNER.jira)
        self.settle()

    def move(self, key: str, status: str, *, by: Account = LEIGH) -> None:
        """A person moves the ticket; the bells are answered."""
        self.world.at_jira(by).transition(key, status)
        self.settle()

    def approve(self, key: str, *, by: Account = LEIGH) -> str:
        """A person approves what was shown last, by its digest; the digest."""
        digest = self.digest(key)
        self.say(key, f"/approve {digest}", by=by)
        return digest

    def ci(self, verdict: str = "success", *, number: int = 1) -> None:
        """CI reports on the head of the pull request; the bells are answered."""
        self.world.github.report_checks(SHOP, self.head(number), {REQUIRED_CHECK: verdict})
        self.settle()

    def merge(self, number: int = 1, *, by: Account = LEIGH) -> None:
        """A person merges; the bells are answered."""
        self.world.github.as_user(by.github).merge(SHOP, number)
        self.settle()

    def settings(self, **sections: Any) -> None:
        """An administrator replaces sections of the settings on the control repository's main."""
        github = self.world.github
        held = yaml.safe_load(github.tree(CONTROL, "main")[SETTINGS_PATH])
        text = yaml.safe_dump({**held, **sections}, sort_keys=False, allow_unicode=True)
        github.as_user(LEIGH.github).push(CONTROL, "main", {SETTINGS_PATH: text}, "Settings")

    # what is there

    def issue(self, key: str) -> Issue:
        """The ticket as Jira has it now."""
        return self.world.jira.issue(key)

    def shows(self, key: str) -> tuple[str, str]:
        """Status, and the name of the assignee."""
        issue = self.issue(key)
        names = {person.jira: person.name for person in (RUNNER, LEIGH, ROBIN, SAM)}
        return issue.status, names.get(issue.assignee or "", issue.assignee or "nobody")

    def said(self, key: str) -> list[str]:
        """Our comments on the ticket as text, oldest first."""
        ours = [c for c in self.issue(key).comments if c.author == RUNNER.jira]
        return [adf_to_text(comment.body) for comment in ours]

    def digest(self, key: str) -> str:
        """The digest that our latest comment with one asks to approve."""
        found = [DIGEST.search(text) for text in reversed(self.said(key))]
        return next(match[1] for match in found if match)

    def said_on_pull(self, number: int = 1) -> list[str]:
        """Our comments on the pull request, oldest first."""
        (pull,) = [p for p in self.pulls() if p.number == number]
        return [c.body for c in pull.comments if c.login == RUNNER.github]

    def pulls(self, repo: str = SHOP) -> list[GitHubIssue]:
        """All pull requests."""
        return self.world.github.pulls(repo)

    def head(self, number: int = 1) -> str:
        """The head of a pull request."""
        (pull,) = [p.pull for p in self.pulls() if p.number == number and p.pull]
        return self.world.github.refs(SHOP)[f"refs/heads/{pull.head}"]

    def branches(self, repo: str = SHOP) -> set[str]:
        """Names of the branches."""
        return {name.removeprefix("refs/heads/") for name in self.world.github.refs(repo)}

    def events(self, key: str) -> list[dict[str, Any]]:
        """The ticket's events as they lie on the ledger."""
        lines = show_stream(self.env, keys_of([key])[0], self.folder / "peek", as_json=True)
        return [json.loads(line)["event"] for line in lines]

    def kinds(self, key: str) -> list[str]:
        """The kinds of its events."""
        return [event["kind"] for event in self.events(key)]

    def state(self, key: str) -> str:
        """Where `patchgate status` says that it stands."""
        _, text = self.cli("status", key, "--cache", str(self.folder / "peek"))
        return text.split()[1]

    def prompts(self, task: str) -> list[str]:
        """The first message of each request to a model for that task, with its system text."""
        bodies = [
            one.request for one in (*self.world.anthropic.exchanges, *self.world.openai.exchanges)
        ]
        texts = [json.dumps(body, ensure_ascii=False) for body in bodies if body]
        return [text for text in texts if f"Task: {task} " in text]

    def counts(self) -> dict[str, int]:
        """Requests so far: Jira, GitHub's REST, git exchanges, and pushes among them."""
        rest, git = rest_and_git(self.world)
        pushes = [one for one in git if one.path.endswith("/git-receive-pack")]
        return {
            "jira": len(self.world.jira.exchanges),
            "github": len(rest),
            "git": len(git),
            "pushes": len(pushes),
        }


def rest_and_git(world: World) -> tuple[list[Exchange], list[Exchange]]:
    """Exchanges of GitHub's REST interface without the doorbell's own, and those of git."""
    rest, git = [], []
    for one in world.github.exchanges:
        if not one.path.startswith("/api/v3/"):
            git.append(one)
        elif not one.path.endswith("/dispatches"):
            rest.append(one)
    return rest, git


def lasting_writes(world: World) -> list[str]:
    """Every effect so far at Jira and GitHub, as `METHOD path`."""
    both = (*world.jira.exchanges, *world.github.exchanges)
    own = [one for one in both if one.effect and not one.path.endswith("/dispatches")]
    return [f"{one.method} {one.path}" for one in own]


NO_CHECKS: dict[str, Any] = {"checks": {"commands": []}}
UNPLANNED: dict[str, Any] = {
    "routes": [{"repository": SHOP, "base_branch": "main", "plan": "none"}],
    **NO_CHECKS,
}
"""Settings for a ticket that goes straight to a patch."""


@contextlib.contextmanager
def living(
    root: Path,
    *answers: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    seed: Mapping[str, str | bytes] | None = None,
    enter: Callable[[Entry], int] = inside,
) -> Iterator[Life]:
    """A life in a fresh world; `settings` replace whole sections of the world's own."""
    target = Target(seed or SEED, SHOP)
    said = UNPLANNED if settings is None else settings
    with World(root, target=target, script=parse_script(script(*answers)), settings=said) as world:
        yield Life(world, environment(world), root / "rooms", enter)


__all__ = [
    "BRANCH",
    "CONTROL",
    "FIRST_AT_ANY_ATTEMPT",
    "LEIGH",
    "NO_CHECKS",
    "POLITE",
    "POLITER",
    "ROBIN",
    "RUNNER",
    "SAM",
    "SHOP",
    "UNPLANNED",
    "Life",
    "answer",
    "edits",
    "inside",
    "item",
    "lasting_writes",
    "living",
    "plan",
    "rest_and_git",
    "script",
]
