"""A GitHub event reduced to ticket keys: a doorbell, and nothing in it is trusted (law 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from patchgate.core.ids import TicketKey
from patchgate.errors import MalformedError

PAYLOAD_VERSION = 1
"""Version of `client_payload`: `{"v": 1, "issue": "KEY-1"}`, or `{"v": 1, "sweep": true}`."""
KEY = re.compile(r"[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}")

DIGEST = re.compile(r"(sha256:)?[0-9a-f]{12,64}", re.IGNORECASE)
"""A digest as a person may copy it from where it is shown."""
OWN_BRANCH = re.compile(rf"({KEY.pattern})(-[0-9]+)?")
"""Our branch without its prefix: the key, and the generation of a reopened ticket."""


ByHand = Literal["wake", "sweep", "verify", "approve", "reject", "retry", "stop", "resume"]
"""What a person may ask for when they start the workflow by hand."""
WORDS: tuple[ByHand, ...] = get_args(ByHand)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command given with a workflow started by hand; nothing in it is believed either."""

    verb: ByHand
    digest: str = ""
    """What is approved, as it was typed."""


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Tickets to look at; `sweep`: all that are open."""

    keys: tuple[TicketKey, ...] = ()
    sweep: bool = False
    period: int = 60
    """Minutes between two sweeps, by the schedule that asked for this one."""
    asked: Asked | None = None
    """A person's command for these tickets, or `verify` for the whole ledger."""


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
            return Wakeup(sweep=True, period=_period(payload.get("schedule")))
        case "repository_dispatch":
            return _dispatched(payload.get("client_payload"))
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


def _period(cron: object) -> int:
    """The longest common step of a schedule in minutes: by its minutes, else by its hours."""
    words = cron.split() if isinstance(cron, str) else []
    if len(words) != 5:
        return 60
    minute, hour = words[0], words[1]
    times = _times(minute, 60)
    return 60 // times if hour == "*" else 24 * 60 // (_times(hour, 24) * times)


def _times(field: str, of: int) -> int:
    """How often in a span a field of a schedule strikes; once where it is more than we read."""
    if field == "*":
        return of
    step = re.fullmatch(r"\*/([1-9][0-9]?)", field)
    if step:
        return max(of // int(step[1]), 1)
    listed = re.fullmatch(r"[0-9]{1,2}(,[0-9]{1,2})*", field)
    return field.count(",") + 1 if listed else 1


def _dispatched(payload: object) -> Wakeup:
    if not isinstance(payload, Mapping):
        raise MalformedError("client_payload is missing", 'Send {"v": 1, "issue": "KEY-1"}.')
    version = payload.get("v")
    if version != PAYLOAD_VERSION or isinstance(version, bool):
        raise MalformedError(
            f"client_payload has version {version!r:.40}; this release reads version 1",
            'Send {"v": 1, "issue": "KEY-1"}.',
        )
    issue = payload.get("issue")
    if issue is None and payload.get("sweep") is True:
        return Wakeup(sweep=True)
    if not isinstance(issue, str):
        raise MalformedError("client_payload has no `issue`", 'Send {"v": 1, "issue": "KEY-1"}.')
    return Wakeup((ticket_key(issue),))


def _by_hand(inputs: object) -> Wakeup:
    """`issue` alone wakes it; `command` says more; neither asks for a sweep."""
    given = inputs if isinstance(inputs, Mapping) else {}
    issue, verb, digest = (_input(given, name) for name in ("issue", "command", "digest"))
    verb = verb or ("wake" if issue else "sweep")
    if verb not in WORDS:
        raise MalformedError(f"{verb[:40]!r} is no command", f"One of: {', '.join(WORDS)}.")
    if verb == "sweep":
        return Wakeup(sweep=True)
    keys = (ticket_key(issue),) if issue else ()
    if not keys and verb != "verify":
        raise MalformedError(f"`{verb}` is for which ticket?", "Fill in `issue`, such as ABC-123.")
    if verb == "wake":
        return Wakeup(keys)
    if verb == "approve" and not DIGEST.fullmatch(digest):
        raise MalformedError(
            f"{digest[:80]!r} is no digest" if digest else "`approve` needs a digest",
            "Copy it from the comment that shows what is to be approved (12 hex digits or more).",
        )
    return Wakeup(keys, asked=Asked(verb, digest))


def _input(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    return value.strip() if isinstance(value, str) else ""


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
