"""Which open tickets have news since their last look, told from few requests for all of them.

Nothing is guessed: a ticket of which anything cannot be read, or does not fit, counts as one with
news. What the sweep leaves asleep has nothing due by its own stream, was not touched in Jira since
a look that left nothing open, and has a pull request of which every fact is on the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patchgate.app.desk import Desk
from patchgate.app.observe import forge_facts
from patchgate.app.project import ProjectState, read_project
from patchgate.app.waking import has_come
from patchgate.core.decide import decide
from patchgate.core.projection import view_of
from patchgate.core.rules import World
from patchgate.core.state import State, Workflow
from patchgate.errors import PatchgateError, ServiceError
from patchgate.ports import Touched


class News:
    """What is known of all open tickets at one moment."""

    def __init__(self, desk: Desk, flows: Mapping[str, Workflow]) -> None:
        """`flows` are the open workflows by key."""
        self._desk = desk
        self._flows = flows
        self._by_issue = {w.issue_id: w for w in flows.values()}
        self._projects: dict[str, ProjectState] = {}
        self.trouble: ServiceError | None = None
        """Why Jira could not be asked, where that is to be raised."""
        self._touched = self._ask(w.issue_id for w in flows.values() if not w.unseen_since)

    def wakes(self, w: Workflow) -> bool:
        """Whether this ticket is to be looked at."""
        try:
            return self._is_due(w) or self._was_touched(w) or self._has_pull_news(w)
        except PatchgateError:
            return True

    def _ask(self, issue_ids: Iterable[str]) -> Mapping[str, Touched]:
        """The tickets as Jira has them; none, so that all are woken, where it does not say."""
        ids = sorted(issue_ids, key=int)
        try:
            return self._desk.tracker.touched(ids) if ids else {}
        except ServiceError as error:
            self.trouble = error
        except PatchgateError as error:
            said = f"Jira does not say what changed, so each is woken: {error.message}"
            self._desk.journal.note("sweep", "wait", said)
        return {}

    def _is_due(self, w: Workflow) -> bool:
        """Whether its own stream asks for something, without anything new from outside."""
        if w.is_over or w.reservation is not None or w.unseen_since:
            return True
        rules = self._desk.rules
        if w.shown is None or not w.shown.same_as(view_of(w, rules)):
            return True
        if self._child_is_over(w):
            return True
        step = decide(w, self._world(w), rules)
        return bool(step.events or step.commands)

    def _world(self, w: Workflow) -> World:
        project = self._project(w.key.partition("-")[0])
        parent = self._flows.get(w.parent)
        return World(
            now=self._desk.now(),
            stopped=project.stopped,
            failures_in_row=project.failures,
            parent_state=parent.state if parent else None,
            wake=w.state is State.DEFERRED and has_come(w, self._desk),
        )

    def _project(self, name: str) -> ProjectState:
        if name not in self._projects:
            self._projects[name] = read_project(self._desk, name)
        return self._projects[name]

    def _child_is_over(self, w: Workflow) -> bool:
        """Whether the sub-task that a parent follows has ended, or has no stream yet."""
        child = next((c for c in w.children if c.ordinal == w.active), None)
        if child is None or w.is_parked:
            return False
        flow = self._by_issue.get(child.issue_id)
        return flow is None or flow.is_over

    def _was_touched(self, w: Workflow) -> bool:
        known = self._touched.get(w.issue_id)
        return known is None or not known.seen or known.seen != known.updated

    def _has_pull_news(self, w: Workflow) -> bool:
        facts = forge_facts(w, self._desk.forge, self._desk.rules, self._desk.now())
        return next(iter(facts), None) is not None
