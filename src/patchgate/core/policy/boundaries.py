"""Architecture boundaries: which modules the files of a folder may not import (gate G4)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from patchgate.core.globs import compile_globs
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule
from patchgate.core.policy.patterns import Expression, compile_pattern

_QUOTED = r"""["'`]([^"'`]+)["'`]"""
_LETTERS = r"\pL\pM\pN_"
"""What may stand in a name, of any script."""
_PYTHON = compile_pattern(
    rf"(?:^|[;:])\s*(?:from\s+(\.*[{_LETTERS}.]*)\s+import\s+([^;]+)|import\s+([^;]+))"
)
_OTHERS: tuple[tuple[tuple[str, ...], Expression], ...] = (
    (
        (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"),
        compile_pattern(rf"(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*|\brequire\s*\(\s*){_QUOTED}"),
    ),
    ((".go",), compile_pattern(rf'^\s*(?:import\s+)?(?:[{_LETTERS}.]+\s+)?"([^"]+)"\s*$')),
    ((".java", ".kt", ".kts", ".scala", ".groovy"),
     compile_pattern(rf"^\s*import\s+(?:static\s+)?([{_LETTERS}.]+)")),
    ((".rs",), compile_pattern(rf"^\s*(?:pub\s+)?use\s+([{_LETTERS}:]+)")),
    ((".cs",), compile_pattern(rf"^\s*(?:global\s+)?using\s+(?:static\s+)?([{_LETTERS}.]+)\s*;")),
    ((".php",), compile_pattern(rf"^\s*use\s+(?:function\s+|const\s+)?\\?([{_LETTERS}\\]+)")),
    ((".rb",), compile_pattern(rf"^\s*(?:require|require_relative|load)\s*\(?\s*{_QUOTED}")),
    ((".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".m"),
     compile_pattern(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')),
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
            for found in pattern.finditer(line):
                yield _as_path(path, found.groups()[0] or "")
            return


def _of_python(path: str, line: str) -> Iterator[str]:
    for found in _PYTHON.finditer(line.partition("#")[0]):
        source, names, plain = found.groups()
        if plain:
            yield from (one.split()[0].replace(".", "/") for one in plain.split(",") if one.split())
        else:
            yield from _from(path, source or "", names or "")


def _from(path: str, source: str, names: str) -> Iterator[str]:
    """What `from SOURCE import NAMES` reaches: the module, and each name as one below it."""
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
