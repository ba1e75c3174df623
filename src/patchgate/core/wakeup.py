"""A GitHub event reduced to ticket keys: a doorbell, and nothing in it is trusted (law 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from patchgate.core.ids import TicketKey
from patchgate.errors import MalformedError

PAYLOAD_VERSION = 1
"""Version of `client_payload`, which is `{"v": 1, "issue": "KEY-1"}` and no more."""
KEY = re.compile(r"[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}")

OWN_BRANCH = re.compile(rf"({KEY.pattern})(-[0-9]+)?")
"""Our branch without its prefix: the key, and the generation of a reopened ticket."""


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Tickets to look at; `sweep`: all that are open."""

    keys: tuple[TicketKey, ...] = ()
    sweep: bool = False


def ticket_key(text: str) -> TicketKey:
    """A key as it may come from outside; MalformedError names what it is not."""
    found = KEY.fullmatch(text.strip())
    if not found:
        raise MalformedError(f"{text[:60]!r} is no ticket key", "A key looks like `ABC-123`.")
    return TicketKey(found[0])


def read_event(name: str, payload: object, *, branch_prefix: str = "") -> Wakeup:
    """The tickets that an event names; MalformedError for one that we do not handle."""
    if not isinstance(payload, Mapping):
        raise MalformedError("the event is not a JSON object")
    match name:
        case "schedule":
            return Wakeup(sweep=True)
        case "repository_dispatch":
            return Wakeup((_dispatched(payload.get("client_payload")),))
        case "workflow_dispatch":
            return _by_hand(payload.get("inputs"))
        case "pull_request" | "pull_request_review":
            return _of_branch(_at(payload, "pull_request", "head", "ref"), branch_prefix)
        case "check_suite":
            return _of_branch(_at(payload, "check_suite", "head_branch"), branch_prefix)
        case "issue_comment":
            return _of_title(_at(payload, "issue", "title"))
    handled = (
        "repository_dispatch, workflow_dispatch, schedule, pull_request, pull_request_review, "
        "check_suite, issue_comment"
    )
    raise MalformedError(f"events of kind {name[:60]!r} are not handled", f"Handled: {handled}.")


def _dispatched(payload: object) -> TicketKey:
    if not isinstance(payload, Mapping):
        raise MalformedError("client_payload is missing", 'Send {"v": 1, "issue": "KEY-1"}.')
    version = payload.get("v")
    if version != PAYLOAD_VERSION or isinstance(version, bool):
        raise MalformedError(
            f"client_payload has version {version!r:.40}; this release reads version 1",
            'Send {"v": 1, "issue": "KEY-1"}.',
        )
    issue = payload.get("issue")
    if not isinstance(issue, str):
        raise MalformedError("client_payload has no `issue`", 'Send {"v": 1, "issue": "KEY-1"}.')
    return ticket_key(issue)


def _by_hand(inputs: object) -> Wakeup:
    issue = inputs.get("issue") if isinstance(inputs, Mapping) else None
    return Wakeup((ticket_key(issue),)) if isinstance(issue, str) and issue else Wakeup(sweep=True)


def _at(payload: Mapping[str, object], *path: str) -> str:
    here: object = payload
    for step in path:
        here = here.get(step) if isinstance(here, Mapping) else None
    return here if isinstance(here, str) else ""


def _of_branch(branch: str, prefix: str) -> Wakeup:
    # Before settings are read, any folder will do: the name of the branch is only a doorbell.
    folder, _, name = branch.rpartition("/")
    ours = branch.startswith(prefix) if prefix else bool(folder)
    found = OWN_BRANCH.fullmatch(name) if ours else None
    return Wakeup((TicketKey(found[1]),) if found else ())


def _of_title(title: str) -> Wakeup:
    found = KEY.match(title)
    named = found is not None and title[found.end() : found.end() + 1] == ":"
    return Wakeup((TicketKey(found[0]),) if found and named else ())
