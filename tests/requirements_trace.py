"""Which test proves which numbered requirement: read from the markers, written to the document.

`python tests/requirements_trace.py` renews the last column of docs/requirements.md.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "requirements.md"
CLASSES = ("behaviour", "document", "superseded")
ROW = re.compile(r"^\| (S[0-4]\.[0-9]+) \| (.+) \| ((?:[^|]|\\\|)+) \| ([^|]+) \|$")
OPEN = "open"


@dataclass(frozen=True)
class Requirement:
    """One row of the document."""

    id: str
    text: str
    kind: str
    proven: str

    @property
    def is_behaviour(self) -> bool:
        """Whether it is counted."""
        return self.kind.split(" ")[0] == "behaviour"

    def row(self) -> str:
        """The line as the document has it."""
        return f"| {self.id} | {self.text} | {self.kind} | {self.proven} |"


def requirements(document: str) -> list[Requirement]:
    """All rows of the document, in its order."""
    return [
        Requirement(*match.groups()) for line in document.splitlines() if (match := ROW.match(line))
    ]


def proofs(tests: Path) -> dict[str, list[str]]:
    """Requirement id → the tests whose marker names it, as `file::test`, sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tests.rglob("*.py")):
        name = path.relative_to(tests).as_posix()
        for test, ids in proofs_in(path.read_text("utf-8"), name):
            for requirement in ids:
                if test not in found[requirement]:
                    found[requirement].append(test)
    return {requirement: sorted(where) for requirement, where in found.items()}


def proofs_in(source: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """`(file::test, ids)` of each marked test in one file; ValueError where ids are not literal."""
    for place, node in _tests(ast.parse(source), name):
        for decorator in node.decorator_list:
            for call in ast.walk(decorator):
                if _is_covers(call):
                    yield place, _literal_ids(call, place)


def _tests(
    parent: ast.AST, place: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{place}::{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from _tests(node, f"{place}::{node.name}")


def _is_covers(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "pytest.mark.covers"
    )


def _literal_ids(call: ast.AST, place: str) -> list[str]:
    assert isinstance(call, ast.Call)
    ids = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    if len(ids) != len(call.args) or call.keywords or not all(isinstance(i, str) for i in ids):
        raise ValueError(f"{place}: covers() takes literal requirement ids")
    return [str(i) for i in ids]


def renewed(document: str, proven: Mapping[str, list[str]]) -> str:
    """The document with its last column made from the markers."""
    lines = []
    for line in document.splitlines():
        match = ROW.match(line)
        if match:
            row = Requirement(*match.groups())
            where = "<br>".join(f"`{test}`" for test in proven.get(row.id, []))
            line = replace(row, proven=where or OPEN).row()
        lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Renew the document."""
    document = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(renewed(document, proofs(ROOT / "tests")), "utf-8")


if __name__ == "__main__":
    main()
