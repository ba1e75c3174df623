"""Bad weather: every kind of request meets every kind of failure, and all converges, once each.

The kinds of requests are taken from the runs themselves: whatever they send is rained on. After a
run in bad weather at most three sweeps in good weather bring the world to where it would be.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request

from patchgate.errors import PatchgateError
from patchgate.standins.http import Exchange, Fault, FaultKind, StandIn
from patchgate.standins.world import World
from tests.e2e.kills import KILLED, SWEEP, Runner, Start, damage, differences, picture
from tests.e2e.scenarios import SCENARIOS, Stage, staged

SWEEPS = 3
VARYING = re.compile(
    r"\b[0-9a-f]{40}\b|MWC-\d+|/\d+(?=/|$)|ai/[\w-]+|\b[0-9a-f]{7,39}\b|live/[\w-]+"
)
SEED = 11
SAMPLE = 2


# ── what there is ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Kind:
    """One kind of request: a service's method and path, without what differs by the ticket."""

    service: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"

    @classmethod
    def of(cls, service: str, method: str, path: str) -> Kind:
        return cls(service, method, VARYING.sub("*", path.split("?")[0]))


def kinds_of(exchanges: Sequence[Exchange]) -> dict[Kind, tuple[str, int]]:
    """Each kind with the path of its first request, and how often it came."""
    found: dict[Kind, tuple[str, int]] = {}
    for one in exchanges:
        kind = Kind.of(one.service, one.method, one.path)
        first, count = found.get(kind, (one.path, 0))
        found[kind] = (first, count + 1)
    return found


def status(code: int, body: str = '{"message": "no"}', **headers: str) -> Callable[[str], Fault]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda method: Fault(
        FaultKind.STATUS, method, status=code, headers=named, body=body, times=1
    )


def broken(kind: FaultKind) -> Callable[[str], Fault]:
    return lambda method: Fault(kind, method)


SECONDARY = '{"message": "You have exceeded a secondary rate limit."}'
WEATHER: dict[str, Callable[[str], Fault]] = {
    "429": status(429, Retry_After="1"),
    "403 secondary": status(403, SECONDARY, retry_after="1"),
    "500": status(500),
    "502": status(502, "<html>Bad gateway</html>"),
    "time-out before": broken(FaultKind.RESET_BEFORE),
    "time-out after": broken(FaultKind.RESET_AFTER),
    "cut off": broken(FaultKind.CUT),
    "malformed": broken(FaultKind.MALFORMED),
    "409": status(409, '{"errorMessages": ["conflict"], "errors": {}}'),
    "expired": status(401),
}
ONLY = {"403 secondary": "github", "409": "jira"}
"""Weather of one service alone."""


def possible(kind: Kind, weather: str) -> bool:
    if weather == "409" and kind.method == "GET":
        return False
    return ONLY.get(weather, kind.service) == kind.service


# ── who came in ──────────────────────────────────────────────────────────────────────────


@dataclass
class Porch:
    """Sees every request as it arrives, whatever becomes of it."""

    world: World
    came: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Service, method, path, and what the request would make (empty: nothing)."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        for service in self.world.services:
            service.on_arrival = self._on(service)
        try:
            yield
        finally:
            for service in self.world.services:
                service.on_arrival = None

    def _on(self, service: StandIn) -> Callable[[Request], None]:
        def hook(request: Request) -> None:
            body = request.get_data(cache=True)
            made = made_by(request.method, request.path, body)
            self.came.append((service.service, request.method, request.path, made))

        return hook

    def blind(self) -> list[str]:
        """Creations that were sent again without a look at the same place in between."""
        wrong = []
        last: dict[tuple[str, str, str], int] = {}
        for number, (service, method, path, made) in enumerate(self.came):
            if not made:
                continue
            before = last.get((service, path, made))
            last[service, path, made] = number
            between = self.came[before + 1 : number] if before is not None else None
            if between is not None and not any(looks(path, *one) for one in between):
                wrong.append(f"{service} {method} {path} was sent again without a look: {made}")
        return wrong


def made_by(method: str, path: str, body: bytes) -> str:
    """What a creating request makes, by its own identity; empty for all others."""
    creates = path.endswith(("/comment", "/comments", "/issue", "/pulls", "/attachments"))
    if method != "POST" or not creates:
        return ""
    text = body.decode("utf-8", "replace")
    found = re.search(r'patchgate\.eid",\s*"value":\s*"([0-9a-f]{16})"', text)
    found = found or re.search(r"patchgate[: ]+(?:eid[=: ]+)?([0-9a-f]{16})", text)
    if found:
        return found[1]
    if path.endswith("/pulls"):
        return str(json.loads(text)["head"])
    name = re.search(r'filename="([^"]+)"', text)
    return name[1] if name else hashlib.sha256(body).hexdigest()


def looks(made_at: str, service: str, method: str, path: str, made: str) -> bool:
    """Whether this request reads the place where the other one makes something."""
    if method != "GET":
        return False
    issue = re.search(r"/issue/[^/]+", made_at)
    return path == made_at or ("/issue/" in path and (issue is None or issue[0] in path))


# ── one run in bad weather ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """At a step, the request of that kind and number meets that weather."""

    step: str
    kind: Kind
    path: str
    skip: int
    weather: str

    def __str__(self) -> str:
        return f"{self.step}: {self.kind} no. {self.skip + 1}, {self.weather}"


def cases_of(stage: Stage, chance: random.Random, *, known: set[Kind]) -> list[Case]:
    """Every new kind of request of every step, each in every weather that it can meet."""
    found: list[Case] = []
    for step in stage.steps:
        for kind, (path, count) in kinds_of(nominal(stage, step)).items():
            if kind in known or kind.path.endswith("/dispatches"):
                continue
            known.add(kind)
            found += [
                Case(step, kind, path, chance.randrange(count), weather)
                for weather in WEATHER
                if possible(kind, weather)
            ]
    return found


def nominal(stage: Stage, step: str) -> list[Exchange]:
    """All that the run of a step sends in good weather."""
    start, world = stage.at(step), stage.life.world
    world.restore(start.snapshot)
    marks = {id(service): len(service.exchanges) for service in world.services}
    stage.runner.play(start.what)
    sent = [one for service in world.services for one in service.exchanges[marks[id(service)] :]]
    assert [one for one in sent if one.status == 429] == [], "a limit was passed in good weather"
    return sent


def rained_on(stage: Stage, case: Case) -> list[str]:
    """What is wrong after a run in bad weather and the sweeps that follow."""
    start, world, runner = stage.at(case.step), stage.life.world, stage.runner
    world.restore(start.snapshot)
    (service,) = (one for one in world.services if one.service == case.kind.service)
    fault = WEATHER[case.weather](case.kind.method)
    porch = Porch(world)
    with porch.watching():
        service.plan_fault(Fault(**{**fault.__dict__, "path": case.path, "skip": case.skip}))
        said = outcome(runner, start.what)
        service.clear_faults()
        wrong = swept(runner, start)
    wrong += porch.blind()
    if "Traceback" in said:
        wrong.append(f"a traceback: {said[-2000:]}")
    return [f"{case}: {line}" for line in wrong]


def outcome(runner: Runner, what: str) -> str:
    """The words of a run that may fail, with one message and its own exit code."""
    codes = {error.exit_code for error in every_error()}
    code = runner.play(what, may_end_with=codes)
    assert code != KILLED
    return runner.last_log


def every_error(of: type[PatchgateError] = PatchgateError) -> Iterator[type[PatchgateError]]:
    yield of
    for error in of.__subclasses__():
        yield from every_error(error)


def swept(runner: Runner, start: Start) -> list[str]:
    """What still differs after three sweeps in good weather."""
    world, wrong = runner.world, ["never swept"]
    for _ in range(SWEEPS):
        runner.play(SWEEP)
        wrong = differences(wanted(start.end), wanted(picture(world)))
        if not wrong:
            break
    return wrong + damage(world, start.chains)


def wanted(found: Any) -> Any:
    """A picture without what a failed try rightly leaves: how often we tried."""
    kept = dict(found)
    kept["ledger"] = {
        name: {part: value for part, value in state.items() if part != "heard"}
        for name, state in found["ledger"].items()
    }
    return kept


# ── the tests ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ticket"), SCENARIOS["ticket"]) as stage:
        yield stage


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same again is the point


def test_some_requests_of_a_run_meet_bad_weather_and_all_converges(ticket: Stage) -> None:
    chance = seeded(SEED)
    kinds = kinds_of(nominal(ticket, "approved"))
    cases = [
        Case("approved", kind, path, chance.randrange(count), weather)
        for kind, (path, count) in kinds.items()
        for weather in WEATHER
        if possible(kind, weather) and not kind.path.endswith("/dispatches")
    ]
    writes = [case for case in cases if case.kind.method != "GET"]
    picked = [*chance.sample(writes, SAMPLE - 1), *chance.sample(cases, 1)]
    wrong = [line for case in picked for line in rained_on(ticket, case)]
    assert not wrong, "\n".join(wrong)


def test_a_search_that_lags_a_minute_loses_no_ticket(ticket: Stage) -> None:
    start, world = ticket.at("approved"), ticket.life.world
    world.restore(start.snapshot)
    world.jira.search_lag = 60.0
    try:
        assert not (wrong := swept(ticket.runner, start)), "\n".join(wrong)
    finally:
        world.jira.search_lag = 0.0


def test_a_sweep_wakes_open_tickets_though_jira_cannot_be_searched_and_says_so(
    ticket: Stage,
) -> None:
    start, world = ticket.at("approved"), ticket.life.world
    world.restore(start.snapshot)
    world.jira.plan_fault(Fault(FaultKind.STATUS, path="/search/jql", status=429, times=9))
    code = ticket.runner.play(SWEEP, may_end_with=range(1, 64))
    world.jira.clear_faults()
    assert (code, "search/jql: 429" in ticket.runner.last_log) == (8, True), ticket.runner.last_log
    assert differences(wanted(start.end), wanted(picture(world))) == []


@pytest.mark.soak
@pytest.mark.parametrize("weather", WEATHER)
@pytest.mark.parametrize("name", ["ticket", "feature"])
def test_every_kind_of_request_meets_every_weather_and_all_converges(
    name: str, weather: str, tmp_path: Path
) -> None:
    known: set[Kind] = set()
    wrong: list[str] = []
    tried = 0
    with staged(tmp_path, SCENARIOS[name]) as stage:
        for case in cases_of(stage, seeded(SEED), known=known):
            if case.weather == weather:
                found = rained_on(stage, case)
                print(f"{'BAD' if found else 'good'}  {case}", flush=True)  # noqa: T201  # progress
                wrong += found
                tried += 1
    assert len(known) >= 25, sorted(map(str, known))
    print(f"{name}, seed {SEED}, {weather}: {tried} kinds of requests")  # noqa: T201
    assert not wrong, "\n".join(wrong)


@pytest.mark.soak
@pytest.mark.parametrize("path", ["/comment", "/pulls", "git-receive-pack"])
def test_a_request_done_after_the_client_gave_up_is_found_and_not_repeated(
    ticket: Stage, path: str
) -> None:
    start, world = ticket.at("approved"), ticket.life.world
    world.restore(start.snapshot)
    service = world.jira if path == "/comment" else world.github
    wait = 62.0 if path == "git-receive-pack" else 32.0
    porch = Porch(world)
    with porch.watching():
        service.plan_fault(Fault(FaultKind.DELAY, "POST", path, seconds=wait))
        outcome(ticket.runner, start.what)
        service.clear_faults()
        wrong = swept(ticket.runner, start) + porch.blind()
    assert not wrong, "\n".join(wrong)
