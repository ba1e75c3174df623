"""The rules of the layout, as functions from source text to sentences about what breaks them.

A tree is a mapping of module name (`patchgate.core.state`) to source text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Tree = Mapping[str, str]
Rule = Callable[[Tree], list[str]]

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|commons?|misc)(_|$)", re.IGNORECASE)

ALLOWED: Mapping[str, frozenset[str]] = {
    "errors": frozenset(),
    "data": frozenset(),
    "core": frozenset({"core"}),
    "ports": frozenset({"core", "ports"}),
    "agent": frozenset({"agent", "core", "ports", "data"}),
    "adapters": frozenset({"adapters", "core", "ports"}),
    "app": frozenset({"app", "agent", "core", "ports", "data"}),
    "app.bootstrap": frozenset({"app", "agent", "core", "ports", "data", "adapters"}),
    "standins": frozenset({"standins"}),
    "standins.demo": frozenset({"standins", "app"}),
    "standins.rehearse": frozenset({"standins", "app"}),
    "standins.simulate": frozenset({"standins.simulate", "app", "core", "ports", "data"}),
    "cli": frozenset({"cli", "app", "standins.demo", "standins.rehearse", "standins.simulate"}),
    "__main__": frozenset({"cli"}),
    "": frozenset(),
}
"""Who may import whom (DESIGN.md §10); everybody may import `errors`."""

IMPURE_MODULES = frozenset(
    {"time", "random", "secrets", "uuid", "subprocess", "socket", "threading", "asyncio", "os"}
)
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "open", "input", "print"})
"""What core may not call: clocks, files, the terminal."""
WRITER_HOLDERS = ("patchgate.ports", "patchgate.adapters", "patchgate.app.writegate",
                  "patchgate.app.bootstrap")  # fmt: skip
ENVIRONMENT_READERS = {
    "patchgate.app.environment": "reads every variable that means something to us",
    "patchgate.adapters.git.process": "hands git the machine's way to programs and the network",
}
CATCH_ALLS = {
    "patchgate.cli": "turns what nobody foresaw into one message and exit code 1",
    "patchgate.app.action.play": "annotates what failed, then lets it go on to the command line",
    "patchgate.core.verdict": "turns a check that crashes into a verdict that blocks",
}


def source_tree(folder: Path) -> dict[str, str]:
    """The modules under a package's folder, by name."""
    tree = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree[name] = path.read_text("utf-8")
    return tree


def imports_go_one_way(tree: Tree) -> list[str]:
    """DESIGN.md §10: each package imports only what stands below it."""
    return [
        f"{module} imports {target}"
        for module in tree
        for target in sorted(_internal_imports(module, tree))
        if not _may_import(module, target)
    ]


def _may_import(module: str, target: str) -> bool:
    allowed = ALLOWED[_place(module)] | {"errors"}
    inside = target.removeprefix("patchgate").removeprefix(".")
    return any(inside == name or inside.startswith(f"{name}.") for name in allowed) or not inside


def _place(module: str) -> str:
    """The most exact entry of ALLOWED for a module."""
    inside = module.removeprefix("patchgate").removeprefix(".")
    while inside not in ALLOWED:
        inside = inside.rpartition(".")[0]
    return inside


def _internal_imports(module: str, tree: Tree, *, at_import: bool = False) -> set[str]:
    """The modules of ours that a module imports; `at_import` leaves out lazy and typing ones."""
    found = set()
    for node in _nodes(tree[module], at_import=at_import):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in tree else node.module for name in inner}
    return {name for name in found if name.split(".")[0] == "patchgate"}


def _nodes(source: str, *, at_import: bool) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        yield node
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not (at_import and (lazy or typing)):
            waiting.extend(ast.iter_child_nodes(node))


def modules_form_no_cycle(tree: Tree) -> list[str]:
    """No module imports itself by way of others."""
    edges = {m: _internal_imports(m, tree, at_import=True) & set(tree) - {m} for m in tree}
    found: list[str] = []
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        if module in way:
            found.append(" → ".join([*way[way.index(module) :], module]))
        elif module not in done:
            for target in sorted(edges[module]):
                visit(target, (*way, module))
            done.add(module)

    for module in sorted(edges):
        visit(module, ())
    return found


def core_is_pure(tree: Tree) -> list[str]:
    """No clock, environment, process, chance, file or terminal in core."""
    found = []
    for module, source in tree.items():
        if not _is_in(module, "patchgate.core"):
            continue
        for node in ast.walk(ast.parse(source)):
            names = _imported_tops(node) & IMPURE_MODULES
            found += [f"{module} imports {name}" for name in sorted(names)]
            if isinstance(node, ast.Call) and _called(node) in IMPURE_CALLS:
                found.append(f"{module}:{node.lineno} calls {_called(node)}")
    return found


def _imported_tops(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module.split(".")[0]}
    return set()


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def only_the_gate_holds_the_writer(tree: Tree) -> list[str]:
    """`ForgeWriter` is named only where it is defined, built and held."""
    return [
        f"{module} names ForgeWriter"
        for module, source in tree.items()
        if not any(_is_in(module, holder) for holder in WRITER_HOLDERS)
        and any(_names(node, "ForgeWriter") for node in ast.walk(ast.parse(source)))
    ]


def _names(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.alias):
        return node.name == name
    if isinstance(node, ast.Attribute):
        return node.attr == name
    if isinstance(node, ast.Constant):
        return node.value == name
    return isinstance(node, ast.Name) and node.id == name


def few_read_the_environment(tree: Tree) -> list[str]:
    """`os.environ` stands where a reason is given; the stand-ins are a program of their own."""
    return [
        f"{module}:{getattr(node, 'lineno', 0)} reads the environment"
        for module, source in tree.items()
        if module not in ENVIRONMENT_READERS and not _is_in(module, "patchgate.standins")
        for node in ast.walk(ast.parse(source))
        if any(_names(node, name) for name in ("environ", "environb", "getenv"))
        and not isinstance(node, ast.Constant)
    ]


def few_catch_everything(tree: Tree) -> list[str]:
    """A catch-all stands where a reason is given; stand-ins are servers, which must answer."""
    found = []
    for module, source in tree.items():
        if module in CATCH_ALLS or _is_in(module, "patchgate.standins"):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ExceptHandler) and _catches_all(node.type):
                found.append(f"{module}:{node.lineno} catches everything")
    return found


def _catches_all(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_catches_all(item) for item in caught.elts)
    return caught is None or ast.unparse(caught) in ("Exception", "BaseException")


def modules_and_functions_are_small(tree: Tree) -> list[str]:
    """400 lines a module, 60 a function: walls, not aims."""
    found = []
    for module, source in tree.items():
        length = len(source.splitlines())
        if length > MAX_MODULE_LINES:
            found.append(f"{module} has {length} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.append(f"{module}.{node.name} has {lines} lines")
    return found


def names_say_something(tree: Tree) -> list[str]:
    """No module, class or function is named for nothing in particular."""
    found = [module for module in tree if VAGUE_NAMES.search(module.rpartition(".")[2])]
    for module, source in tree.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if VAGUE_NAMES.search(_words(node.name)):
                found.append(f"{module}.{node.name}")
    return found


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def modules_say_what_is_in_them(tree: Tree) -> list[str]:
    """Every module has a docstring."""
    return [module for module, source in tree.items() if not ast.get_docstring(ast.parse(source))]


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
