"""Event deliveries, as GitHub makes them to webhooks and to Actions, on the way to subscribers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

ALWAYS_START = frozenset({"repository_dispatch", "workflow_dispatch"})
"""The events that start workflows even when an Actions run's own token caused them."""


class Subscriber(Protocol):
    """Whoever wants the events; called in the request's thread, before its answer: be quick."""

    def __call__(self, event: str, payload: dict[str, Any], *, starts_workflows: bool) -> None:
        """Take one delivery."""


@dataclass(frozen=True)
class Delivery:
    """One event on its way; the payload is built when it leaves."""

    event: str
    payload: dict[str, Any]
    starts_workflows: bool

    def matches(self, pattern: str) -> bool:
        """Whether the pattern is empty, `event` or `event.action` of this delivery."""
        return pattern in ("", self.event, f"{self.event}.{self.payload.get('action')}")


class Deliveries:
    """The outbox: collects under the stand-in's lock, delivers outside it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: list[tuple[Subscriber, frozenset[str]]] = []
        self._outbox: list[Delivery] = []
        self._held: list[Delivery] = []
        self._holding = False
        self._plans: list[list[Any]] = []

    def subscribe(self, subscriber: Subscriber, *, to: Collection[str] = ()) -> None:
        """Deliver the events of these names to it from now on, or without any: every event."""
        self._subscribers.append((subscriber, frozenset(to)))

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Deliver nothing to it any more."""
        self._subscribers = [one for one in self._subscribers if one[0] != subscriber]

    def drop(self, times: int = 1, *, event: str = "") -> None:
        """Lose the next deliveries of `event` or `event.action` (empty: of any)."""
        self._plan(0, times, event)

    def duplicate(self, times: int = 1, *, event: str = "") -> None:
        """Deliver the next ones twice."""
        self._plan(2, times, event)

    def hold(self) -> None:
        """Queue deliveries until `release`."""
        self._holding = True

    def release(self, *, reverse: bool = False) -> None:
        """Deliver what was queued, in order or reversed, and everything from now on."""
        with self._lock:
            self._holding = False
            held, self._held = self._held, []
        for delivery in reversed(held) if reverse else held:
            self._deliver(delivery)

    def queued(self) -> list[Delivery]:
        """What waits for `release`."""
        with self._lock:
            return list(self._held)

    def forget(self) -> None:
        """Lose what is queued and every plan (the world was restored)."""
        with self._lock:
            self._outbox.clear()
            self._held.clear()
            self._plans.clear()
            self._holding = False

    def put(self, event: str, build: Callable[[], dict[str, Any]], *, by_default: bool) -> None:
        """Collect one event; the payload of one that nobody subscribed to is not even built."""
        if not any(not names or event in names for _, names in self._subscribers):
            return
        starts = not by_default or event in ALWAYS_START
        delivery = Delivery(event, build(), starts)
        with self._lock:
            self._outbox.append(delivery)

    def flush(self) -> None:
        """Deliver what was collected; never called under the stand-in's lock."""
        while True:
            with self._lock:
                if not self._outbox:
                    return
                delivery = self._outbox.pop(0)
                copies = self._copies(delivery)
                if self._holding:
                    self._held += [delivery] * copies
                    continue
            for _ in range(copies):
                self._deliver(delivery)

    def _plan(self, copies: int, times: int, event: str) -> None:
        with self._lock:
            self._plans.append([copies, times, event])

    def _copies(self, delivery: Delivery) -> int:
        for plan in self._plans:
            if plan[1] > 0 and delivery.matches(plan[2]):
                plan[1] -= 1
                return int(plan[0])
        return 1

    def _deliver(self, delivery: Delivery) -> None:
        starts = delivery.starts_workflows
        for subscriber, names in list(self._subscribers):
            if not names or delivery.event in names:
                subscriber(delivery.event, delivery.payload, starts_workflows=starts)
