from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.globs import compile_glob, compile_globs

COMPONENTS = st.text(alphabet="ab.", min_size=1, max_size=4)
PATHS = st.lists(COMPONENTS, min_size=1, max_size=5).map("/".join)
PATTERN_PARTS = st.one_of(st.just("**"), st.text(alphabet="ab.*?", min_size=1, max_size=4))
PATTERNS = st.lists(PATTERN_PARTS, min_size=1, max_size=5).map("/".join)


def reference(parts: list[str], pattern: list[str]) -> bool:
    """The definition, word by word and without any care for its cost."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(reference(parts[n:], pattern[1:]) for n in range(len(parts) + 1))
    return bool(parts) and component(parts[0], pattern[0]) and reference(parts[1:], pattern[1:])


def component(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(component(text[n:], pattern[1:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and component(text[1:], pattern[1:])


@given(PATTERNS, PATHS)
def test_matching_agrees_with_the_plain_definition(pattern: str, path: str) -> None:
    if pattern.startswith("./"):
        return  # said below: a leading `./` says nothing
    expected = reference(path.split("/"), pattern.split("/"))
    assert compile_glob(pattern).matches(path) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("README.md", "README.md", True),
        ("README.md", "docs/README.md", False),
        ("**/README.md", "docs/a/README.md", True),
        ("**/README.md", "README.md", True),
        ("src/", "src/a/b.py", True),
        ("src", "src/a.py", False),
        ("./src/*.py", "src/a.py", True),
        ("/src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/b.py", "src/b.py", True),
        ("app/[id]/page.tsx", "app/[id]/page.tsx", True),
        ("app/[id]/page.tsx", "app/i/page.tsx", False),
        ("a**b", "axb", True),
        ("a**b", "a/b", False),
        ("SRC/a.py", "src/a.py", False),
        ("a/b/**", "a/b", True),
        ("a/b/**", "a/b/c/d", True),
        ("a/b/**", "a/c", False),
        ("a/b/**", "x/a/b/c", False),
        ("a/b/**", "a", False),
        ("**/a/**", "x/a", True),
        ("**/a/**", "a", True),
        ("**/a/**", "x/ab/y", False),
        ("**/a*/**", "x/ab/y", True),
        ("**/a*/**", "x/ba/y", False),
        ("**/a/b", "x/a/b", True),
        ("**/a/b", "x/b", False),
        ("**/b*", "x/bc", True),
        ("**/b*", "b/c", False),
        ("**/*.b", "x/a.b", True),
        ("**/*.b", "x.b/a", False),
        ("**/*b*", "x/abc", True),
        ("**/a*c", "x/abc", True),
        ("**/a*c", "x/ac/d", False),
        ("**/a?", "x/ab", True),
        ("**/a?", "x/abc", False),
        ("**/**", "x", True),
        ("**", "x/y", True),
        ("*", "x", True),
        ("*", "x/y", False),
    ],
)
def test_a_pattern_names_what_its_definition_says(pattern: str, path: str, named: bool) -> None:
    assert compile_glob(pattern).matches(path) is named
    assert compile_globs((pattern,)).matches(path) is named


@pytest.mark.parametrize(
    "path",
    [
        ".GitHub/WORKFLOWS/x.yml",
        ".github./workflows /x.yml",
        ".git\u200chub/workflows/x.yml",
        ".github/workflows/x.yml::$DATA",
        ".github/workflows",
    ],
)
def test_a_folded_pattern_sees_through_forgiving_file_systems(path: str) -> None:
    assert compile_glob(".github/workflows/**", folded=True).matches(path)


@pytest.mark.parametrize("pattern", ["", " ", "a//b", "//a"])
def test_a_pattern_with_an_empty_component_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="empty component"):
        compile_glob(pattern)


def test_a_parent_folder_is_seen_to_shadow_a_pattern() -> None:
    globs = compile_globs((".github/workflows/**", "a/*/c/d", "one", "x/y/z"))
    for parent in (".github", ".github/workflows", "a", "x", "x/y"):
        assert globs.shadowed_by(parent)
    assert not globs.shadowed_by("x/y/z")
    for other in ("github", ".github/workflows/x.yml", "a/b", "a/*", "one", "one/two", ""):
        assert not globs.shadowed_by(other)
    assert compile_globs((".github/workflows/**",), folded=True).shadowed_by(".GitHub.")


USUAL = st.sampled_from(
    ["**", "a", "a/b", "**/a", "**/a/**", "a/**", "a/b/**", "**/a*", "**/*a", "**/*a*", "**/a*b",
     "**/*", "**/a?", "*/a", "**/a/b", "**/a/b/**", "**/a.*", "?", "**/**", "a**", "**a/**"]
)  # fmt: skip


@given(st.lists(USUAL | PATTERNS, max_size=4), PATHS, st.booleans())
def test_patterns_asked_together_say_what_one_of_them_says(
    patterns: list[str], path: str, folded: bool
) -> None:
    each = [compile_glob(pattern, folded=folded) for pattern in patterns]
    together = compile_globs(tuple(patterns), folded=folded)
    for asked in (path, path.upper(), path + "/."):
        assert together.matches(asked) is any(glob.matches(asked) for glob in each)


def test_hostile_patterns_cost_little() -> None:
    began = time.monotonic()
    assert not compile_glob("a*" * 150 + "b").matches("a" * 3_000)
    assert not compile_glob("**/a/" * 50 + "b").matches("/".join("a" * 2_000))
    assert time.monotonic() - began < 5
