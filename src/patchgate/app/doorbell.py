"""From argv or an event file to ticket keys; what is wrong with them is said in one sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from patchgate.app.environment import Environment
from patchgate.core.ids import TicketKey
from patchgate.core.wakeup import Wakeup, read_event, ticket_key
from patchgate.errors import MalformedError, UsageError

LARGEST_EVENT = 30_000_000
"""Bytes; GitHub's own limit for a webhook payload is 25 MB."""


def keys_of(texts: Sequence[str]) -> list[TicketKey]:
    """Ticket keys as a person typed them."""
    try:
        return [ticket_key(text) for text in texts]
    except MalformedError as error:
        raise UsageError(error.message, error.advice) from error


def rung(
    env: Environment, texts: Sequence[str], event: Path | None, name: str | None
) -> tuple[TicketKey, ...]:
    """The tickets to look at: typed, or named by GitHub's event file."""
    if texts and event:
        raise UsageError("give ticket keys or --event, not both")
    if texts:
        return tuple(keys_of(texts))
    if event is None:
        raise UsageError("which ticket? give its key, or --event FILE")
    name = name or env.github_event_name
    if not name:
        raise UsageError("of which kind is the event?", "Give --event-name, or GITHUB_EVENT_NAME.")
    wakeup = wakeup_of(event, name)
    if wakeup.sweep:
        raise UsageError("that event asks for a sweep", "Run `patchgate sweep`.")
    if wakeup.asked:
        raise UsageError(
            f"that event asks to {wakeup.asked.verb}",
            "Only a run of Actions can show who asked; comment on the ticket instead.",
        )
    return wakeup.keys


def wakeup_of(event: Path, name: str) -> Wakeup:
    """What GitHub's event file asks for."""
    if not name:
        raise MalformedError("the event has no name", "The runner sets GITHUB_EVENT_NAME.")
    return _read(event, name)


def _read(event: Path, name: str) -> Wakeup:
    try:
        if event.stat().st_size > LARGEST_EVENT:
            raise MalformedError(f"event file {event} is larger than {LARGEST_EVENT} bytes")
        payload = json.loads(event.read_bytes())
    except OSError as error:
        raise MalformedError(f"event file {event} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"event file {event} is not JSON: {error}") from error
    return read_event(name, payload)
