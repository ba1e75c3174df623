"""Dependencies by name: which ones the lines of a manifest or a lockfile bring, move or drop.

Read line by line and in linear time, so that no patch can keep a parser busy; what cannot be named
is still found by its file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.difflines import DiffFile
from patchgate.core.policy.model import Rule
from patchgate.core.policy.patterns import Expression, compile_pattern
from patchgate.core.policy.protected import touched

_MOST_NAMED = 8
_NPM = r"@?[A-Za-z0-9][\w./-]*"
_REQUIREMENT = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"


@dataclass(frozen=True, slots=True)
class _Format:
    files: Expression
    lines: tuple[Expression, ...]
    not_these: frozenset[str] = frozenset()


def _format(files: str, *lines: str, not_these: str = "") -> _Format:
    compiled = tuple(compile_pattern(line) for line in lines)
    return _Format(compile_pattern(f"(?i){files}"), compiled, frozenset(not_these.split()))


_TABLE_WORDS = (
    "name version description authors license readme edition requires-python repository homepage "
    "build-backend line-length target-version python checksum source python-versions optional "
    "content-hash lock-version keywords categories documentation publish resolver rust-version "
    "default features path git branch rev tag package dependencies main scripts type private "
    "test start build lint dev author license engines node npm files lockfileVersion resolved "
    "integrity requires bin funding url peerDependencies devDependencies optionalDependencies "
    "workspaces packages exports module types hasInstallScript cpu os repository bugs"
)
_LISTED = rf"""^\s*["']({_REQUIREMENT})\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@ ][^"']*)?["']\s*,?\s*$"""
_FORMATS = (
    _format(
        r"(?:^|/)(?:requirements|constraints)[^/]*\.(?:txt|in)$|/requirements/[^/]*\.(?:txt|in)$",
        rf"^\s*({_REQUIREMENT})\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@].*|#.*|\\)?$",
        r"^\s*(?:-e\s+)?((?:git\+|https?://)[^\s#]+)",
    ),
    _format(
        r"^(?:pyproject\.toml|pipfile|cargo\.toml|libs\.versions\.toml)$",
        rf"""^\s*["']?({_REQUIREMENT})["']?\s*=\s*["'{{]""",
        _LISTED,
        rf"""^\s*\w[\w-]*\s*=\s*\[\s*["']({_REQUIREMENT})""",
        not_these=_TABLE_WORDS,
    ),
    _format(r"^setup\.(?:py|cfg)$", _LISTED, rf"^\s+({_REQUIREMENT})\s*[=<>!~]=.*$"),
    _format(r"^(?:poetry|pdm|uv|cargo)\.lock$", r"""^\s*name\s*=\s*["']([^"']+)["']"""),
    _format(r"^pipfile\.lock$", rf'^\s{{8}}"({_REQUIREMENT})":\s*\{{'),
    _format(r"^environment\.ya?ml$", rf"^\s*-\s*({_REQUIREMENT})\s*(?:[=<>].*)?$"),
    _format(
        r"^(?:package-lock|npm-shrinkwrap)\.json$",
        rf'^\s*"(?:node_modules/)+({_NPM})":\s*\{{',
        rf'^\s*"({_NPM})":\s*"[~^<>=*]?[0-9x]',
        not_these=_TABLE_WORDS,
    ),
    _format(
        r"^(?:package|deno)\.json$",
        rf'"({_NPM})":\s*"(?:[~^<>=*]|v?[0-9]|x|latest|next|npm:|jsr:|git|https?:|file:|link:'
        r'|github:|workspace:|[\w-]+/[\w.-]+)',
        not_these=_TABLE_WORDS,
    ),
    _format(r"^yarn\.lock$", rf'^"?({_NPM})@'),
    _format(r"^pnpm-lock\.yaml$", rf"^\s{{2,8}}['\"]?/?({_NPM})(?:@[^:]*)?['\"]?:"),
    _format(r"^bun\.lock$", rf'^\s*"({_NPM})":\s*[\["]'),
    _format(r"^go\.(?:mod|sum|work)$", r"^\s*(?:require\s+)?([\w.-]+\.[\w-]+/[\w./~-]+)\s+v"),
    _format(r"^gemfile$|\.gemspec$",
            r"""^\s*(?:gem|\w+\.add_\w*dependency)\s*\(?\s*["']([^"']+)["']"""),
    _format(r"^gemfile\.lock$", r"^ {4,6}([\w.-]+)(?: \(.*\))?$"),
    _format(r"^composer\.json$", r'"([\w.-]+/[\w.-]+)":\s*"'),
    _format(r"^composer\.lock$", r'^\s*"name":\s*"([\w.-]+/[\w.-]+)"'),
    _format(r"^pom\.xml$", r"<artifactId>\s*([^<\s]+)\s*</artifactId>"),
    _format(r"\.gradle(?:\.kts)?$|^gradle\.lockfile$",
            r"""["']?([\w.-]+:[\w.-]+):[\w.$\{\}-]+""", r"""\bid\s*\(?\s*["']([\w.-]+)["']"""),
    _format(r"^build\.sbt$", r'"([^"]+)"\s*%%?\s*"[^"]+"'),
    _format(r"\.(?:cs|fs|vb)proj$|^directory\.packages\.props$", r'\bInclude="([^"]+)"'),
    _format(r"^packages\.config$", r'\bid="([^"]+)"'),
    _format(r"^packages\.lock\.json$", r'^\s{6}"([\w.-]+)":\s*\{'),
    _format(r"^mix\.(?:exs|lock)$", r"""^\s*(?:\{:(\w+),|"(\w+)":)"""),
    _format(r"^pubspec\.(?:yaml|lock)$", r"^ {2}(\w+):"),
    _format(r"^package\.(?:swift|resolved)$", r"""["']?(?:url|location)["']?\s*:\s*["']([^"']+)"""),
    _format(r"^podfile$", r"""^\s*pod\s+["']([^"']+)["']"""),
    _format(r"^podfile\.lock$", r"^ {2}- \"?([\w/+.-]+)"),
    _format(r"dockerfile|containerfile", r"(?i)^\s*FROM\s+(?:--\S+\s+)*(\S+)"),
    _format(r"^flake\.nix$", r'\burl\s*=\s*"([^"]+)"'),
)  # fmt: skip


def changed(rule: Rule, case: Case) -> Iterator[Found]:
    """Manifests and lockfiles that are touched, with the dependencies by name."""
    files = {file.path: file for file in case.files}
    for path, done in touched(rule, case):
        named = _told(files[path]) if path in files else ""
        yield path, f"{done}: {named}" if named else done


def _told(file: DiffFile) -> str:
    new, old = dependencies(file.path, file.added), dependencies(file.path, file.removed)
    before, after = frozenset(old), frozenset(new)
    parts = [
        _listed("adds", [name for name in new if name not in before]),
        _listed("changes", [name for name in new if name in before]),
        _listed("drops", [name for name in old if name not in after]),
    ]
    return "; ".join(filter(None, parts))


def _listed(verb: str, names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{verb} {', '.join(names[:_MOST_NAMED])}{more}" if names else ""


def dependencies(path: str, lines: list[str]) -> list[str]:
    """The names of dependencies in some lines of a manifest, each once, in their order."""
    base = posixpath.basename(path)
    found: dict[str, None] = {}
    for one in _FORMATS:
        if not (one.files.search(base) or one.files.search(path)):
            continue
        for line in lines:
            for pattern in one.lines:
                for match in pattern.finditer(line):
                    name = next((group for group in match.groups() if group), "")
                    if name and name.casefold() not in one.not_these:
                        found[name[:100]] = None
        break
    return list(found)
