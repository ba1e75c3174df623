"""The part of JQL that the service understands: conjunctions of simple clauses, and ORDER BY."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.state import Issue, Site

TOKEN = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(!=|>=|<=|[=<>(),])|([^\s"'=!<>(),]+))"""
)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DATES = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
EQUALITY = frozenset({"=", "!=", "in", "not in"})
ORDERING = frozenset({">=", "<=", ">", "<"})
ALIASES = {"issuekey": "key", "issue": "key", "id": "key", "type": "issuetype"}
OPERATORS = {
    "project": EQUALITY,
    "assignee": EQUALITY,
    "status": EQUALITY,
    "labels": EQUALITY,
    "key": EQUALITY,
    "parent": EQUALITY,
    "issuetype": EQUALITY,
    "updated": ORDERING,
    "created": ORDERING,
}


@dataclass(frozen=True)
class Token:
    """A word of the query; quoted ones are never operators."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Clause:
    """One condition; `values` has one entry but for the list operators."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """All clauses hold; the order is a list of (field, descending)."""

    clauses: tuple[Clause, ...]
    order: tuple[tuple[str, bool], ...]


def _error(why: str) -> Refusal:
    return Refusal(400, f"Error in the JQL Query: {why}")


def parse(jql: str) -> Query:
    """The query, or Refusal(400) when it is malformed, unbounded or outside the subset."""
    tokens = _Tokens(jql)
    clauses: list[Clause] = []
    while not tokens.done() and not tokens.at("order"):
        if clauses:
            tokens.expect("and")
        clauses.append(_clause(tokens))
    order = _order(tokens)
    if not clauses:
        raise Refusal(
            400,
            "Unbounded JQL queries are not allowed here: add a search restriction to the query.",
        )
    return Query(tuple(clauses), order)


class _Tokens:
    def __init__(self, jql: str) -> None:
        self._tokens: list[Token] = []
        position = 0
        while jql[position:].strip():
            match = TOKEN.match(jql, position)
            if match is None:
                raise _error(f"cannot read it from character {position + 1} on.")
            double, single, sign, word = match.groups()
            quoted = double if double is not None else single
            if quoted is not None:
                self._tokens.append(Token(re.sub(r"\\(.)", r"\1", quoted), quoted=True))
            else:
                self._tokens.append(Token(sign or word))
            position = match.end()
        self._next = 0

    def done(self) -> bool:
        return self._next >= len(self._tokens)

    def at(self, word: str) -> bool:
        if self.done():
            return False
        token = self._tokens[self._next]
        return not token.quoted and token.text.lower() == word

    def accept(self, word: str) -> bool:
        if self.at(word):
            self._next += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            found = "the end" if self.done() else f"'{self._tokens[self._next].text}'"
            raise _error(f"expecting '{word.upper()}' but got {found}.")

    def take(self) -> Token:
        if self.done():
            raise _error("it ends too early.")
        self._next += 1
        return self._tokens[self._next - 1]

    def value(self) -> str:
        token = self.take()
        if not token.quoted and (
            token.text in "=!=>=<=(),"
            or token.text.lower() in ("and", "or", "not", "in", "empty", "null", "order")
        ):
            raise _error(f"expecting a value but got '{token.text}'.")
        if not token.quoted and self.at("("):
            raise _error(f"the function '{token.text}' is not supported.")
        return token.text


def _clause(tokens: _Tokens) -> Clause:
    name = tokens.take().text.lower()
    field = ALIASES.get(name, name)
    if field not in OPERATORS:
        raise _error(f"Field '{name}' does not exist or you do not have permission to view it.")
    operator = tokens.take().text.lower()
    if operator == "not":
        tokens.expect("in")
        operator = "not in"
    if operator not in OPERATORS[field]:
        raise _error(f"The operator '{operator}' is not supported by the '{name}' field.")
    if operator not in ("in", "not in"):
        return Clause(field, operator, (tokens.value(),))
    tokens.expect("(")
    values = [tokens.value()]
    while tokens.accept(","):
        values.append(tokens.value())
    tokens.expect(")")
    return Clause(field, operator, tuple(values))


def _order(tokens: _Tokens) -> tuple[tuple[str, bool], ...]:
    if tokens.done():
        return ()
    tokens.expect("order")
    tokens.expect("by")
    order = []
    while True:
        name = tokens.take().text.lower()
        field = ALIASES.get(name, name)
        if field not in ("key", "created", "updated"):
            raise _error(f"Field '{name}' cannot be sorted by.")
        descending = tokens.accept("desc") or (not tokens.accept("asc") and field != "key")
        order.append((field, descending))
        if tokens.done():
            return tuple(order)
        tokens.expect(",")


def run(query: Query, issues: Iterable[Issue], *, site: Site, now: datetime) -> list[Issue]:
    """The matching issues in order, the newest first where none is given."""
    tests = [_test(clause, site, now) for clause in query.clauses]
    found = [issue for issue in issues if all(test(issue) for test in tests)]
    found.sort(key=lambda issue: int(issue.id), reverse=True)
    for field, descending in reversed(query.order):
        found.sort(key=SORT_KEYS[field], reverse=descending)
    return found


SORT_KEYS: dict[str, Callable[[Issue], Any]] = {
    "key": lambda issue: (issue.project, int(issue.key.rpartition("-")[2])),
    "created": lambda issue: issue.created,
    "updated": lambda issue: issue.updated,
}


def _test(clause: Clause, site: Site, now: datetime) -> Callable[[Issue], bool]:
    if clause.operator in ORDERING:
        return _time_test(clause, now)
    wanted = {_known(clause.field, value, site) for value in clause.values}
    positive = clause.operator in ("=", "in")

    def test(issue: Issue) -> bool:
        have = _values(clause.field, issue)
        # Jira: a negative clause never matches an issue whose field is empty.
        return bool(have) and bool(have & wanted) is positive

    return test


def _values(field: str, issue: Issue) -> set[str]:
    if field == "labels":
        return set(issue.labels)
    one = {
        "project": issue.project,
        "assignee": issue.assignee,
        "status": issue.status,
        "key": issue.id,
        "parent": issue.parent,
        "issuetype": issue.type,
    }[field]
    return {one} if one else set()


def _known(field: str, value: str, site: Site) -> str:
    """The value in the form that issues hold; 400 for what the site does not know."""
    if field == "project":
        for project in site.projects.values():
            if value.lower() in (project.key.lower(), project.id, project.name.lower()):
                return project.key
    elif field == "status":
        for status in site.statuses.values():
            if value.lower() in (status.name.lower(), status.id):
                return status.name
    elif field in ("key", "parent"):
        issue = site.issue_by(value)
        if issue is not None:
            return issue.id
        raise Refusal(400, f"An issue with key '{value}' does not exist for field '{field}'.")
    else:
        return value
    raise Refusal(400, f"The value '{value}' does not exist for the field '{field}'.")


def _time_test(clause: Clause, now: datetime) -> Callable[[Issue], bool]:
    limit = _moment(clause.values[0], clause.field, now)

    def test(issue: Issue) -> bool:
        have = issue.updated if clause.field == "updated" else issue.created
        return {
            ">=": have >= limit,
            ">": have > limit,
            "<=": have <= limit,
            "<": have < limit,
        }[clause.operator]

    return test


def _moment(value: str, field: str, now: datetime) -> datetime:
    relative = re.fullmatch(r"([+-]?\d+)([mhdw])", value)
    if relative:
        return now + timedelta(**{UNITS[relative[2]]: int(relative[1])})
    for pattern in DATES:
        try:
            return datetime.strptime(value, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refusal(
        400,
        f"Date value '{value}' for field '{field}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period "
        "format e.g. '-5d', '4w 2d'.",
    )
