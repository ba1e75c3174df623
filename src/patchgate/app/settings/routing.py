"""From a ticket to its repository: the first route that matches wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from patchgate.app.settings.model import Settings
from patchgate.app.settings.parts import Match, RouteRule
from patchgate.core.events.base import Mode
from patchgate.core.ids import Json, RepoName
from patchgate.errors import ConfigError


class Routable(Protocol):
    """What of a ticket decides its route."""

    @property
    def key(self) -> str:
        """Ticket key, for messages."""

    @property
    def project(self) -> str:
        """Project key."""

    @property
    def issue_type(self) -> str:
        """Name of the issue type."""

    @property
    def labels(self) -> frozenset[str]:
        """Labels."""

    @property
    def components(self) -> tuple[str, ...]:
        """Names of components."""

    @property
    def fields(self) -> Mapping[str, Json]:
        """Configured custom fields."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a ticket goes and how it is approved there."""

    repository: RepoName
    base_branch: str | None
    """None: the repository's default branch."""
    approval: Mode
    needs_plan: bool


def route(settings: Settings, ticket: Routable) -> Route:
    """The ticket's route; ConfigError when no route matches."""
    for rule in settings.routes:
        if _matches(rule.match, ticket):
            return Route(
                repository=RepoName(rule.repository),
                base_branch=rule.base_branch,
                approval=rule.approval or settings.approval.mode,
                needs_plan=settings.plan_needed(ticket.issue_type, rule),
            )
    raise ConfigError(
        f"no route for {ticket.key} ({_facts(ticket)}); tried: "
        + "; ".join(_described(rule) for rule in settings.routes),
        "Add a route for it under `routes` in the settings, or change the ticket.",
    )


def _matches(match: Match, ticket: Routable) -> bool:
    return (
        _one_of(match.project, [ticket.project])
        and _one_of(match.labels, ticket.labels)
        and _one_of(match.components, ticket.components)
        and _one_of(match.issue_types, [ticket.issue_type])
        and all(_one_of(v, _texts(ticket.fields.get(f))) for f, v in match.fields.items())
    )


def _one_of(wanted: Sequence[str], given: Sequence[str] | frozenset[str]) -> bool:
    """Whether a condition holds: nothing wanted, or one of it given (in any case)."""
    if not wanted:
        return True
    return not {word.casefold() for word in wanted}.isdisjoint(word.casefold() for word in given)


def _texts(value: Json) -> list[str]:
    """The words of a custom field: plain, a choice (`value` or `name`), or a list of these."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return _texts(value.get("value") or value.get("name"))
    if isinstance(value, str | int | float):
        return [str(value)]
    return [text for item in value for text in _texts(item)]


def _facts(ticket: Routable) -> str:
    parts = [f"project {ticket.project}", f"type {ticket.issue_type}"]
    if ticket.labels:
        parts.append("labels " + ", ".join(sorted(ticket.labels)))
    if ticket.components:
        parts.append("components " + ", ".join(ticket.components))
    return ", ".join(parts)


def _described(rule: RouteRule) -> str:
    wanted = rule.match.model_dump(exclude_defaults=True)
    conditions = [f"{key} {_shown(value)}" for key, value in wanted.items()]
    return f"{rule.repository} wants {' and '.join(conditions) or 'anything'}"


def _shown(value: Mapping[str, Sequence[str]] | Sequence[str]) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{field}={'|'.join(words)}" for field, words in value.items())
    return "|".join(value)
