"""The vendors' own descriptions as a judge of the exchanges that the suite makes.

`contracts_folder()` finds the descriptions: `PATCHGATE_CONTRACTS`, or `../shared/contracts` beside
the checkout. They are not part of the project; without them the checks that need them skip.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.protocols import Validator

from tests.typed_nodes import typed_validator

FILES = {"jira": "jira/jira-rest-v3.trimmed.json", "github": "github/github-rest.trimmed.json"}
ADF_FILE = "jira/adf.full.schema.json"
METHODS = ("get", "put", "post", "delete", "patch")
PARAMETERS_WITH_SLASHES = frozenset({"ref", "path", "basehead"})
GATEWAY_STATUSES = frozenset({401, 403, 404, 429, 500, 502, 503, 504})
"""Answers that any operation can give although the descriptions list them only here and there."""
OUTSIDE = {
    "jira": re.compile(r"^/oauth/token|^/rest/api/3/comment/[^/]+/properties$"),
    "github": re.compile(r"^/[^/]+/[^/]+\.git/"),
}
"""What the two descriptions leave out: OAuth, the keys of comment properties, git over HTTP."""
REMOVED = re.compile(r"^/rest/api/3/search$")
"""Described still, but answered 410 since the removal that the description announces."""


def contracts_folder() -> Path | None:
    """Where the descriptions are, or None."""
    named = os.environ.get("PATCHGATE_CONTRACTS")
    beside = Path(__file__).resolve().parents[2] / "shared" / "contracts"
    folder = Path(named) if named else beside
    return folder if (folder / FILES["jira"]).is_file() else None


def contract_book() -> ContractBook:
    """The book, or a skip that says how to get one."""
    folder = contracts_folder()
    if folder is None:
        pytest.skip("no vendor descriptions: set PATCHGATE_CONTRACTS to their folder")
    return ContractBook(folder)


@dataclass(frozen=True)
class _Operation:
    method: str
    pattern: re.Pattern[str]
    template: str
    description: dict[str, Any]


class ContractBook:
    """Checks one exchange at a time; validators are compiled once and kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._documents: dict[str, dict[str, Any]] = {}
        self._operations: dict[str, list[_Operation]] = {}
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}
        self._judged: dict[str, list[str]] = {}

    def findings(
        self, service: str, method: str, path: str, status: int, request: Any, response: Any
    ) -> list[str]:
        """What is wrong with the exchange, as sentences; empty when it is as described."""
        path = _plain_path(service, path)
        if OUTSIDE[service].match(path):
            return []
        if service == "jira" and status == 410 and REMOVED.match(path):
            return []
        operation = self._find(service, method, path)
        if operation is None:
            return [f"{method} {path}: not an operation of {service}"]
        where = f"{method} {operation.template} {status}"
        if status >= 400:
            request = None  # refused: it may well be malformed, and some tests send it so
        found = [f"{where}: request: {m}" for m in self._request(service, operation, request)]
        found += [f"{where}: {m}" for m in self._response(service, operation, status, response)]
        if service == "jira":
            for document in [*_documents(request), *_documents(response)]:
                found += [f"{where}: {m}" for m in self.adf_findings(document)]
        return found

    def adf_findings(self, document: Any) -> list[str]:
        """What the official schema has against an Atlassian Document; each is judged once."""
        known = json.dumps(document, sort_keys=True)
        if known not in self._judged:
            self._judged[known] = [f"ADF: {m}" for m in _messages(self._adf.iter_errors(document))]
        return self._judged[known]

    @cached_property
    def _adf(self) -> Validator:
        return typed_validator(json.loads((self._folder / ADF_FILE).read_text("utf-8")))

    def _document(self, service: str) -> dict[str, Any]:
        if service not in self._documents:
            text = (self._folder / FILES[service]).read_text("utf-8")
            self._documents[service] = _lenient(json.loads(text))
        return self._documents[service]

    def _find(self, service: str, method: str, path: str) -> _Operation | None:
        if service not in self._operations:
            self._operations[service] = _operations(self._document(service))
        for operation in self._operations[service]:
            if operation.method == method.upper() and operation.pattern.match(path):
                return operation
        return None

    def _request(self, service: str, operation: _Operation, body: Any) -> Iterator[str]:
        content = self._resolved(service, operation.description.get("requestBody", {}))
        schema = content.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or body is None:
            return
        body = _as_described(operation.template, body)
        key = (service, operation.method, operation.template, "request")
        yield from self._judge(key, schema, body)

    def _response(
        self, service: str, operation: _Operation, status: int, body: Any
    ) -> Iterator[str]:
        responses = operation.description["responses"]
        response = responses.get(str(status)) or responses.get("default")
        if response is None:
            if status not in GATEWAY_STATUSES:
                yield "a status that the description does not know"
            return
        content = self._resolved(service, response).get("content", {})
        schema = next((v.get("schema") for k, v in content.items() if "json" in k), None)
        if schema is not None and body is not None:
            key = (service, operation.method, operation.template, str(status))
            yield from self._judge(key, schema, body)

    def _judge(self, key: tuple[str, ...], schema: Any, value: Any) -> Iterator[str]:
        if key not in self._validators:
            components = self._document(key[0]).get("components", {})
            self._validators[key] = Draft202012Validator(
                {"allOf": [schema], "components": components}
            )
        yield from _messages(self._validators[key].iter_errors(value))

    def _resolved(self, service: str, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/", 3)
            node = self._document(service)["components"][kind][name]
        return node


def _as_described(template: str, body: Any) -> Any:
    """The body without what the vendors' own clients send undocumented and the services accept."""
    if template.endswith("/labels") and isinstance(body, list):
        return {"labels": body}  # PyGithub
    way = body.get("transition") if isinstance(body, dict) else None
    if isinstance(way, dict) and isinstance(way.get("id"), int):
        return {**body, "transition": {**way, "id": str(way["id"])}}  # jira
    return body


def _plain_path(service: str, path: str) -> str:
    """The path as the description spells it: no gateway prefix, no `latest`."""
    path = path.split("?", 1)[0]
    if service == "github":
        return path.removeprefix("/api/v3")
    path = re.sub(r"^/ex/jira/[^/]+(?=/rest/)", "", path)
    return re.sub(r"^/rest/api/latest/", "/rest/api/3/", path)


def _operations(document: dict[str, Any]) -> list[_Operation]:
    """All operations, those with the most literal templates first."""
    found = [
        _Operation(method.upper(), _pattern(template), template, item[method])
        for template, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    found.sort(key=lambda o: (-len(re.sub(r"\{\w+\}", "", o.template)), o.template.count("{")))
    return found


def _pattern(template: str) -> re.Pattern[str]:
    parts = []
    for piece in re.split(r"(\{\w+\})", template):
        name = piece[1:-1]
        if not piece.startswith("{"):
            parts.append(re.escape(piece))
        else:
            parts.append("(.+)" if name in PARAMETERS_WITH_SLASHES else "([^/]+)")
    return re.compile(f"^{''.join(parts)}$")


def _lenient(node: Any) -> Any:
    """The schema with null allowed everywhere: both vendors under-declare it.

    `oneOf` becomes `anyOf`, since null would match each of its branches.
    """
    if isinstance(node, list):
        return [_lenient(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _lenient(value) for key, value in node.items()}
    if made.get("nullable") in (True, False):
        del made["nullable"]
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if isinstance(made.get("enum"), list):
        made["enum"] = [*made["enum"], None]
    if isinstance(made.get("oneOf"), list):
        made["anyOf"] = made.pop("oneOf")
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(made.get(bound), bool):
            del made[bound]
    return made


def _documents(value: Any) -> Iterator[Any]:
    """Every Atlassian Document inside a JSON value."""
    if isinstance(value, dict):
        if value.get("type") == "doc" and "version" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _documents(item)


def _messages(errors: Iterator[ValidationError]) -> Iterator[str]:
    for error in errors:
        worst = best_match([error]) or error
        yield f"{'/'.join(map(str, worst.absolute_path)) or 'body'}: {worst.message[:200]}"
