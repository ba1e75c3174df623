"""Going from status to status: what is offered, what its screen demands, and the changelog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patchgate.standins.jira.actions import Actions
from patchgate.standins.jira.fields import FieldError, Fields, apply, resolution, value_of
from patchgate.standins.jira.payloads import comment_body, part
from patchgate.standins.jira.refusal import Refusal, bad_field
from patchgate.standins.jira.state import Issue, Item, Transition


class Transitions:
    """The workflow of each project at work."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._desk = actions.desk

    def available(self, issue: Issue) -> list[Transition]:
        """The transitions that the issue's status offers."""
        ways = self._desk.state.projects[issue.project].workflow.transitions
        return [way for way in ways if way.sources is None or issue.status in way.sources]

    def perform(self, actor: str, issue: Issue, body: Mapping[str, Any]) -> None:
        """Go through a transition of the issue's present status, with its screen's fields."""
        named = str(part(body, "transition").get("id", ""))
        way = next((way for way in self.available(issue) if way.id == named), None)
        if way is None:
            raise Refusal(400, f"Transition id '{named}' is not valid for this issue.")
        values, comments = self._screen(issue, way, body)
        if issue.id in self._desk.state.races:
            self._desk.state.races.discard(issue.id)
            raise Refusal(409, "The issue was changed by another transition at the same time.")
        self._go(actor, issue, way, values)
        for comment in comments:
            self._actions.comment(actor, issue, comment)

    def _go(self, actor: str, issue: Issue, way: Transition, values: dict[str, Any]) -> None:
        """Book the change; a status of the category done resolves, leaving it unresolves."""
        state = self._desk.state
        was, becomes = state.statuses[issue.status], state.statuses[way.to]
        if becomes.category == "done":
            values.setdefault("resolution", issue.resolution or "Done")
        elif was.category == "done":
            values["resolution"] = None
        items = apply(state, issue, values)
        if was != becomes:
            items.append(Item("status", "status", was.id, was.name, becomes.id, becomes.name))
            issue.status = becomes.name
        if items:
            at = self._desk.stamp()
            issue.resolved = (issue.resolved or at) if issue.resolution else None
            what = [item.field_id for item in items]
            self._desk.record(issue, actor, what=what, items=items, at=at)

    def _screen(
        self, issue: Issue, way: Transition, body: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """The field values and the comments that come with the transition."""
        fields, update = part(body, "fields"), part(body, "update")
        entries = update.pop("comment", [])
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise bad_field("comment", "data was not an array")
        comments = [part(entry, "add") for entry in entries]
        for comment in comments:
            comment_body(comment)
        values: dict[str, Any] = {}
        if "resolution" in fields and "resolution" in way.required:
            try:
                values["resolution"] = resolution(fields.pop("resolution"))
            except FieldError as error:
                raise bad_field("resolution", str(error)) from error
        state = self._desk.state
        parser = Fields(state, state.projects[issue.project])
        values |= parser.parse({"fields": fields, "update": update}, issue)
        missing = [field for field in way.required if not values.get(field, value_of(issue, field))]
        if missing:
            names = {field: state.custom_fields.get(field, field.capitalize()) for field in missing}
            raise Refusal(400, errors={f: f"{name} is required." for f, name in names.items()})
        return values, comments
