"""The wire between a run and the services: everything that a run sends goes through `Line.send`.

Here time passes, services fail, answers get lost and runs are killed; and here the watch sees
each request, so that what must hold is looked at after every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from patchgate.errors import (
    ConflictError,
    CredentialError,
    RateLimitedError,
    ServiceError,
)

T = TypeVar("T")


class KilledError(BaseException):
    """The runner went away: nothing of ours may catch this."""


class Fault(StrEnum):
    """What may happen to one request."""

    LIMITED = "429 with Retry-After"
    SECONDARY = "403 secondary limit"
    BROKEN = "500"
    GATEWAY = "502"
    LATE = "time-out before it was done"
    UNHEARD = "time-out after it was done"
    RESET = "connection reset in mid-body"
    MALFORMED = "malformed JSON"
    CONFLICT = "409"
    EXPIRED = "expired token"
    KILL_BEFORE = "killed before"
    KILL_AFTER = "killed after, unrecorded"
    KILL_RECORDED = "killed after it was recorded"


DONE = frozenset({Fault.UNHEARD, Fault.RESET, Fault.MALFORMED})
"""Faults of the answer: the service did what was asked."""
KILLS = frozenset({Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.KILL_RECORDED})
WEATHER = tuple(fault for fault in Fault if fault not in KILLS)
RETRY_AFTER = 30


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a run; `thing` names what a POST makes and a GET looks for."""

    service: str
    """`jira`, `github` (its API), `git` (code over git), `ledger` (the same), or `model`."""
    method: str
    what: str
    target: str
    thing: str = ""

    @property
    def is_effect(self) -> bool:
        """Whether something outside is changed (or a model paid) by it."""
        return self.method != "GET"

    @property
    def records(self) -> bool:
        """Whether it is a push of the ledger."""
        return self.service == "ledger" and self.method == "PUSH"

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.what} {self.target} {self.thing}".strip()


class Watch(Protocol):
    """Sees every request of every run."""

    def sent(self, run: str, request: Request) -> None:
        """It is on its way."""

    def done(self, run: str, request: Request, *, heard: bool) -> None:
        """The service did it; `heard`: and the run will know."""

    def failed(self, run: str, request: Request, fault: Fault) -> None:
        """It came to nothing, or its answer did."""


def may_happen(request: Request, fault: Fault) -> bool:
    """Whether that service can answer so to that request."""
    if fault in (Fault.MALFORMED, Fault.LIMITED):
        return request.service not in ("git", "ledger")
    if fault is Fault.SECONDARY:
        return request.service == "github"
    if fault is Fault.CONFLICT:
        return request.service == "jira" and request.is_effect
    return True


Sky = Callable[[Request], Fault | None]
"""What happens to a request; None: nothing."""


def clear(request: Request) -> Fault | None:
    """The sky of a calm day."""
    return None


class Line:
    """One run's way to all services."""

    def __init__(
        self,
        run: str,
        *,
        sky: Sky = clear,
        watch: Watch | None = None,
        passing: Callable[[Request], None] | None = None,
    ) -> None:
        """`passing` lets time go by before a request reaches its service."""
        self.run = run
        self._sky = sky
        self._watch = watch
        self._passing = passing
        self._dies_when_recorded = False

    def send(self, request: Request, act: Callable[[], T]) -> T:
        """What the service answers; an error of ours or the run's end when it comes to that."""
        if self._passing is not None:
            self._passing(request)
        fault = self._sky(request)
        if self._watch is not None:
            self._watch.sent(self.run, request)
        if fault is not None and fault not in (*DONE, Fault.KILL_AFTER, Fault.KILL_RECORDED):
            self._fail(request, fault)
        answer = act()
        if self._watch is not None:
            self._watch.done(self.run, request, heard=fault not in DONE)
        if fault is Fault.KILL_RECORDED:
            self._dies_when_recorded = True
        elif fault is not None:
            self._fail(request, fault)
        if self._dies_when_recorded and request.records:
            raise KilledError(str(request))
        return answer

    def _fail(self, request: Request, fault: Fault) -> None:
        if self._watch is not None:
            self._watch.failed(self.run, request, fault)
        raise trouble(request, fault)


def trouble(request: Request, fault: Fault) -> BaseException:
    """The error that a run gets, as the adapters translate it."""
    said = f"{request.service} answered {fault} to: {request.method} {request.what}"
    if fault in KILLS:
        return KilledError(str(request))
    if fault in (Fault.LIMITED, Fault.SECONDARY):
        return RateLimitedError(said, retry_after=RETRY_AFTER)
    if fault is Fault.EXPIRED:
        return CredentialError(said)
    if fault is Fault.CONFLICT:
        return ConflictError(said)
    return ServiceError(said)
