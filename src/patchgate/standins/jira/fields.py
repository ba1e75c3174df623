"""Issue fields: what a request may set them to, and how a change of one reads in the changelog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from patchgate.standins.jira.adf import MAX_TEXT, adf_to_text, fault_in, too_long
from patchgate.standins.jira.payloads import part
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.state import (
    PRIORITIES,
    RESOLUTIONS,
    Issue,
    Item,
    Project,
    Site,
)

CANNOT_SET = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
NAMES = {"components": "Component"}
"""Where the changelog calls a field by something other than its id."""


class FieldError(ValueError):
    """Why one field's value is refused."""


class Fields:
    """Parses the `fields` and `update` of a request for issues of one project."""

    def __init__(self, site: Site, project: Project) -> None:
        self._site = site
        self._project = project
        self._parsers: dict[str, Callable[[Any], Any]] = {
            "summary": _summary,
            "description": _description,
            "assignee": self._person,
            "reporter": self._person,
            "labels": _labels,
            "components": self._components,
            "priority": lambda value: _named(value, PRIORITIES, "priority"),
        }

    def parse(self, body: Mapping[str, Any], issue: Issue | None = None) -> dict[str, Any]:
        """The new value of every field that the body sets; Refusal(400) naming each bad one.

        `issue` is what `add` and `remove` start from; without it they start from nothing.
        """
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        fields, update = part(body, "fields"), part(body, "update")
        for field in [*fields, *(f for f in update if f not in fields)]:
            try:
                if field in fields and field in update:
                    raise FieldError(f"Field '{field}' cannot appear in both 'fields' and 'update'")
                if field in fields:
                    values[field] = self._parser(field)(fields[field])
                else:
                    current = value_of(issue, field) if issue else None
                    values[field] = self._updated(field, current, update[field])
            except FieldError as error:
                errors[field] = str(error)
        if errors:
            raise Refusal(400, errors=errors)
        return values

    def _parser(self, field: str) -> Callable[[Any], Any]:
        if field in self._site.custom_fields:
            return _custom
        if field not in self._parsers:
            raise FieldError(CANNOT_SET.format(field))
        return self._parsers[field]

    def _updated(self, field: str, current: Any, operations: Any) -> Any:
        parser = self._parser(field)
        value = list(current) if isinstance(current, list) else current
        for operation in operations if isinstance(operations, list) else [operations]:
            if not isinstance(operation, dict) or len(operation) != 1:
                raise FieldError("an update is a list of objects with one operation each")
            ((verb, operand),) = operation.items()
            if verb == "set":
                value = parser(operand)
            elif verb in ("add", "remove") and field in ("labels", "components"):
                names = [n for n in value or [] if n not in parser([operand])]
                value = names + (parser([operand]) if verb == "add" else [])
            else:
                raise FieldError(f"The operation '{verb}' is not known for the field '{field}'.")
        return value

    def _person(self, value: Any) -> str | None:
        if value is None:
            return None
        account_id = (value.get("accountId") or value.get("id")) if isinstance(value, dict) else ""
        if isinstance(value, dict) and not account_id and set(value) <= {"accountId", "id"}:
            return None
        return self.assignable(account_id or "")

    def assignable(self, account_id: str) -> str:
        """The account id, if it names somebody who can be assigned here."""
        user = self._site.users.get(account_id)
        if user is None or not user.active or not self._project.lets_see(account_id):
            raise FieldError(f"User '{account_id}' cannot be assigned issues.")
        return account_id

    def _components(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise FieldError("data was not an array")
        ids = {known_id: name for name, known_id in self._project.components.items()}
        names = []
        for item in value:
            name = (
                item.get("name") or ids.get(str(item.get("id"))) if isinstance(item, dict) else ""
            )
            if name not in self._project.components:
                raise FieldError(f"Component name '{name}' is not valid")
            names.append(name)
        return names


def _summary(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FieldError("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise FieldError("The summary is invalid because it contains newline characters.")
    if len(value) > 255:
        raise FieldError("Summary can't exceed 255 characters.")
    return value


def _description(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    fault = fault_in(value) or too_long(value)
    if fault:
        raise FieldError(fault)
    return dict(value)


def _labels(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise FieldError("data was not an array")
    for label in value:
        if not isinstance(label, str) or not label:
            raise FieldError("string expected at index 0")
        if any(c.isspace() for c in label):
            raise FieldError(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > 255:
            raise FieldError(f"The label '{label[:40]}…' exceeds 255 characters.")
    return list(dict.fromkeys(value))


def _custom(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise FieldError("CONTENT_LIMIT_EXCEEDED: the entered text is too long.")
    return value


def _named(value: Any, known: Mapping[str, str], field: str) -> str:
    ids = {known_id: name for name, known_id in known.items()}
    name = (value.get("name") or ids.get(str(value.get("id")))) if isinstance(value, dict) else None
    if name not in known:
        raise FieldError(f"The {field} selected is invalid.")
    return str(name)


def resolution(value: Any) -> str:
    """The resolution's name; only transitions set it."""
    return _named(value, RESOLUTIONS, "resolution")


def value_of(issue: Issue, field: str) -> Any:
    """The field's present value, in the form that `parse` gives."""
    if field.startswith("customfield_"):
        return issue.custom.get(field)
    return getattr(issue, field)


def apply(site: Site, issue: Issue, values: Mapping[str, Any]) -> list[Item]:
    """Set the values; the changelog items of those that differ from before."""
    items = []
    for field, value in values.items():
        before = value_of(issue, field)
        if before == value:
            continue
        if field.startswith("customfield_"):
            issue.custom[field] = value
        else:
            setattr(issue, field, value)
        name = site.custom_fields.get(field) or NAMES.get(field, field)
        was, becomes = _described(site, issue, field, before), _described(site, issue, field, value)
        items.append(Item(name, field, *was, *becomes))
    return items


def _described(site: Site, issue: Issue, field: str, value: Any) -> tuple[str | None, str | None]:
    """The id and the words of a value, as a changelog item has them."""
    if field == "labels":
        return "", " ".join(value)
    if value is None:
        return None, None
    if field in ("assignee", "reporter"):
        return value, site.users[value].name
    if field == "description":
        return None, adf_to_text(value)
    if field == "priority":
        return PRIORITIES[value], value
    if field == "resolution":
        return RESOLUTIONS[value], value
    if field == "components":
        ids = site.projects[issue.project].components
        return ",".join(ids[name] for name in value), ",".join(value)
    return None, value if isinstance(value, str) else str(value)
