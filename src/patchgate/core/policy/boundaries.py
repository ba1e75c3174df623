"""Architecture boundaries: which modules the files of a folder may not import (gate G4)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from patchgate.core.globs import compile_globs
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule

_QUOTED = r"""["'`]([^"'`]+)["'`]"""
_PYTHON = re.compile(r"^\s*(?:from\s+(\.*[\w.]*)\s+import\s+(.+)|import\s+(.+))")
_OTHERS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (
        (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"),
        re.compile(rf"(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*|\brequire\s*\(\s*){_QUOTED}"),
    ),
    ((".go",), re.compile(r'^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"]+)"\s*$')),
    ((".java", ".kt", ".kts", ".scala", ".groovy"),
     re.compile(r"^\s*import\s+(?:static\s+)?([\w.]+)")),
    ((".rs",), re.compile(r"^\s*(?:pub\s+)?use\s+([\w:]+)")),
    ((".cs",), re.compile(r"^\s*(?:global\s+)?using\s+(?:static\s+)?([\w.]+)\s*;")),
    ((".php",), re.compile(r"^\s*use\s+(?:function\s+|const\s+)?\\?([\w\\]+)")),
    ((".rb",), re.compile(rf"^\s*(?:require|require_relative|load)\s*\(?\s*{_QUOTED}")),
    ((".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".m"),
     re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')),
)  # fmt: skip


def crossed(rule: Rule, case: Case) -> Iterator[Found]:
    """Each added import that leads where the rule forbids."""
    forbidden = compile_globs(rule.imports)
    for file in case.lines(rule):
        for line in file.added:
            for module in imported(file.path, line):
                if forbidden.matches(module):
                    yield file.path, f"imports {module}, across a boundary"


def imported(path: str, line: str) -> Iterator[str]:
    """The modules that a line imports, as paths: `a.b` is `a/b`, relative ones are resolved."""
    if path.endswith((".py", ".pyi")):
        yield from _of_python(path, line)
        return
    for endings, pattern in _OTHERS:
        if path.endswith(endings):
            yield from (_as_path(path, found) for found in pattern.findall(line))
            return


def _of_python(path: str, line: str) -> Iterator[str]:
    found = _PYTHON.match(line.partition("#")[0])
    if not found:
        return
    source, names, plain = found.groups()
    if plain:
        yield from (one.split()[0].replace(".", "/") for one in plain.split(",") if one.split())
        return
    module = source.lstrip(".")
    dots = len(source) - len(module)
    folder = path
    for _ in range(dots):
        folder = posixpath.dirname(folder)
    base = "/".join(filter(None, (folder if dots else "", module.replace(".", "/"))))
    yield base
    for name in names.strip("() \\").split(","):
        word = name.split()
        if word and word[0] != "*":
            yield f"{base}/{word[0]}" if base else word[0]


def _as_path(path: str, module: str) -> str:
    if module.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), module))
    if path.endswith((".java", ".kt", ".kts", ".scala", ".groovy", ".cs")):
        return module.replace(".", "/")
    return module.replace("::", "/").replace("\\", "/")
