"""The bookkeeping under every change: time, permission, changelog, search index, listeners."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from patchgate.standins.jira.refusal import Refusal, no_issue
from patchgate.standins.jira.state import History, Indexed, Issue, Item, Site

BURST_WRITES = (20, timedelta(seconds=2))
SUSTAINED_WRITES = (100, timedelta(seconds=30))
"""How many writes one issue takes within how long."""


@dataclass(frozen=True)
class Change:
    """What one action did to one issue, as Automation sees it."""

    key: str
    what: frozenset[str]
    """Field ids; or created, comment, comment-edited, comment-deleted, moved, deleted."""
    actor: str
    """The account id of the initiator."""


class Holder(Protocol):
    """The part of the service that the desk needs."""

    state: Site
    clock: Callable[[], datetime]
    search_lag: float
    limits: bool
    pending: list[Change]


class Desk:
    """Books changes on the state of its holder; to be used under the holder's lock."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    @property
    def state(self) -> Site:
        """The state of this moment (a restore replaces it)."""
        return self._holder.state

    def stamp(self) -> datetime:
        """The time in milliseconds, later than every stamp before it."""
        now = self._holder.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        last = self.state.last_stamp
        if last is not None and now <= last:
            now = last + timedelta(milliseconds=1)
        self.state.last_stamp = now
        return now

    def visible(self, actor: str, key: str) -> Issue:
        """The issue, if the account may see it."""
        issue = self.state.issue_by(key)
        if issue is None or not self.state.projects[issue.project].lets_see(actor):
            raise no_issue()
        return issue

    def writable(self, actor: str, key: str) -> Issue:
        """The issue, if the account may change it."""
        issue = self.visible(actor, key)
        if not self.state.projects[issue.project].lets_write(actor):
            raise Refusal(403, "You do not have permission to edit issues in this project.")
        return issue

    def write(self, actor: str, key: str) -> Issue:
        """The issue of a REST write: permitted, and within the issue's limits."""
        issue = self.writable(actor, key)
        self._count_write(issue)
        return issue

    def _count_write(self, issue: Issue) -> None:
        """Hold the write against the issue's limits; 429 with the seconds to wait when over."""
        if not self._holder.limits:
            return
        now = self._holder.clock()
        times = [t for t in self.state.writes.get(issue.id, []) if now - t < SUSTAINED_WRITES[1]]
        for most, span in (BURST_WRITES, SUSTAINED_WRITES):
            recent = [t for t in times if now - t < span]
            if len(recent) >= most:
                wait = (recent[-most] + span - now).total_seconds()
                headers = {
                    "Retry-After": str(max(1, int(wait + 0.999))),
                    "RateLimit-Reason": "jira-per-issue-on-write",
                }
                raise Refusal(429, "Rate limit exceeded.", headers=headers)
        self.state.writes[issue.id] = [*times, now]

    def record(
        self,
        issue: Issue,
        actor: str,
        *,
        what: Iterable[str],
        items: Iterable[Item] = (),
        at: datetime | None = None,
    ) -> None:
        """Book one action: `updated`, a history where fields changed, index, listeners.

        `at` is the stamp of something that the action made, so that both show the same time.
        """
        at = at or self.stamp()
        issue.updated = at
        changed = list(items)
        if changed:
            issue.histories.append(History(self.state.next_id(), actor, at, changed))
        self.reindex(issue)
        self._holder.pending.append(Change(issue.key, frozenset(what), actor))

    def reindex(self, issue: Issue, *, deleted: bool = False) -> None:
        """Give the search index the issue as it is now; search sees it after the lag."""
        now = self._holder.clock()
        rows = self.state.index.setdefault(issue.id, [])
        settled = now - timedelta(seconds=self._holder.search_lag)
        while len(rows) > 1 and rows[1].at <= settled:
            del rows[0]
        rows.append(Indexed(now, None if deleted else _frozen(issue)))

    def indexed(self, reconciled: Iterable[str] = ()) -> list[Issue]:
        """The issues as search sees them: behind by the lag, but for the `reconciled` ids."""
        settled = self._holder.clock() - timedelta(seconds=self._holder.search_lag)
        fresh = set(reconciled)
        found = []
        for issue_id, rows in self.state.index.items():
            seen = [row for row in rows if row.at <= settled or issue_id in fresh]
            if seen and seen[-1].issue is not None:
                found.append(seen[-1].issue)
        return found

    def now(self) -> datetime:
        """The clock's time, as queries read it."""
        return self._holder.clock()


def _frozen(issue: Issue) -> Issue:
    return replace(
        issue,
        labels=list(issue.labels),
        components=list(issue.components),
        custom=dict(issue.custom),
        comments=[replace(c, properties=dict(c.properties)) for c in issue.comments],
        histories=list(issue.histories),
        properties=dict(issue.properties),
        attachments=list(issue.attachments),
    )
