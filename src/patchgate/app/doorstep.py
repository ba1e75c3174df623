"""A ticket that was given to the runner and cannot be taken up: said on the ticket, once.

There is no stream yet, so nothing can be parked: the word's identity is the assignment and the
reason, and it is looked for before it is written.
"""

from __future__ import annotations

from patchgate.app.desk import Desk
from patchgate.app.settings import Route
from patchgate.core.ids import StreamId, TicketKey, digest_json, effect_id
from patchgate.core.words import refused_comment
from patchgate.errors import ConfigError, NotFoundError, PatchgateError
from patchgate.ports import Look

HOPELESS = (ConfigError, NotFoundError)
"""What no later wake-up heals by itself: a person has to correct a setting or a name."""


def turn_away(desk: Desk, look: Look, error: PatchgateError, *, trigger: str) -> None:
    """Say on the ticket why it is not taken up; nothing when that was said before."""
    key = look.ticket.key
    eid = effect_id(
        StreamId(f"{key}-{look.ticket.issue_id}"),
        0,
        attempt=0,
        kind="turned-away",
        target=digest_json([trigger, type(error).__name__, error.message]),
    )
    if desk.tracker.find_comment(key, eid) is not None:
        return
    text = refused_comment(
        "the assignment to the runner",
        desk.clean(error.message),
        next_step=f"{error.advice} Then assign the ticket to the runner again.",
    )
    posted = desk.tracker.post_comment(key, text, eid=eid)
    desk.journal.note(key, "jira", f"comment {posted.id} posted (not taken up)")


def base_branch(desk: Desk, key: TicketKey, to: Route) -> str:
    """The branch that the route leads to; NotFoundError without it or its repository."""
    repo = to.repository
    try:
        branch = to.base_branch or desk.forge.default_branch(repo)
        found = desk.forge.branch_head(repo, branch)
    except NotFoundError as error:
        raise NotFoundError(
            f"{key} is routed to the repository {repo}, which is not there or not visible to us",
            "Correct `repository` of that route in the settings, or give our GitHub account "
            "access to it.",
        ) from error
    if found is None:
        raise NotFoundError(
            f"{key} is routed to branch {branch} of {repo}, which does not exist",
            "Correct `base_branch` of that route in the settings, or create the branch.",
        )
    return branch
