"""Whether what a deferred ticket waits for has happened: a date, a ticket Done, a PR merged."""

from __future__ import annotations

import re
from datetime import UTC, date

from patchgate.app.desk import Desk
from patchgate.core.ids import RepoName, TicketKey
from patchgate.core.state import Workflow
from patchgate.errors import NotFoundError

_KEY = re.compile(r"[A-Z][A-Z0-9_]+-[0-9]+")
_PULL = re.compile(r"https?://[^\s/]+/([^\s/]+/[^\s/]+)/pull/([0-9]+)")


def has_come(w: Workflow, desk: Desk) -> bool:
    """True once the date is here, the ticket is Done or the pull request is merged.

    Anything that cannot be understood or seen keeps it deferred: a person can always `/resume`.
    """
    until = w.parked.until.strip() if w.parked else ""
    pull = _PULL.search(until)
    if pull:
        return desk.forge.is_merged(RepoName(pull[1]), int(pull[2]))
    key = _KEY.fullmatch(until)
    if key:
        return _is_done(TicketKey(key[0]), desk)
    try:
        return date.fromisoformat(until[:10]) <= desk.clock.now().astimezone(UTC).date()
    except ValueError:
        return False


def _is_done(key: TicketKey, desk: Desk) -> bool:
    try:
        status = desk.tracker.look(key).ticket.status
    except NotFoundError:
        return False
    return status.casefold() == desk.rules.statuses.done.casefold()
