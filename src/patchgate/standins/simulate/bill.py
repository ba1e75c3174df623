"""What it all costs: requests, pushes, bytes and runner minutes, and the limits they meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from patchgate.standins.simulate.time import HOUR, MINUTE
from patchgate.standins.simulate.wire import Request

PUSHES_A_MINUTE = 6
"""What GitHub advises for one repository."""
CONTENT_AN_HOUR = 500
"""Objects that GitHub lets one account create in an hour."""
JIRA_A_SECOND = 100
"""Requests that one tenant of Jira takes in a burst."""


@dataclass(slots=True)
class Bill:
    """Counted on the wire, so nothing is forgotten."""

    requests: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    pushes_by_minute: Counter[int] = field(default_factory=Counter)
    content_by_hour: Counter[int] = field(default_factory=Counter)
    jira_by_second: Counter[int] = field(default_factory=Counter)
    runner_ms: int = 0
    billed_minutes: int = 0
    """Jobs are billed by begun minutes; a round is three jobs, its model among them."""
    runs: int = 0
    sweeps: int = 0
    model_runs: int = 0
    ledger_bytes: int = 0
    refused: int = 0

    def request(self, request: Request, ms: int) -> None:
        """One more request, at that moment."""
        self.requests[request.service] += 1
        if request.is_effect:
            self.writes[request.service] += 1
        if request.records:
            self.pushes_by_minute[ms // MINUTE] += 1
        if (request.service, request.method) == ("github", "POST") and request.what != "dispatch":
            self.content_by_hour[ms // HOUR] += 1
        if request.service == "jira":
            self.jira_by_second[ms // 1_000] += 1

    def run(self, ms: int, *, rounds: int) -> None:
        """One more run."""
        self.runs += 1
        self.model_runs += rounds
        self.runner_ms += ms
        jobs = 1 + 2 * rounds
        self.billed_minutes += max(jobs, -(-ms // MINUTE))

    def lines(self, tickets: int) -> Iterator[str]:
        """The bill in words, for so many tickets."""
        each = max(1, tickets)
        yield f"{'':14}{'in all':>12}{'a ticket':>12}"
        for name in ("jira", "github", "git", "ledger", "model"):
            count = self.requests[name]
            yield f"{name + ' requests':14.14}{count:12,}{count / each:12.1f}"
        pushes = sum(self.pushes_by_minute.values())
        yield f"{'ledger pushes':14}{pushes:12,}{pushes / each:12.1f}"
        yield f"{'ledger bytes':14}{self.ledger_bytes:12,}{self.ledger_bytes / each:12,.0f}"
        yield f"{'runs':14}{self.runs:12,}{self.runs / each:12.1f}"
        minutes = self.runner_ms / MINUTE
        yield f"{'runner minutes':14}{minutes:12,.0f}{minutes / each:12.1f}"
        yield f"{'billed minutes':14}{self.billed_minutes:12,}{self.billed_minutes / each:12.1f}"
        yield from self._limits()

    def pushes_a_minute(self) -> tuple[int, int]:
        """The median and the 95th percentile, over all minutes from the first push to the last."""
        counted = self.pushes_by_minute
        if not counted:
            return 0, 0
        every = sorted(counted[minute] for minute in range(min(counted), max(counted) + 1))
        return every[len(every) // 2], every[len(every) * 95 // 100]

    def _limits(self) -> Iterator[str]:
        median, high = self.pushes_a_minute()
        yield f"ledger pushes in a minute: median {median:,}, p95 {high:,}"
        for what, counted, most in (
            ("ledger pushes in a minute", self.pushes_by_minute, PUSHES_A_MINUTE),
            ("objects made on GitHub in an hour", self.content_by_hour, CONTENT_AN_HOUR),
            ("Jira requests in a second", self.jira_by_second, JIRA_A_SECOND),
        ):
            peak = max(counted.values(), default=0)
            over = sum(1 for n in counted.values() if n > most)
            verdict = f"over {most} in {over:,} of {len(counted):,}" if over else f"under {most}"
            yield f"most {what}: {peak:,} ({verdict})"
        yield f"writes that Jira answered 429: {self.refused}"
