"""Where text leaves the program, derived from the source: calls that write, print, send or spawn.

A tree is a mapping of module name to source text, as in tests/architecture.py. Whatever is found
outside of the ways out that are named here, with their reasons, is a leak in the making.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.architecture import Tree

PORTS = "patchgate.ports"
GUARDS = "patchgate.adapters.guarded"
BOOTSTRAP = "patchgate.app.bootstrap"

READS: Mapping[str, frozenset[str]] = {
    "Tracker": frozenset({"myself", "look", "search", "touched", "find_comment", "find_subtask"}),
    "ForgeWriter": frozenset(),
    "Ledger": frozenset(
        {"read", "read_together", "open", "blob", "open_streams"}
        | {"gather", "read_open", "gather_all"}
    ),
    "Model": frozenset({"cost"}),
    "Job": frozenset({"mask", "foreign"}),
}
"""What of each port sends no text of ours; every other method must pass the outlet.

`gather` moves what was let out before; `mask` is the one place that is told a secret.
"""
HARMLESS_PORTS = {
    "ForgeReader": "reads",
    "LocalHistory": "reads a repository of the user's own",
    "Clock": "tells the time",
    "Doorbell": "rings with a ticket's key and nothing else",
}
GUARD_OF = {
    "Tracker": "GuardedTracker",
    "ForgeWriter": "GuardedWriter",
    "Ledger": "GuardedLedger",
    "Model": "GuardedModel",
    "Job": "GuardedJob",
}

PRINTS = frozenset({"echo", "secho", "print", "pprint", "print_exc", "print_exception", "warn"})
FILES = frozenset({"write_text", "write_bytes", "writelines", "fdopen", "mkstemp", "copyfileobj",
                   "NamedTemporaryFile"})  # fmt: skip
SENDERS = frozenset({"requests", "urllib.request", "http.client", "socket", "smtplib", "httpx",
                     "apprise", "ftplib", "telnetlib", "asyncio"})  # fmt: skip
SPAWNS = frozenset({"Popen", "run", "call", "check_call", "check_output", "system", "execv"})

ALLOWED: Mapping[tuple[str, str], str] = {
    ("patchgate.cli.terminal", "echo"): "`say` passes the outlet; `command` is the runner's own",
    ("patchgate.app.redact", "write_bytes"): "`leave` passes the outlet",
    ("patchgate.agent.workspace", "write_bytes"): "the scratch copy that a model works in",
    ("patchgate.adapters.actions", "write"): "the runner's files, behind GuardedJob",
    ("patchgate.adapters.actions", "open"): "the runner's files, behind GuardedJob",
    ("patchgate.adapters.git.local", "write_text"): "where a scratch store finds its objects",
    ("patchgate.adapters.git.local", "write_bytes"): "git's own index, back into a scratch place",
    ("patchgate.adapters.ledger.objects", "write_bytes"): "git objects, behind GuardedLedger",
    ("patchgate.adapters.ledger.store", "write_text"): "two fixed files of an empty repository",
    ("patchgate.adapters.ledger.export", "open"): "a tar in memory, let out by `leave`",
    ("patchgate.adapters.git.process", "Popen"): "git: its input is content that was let out",
    ("patchgate.adapters.git.standing", "write"): "questions to git: object names and trees",
    ("patchgate.adapters.sandbox", "Popen"): "the check room's commands, without any secret",
    ("patchgate.adapters.sandbox", "run"): "asks bubblewrap whether it works",
    ("patchgate.app.records", "write"): "puts streams back that were let out before",
    ("patchgate.app.run", "Popen"): "a room of its own, which has its own way out",
}
"""The ways out, and why each is one."""
SENDING = ("patchgate.adapters",)
"""Packages that may speak to the network; the ports before them are guarded."""


@dataclass(frozen=True, slots=True, order=True)
class Sink:
    """One place where text could leave."""

    module: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.what}"


def sinks_of(tree: Tree) -> list[Sink]:
    """Every call and import by which text can leave, stand-ins left out."""
    found = []
    for module, source in tree.items():
        if module.startswith("patchgate.standins"):
            continue
        for node in ast.walk(ast.parse(source)):
            found += [Sink(module, getattr(node, "lineno", 0), w) for w in _ways(node, module)]
    return sorted(found)


def _ways(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = _called(node)
        if name in PRINTS | FILES or (name in SPAWNS and _of_subprocess(node)):
            yield name
        if name == "open" and _writes(node):
            yield "open"
        if name == "write" and not _of_ours(node):
            yield "write"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        yield from (f"import {n}" for n in names if n in SENDERS and not _may_send(module))


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _of_subprocess(call: ast.Call) -> bool:
    func = call.func
    return isinstance(func, ast.Attribute) and ast.unparse(func.value) in ("subprocess", "os")


def _of_ours(call: ast.Call) -> bool:
    """`space.write`, `live.write`: methods of ours that lead to a place found by itself."""
    func = call.func
    value = ast.unparse(func.value) if isinstance(func, ast.Attribute) else ""
    return value in ("space", "live", "archive", "self")


def _writes(call: ast.Call) -> bool:
    """Whether an `open` is for writing: its mode says so, or cannot be read off."""
    words = [a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    modes = [k.value for k in call.keywords if k.arg == "mode"]
    shown = [m.value for m in (*words, *modes) if isinstance(m, ast.Constant)]
    short = [m for m in shown if isinstance(m, str) and len(m) <= 5]
    return any(set(m) & set("wax+") for m in short) or any(
        not isinstance(m, ast.Constant) for m in modes
    )


def _may_send(module: str) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in SENDING)


def unnamed_ways_out(tree: Tree) -> list[str]:
    """Sinks that no entry of ALLOWED explains, and entries that explain nothing any more."""
    found = sinks_of(tree)
    unknown = [str(sink) for sink in found if (sink.module, sink.what) not in ALLOWED]
    there = {(sink.module, sink.what) for sink in found}
    gone = [f"{m} {w}: is allowed and not there" for m, w in ALLOWED if (m, w) not in there]
    return unknown + gone


def protocols_of(tree: Tree) -> dict[str, dict[str, ast.FunctionDef]]:
    """The ports' protocols: their methods by name."""
    found = {}
    for module, source in tree.items():
        if module != PORTS and not module.startswith(f"{PORTS}."):
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases):
                found[node.name] = {x.name: x for x in node.body if isinstance(x, ast.FunctionDef)}
    return found


def unguarded_ports(tree: Tree) -> list[str]:
    """Methods of a port that send text and whose guard does not pass them through the outlet."""
    guards = {
        node.name: {x.name: x for x in node.body if isinstance(x, ast.FunctionDef)}
        for node in ast.parse(tree[GUARDS]).body
        if isinstance(node, ast.ClassDef)
    }
    found = []
    for port, methods in protocols_of(tree).items():
        if port in HARMLESS_PORTS:
            continue
        if port not in GUARD_OF:
            found.append(f"the port {port} has no guard")
            continue
        guard = guards.get(GUARD_OF[port], {})
        for name in methods:
            if name not in guard:
                found.append(f"{GUARD_OF[port]} lacks {name}")
            elif name not in READS[port] and "self._outlet" not in ast.unparse(guard[name]):
                found.append(f"{GUARD_OF[port]}.{name} does not pass the outlet")
    return found


def unguarded_wiring(tree: Tree) -> list[str]:
    """Places of bootstrap where a room would be handed an adapter without its guard."""
    functions = {
        n.name: n for n in ast.parse(tree[BOOTSTRAP]).body if isinstance(n, ast.FunctionDef)
    }
    found = []
    desk = ast.unparse(functions["desk"])
    for wanted in ("tracker: Tracker = GuardedTracker(", "ledger: Ledger = GuardedLedger(",
                   "WriteGate(GuardedWriter("):  # fmt: skip
        if wanted not in desk:
            found.append(f"desk() has no `{wanted}`")
    for name, guard in (("model", "GuardedModel("), ("job", "GuardedJob(")):
        returns = [n for n in ast.walk(functions[name]) if isinstance(n, ast.Return)]
        found += [
            f"{name}() gives {ast.unparse(r.value)} unguarded"
            for r in returns
            if r.value is not None and not ast.unparse(r.value).startswith(guard)
        ]
    return found


def words_that_skip_the_outlet(tree: Tree) -> list[str]:
    """`say` must pass the outlet, and only the action's entry may print for the runner."""
    found = []
    functions = {
        n.name: n
        for n in ast.parse(tree["patchgate.cli.terminal"]).body
        if isinstance(n, ast.FunctionDef)
    }
    for name, node in functions.items():
        calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and _called(n) == "echo"]
        if calls and name != "command" and "redactor(" not in ast.unparse(calls[0]):
            found.append(f"{name} prints without the outlet")
    if "hear_libraries()" not in ast.unparse(ast.parse(tree["patchgate.cli"])):
        found.append("what libraries log goes past the outlet")
    for module, source in tree.items():
        if module.startswith("patchgate.cli.") and module != "patchgate.cli.rooms":
            names = [a.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)
                     and n.module == "patchgate.cli.terminal" for a in n.names]  # fmt: skip
            found += [f"{module} takes `command`"] * names.count("command")
    return found
