"""Getting an issue to a status: which transition leads there, and what its screen demands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patchgate.adapters.jira.connection import Connection
from patchgate.adapters.jira.looking import issue_path
from patchgate.adapters.jira.writing import to_adf
from patchgate.core.ids import Json, TicketKey
from patchgate.errors import (
    ConfigError,
    ConflictError,
    MalformedError,
    RateLimitedError,
    ServiceError,
    UnreachableStatusError,
)

_RICH = (":textarea",)
_RICH_FIELDS = frozenset({"description", "environment"})


@dataclass(frozen=True, slots=True)
class Offer:
    """Where an issue stands and the transitions that Jira offers from there."""

    status: str
    ways: tuple[dict[str, Any], ...]

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that can be reached, each once."""
        return tuple(dict.fromkeys(str(way["to"]["name"]) for way in self.ways))


class Transitions:
    """Moves issues of one site.

    `via` names the transition (by id or name) to take to a status; `values` holds what to fill
    into fields (by id or name) that a transition's screen requires.
    """

    def __init__(
        self, connection: Connection, via: Mapping[str, str], values: Mapping[str, Json]
    ) -> None:
        """Take the connection and the two settings."""
        self._connection = connection
        self._via = {_folded(status): named for status, named in via.items()}
        self._values = {_folded(field): value for field, value in values.items()}

    def move(self, key: TicketKey, status: str) -> None:
        """Go there by one transition; nothing when there already. UnreachableStatusError."""
        offer = self._offer(key)
        if _same(offer.status, status):
            return
        try:
            self._take(key, status, offer)
        except (ConflictError, ConfigError, MalformedError):
            again = self._offer(key)  # another transition may have been faster
            if not _same(again.status, status):
                self._take_again(key, status, again)

    def _take_again(self, key: TicketKey, status: str, offer: Offer) -> None:
        try:
            self._take(key, status, offer)
        except (ConfigError, MalformedError) as refused:
            why = refused.message
            raise UnreachableStatusError(status, offer.statuses, why=why) from refused

    def _offer(self, key: TicketKey) -> Offer:
        raw = self._connection.get(issue_path(key), fields="status", expand="transitions")
        ways = raw.get("transitions") or []
        return Offer(raw["fields"]["status"]["name"], tuple(w for w in ways if w.get("to")))

    def _take(self, key: TicketKey, status: str, offer: Offer) -> None:
        way = self._choose(status, offer)
        body: dict[str, Any] = {"transition": {"id": str(way["id"])}}
        if way.get("hasScreen", True):
            filled = self._fill(key, status, way, offer=offer)
            body |= {"fields": filled} if filled else {}
        try:
            self._connection.post(issue_path(key, "transitions"), body)
        except RateLimitedError:
            raise
        except ServiceError:
            if not _same(self._offer(key).status, status):
                raise

    def _choose(self, status: str, offer: Offer) -> dict[str, Any]:
        """The configured transition, else one that leads there, rather without a screen."""
        named = self._via.get(_folded(status))
        if named is None:
            ways = [way for way in offer.ways if _same(way["to"]["name"], status)]
            if not ways:
                raise UnreachableStatusError(status, offer.statuses)
            return min(ways, key=lambda way: bool(way.get("hasScreen", True)))
        for way in offer.ways:
            if str(way["id"]) == named or _same(way["name"], named):
                if _same(way["to"]["name"], status):
                    return way
                why = f"the configured transition {named!r} leads to {way['to']['name']!r}"
                raise UnreachableStatusError(status, offer.statuses, why=why)
        why = f"the configured transition {named!r} is not offered"
        raise UnreachableStatusError(status, offer.statuses, why=why)

    def _fill(
        self, key: TicketKey, status: str, way: dict[str, Any], *, offer: Offer
    ) -> dict[str, Any]:
        """A value for each required field of the screen that needs one from us."""
        path, expand = issue_path(key, "transitions"), "transitions.fields"
        answer = self._connection.get(path, transitionId=str(way["id"]), expand=expand)
        screen = next((w.get("fields") or {} for w in answer["transitions"]), {})
        filled: dict[str, Any] = {}
        open_fields: dict[str, str] = {}
        for field, meta in screen.items():
            value = self._value(field, meta, (status, offer.statuses))
            if value is not None:
                filled[field] = value
            elif meta.get("required") and not meta.get("hasDefaultValue"):
                open_fields[field] = str(meta.get("name") or field)
        if open_fields:
            self._must_be_set(key, open_fields, (status, offer.statuses))
        return filled

    def _must_be_set(
        self, key: TicketKey, fields: Mapping[str, str], goal: tuple[str, tuple[str, ...]]
    ) -> None:
        """Required fields may stay as they are when the issue has a value; else say which."""
        present = self._connection.get(issue_path(key), fields=",".join(fields))["fields"]
        missing = [name for field, name in fields.items() if present.get(field) in (None, "", [])]
        if missing:
            names = ", ".join(repr(name) for name in missing)
            raise UnreachableStatusError(
                *goal, why=f"its screen requires {names}: configure a value"
            )

    def _value(self, field: str, meta: Mapping[str, Any], goal: tuple[str, tuple[str, ...]]) -> Any:
        """The configured value, or for a required field its default or its only choice."""
        for name in (field, str(meta.get("name", ""))):
            if _folded(name) in self._values:
                return _configured(self._values[_folded(name)], meta, field=field, goal=goal)
        if not meta.get("required"):
            return None
        if meta.get("defaultValue") is not None:
            return _reference(meta["defaultValue"], meta)
        choices = meta.get("allowedValues") or []
        return _reference(choices[0], meta) if len(choices) == 1 else None


def _configured(
    value: Json, meta: Mapping[str, Any], *, field: str, goal: tuple[str, tuple[str, ...]]
) -> Any:
    """The value as Jira takes it: a choice by its name, rich text as a document."""
    if not isinstance(value, str):
        return value
    choices = [c for c in meta.get("allowedValues") or [] if isinstance(c, dict)]
    if choices:
        for choice in choices:
            names = [choice.get("name"), choice.get("value"), choice.get("id")]
            if any(name is not None and _same(str(name), value) for name in names):
                return _reference(choice, meta)
        known = ", ".join(str(c.get("name") or c.get("value")) for c in choices)
        raise UnreachableStatusError(*goal, why=f"{field} cannot be {value!r}, only {known}")
    kind = str((meta.get("schema") or {}).get("custom", ""))
    return to_adf(value) if field in _RICH_FIELDS or kind.endswith(_RICH) else value


def _reference(value: Any, meta: Mapping[str, Any]) -> Any:
    """A choice by its id; in a list where the field takes several."""
    several = (meta.get("schema") or {}).get("type") == "array"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_by_id(item) for item in value]
    return [_by_id(value)] if several else _by_id(value)


def _by_id(value: Any) -> Any:
    return {"id": value["id"]} if isinstance(value, dict) and "id" in value else value


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)
