"""From one decision of a person to the next, until the ticket ends."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from patchgate.app.environment import Environment
from patchgate.errors import CredentialError, MalformedError, RefusedError, UsageError
from patchgate.standins.demo.driver import Driver, environment
from patchgate.standins.demo.reckoning import bill_of, leave
from patchgate.standins.demo.screen import Screen
from patchgate.standins.demo.story import kept_folder, names
from patchgate.standins.github.refusals import Refusal as GitHubRefusal
from patchgate.standins.jira.refusal import Refusal as JiraRefusal
from patchgate.standins.models import Script, ScriptError, load_script
from patchgate.standins.rehearse.people import (
    AtTerminal,
    Decision,
    Kind,
    Person,
    is_act,
    is_loopback,
    read_people,
)
from patchgate.standins.rehearse.source import Source, clone
from patchgate.standins.rehearse.ticket import TicketFile, read_ticket
from patchgate.standins.world import LEIGH, PROJECT, REQUIRED_CHECK, RUNNER, Target, World

KINDS: dict[str, Kind] = {
    "PLAN_REVIEW": "plan",
    "WAITING_USER_APPROVAL": "patch",
    "BLOCKED_POLICY": "blocked",
    "NEEDS_HUMAN": "question",
    "STOPPED": "question",
    "DEFERRED": "question",
    "PR_OPEN": "pull",
    "VERIFYING_CI": "pull",
    "READY_TO_MERGE": "pull",
}
"""States in which a person (or CI, whose part the person plays) is asked."""
ENDS = frozenset({"DONE", "REJECTED", "CANCELLED", "FAILED"})
KEY = f"{PROJECT}-1"
QUIT = 130
"""Exit code of a person who quits, as of an interrupted program."""


def rehearse(
    *,
    repo: Path,
    ticket: Path,
    answers: Path | None = None,
    people: Path | None = None,
    keep: Path | None = None,
) -> int:
    """Play a ticket on a clone of a local repository; 0 when it ends Done.

    Models: the stand-ins with `answers`, else the real ones whose keys are in the environment.
    Decisions: asked at the terminal, or taken from `people`.
    """
    given, console = Environment.from_os(), Console(highlight=False)
    asked = read_ticket(ticket)
    script = _script(answers)
    more = {} if script else _real_models(given)
    person: Person = read_people(people, given) if people else _at_terminal(console)
    with ExitStack() as stack:
        root = stack.enter_context(kept_folder(keep))
        source = clone(repo, root / "source.git")
        target = Target(source.clone, source.name, source.branch)
        settings = _settings(asked, source)
        world = stack.enter_context(World(root, target=target, script=script, settings=settings))
        shutil.rmtree(source.clone)
        env = environment(world, more)
        if not all(map(is_loopback, (env.jira_base_url, env.github_api_url))):
            raise RefusedError("a rehearsal only ever plays on its own stand-ins")
        rehearsal = Rehearsal(world, env, root / "rooms", Screen(console, names()), person)
        status = rehearsal.play(asked)
        rehearsal.result(root if keep else None)
        if keep:
            leave(rehearsal.driver, root)
    return status


def _script(answers: Path | None) -> Script | None:
    try:
        return load_script(answers) if answers else None
    except ScriptError as error:
        raise MalformedError(str(error), "docs/answers.md shows an answers file.") from error


def _real_models(given: Environment) -> dict[str, str]:
    """The real keys and endpoints, in place of the world's; one key alone suffices."""
    if not given.model_keys():
        raise CredentialError(
            "no model to ask: neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set",
            "Set one of them, or replay answers with --answers FILE.",
        )
    claude, openai = given.anthropic_api_key, given.openai_api_key
    return {
        "ANTHROPIC_API_KEY": claude.get_secret_value() if claude else "",
        "ANTHROPIC_BASE_URL": given.anthropic_base_url,
        "OPENAI_API_KEY": openai.get_secret_value() if openai else "",
        "OPENAI_BASE_URL": given.openai_base_url,
    }


def _at_terminal(console: Console) -> AtTerminal:
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to decide: standard input is no terminal",
            "Run it at a terminal, or script the person with --people FILE.",
        )
    return AtTerminal(console)


def _settings(asked: TicketFile, source: Source) -> dict[str, object]:
    front = asked.front
    route = {
        "repository": source.name,
        "base_branch": source.branch,
        "approval": front.mode,
        "plan": front.plan,
    }
    return {"routes": [route], "checks": {"commands": [list(argv) for argv in front.checks]}}


@dataclass
class Rehearsal:
    """One ticket on one world; Leigh's part is played by whoever decides."""

    world: World
    env: Environment
    folder: Path
    screen: Screen
    person: Person
    driver: Driver = field(init=False)
    start: str = ""
    read: set[str] = field(default_factory=set)
    """Comments that were shown."""

    def __post_init__(self) -> None:
        self.driver = Driver(self.world, self.env, self.folder, self.screen.listener())
        target = self.world.target
        self.start = self.world.github.bare(target.name).branch(target.branch) or ""

    def play(self, asked: TicketFile) -> int:
        """From the assignment to the end; 0 when Done, 1 for another end, 130 for quit."""
        leigh = self.world.at_jira(LEIGH)
        self.screen.chapter(f"{KEY}: {asked.summary}")
        self.screen.person(LEIGH.name, f"(you) writes {KEY} and assigns it to {RUNNER.name}")
        labels = list(asked.front.labels)
        text = asked.description
        leigh.create(PROJECT, asked.front.type, asked.summary, text, labels=labels)
        leigh.assign(KEY, RUNNER.jira)
        while True:
            status = self.driver.settle()
            self._show_news()
            state = self.driver.waits[KEY].state if KEY in self.driver.waits else ""
            if state in ENDS:
                return 0 if state == "DONE" else 1
            decision = self._decision()
            if decision is None:
                troubles = "; ".join(self.driver.troubles) or f"{KEY} waits for nobody"
                self.screen.note(f"it stops here: {troubles}", "bold red")
                return status or 1
            if not self._decide(decision):
                return QUIT

    def _decision(self) -> Decision | None:
        for wait in self.driver.waits.values():
            if wait.state in KINDS:
                return Decision(wait.key, KINDS[wait.state], wait.what)
        return None

    def _decide(self, asked: Decision) -> bool:
        """Have one decision taken and do it; False when the person quits."""
        while True:
            act = self.person.decide(asked)
            if act == "quit":
                return False
            try:
                if not is_act(act):
                    raise JiraRefusal(400, f"`{act}` is none of what can be done here")
                self._do(asked.key, act)
            except (JiraRefusal, GitHubRefusal, LookupError) as error:
                self.person.refused(_words(error))
            else:
                return True

    # ── acts ─────────────────────────────────────────────────────────────────────────────

    def _do(self, key: str, act: str) -> None:
        word, _, rest = act.strip().partition(" ")
        leigh = self.world.at_jira(LEIGH)
        self.screen.person(LEIGH.name, f"({key})", act)
        match word:
            case "merge":
                self._merge(key)
            case "checks":
                self._report(key, rest)
            case "assign":
                leigh.assign(key, RUNNER.jira)
            case "move":
                leigh.transition(key, rest.strip())
            case "comment":
                leigh.comment(key, rest.strip())
            case _:
                leigh.comment(key, act)

    def _merge(self, key: str) -> None:
        """Merge the ticket's pull request, after taking it out of draft."""
        number = self._number(key)
        for pull in self.world.github.pulls(self._repo):
            if pull.number == number and pull.pull:
                pull.pull.draft = False
        self.world.github.as_user(LEIGH.github).merge(self._repo, number)

    @property
    def _repo(self) -> str:
        return self.world.target.name

    def _number(self, key: str) -> int:
        for pull in self.world.github.pulls(self._repo):
            if pull.pull and pull.pull.head == f"ai/{key}" and pull.state == "open":
                return pull.number
        raise LookupError(f"{key} has no open pull request")

    def _report(self, key: str, verdict: str) -> None:
        """CI's part: a required check that ends green or red."""
        number = self._number(key)
        pull = next(p.pull for p in self.world.github.pulls(self._repo) if p.number == number)
        conclusion = "success" if verdict.split(" ")[0] == "green" else "failure"
        head = pull.head_sha if pull else ""
        self.world.github.report_checks(self._repo, head, {REQUIRED_CHECK: conclusion})

    # ── what is to be seen ───────────────────────────────────────────────────────────────

    def _show_news(self) -> None:
        """The runner's comments since the last time, as they stand in Jira."""
        issues = list(self.world.jira.state.issues.values())
        for issue in issues:
            for comment in issue.comments:
                if comment.author == RUNNER.jira and comment.id not in self.read:
                    self.read.add(comment.id)
                    self.screen.document(f"{issue.key} in Jira", comment.body)

    def result(self, kept: Path | None) -> None:
        """What became of the default branch, what it cost, and where it is."""
        target, screen = self.world.target, self.screen
        bare = self.world.github.bare(target.name)
        screen.chapter("The result")
        stat = bare.run("diff", "--stat=78", self.start, f"refs/heads/{target.branch}")
        for line in stat.splitlines() or [f"{target.branch} is as it was"]:
            screen.note(line.strip(), "")
        known = [key for key in self.driver.waits if self.world.jira.issue(key)]
        bill = bill_of(self.driver, tuple(known))
        screen.note(
            f"{bill.runs} model runs, {bill.tokens.total():,} tokens, "
            f"${bill.micro_dollars / 1_000_000:.4f}; {bill.events} events on the ledger"
        )
        if kept is not None:
            place = kept / "github" / f"{target.name}.git"
            screen.place(f"git clone {place}")


def _words(error: Exception) -> str:
    if isinstance(error, JiraRefusal):
        return " ".join([*error.messages, *error.errors.values()])
    return str(getattr(error, "message", error))
