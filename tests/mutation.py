"""Mutation testing by hand: small faults in what secures text, and the tests against them.

`python -m tests.mutation [MODULE …] [--seconds N] [--seed N]` works on a copy, prints each
surviving mutant with its place, and ends with the score. A run takes minutes and is no part of
`make test`.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTLET = ("tests/core/test_outlet.py", "tests/adapters/test_guarded.py")
SECRETS = ("tests/core/test_secrets.py", *OUTLET)
TESTS = {
    "core/secrets/finding.py": SECRETS,
    "core/secrets/known.py": SECRETS,
    "core/secrets/patterns.py": SECRETS,
    "core/secrets/reading.py": SECRETS,
    "core/outlet.py": OUTLET,
    "core/words/tame.py": OUTLET,
    "core/words/inert.py": ("tests/core/test_words.py",),
    "core/characters.py": ("tests/core/test_words.py", "tests/core/test_policy.py"),
    "adapters/guarded.py": OUTLET,
    "agent/fence.py": ("tests/agent/test_fence.py", "tests/agent/test_prompts.py"),
    "core/approval.py": ("tests/core/test_approval.py", "tests/app/test_writegate.py"),
}
"""The modules, and the tests that are to kill their mutants."""
COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
REPLACED = (ast.Add, ast.Sub, ast.And, ast.Or)


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Each (line, what, mutated source)."""
    tree = ast.parse(source)
    for index, node in enumerate(ast.walk(tree)):
        for what in _changes(node):
            other = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(other)) if i == index)
            _apply(target)
            yield (
                getattr(node, "lineno", 0),
                f"{what}: {ast.unparse(node)[:70]}",
                ast.unparse(other),
            )


def _changes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        yield "compare"
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in REPLACED:
        yield "operator"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "drop not"
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield "constant"
    if isinstance(node, ast.If | ast.IfExp):
        yield "never"
    if isinstance(node, ast.Return) and node.value is not None:
        yield "nothing"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield):
        yield "left out"


def _apply(node: ast.AST) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        held = node.value
        node.value = not held if isinstance(held, bool) else held + 1  # type: ignore[operator]
    elif isinstance(node, ast.If | ast.IfExp):
        node.test = ast.Constant(value=False)
    elif isinstance(node, ast.Return | ast.Expr):
        node.value = ast.Constant(value=None)
    ast.fix_missing_locations(node)


def survives(place: Path, module: str, mutated: str) -> bool:
    """Whether the module's tests still pass."""
    path = place / "src" / "patchgate" / module
    before = path.read_text("utf-8")
    path.write_text(mutated, "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(place / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            [*command, *TESTS[module]], cwd=place, env=env, capture_output=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(before, "utf-8")
    return ended.returncode == 0


def main() -> None:
    """Run until all are tried or the time is up."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began, killed, alive = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="patchgate-mutants-") as name:
        place = Path(name)
        for part in ("src", "tests", "prompts", "policies", "docs"):
            shutil.copytree(ROOT / part, place / part)
        for part in ("pyproject.toml", "README.md", "Makefile"):
            shutil.copy(ROOT / part, place / part)
        subprocess.run(["git", "init", "-q", name], check=True)
        every = [
            (module, *one)
            for module in given.modules
            for one in mutants((ROOT / "src" / "patchgate" / module).read_text("utf-8"))
        ]
        random.Random(given.seed).shuffle(every)  # noqa: S311 - an order that can be repeated
        for module, line, what, mutated in every:
            if time.monotonic() - began > given.seconds:
                break
            if survives(place, module, mutated):
                alive += 1
                sys.stdout.write(f"survives  {module}:{line}  {what}\n")
                sys.stdout.flush()
            else:
                killed += 1
    tried = killed + alive
    sys.stdout.write(f"{killed} of {tried} killed ({len(every)} there are, seed {given.seed})\n")


if __name__ == "__main__":
    main()
