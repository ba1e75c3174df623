"""People by chance: they look at Jira and GitHub now and then, and do what people do.

They know what is shown to them and nothing of the ledger. As long as it is rough they also err,
change their minds and get in the way; afterwards each of them only wants the work done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from patchgate.core.ids import RepoName
from patchgate.ports import Pull, Ticket
from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.jira import RUNNER, Issue
from patchgate.standins.simulate.scenarios import digest
from patchgate.standins.simulate.world import EVE, GITHUB, LEIGH, ROBIN, World

CODE = re.compile(r"waits for a person \((\w[\w-]*)\)")
ENDED = frozenset({"rejected", "cancelled", "failed"})


@dataclass(slots=True)
class Person:
    """Who looks after one ticket."""

    world: World
    key: str
    chance: Chance
    did: Callable[[str, str], None]
    """Told what was done to which ticket: the doorbell rings."""
    rough: bool = True
    seen: str = ""
    """What the ticket looked like at the last glance."""
    idle: int = 0
    """Glances at which nothing had changed."""
    acts: dict[str, int] = field(default_factory=dict)

    # ── what is to be seen ───────────────────────────────────────────────────────────────

    @property
    def issue(self) -> Issue:
        """The ticket with all that Jira keeps of it."""
        return self.world.jira.issue(self.key)

    @property
    def ticket(self) -> Ticket:
        """The ticket."""
        return self.issue.ticket

    @property
    def is_over(self) -> bool:
        """Whether Jira shows an end."""
        return self.ticket.status == "Done" or bool(self.ticket.labels & ENDED)

    def pull(self) -> Pull | None:
        """The newest pull request of this ticket."""
        where = self.world.configuration
        repo = RepoName(where.repositories[where.projects.index(self.ticket.project)])
        for branch in (f"ai/{self.key}-2", f"ai/{self.key}"):
            pulls = self.world.github.pulls_of(repo, branch)
            if pulls:
                return pulls[0]
        return None

    def _last_word(self) -> str:
        ours = [c.body for c in self.issue.comments if c.author == RUNNER]
        return ours[-1] if ours else ""

    # ── a glance ─────────────────────────────────────────────────────────────────────────

    def glance(self) -> bool:
        """Look, and perhaps act; False when there is nothing more to look after."""
        if self.is_over:
            return self._after_the_end()
        looks = f"{self.ticket.status}{sorted(self.ticket.labels)}{len(self.issue.comments)}"
        self.idle = self.idle + 1 if looks == self.seen else 0
        self.seen = looks
        if self.rough and self.chance.hits(0.3):
            self._err()
        else:
            self._help()
        return True

    def _after_the_end(self) -> bool:
        if self.rough and self.chance.hits(0.02):
            self._move("In Progress", LEIGH)
            self._assign(RUNNER)
            return True
        return False

    def _say(self, text: str, who: str = LEIGH) -> None:
        self._done(text.split()[0])
        self.world.jira.say(self.key, who, text)
        self.did(self.key, f"{who} says {text!r}")

    def _move(self, status: str, who: str = LEIGH) -> None:
        if self.ticket.status == status:
            return
        self._done("move")
        self.world.jira.change(self.key, who, "status", status)
        self.did(self.key, f"{who} moves it to {status}")

    def _assign(self, to: str, who: str = LEIGH) -> None:
        self._done("assign")
        self.world.jira.change(self.key, who, "assignee", to)
        self.did(self.key, f"{who} assigns it to {to or 'nobody'}")

    def _done(self, what: str) -> None:
        self.acts[what] = self.acts.get(what, 0) + 1

    # ── getting it done ──────────────────────────────────────────────────────────────────

    def _help(self) -> None:
        ticket, pull = self.ticket, self.pull()
        if ticket.status == "Plan Review":
            self._move("In Progress", self.chance.one_of((LEIGH, ROBIN)))
        elif "awaiting-approval" in ticket.labels:
            self._say(f"/approve {digest(self.world, self.key)}".strip())
        elif self._was_overlooked():
            # Given to the runner, and nothing came of it: perhaps it was moved too early.
            self._move("Backlog")
            self._assign(LEIGH)
            self._assign(RUNNER)
        elif ticket.status == "Blocked" or CODE.search(self._last_word()):
            self._unblock()
        elif "deferred" in ticket.labels or "comment `/resume`" in self._last_word():
            self._say("/resume")
        elif pull is not None and pull.state == "open" and self._is_green(pull):
            self._merge(pull)
        elif pull is not None and pull.state == "merged" and self.idle > 3:
            self._say("/approve")
        elif self.idle > 3 and ticket.assignee != RUNNER and not ticket.is_subtask:
            self._assign(RUNNER)
        elif self.idle > 6:
            # Stopped, and the ticket does not show it any more: the reply to a `/retry` says so.
            self._say("/resume" if "it is stopped" in self._last_word() else "/retry")

    def _was_overlooked(self) -> bool:
        """Whether the runner has the ticket and says nothing to it."""
        if self._last_word() or self.ticket.is_subtask:
            return False
        return self.idle > 3 or self.ticket.status not in ("Backlog", "In Progress")

    def _is_green(self, pull: Pull) -> bool:
        checks = self.world.github.required.get(pull.head)
        return self.ticket.status == "In Testing" and checks is not None and checks.level == "green"

    def _merge(self, pull: Pull) -> None:
        self._done("merge")
        self._close(pull, merged=True)

    def _close(self, pull: Pull, *, merged: bool) -> None:
        repo = RepoName(pull.url.removeprefix("https://github.test/").partition("/pull/")[0])
        self.world.github.close(repo, pull.number, by=GITHUB[LEIGH], merged=merged)
        self.did(self.key, f"{'merges' if merged else 'closes'} #{pull.number}")

    def _unblock(self) -> None:
        said = self._last_word()
        found = CODE.search(said)
        code = found[1] if found else ""
        if code == "taken":
            self._clear_the_way(said)
        elif "/override" in said or code in ("closed", "gate", "refused", "repeated", "policy"):
            self._say("/changes do it in another way")
        elif code in ("approval", "merged-red", "no-checks", "defer"):
            self._say("/approve")
        elif code == "money":
            self._say("/reject it costs too much")
        elif code == "question":
            self._say("As you like.")
            self._say("/resume")
        else:
            self._say(self.chance.one_of(("/resume", "/retry")) if self.idle < 2 else "/resume")

    def _clear_the_way(self, said: str) -> None:
        """Remove the branch that the comment says is in the way, and have it tried again."""
        self._done("remove a branch")
        branches = self.world.github.branches
        for repo, name in [place for place in branches if place[1] in said.replace("\\", "")]:
            if name.startswith(f"ai/{self.key}"):
                del branches[repo, name]
        self._say("/retry")

    # ── getting in the way ───────────────────────────────────────────────────────────────

    def _err(self) -> None:
        ways = self._ways()
        ways[self.chance.weighed(dict.fromkeys(ways, 1.0))]()

    def _ways(self) -> Mapping[str, Callable[[], None]]:
        ways: dict[str, Callable[[], None]] = {
            "changes": lambda: self._say("/changes shorter, please"),
            "talk": lambda: self._say("Interesting.", EVE),
            "ask": lambda: self._say("/ask why like this?", ROBIN),
            "near miss": lambda: self._say("/aprove", ROBIN),
            "stop": lambda: self._say("/stop"),
            "resume": lambda: self._say("/resume", ROBIN),
            "retry": lambda: self._say("/retry"),
            "bare approval": lambda: self._say("/approve", ROBIN),
            "a stranger approves": lambda: self._say("/approve", EVE),
            "edited": self._edit,
            "to Blocked": lambda: self._move("Blocked", EVE),
            "to Backlog": lambda: self._move("Backlog", EVE),
            "to In Progress": lambda: self._move("In Progress", EVE),
            "to the runner": lambda: self._assign(RUNNER, self.chance.one_of((LEIGH, EVE))),
            "to a person": lambda: self._assign(EVE, EVE),
            "label": lambda: self.world.jira.label(self.key, remove=["awaiting-approval"]),
            "rewrite": self._rewrite,
            "override": lambda: self._say("/override ci-configuration we want it", ROBIN),
        }
        if self.chance.hits(0.1):
            ways["reject"] = lambda: self._say("/reject no longer wanted")
            ways["to Done"] = lambda: self._move("Done", ROBIN)
        pull = self.pull()
        if pull is not None and pull.state == "open":
            ways |= self._ways_of(pull)
        return ways

    def _ways_of(self, pull: Pull) -> Mapping[str, Callable[[], None]]:
        github = self.world.github
        repo = RepoName(pull.url.removeprefix("https://github.test/").partition("/pull/")[0])

        def review() -> None:
            github.review(repo, pull.number, "leigh", state="changes_requested", body="Shorter.")
            self.did(self.key, f"asks for changes on #{pull.number}")

        def push() -> None:
            github.push(repo, pull.head_branch, {"NEWS.md": f"{self.world.clock.ms}\n"})
            self.did(self.key, f"pushes to {pull.head_branch}")

        def write() -> None:
            github.write(repo, pull.number, "robin", "/approve")
            self.did(self.key, f"approves on #{pull.number}")

        return {
            "close": lambda: self._close(pull, merged=False),
            "merge early": lambda: self._close(pull, merged=True),
            "review": review,
            "push": push,
            "on GitHub": write,
        }

    def _edit(self) -> None:
        """A word of approval that is edited afterwards."""
        number = self.world.jira.say(self.key, LEIGH, f"/approve {digest(self.world, self.key)}")
        self.world.jira.edit_comment(self.key, number, "/approve and more")
        self.did(self.key, "approves and edits it")

    def _rewrite(self) -> None:
        self.world.jira.change(self.key, EVE, "description", f"Please at {self.world.clock.ms}.")
        self.did(self.key, "rewrites the description")
