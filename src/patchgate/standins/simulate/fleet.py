"""Many tickets for many days: the real rooms on virtual time, in all weathers, with people.

What a seed gives is the same again, event for event. Each ticket draws its own chances, so that
one of them can be played without the others.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.app.reconcile import code_of
from patchgate.core.ids import RepoName, Sha
from patchgate.core.plan import Triage, TriageChoice
from patchgate.core.proposal import Outcome, Task
from patchgate.standins.simulate.actions import Actions
from patchgate.standins.simulate.audit import Audit, BrokenPromiseError
from patchgate.standins.simulate.bill import Bill
from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.github import Tree
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.people import Person
from patchgate.standins.simulate.running import Ran, Runner
from patchgate.standins.simulate.scenarios import SWEEP, obliging, plan, writes
from patchgate.standins.simulate.schedule import Schedule, Strand
from patchgate.standins.simulate.thinking import Brief, Thought
from patchgate.standins.simulate.time import DAY, MINUTE, SECOND
from patchgate.standins.simulate.wire import WEATHER, Fault, Line, Request, may_happen
from patchgate.standins.simulate.world import EVE, LEIGH, ROBIN, Configuration, World

KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.KILL_RECORDED)
FAULTY, DEADLY = 0.016, 0.02
"""Shares of requests that fail, and of effects whose run is killed, where the weather is 1."""
GRACE = 2 * DAY
"""After the weather has cleared, every ticket has come to its end by then."""
LAG = MINUTE
"""How far behind the search of Jira is in bad weather."""
REMEMBERED = 80
"""Lines of each ticket's history that are kept to be told."""
OUTCOMES = {
    Outcome.ANSWERED: 0.84,
    Outcome.INVALID: 0.04,
    Outcome.FAILED: 0.03,
    Outcome.QUESTION: 0.04,
    Outcome.NO_CHANGE: 0.02,
    Outcome.LIMIT_MONEY: 0.01,
    Outcome.REFUSED: 0.02,
}


@dataclass(frozen=True, slots=True)
class Plans:
    """What is to be simulated."""

    seed: int = 1
    tickets: int = 100
    runners: int = 32
    days: int = 1
    weather: float = 1.0
    """How bad: 1.0 lets one request in sixty fail and kills one run in ten."""
    queue: bool = False
    """Whether a concurrency group keeps all arrivals, or one."""
    sweep_minutes: int = 30
    wake_ups: int = 3
    """Tickets that one sweep wakes before another follows."""
    projects: int = 3
    only: int = 0
    """Play this ticket alone; 0: all."""


@dataclass(slots=True)
class Result:
    """How it went."""

    plans: Plans
    broken: str = ""
    """What must not happen and did, or what never ended."""
    at_step: int = 0
    about: str = ""
    history: list[str] = field(default_factory=list)
    """The last lines of the history of the ticket that it is about."""
    states: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    cut: Counter[str] = field(default_factory=Counter)
    """Sweeps that could not do all, by the reason."""
    bill: Bill = field(default_factory=Bill)
    runs: int = 0
    events: int = 0
    tickets: int = 0
    """With sub-tasks."""
    ended_ms: int = 0
    actions: Actions | None = None


class Fleet:
    """One simulated company."""

    def __init__(self, plans: Plans, folder: Path) -> None:
        self.plans = plans
        names = [f"P{chr(ord('A') + n)}" for n in range(plans.projects)]
        modes = ("patchset", "plan", "request")
        self.world = World.new(
            Configuration(
                modes=tuple(modes[n % 3] for n in range(plans.projects)),
                projects=tuple(names),
                repositories=tuple(f"acme/{name.lower()}" for name in names),
                extra=f"limits: {{wake_ups_per_sweep: {plans.wake_ups}}}\n",
            )
        )
        self.world.github.has_ci = True
        self.schedule = Schedule(self.world.clock)
        self.audit = Audit(self.world)
        self.result = Result(plans)
        self.runner = Runner(self.world, self._think, folder, self._line)
        self.actions = Actions(
            self.schedule,
            self._play,
            group_of=self._group_of,
            runners=plans.runners,
            queue=plans.queue,
        )
        self.people: dict[str, Person] = {}
        self.lines: dict[str, deque[str]] = {}
        self._strand: Strand | None = None
        self._key = ""
        self._requests: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._reported = 0
        self._open = 0
        self._odds = (FAULTY * plans.weather, DEADLY * plans.weather)

    @property
    def rough(self) -> bool:
        """Whether the weather is still bad, and people still err."""
        return self.world.clock.ms < self.plans.days * DAY

    # ── the whole ────────────────────────────────────────────────────────────────────────

    def play(self) -> Result:
        """From the first ticket to the last end."""
        result = self.result
        try:
            self._arrivals()
            self._sweep_later()
            self.world.jira.lag = LAG if self.plans.weather else 0
            self.schedule.run(self.plans.days * DAY)
            self.world.jira.lag = 0
            for person in self.people.values():
                person.rough = False
            self.schedule.run(self.plans.days * DAY + GRACE, quiet=self._is_quiet)
            self._must_have_ended()
        except BrokenPromiseError as broken:
            result.broken = str(broken)
            result.about = result.about or self._key
        except Exception as error:  # a bug of the product: told with the seed, never swallowed
            result.broken = f"{type(error).__name__}: {error}"
            result.about = self._key
        return self._told()

    def _told(self) -> Result:
        result, world = self.result, self.world
        result.at_step = self.schedule.happened
        result.history = list(self.lines.get(result.about, ()))
        result.states = Counter(
            book.w.state.value for book in self.audit.books.values() if book.w.key
        )
        result.faults = Counter({fault.value: n for fault, n in self.audit.faults.items()})
        for person in self.people.values():
            result.acts.update(person.acts)
        result.runs, result.ended_ms = world.runs.started, world.clock.ms
        result.events = sum(len(s.events) for s in world.ledger.streams().values())
        result.tickets = len({id(issue) for issue in world.jira.issues.values()})
        result.bill.ledger_bytes = world.ledger.size
        result.bill.refused = world.jira.refused
        result.actions = self.actions
        return result

    def _is_quiet(self) -> bool:
        return not self._open and self.actions.is_idle and self._all_gathered()

    def _all_gathered(self) -> bool:
        return all(not name.rpartition("-")[2].isdigit() for name in self.world.ledger.live)

    def _must_have_ended(self) -> None:
        wrong = self.audit.at_rest()
        for name, book in self.audit.books.items():
            w = book.w
            if w.key and not w.is_over:
                why = w.parked.reason if w.parked else "not parked"
                self.result.about = w.key
                wrong.append(f"{name} never ended: {w.state}, {why}")
        for key, person in self.people.items():
            begun = person.issue.ticket.issue_id in self._streams()
            # One that a person closed before a run could begin it has ended, too.
            if not (begun or person.is_over or person.ticket.is_subtask):
                self.result.about = key
                wrong.append(f"{key} was given to the runner and has no stream")
        if wrong:
            self.result.about = self.result.about or wrong[0].rpartition(":")[0].rpartition("-")[0]
            raise BrokenPromiseError("\n".join(wrong[:10]))

    def _streams(self) -> set[str]:
        return set(self.world.ledger.named)

    # ── tickets and people ───────────────────────────────────────────────────────────────

    def _arrivals(self) -> None:
        for number in range(1, self.plans.tickets + 1):
            if self.plans.only in (0, number):
                chance = Chance(self.plans.seed, "ticket", number)
                at = chance.between(0, max(1, self.plans.days * DAY * 8 // 10))
                self.schedule.after(at, lambda n=number, c=chance: self._arrive(n, c))  # type: ignore[misc]  # bound now

    def _arrive(self, number: int, chance: Chance) -> None:
        where = self.world.configuration
        key = f"{where.projects[number % len(where.projects)]}-{number * 10}"
        by = chance.weighed({LEIGH: 0.5, ROBIN: 0.2, EVE: 0.3})
        kind = "Task" if chance.hits(0.7) else "Story"
        self.world.jira.create(key, reporter=by, kind=kind)
        self._look_after(key, chance)
        self.world.jira.change(key, by, "assignee", RUNNER)
        self._did(key, f"{by} writes a {kind} and assigns it to the runner")

    def _look_after(self, key: str, chance: Chance) -> None:
        person = Person(self.world, key, chance.of(key, "person"), self._did, rough=self.rough)
        self.people[key] = person
        self._open += 1
        self._glance_later(person)

    def _glance_later(self, person: Person) -> None:
        low, high = (2, 180) if self.rough else (5, 30)
        late = person.chance.between(low * MINUTE, high * MINUTE)
        self.schedule.after(late, lambda: self._glance(person))

    def _glance(self, person: Person) -> None:
        self._key = person.key
        self._find_subtasks(person)
        before = person.is_over
        if person.glance():
            self._glance_later(person)
        elif before:
            self._open -= 1

    def _find_subtasks(self, person: Person) -> None:
        for _, made in person.issue.subtasks:
            if made.key not in self.people:
                self._look_after(made.key, person.chance.of(made.key))

    def _did(self, key: str, what: str) -> None:
        self._write_down(key, what)
        self.actions.ring(key, self._bells(key))

    def _bells(self, key: str) -> Chance | None:
        if not self.rough or not self.plans.weather:
            return None
        self._asked[f"bell {key}"] += 1
        return Chance(self.plans.seed, "bell", key, self._asked[f"bell {key}"])

    def _write_down(self, key: str, what: str) -> None:
        lines = self.lines.setdefault(key, deque(maxlen=REMEMBERED))
        lines.append(f"{self.world.clock.now():%d %H:%M:%S} step {self.schedule.happened}: {what}")

    def _group_of(self, key: str) -> str:
        issue = self.world.jira.issues.get(key)
        return (issue.ticket.parent if issue else None) or key

    # ── runs ─────────────────────────────────────────────────────────────────────────────

    def _play(self, key: str, strand: Strand) -> None:
        if key == SWEEP:
            self._sweep(strand)
            return
        began = self.world.clock.ms
        ran = self.runner.run(key, lambda run: self._line(run, strand, key))
        self._after_run(key, ran, began)

    def _after_run(self, key: str, ran: Ran, began: int) -> None:
        self._key = key
        self.result.bill.run(self.world.clock.ms - began, rounds=ran.rounds)
        waits = "; ".join(f"{w.state}: {w.what}" for w in ran.waits.values())
        told = "; ".join(t.message for t in ran.troubles)
        self._write_down(key, f"run {'killed' if ran.killed else 'ended'} {waits} {told}".strip())
        self._report_checks()

    def _sweep_later(self) -> None:
        self.schedule.after(self.plans.sweep_minutes * MINUTE, self._sweep_due)

    def _sweep_due(self) -> None:
        self._sweep_later()
        self.actions.arrive(SWEEP)

    def _sweep(self, strand: Strand) -> None:
        began = self.world.clock.ms
        self._asked[SWEEP] += 1
        swept = self.runner.ring_and_gather(
            lambda run: self._line(run, strand, SWEEP),
            period=self.plans.sweep_minutes,
            arrives=self.actions.arrive,
        )
        self._note_cut(swept.ran)
        self.result.bill.run(self.world.clock.ms - began, rounds=0)
        self.result.bill.sweeps += 1
        self._report_checks()

    def _note_cut(self, ran: Ran) -> None:
        """A sweep that could not do all; the next one has to."""
        reasons = ["killed"] if ran.killed else [code_of(error) for error in ran.troubles]
        self.result.cut.update(reasons)
        if reasons:
            told = "; ".join(error.message for error in ran.troubles)
            self._write_down(SWEEP, f"sweep cut short: {', '.join(reasons)} {told}".strip())

    def _line(self, run: str, strand: Strand | None = None, key: str = "") -> Line:
        def passing(request: Request) -> None:
            if strand is not None:
                strand.wait(self._latency(request, key))
            self._key = key
            self.result.bill.request(request, self.world.clock.ms)

        return Line(run, sky=lambda r: self._sky(r, key), watch=self.audit, passing=passing)

    def _latency(self, request: Request, key: str) -> int:
        self._requests[key] += 1
        if request.service == "model":
            return 90 * SECOND + (self._requests[key] * 7_919) % (60 * SECOND)
        if request.what == "settings":
            return 20 * SECOND  # a job begins: checkout, environment
        return 80 + (self._requests[key] * 7_919) % 300

    def _sky(self, request: Request, key: str) -> Fault | None:
        if not self.rough or not self.plans.weather:
            return None
        names = (self.plans.seed, "sky", key, self._requests[key])
        drawn, fault, kill = Chance.share(*names), *self._odds
        found: Fault | None = None
        if drawn < fault:
            found = Chance(*names).one_of(WEATHER)
        elif request.is_effect and drawn < fault + kill:
            found = Chance(*names).one_of(KILLS)
        if found is None or (found in WEATHER and not may_happen(request, found)):
            return None
        self._write_down(key, f"{found} at {request}")
        return found

    # ── CI and models ────────────────────────────────────────────────────────────────────

    def _report_checks(self) -> None:
        written = self.world.github.pushed
        for repo, branch, commit in written[self._reported :]:
            if branch.startswith("ai/"):
                self._check_later(repo, branch, commit)
        self._reported = len(written)

    def _check_later(self, repo: RepoName, branch: str, commit: Sha) -> None:
        key = branch.removeprefix("ai/")
        key = key if key in self.people else key.rpartition("-")[0]
        chance = Chance(self.plans.seed, "ci", key, branch, self._asked[f"ci {branch}"])
        self._asked[f"ci {branch}"] += 1
        red = self.rough and chance.hits(0.15)

        def report() -> None:
            self.world.github.report(commit, "red" if red else "green")
            self._did(key, f"CI is {'red' if red else 'green'} on {commit[:12]}")

        self.schedule.after(chance.between(2, 12) * MINUTE, report)

    def _think(self, brief: Brief, tree: Tree) -> Thought:
        key = brief["key"]
        self._asked[f"model {key}"] += 1
        chance = Chance(self.plans.seed, "model", key, self._asked[f"model {key}"])
        if self.rough and self.plans.weather:
            outcome = chance.weighed(OUTCOMES)
            if chance.hits(0.03):
                return Thought(silent=True)
            if chance.hits(0.01):
                return Thought(raw=b'{"not": "a proposal"')
            if outcome is not Outcome.ANSWERED:
                asks = ("Which one?",) if outcome is Outcome.QUESTION else ()
                return Thought(
                    outcome, f"{outcome} by chance {chance.between(1, 9)}", questions=asks
                )
        return self._answer(brief, tree, chance)

    def _answer(self, brief: Brief, tree: Tree, chance: Chance) -> Thought:
        match brief["task"]:
            case Task.PLAN:
                return Thought(plan=plan(chance.between(1, 3), f"Way {brief['ordinal']}."))
            case Task.TRIAGE:
                return Thought(triage=Triage(decision=TriageChoice.GO, reason="clear"))
            case Task.IMPLEMENT:
                path = "src/app.py" if chance.hits(0.1) else ""
                if self.rough and chance.hits(0.05):
                    path = ".github/workflows/ci.yml"
                return writes(brief, tree, path, f"# run {brief['ordinal']}\n")
            case _:
                return obliging(brief, tree)
