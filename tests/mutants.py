"""Mutation testing by hand: `python -m tests.mutants MODULE… --tests tests/core/test_policy.py …`.

Each mutant is one small change of one module's source: another comparison, `and` for `or`, a
condition turned round, a constant moved, a statement left out. The tests are collected once, and a
first run of them tells which statements each one runs. Each mutant gets a forked process, in which
the changed functions take the place of the real ones, and the tests that run its statement, the
quick ones first, have to fail. A change outside of every function is loaded anew with all that
rests on it, which takes longer. Those that survive are named, and told apart from those that no
test runs.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pickle
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import coverage
import pydantic  # noqa: F401 - loaded once, before the forks
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
LONGEST = 600
"""Seconds for all tests of one mutant; one that never ends counts as killed."""
PATIENCE = 8
"""Seconds that a test may take with a mutant, and as often its own time without."""


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    module: str
    line: int
    what: str
    source: str
    lines: range = range(0)
    """Those of its statement."""


def mutants(module: str, source: str, *, most: int = 0, seed: int = 1) -> list[Mutant]:
    """The mutants of a module in the order of its lines: all, or that many of them by chance."""
    tree = ast.parse(source)
    places = [(at, node, number, what) for at, node in enumerate(ast.walk(tree))
              for number, (what, _) in enumerate(_changes(node))]  # fmt: skip
    if most and len(places) > most:
        places = random.Random(seed).sample(places, most)  # noqa: S311
    made = []
    for at, node, number, what in places:
        other = copy.deepcopy(tree)
        target = next(n for i, n in enumerate(ast.walk(other)) if i == at)
        list(_changes(target))[number][1](target)
        text = ast.unparse(ast.fix_missing_locations(other))
        line = getattr(node, "lineno", 0)
        made.append(Mutant(module, line, what, text, _statement(tree, node)))
    return sorted(made, key=lambda mutant: mutant.line)


def _statement(tree: ast.Module, node: ast.AST) -> range:
    """The lines of the smallest statement around a node; a function's are all of its own."""
    at = getattr(node, "lineno", 0)
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.end_lineno
              and n.lineno <= at <= n.end_lineno]  # fmt: skip
    inner = min(around, key=lambda n: (n.end_lineno or 0) - n.lineno, default=None)
    if isinstance(node, ast.stmt):
        inner = node
    return range(inner.lineno, (inner.end_lineno or at) + 1) if inner else range(at, at + 1)


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
        other = OTHER[type(node.ops[0])]
        yield f"{ast.unparse(node)}: {other.__name__}", lambda n: n.ops.__setitem__(0, other())
    elif isinstance(node, ast.BoolOp):
        swap = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{ast.unparse(node)}: {swap.__name__}", lambda n: setattr(n, "op", swap())
    elif isinstance(node, ast.If | ast.IfExp):
        yield (
            f"if not {ast.unparse(node.test)}",
            lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)),
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value}: {not node.value}", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield f"{node.value}: {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.Return) and node.value and not _is_none(node.value):
        yield f"{ast.unparse(node)[:60]}: None", lambda n: setattr(n, "value", ast.Constant(None))
    if isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.With):
        for i, inner in enumerate(node.body):
            if isinstance(inner, ast.Expr) and not isinstance(inner.value, ast.Constant):
                yield (
                    f"without {ast.unparse(inner)[:60]}",
                    lambda n, i=i: n.body.__setitem__(i, ast.Pass()),
                )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of that one module."""
        if name != self._mutant.module:
            return None
        file = _path(name)
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, file, loader=self, submodule_search_locations=inside
        )

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        exec(compile(self._mutant.source, str(_path(self._mutant.module)), "exec"), module.__dict__)  # noqa: S102 - that is the point


def _path(module: str) -> Path:
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def survives(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Whether all tests pass with the mutant (None: with what is there)."""

    def play() -> int:
        for name, module in list(sys.modules.items()):
            if name != "__main__" and str(getattr(module, "__file__", "")).startswith(AFRESH):
                del sys.modules[name]
        if mutant:
            sys.meta_path.insert(0, Instead(mutant))
        return int(pytest.main([*QUIETLY, *tests]))

    return _forked(play) == 0


AFRESH = (f"{SOURCE}{os.sep}", f"{ROOT / 'tests'}{os.sep}")
"""What is loaded anew for a mutant outside of every function."""
QUIETLY = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"),
    "--hypothesis-profile=few",
)


def _forked(work: Callable[[], int], longest: float = LONGEST) -> int:
    """What the work answers in a process of its own; one that never ends counts as failed."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException), Path(os.devnull).open("w") as void:
            os.dup2(void.fileno(), 1)
            os.dup2(void.fileno(), 2)
            code = work()
        os._exit(code)
    ends = time.monotonic() + longest
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return 1


class Forking:
    """In place of pytest's own loop: the collected tests, once for each mutant."""

    def __init__(
        self, planted: Sequence[Mutant], tell: Callable[[Mutant, str], None], *, quickest: int
    ) -> None:
        self._planted = planted
        self._tell = tell
        self._quickest = quickest or None
        self.alive: list[Mutant] = []
        self.outside: dict[Mutant, bool] = {}
        """What to load anew: no changed function holds it, or it works while modules are loaded.

        And whether anything is known to run it.
        """

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try them all."""
        if session.testsfailed or not session.items:
            raise session.Failed("the tests cannot be collected")
        with tempfile.TemporaryDirectory() as place:
            told = Path(place) / "ways"
            modules = {mutant.module for mutant in self._planted}
            if _forked(partial(_walked, session, modules, told), longest=3_600):
                raise session.Failed("the tests fail without any mutant")
            ways, loading = pickle.loads(told.read_bytes())  # noqa: S301 - our own, a moment ago
        for number, mutant in enumerate(self._planted, 1):
            sys.stderr.write(f"\r{number} of {len(self._planted)} ")
            sys.stderr.flush()
            lines, load = ways[mutant.module], loading[mutant.module] & {*mutant.lines}
            met = {one for line in mutant.lines for one in lines.get(line, ())}
            tests = sorted(met)[: self._quickest]
            status = _forked(partial(_played, session, mutant, tests))
            if status == OUTSIDE or (status == 0 and (load or not met)):
                self.outside[mutant] = bool(met or load or status == OUTSIDE)
            elif status == 0:
                self.alive.append(mutant)
                self._tell(mutant, "")
        return True


OUTSIDE = 77


Ways = dict[str, dict[int, list[tuple[float, int]]]]
"""For each module and line the seconds and the numbers of the tests that run it."""


def _walked(session: pytest.Session, modules: Iterable[str], told: Path) -> int:
    """Write down which test runs which line, and how long it takes; 1 when one fails.

    And which lines are run when the module is loaded.
    """
    ways: Ways = {module: {} for module in modules}
    for number, item in enumerate(session.items):
        begun = time.monotonic()
        reports, lines = _watched(partial(runtestprotocol, item, nextitem=None, log=False), modules)
        if any(report.failed for report in reports):
            return 1
        for module in modules:
            for line in lines[module]:
                ways[module].setdefault(line, []).append((time.monotonic() - begun, number))
    loading = {}
    for module in modules:
        work = partial(_run, _path(module).read_text("utf-8"), module)
        loading[module] = _watched(work, [module])[1][module]
    told.write_bytes(pickle.dumps((ways, loading)))
    return 0


def _watched(work: Callable[[], Any], modules: Iterable[str]) -> tuple[Any, dict[str, set[int]]]:
    """What the work answers, and the lines of each module that it runs."""
    files = {module: str(_path(module)) for module in modules}
    watch = coverage.Coverage(
        data_file=None, include=[*files.values()], config_file=False, messages=False
    )
    watch.set_option("run:disable_warnings", ["no-data-collected"])
    watch.start()
    answer = work()
    watch.stop()
    data = watch.get_data()
    return answer, {module: set(data.lines(file) or ()) for module, file in files.items()}


def _played(session: pytest.Session, mutant: Mutant, tests: Sequence[tuple[float, int]]) -> int:
    """How those tests end with the mutant in place of its function."""
    if not _planted(mutant):
        return OUTSIDE
    for seconds, number in tests:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE * (1 + seconds))
        reports = runtestprotocol(session.items[number], nextitem=None, log=False)
        if any(report.failed for report in reports):
            return 1
    return 0


def _planted(mutant: Mutant) -> bool:
    """Give the functions of the module the code of the mutant's; False where none differs."""
    real = importlib.import_module(mutant.module).__dict__
    before = ast.unparse(ast.parse(_path(mutant.module).read_text("utf-8")))
    plain, changed = (_run(source, mutant.module) for source in (before, mutant.source))
    found = False
    for one, old, new in zip(*(_functions(part, mutant.module) for part in (real, plain, changed)),
                             strict=True):  # fmt: skip
        if old.__code__ != new.__code__:
            one.__code__ = new.__code__
            found = True
    return found


def _run(source: str, module: str) -> dict[str, Any]:
    """The names that a module's source gives."""
    names: dict[str, Any] = {"__name__": module, "__file__": str(_path(module))}
    holder = ModuleType(module)
    holder.__dict__.update(names)
    kept, sys.modules[module] = sys.modules[module], holder
    try:
        exec(compile(source, str(_path(module)), "exec"), holder.__dict__)  # noqa: S102
    finally:
        sys.modules[module] = kept
    return holder.__dict__


def _functions(names: Mapping[str, Any], module: str) -> Iterator[FunctionType]:
    """The functions that stand in the module's source, by name, methods and wrapped ones too."""
    for name in sorted(names):
        held = _bare(names[name])
        if getattr(held, "__module__", None) != module:
            continue
        if isinstance(held, FunctionType) and held.__code__.co_filename == str(_path(module)):
            yield held
        elif isinstance(held, type):
            yield from _functions(vars(held), module)


def _bare(held: Any) -> Any:
    """The function within a property, a class method, a cache or another wrapper."""
    for inner in ("fget", "func", "__func__", "__wrapped__"):
        if not isinstance(held, type | FunctionType) and getattr(held, inner, None) is not None:
            return _bare(getattr(held, inner))
    if isinstance(held, FunctionType) and hasattr(held, "__wrapped__"):
        return _bare(held.__wrapped__)
    return held


def survivors(
    planted: Sequence[Mutant],
    tests: Sequence[str],
    tell: Callable[[Mutant, str], None],
    *,
    quickest: int = 0,
) -> list[Mutant]:
    """Those with which all tests (or the quickest) still pass; each is told when it is known."""
    loop = Forking(planted, tell, quickest=quickest)
    with Path(os.devnull).open("w") as void, contextlib.redirect_stdout(void):
        status = pytest.main([*QUIETLY, *tests], plugins=[loop])
    if int(status) not in (0, 5):
        raise SystemExit("the tests cannot be collected, or fail without any mutant")
    for mutant, is_run in loop.outside.items():
        if survives(mutant, tests):
            loop.alive.append(mutant)
            tell(mutant, "" if is_run else " (no test runs it)")
    return loop.alive


def main() -> int:
    """Count the dead and name the living."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--tests", nargs="+", action="extend", required=True)
    parser.add_argument("--most", type=int, default=0, help="only that many of each, by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quickest", type=int, default=0, help="only so many tests for a mutant")
    given = parser.parse_args()
    out = sys.stdout

    def tell(mutant: Mutant, how: str) -> None:
        out.write(f"  {mutant.module}:{mutant.line}: {mutant.what}{how}\n")
        out.flush()

    planted = {
        module: mutants(module, _path(module).read_text("utf-8"), most=given.most, seed=given.seed)
        for module in given.modules
    }
    every = [one for some in planted.values() for one in some]
    alive = survivors(every, given.tests, tell, quickest=given.quickest)
    left = Counter(mutant.module for mutant in alive)
    for module, some in planted.items():
        out.write(f"{module}: {len(some) - left[module]} of {len(some)} killed\n")
    total = sum(map(len, planted.values()))
    out.write(f"all: {total - len(alive)} of {total} killed ({1 - len(alive) / total:.0%})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
