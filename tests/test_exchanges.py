"""The judge of recorded exchanges looks at all of them and forgives only what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.exchanges import folded, judged, shape


def record(folder: Path, **changes: Any) -> None:
    exchange = {
        "service": "jira", "method": "GET", "path": "/rest/api/3/issue/MWC-1", "query": "",
        "status": 200, "request": None, "response": {"id": "1"}, "effect": None,
    }  # fmt: skip
    with (folder / "1.jsonl").open("a", encoding="utf-8") as sink:
        sink.write(json.dumps(exchange | changes) + "\n")


class Book:
    """Finds fault with every exchange and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[Any, ...]] = []

    def findings(self, *exchange: Any) -> list[str]:
        self.shown.append(exchange)
        return [f"wrong {exchange[2]}"]


def test_alike_exchanges_count_each_and_are_judged_once(tmp_path: Path) -> None:
    for number in range(3):
        record(tmp_path, path=f"/rest/api/3/issue/MWC-{number}", response={"id": str(number)})
    record(tmp_path, response={"id": 7})
    book = Book()
    count, wrong = judged(tmp_path, book.findings)
    assert (count, len(book.shown)) == (4, 2)
    assert wrong == ["jira: wrong /rest/api/3/issue/MWC-0", "jira: wrong /rest/api/3/issue/MWC-1"]


def test_a_refused_requests_answer_is_judged_and_its_body_is_not(tmp_path: Path) -> None:
    record(tmp_path, method="POST", status=400, request={"bad": True})
    book = Book()
    assert judged(tmp_path, book.findings)[1]
    assert book.shown[0][4:] == (None, {"id": "1"})


def test_an_unknown_operation_is_forgiven_only_when_the_stand_in_refused_it(tmp_path: Path) -> None:
    def unknown(*exchange: Any) -> list[str]:
        return ["GET /x: not an operation of jira"]

    record(tmp_path, path="/x", status=404)
    assert judged(tmp_path, unknown) == (1, [])
    record(tmp_path, path="/x", status=200)
    assert judged(tmp_path, unknown) == (2, ["jira: GET /x: not an operation of jira"])


def test_model_wires_are_not_among_the_described_services(tmp_path: Path) -> None:
    record(tmp_path, service="anthropic")
    assert judged(tmp_path, Book().findings) == (0, [])


def test_a_half_written_last_line_is_passed_by(tmp_path: Path) -> None:
    record(tmp_path)
    with (tmp_path / "1.jsonl").open("a", encoding="utf-8") as sink:
        sink.write('{"service": "ji')
    assert judged(tmp_path, Book().findings)[0] == 1


def test_a_shape_keeps_what_a_description_may_speak_of() -> None:
    assert shape({"a": "open", "b": [1, 2]}) == shape({"b": [3], "a": "open"})
    assert shape({"a": "open"}) != shape({"a": "closed"})
    assert shape({"a": None}) != shape({"a": 1})
    assert shape("one sentence") == shape("another sentence")
    assert shape(True) != shape(1)
    assert folded("/repos/o/r/pulls/7") == folded("/repos/o/r/pulls/8")
