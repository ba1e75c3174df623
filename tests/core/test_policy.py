from __future__ import annotations

import re
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.core.patches import (
    ANY_TEXT,
    BLOB_A,
    PATCHES,
    change,
    diff_adding,
    pack_of,
    patch,
    standard,
)
from tests.tokens import FORMS, made, seeded

from patchgate.app.packs import with_secrets
from patchgate.core.patch import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, AppliedPatch
from patchgate.core.policy import (
    EMPTY_PATCH,
    Kind,
    Policy,
    PolicyResult,
    Scope,
    Severity,
    judge,
    limited,
    load_policy,
)
from patchgate.core.verdict import Level
from patchgate.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"
STANDARD = standard()
PACKS = ("standard", "strict", "permissive")
IDS = frozenset(rule.id for rule in STANDARD.rules)
EVERYWHERE = Scope(("**",))


def judged(applied: AppliedPatch, *overrides: str, scope: Scope | None = None) -> PolicyResult:
    return judge(applied, STANDARD, scope=scope, overrides=frozenset(overrides))


def found(applied: AppliedPatch, scope: Scope | None = None) -> set[str]:
    return {violation.rule for violation in judged(applied, scope=scope).violations}


def adding(text: str) -> AppliedPatch:
    return patch(change("code/a.py"), rendered=diff_adding("code/a.py", text))


def replacing(path: str, old: str, new: str) -> AppliedPatch:
    """One line of a file gives way to another, or to none when it is empty."""
    lines = f"-{old}\n" + (f"+{new}\n" if new else "")
    header = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
    rendered = f"{header}@@ -1 +1,{1 if new else 0} @@\n{lines}"
    return patch(change(path, lines=(int(bool(new)), 1)), rendered=rendered)


ORDINARY = patch(change("code/a.py"), change("tests/test_a.py", "A", lines=(9, 0)))


@pytest.mark.covers("S2.32")
@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".github/workflows/deep/er.yml",
        ".GitHub/Workflows/ci.yml",
        ".github/actions/x/index.js",
        "action.yml",
    ],
)
def test_what_ci_runs_is_blocked(path: str) -> None:
    assert found(patch(change(path))) == {"ci-configuration"}


@pytest.mark.covers("S2.34")
@pytest.mark.parametrize(
    "path",
    ["package.json", "web/package-lock.json", "requirements-dev.txt", "go.mod", "a/Cargo.toml"],
)
def test_what_gets_installed_is_blocked(path: str) -> None:
    assert found(patch(change(path))) == {"dependency-manifests"}


FORBIDDEN: dict[str, AppliedPatch] = {
    "path-safety": patch(change("code/.git/config")),
    "bidi-characters": adding("if x:\u202e # ok"),
    "invisible-characters": adding("na\u200bme = 1"),
    "lookalike-letters": adding("if is_\u0430dmin(user):"),
    "off-screen-text": adding(f"total = 1{' ' * 120}; evil()"),
    "command-names": patch(change("docs/--checkpoint-action=exec=sh x.md", "A")),
    "runs-by-itself": patch(change("web/.vscode/tasks.json", "A")),
    "test-configuration": patch(change("pytest.ini")),
    "ci-configuration": patch(change(".github/workflows", "A")),
    "codeowners": patch(change("docs/CODEOWNERS")),
    "agent-instructions": patch(change("packages/web/claude.md", "A")),
    "patchgate-settings": patch(change(".github/patchgate.yml")),
    "credential-files": patch(change("certs/server.pem", "A")),
    "secrets": adding(f"key = {made(FORMS['github-token'], seeded(1))!r}"),
    "git-files": patch(change("vendor/.gitattributes", "A")),
    "dependency-manifests": patch(change("pyproject.toml")),
    "symlinks": patch(change("code/link", "A", modes=("000000", SYMLINK))),
    "submodules": patch(change("lib", "M", modes=(SUBMODULE, SUBMODULE))),
    "file-modes": patch(change("run.sh", modes=(REGULAR, EXECUTABLE))),
    "binary-files": patch(change("logo.png", "A", lines=(None, None))),
    "case-collisions": patch(change("code/A.py", "A"), collisions=(("code/A.py", "code/a.py"),)),
    "windows-names": patch(change("code/aux.h", "A")),
    "deleted-tests": patch(change("tests/test_a.py", "D")),
    "weakened-tests": replacing("tests/test_a.py", "    assert a == 1", ""),
    "tests-required": patch(change("src/a.py")),
    "risky-operation": patch(change("db/migrations/2.sql", "A")),
    "scope": patch(change("elsewhere/a.py")),
    "max-files": patch(*(change(f"code/{n}.py", lines=(1, 0)) for n in range(31))),
    "max-lines": patch(change("code/a.py", lines=(1_400, 101))),
    "max-bytes": patch(change("code/a.py"), patch_size=400_001),
}
ALLOWED: dict[str, AppliedPatch] = {
    "path-safety": patch(change("code/git/config"), change("docs/été.md", "A")),
    "bidi-characters": adding("text = 'שלום'"),
    "invisible-characters": adding("print('⚠\ufe0f done 👩\u200d🔧')\r"),
    "off-screen-text": adding(f"{' ' * 119}x{' ' * 200}"),
    "command-names": patch(change("web/routes/$slug.(group).tsx", "A"), change("a-b/c - d.md")),
    "runs-by-itself": patch(change(".vscode/extensions.json"), change("code/customize.py")),
    "test-configuration": patch(change("code/config.ini")),
    "ci-configuration": patch(change(".github/ISSUE_TEMPLATE/bug.yml")),
    "codeowners": patch(change("code/CODEOWNERS.md")),
    "agent-instructions": patch(change("docs/agents.rst")),
    "patchgate-settings": patch(change("code/policies_page.py")),
    "credential-files": patch(change("code/env.py")),
    "secrets": adding("key = os.environ['GITHUB_TOKEN']"),
    "git-files": patch(change("docs/gitattributes.md")),
    "dependency-manifests": patch(change("code/package.py")),
    "symlinks": patch(change("code/link", "D", modes=(SYMLINK, "000000"))),
    "submodules": patch(change("vendor/a.py")),
    "file-modes": patch(change("run.sh", modes=(EXECUTABLE, EXECUTABLE))),
    "binary-files": patch(change("logo.png", "D", lines=(None, None))),
    "deleted-tests": patch(
        change("tests/test_a.py", "D"),
        change("tests/unit/test_a.py", "A", blobs=(BLOB_A, BLOB_A)),
    ),
    "case-collisions": patch(change("code/A.py", "A")),
    "windows-names": patch(change("code/aux.h"), change("nul", "D"), change("con2/auxx.h", "A")),
    "weakened-tests": replacing("tests/test_a.py", "    assert a == 1", "    assert a == 2"),
    "tests-required": patch(change("src/a.py"), change("tests/test_a.py")),
    "risky-operation": patch(change("db/model.py")),
    "lookalike-letters": adding("größe = 'Привет, мир'  # Δt in μs"),
    "scope": patch(change("code/deep/a.py")),
    "max-files": patch(*(change(f"code/{n}.py", lines=(1, 0)) for n in range(30))),
    "max-lines": patch(change("code/a.py", lines=(1_400, 100))),
    "max-bytes": patch(change("code/a.py", size=900_000), patch_size=400_000),
}


@pytest.mark.covers("S0.71", "S2.33")
def test_a_secret_is_blocked_and_never_repeated() -> None:
    token = made(FORMS["github-token"], seeded(7))
    result = judged(adding(f"token = '{token}'"))
    assert result.level == "ESCALATE"
    assert [v.rule for v in result.violations] == ["secrets"]
    assert token[8:] not in repr(result)


def test_a_secret_in_the_name_of_an_added_file_is_blocked_and_not_repeated() -> None:
    token = made(FORMS["github-token"], seeded(8))
    result = judged(patch(change(f"docs/{token}.md", "A")))
    assert [(v.rule, v.path) for v in result.violations] == [("secrets", "")]
    assert token[8:] not in repr(result)
    assert judged(patch(change(f"docs/{token}.md"))).level == "ACCEPT", "it was there before"


@pytest.mark.covers("S2.31")
@pytest.mark.parametrize("rule", sorted(IDS))
def test_each_rule_finds_what_it_is_for(rule: str) -> None:
    result = judged(FORBIDDEN[rule], scope=Scope(("code/**",)) if rule == "scope" else EVERYWHERE)
    assert {violation.rule for violation in result.violations} == {rule}
    severity = next(one.severity for one in STANDARD.rules if one.id == rule)
    expected = {"WARN": "ACCEPT", "BLOCK": "ESCALATE", "REFUSE": "REFUSE"}[severity]
    assert result.level == expected
    assert result.verdict.passed is (severity == "WARN")
    assert result.verdict.level is not Level.PASS


@pytest.mark.parametrize("rule", sorted(IDS))
def test_each_rule_leaves_its_neighbours_alone(rule: str) -> None:
    result = judged(ALLOWED[rule], scope=Scope(("code/**",)) if rule == "scope" else EVERYWHERE)
    assert (result.level, result.violations) == ("ACCEPT", ())
    assert result.verdict.level is Level.PASS


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/post-checkout",
        "a/.GIT/config",
        ".g\u200cit/config",
        ".git./config",
        ".git /config",
        ".git::$INDEX_ALLOCATION/config",
        "GIT~1/config",
        "GITHUB~1/workflows/x.yml",
        "docs/MCP~1.JSO",
        "CLAUDE~2",
        "docs/x.md ",
        "docs./x.md",
        "a\\.git\\config",
        "../x",
        "a/../../x",
        "a\\..\\x",
        "a//b",
        "./a",
        "/etc/passwd",
        "C:/x",
        "a\nb",
        "a\x1b[2Jb",
        "safe\u202egpj.exe",
        "zero\u200bwidth",
        "not-utf8-\udcff",
        "",
        "x" * 256,
        "\u00e9" * 128,
        "/".join(["a"] * 65),
        "/".join([*["x" * 204] * 4, "x" * 205]),
    ],
)
def test_names_that_lead_astray_are_refused_and_never_overridden(path: str) -> None:
    result = judged(patch(change(path)), *IDS)
    assert result.level == "REFUSE"
    assert "path-safety" in {violation.rule for violation in result.violations}
    rfc8785.dumps([violation.path for violation in result.violations])


PATHS_THAT_FIT = ["x" * 255, "\u00e9" * 127, "/".join(["a"] * 64), "/".join(["x" * 204] * 5)]


@pytest.mark.parametrize("path", PATHS_THAT_FIT)
def test_a_name_as_long_as_file_systems_take_is_fine(path: str) -> None:
    assert found(patch(change(path))) == set()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("con", "is the device CON on Windows"),
        ("a/Prn.tar.gz/b", "is the device PRN on Windows"),
        ("nul .txt", "is the device NUL on Windows"),
        ("COM1.md", "is the device COM1 on Windows"),
        ("docs/lpt\u00b3", "is the device LPT\u00b3 on Windows"),
        ("conout$.x", "is the device CONOUT$ on Windows"),
        ("docs/a:b.md", "holds a `:`, which no name has on Windows"),
        *(
            (f"docs/a{char}.md", f"holds a `{char}`, which no name has on Windows")
            for char in '<>"|?*'
        ),
        ("com0 com10 lpt console.md", ""),
        ("aux-.h/x.aux/a con", ""),
        ("docs/a[1] (2) + b.md", ""),
    ],
)
def test_a_new_name_that_windows_has_no_place_for_is_found(path: str, said: str) -> None:
    found = judged(patch(change(path, "A"))).violations
    assert [v.message for v in found if v.rule == "windows-names"] == ([said] if said else [])


@pytest.mark.parametrize(
    ("rule", "applied"),
    [
        ("binary-files", patch(change("x", modes=(REGULAR, REGULAR), lines=(None, None)))),
        ("max-bytes", patch(change("x", "A", size=5_000_000))),
        ("deleted-tests", patch(change("tests/test_a.py", size=0, lines=(0, 40)))),
        ("deleted-tests", patch(change("tests/test_a.py", "T", modes=(REGULAR, SYMLINK)))),
        ("symlinks", patch(change("x", "T", modes=(SYMLINK, REGULAR)))),
        ("submodules", patch(change("x", "D", modes=(SUBMODULE, "000000")))),
        ("file-modes", patch(change("x", "A", modes=("000000", EXECUTABLE)))),
        ("file-modes", patch(change("x", modes=(EXECUTABLE, REGULAR)))),
        ("file-modes", patch(change("x", modes=(REGULAR, "100664")))),
    ],
)
def test_the_less_usual_ways_are_found_too(rule: str, applied: AppliedPatch) -> None:
    assert rule in found(applied)


def test_a_hidden_character_is_placed_in_its_file_and_context_does_not_count() -> None:
    first = diff_adding("a.py", "++ plain \u202e")
    context = "diff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-old\u202e\n+new\n"
    result = judged(patch(change("a.py"), change("b"), rendered=first + context))
    assert [(v.rule, v.path) for v in result.violations] == [("bidi-characters", "a.py")]


@pytest.mark.covers("S0.70")
def test_the_limits_can_be_set_and_change_the_digest() -> None:
    small = limited(STANDARD, files=1, lines=3, size=10)
    result = judge(ORDINARY, small, scope=None)
    assert {v.rule for v in result.violations} == {"max-files", "max-lines", "max-bytes"}
    assert small.digest() != STANDARD.digest()
    assert result.policy == small.digest()


def test_a_patch_outside_the_plan_is_wider_and_waits_for_a_person() -> None:
    result = judged(ORDINARY, scope=Scope(("code/**",)))
    assert result.wider
    assert result.level == "ESCALATE"
    assert [(v.rule, v.path) for v in result.violations] == [("scope", "tests/test_a.py")]


def test_an_overridden_scope_is_accepted_and_still_wider() -> None:
    result = judged(ORDINARY, "scope", scope=Scope(("code/**",)))
    assert (result.level, result.wider) == ("ACCEPT", True)


def test_an_empty_scope_holds_nothing_and_no_plan_is_no_scope() -> None:
    assert judged(ORDINARY, scope=Scope(())).wider
    without = judged(ORDINARY, scope=None)
    assert (without.level, without.wider) == ("ACCEPT", False)
    assert "scope" not in {child.name for child in without.verdict.children}


@pytest.mark.parametrize("glob", ["", ".", "/", "./"])
def test_a_plan_that_names_the_root_names_no_file(glob: str) -> None:
    assert judged(ORDINARY, scope=Scope((glob,))).wider


def test_a_scope_that_cannot_be_read_is_wider_and_blocks_by_its_rule() -> None:
    result = judged(ORDINARY, scope=Scope(("a//b",)))
    assert (result.level, result.wider) == ("ESCALATE", True)
    assert "could not be checked" in result.violations[0].message


@pytest.mark.covers("S2.67", "S2.114")
def test_a_warning_shows_and_lets_pass() -> None:
    rules = [
        rule.model_copy(update={"severity": Severity.WARN}) if rule.id == "codeowners" else rule
        for rule in STANDARD.rules
    ]
    mild = with_secrets(Policy.model_validate({"version": 1, "name": "mild", "rules": rules}))
    result = judge(patch(change("CODEOWNERS")), mild, scope=None)
    assert (result.level, result.verdict.level) == ("ACCEPT", Level.WARN)
    assert [v.severity for v in result.violations] == ["WARN"]


def test_an_override_lifts_the_rule_that_it_names_and_no_other() -> None:
    both = patch(change("CODEOWNERS"), change("package.json"))
    assert judged(both, "codeowners").level == "ESCALATE"
    lifted = judged(both, "codeowners", "dependency-manifests")
    assert lifted.level == "ACCEPT"
    assert lifted.verdict.level is Level.WARN
    assert len(lifted.violations) == 2


BROKEN = patch(change("code/a.py", lines=("many", 1)))  # type: ignore[arg-type]  # breaks a rule


def test_a_rule_that_raises_blocks_and_is_named() -> None:
    result = judged(BROKEN)
    assert result.level == "ESCALATE"
    (violation,) = result.violations
    assert (violation.rule, violation.severity) == ("max-lines", "BLOCK")
    assert "could not be checked (TypeError" in violation.message


def test_a_refusing_rule_that_raises_cannot_be_overridden() -> None:
    nameless = patch(change(7))  # type: ignore[arg-type]  # breaks every rule about names
    result = judged(nameless, *IDS)
    assert result.level == "ESCALATE"
    decisive = [child.name for child in result.verdict.children if child.level is Level.BLOCK]
    assert decisive == ["path-safety"]
    (final,) = [v for v in result.violations if v.rule == "path-safety"]
    assert final.severity == "REFUSE"
    assert final.message.endswith("treated as found, and nobody can override it")


def test_what_takes_the_place_of_a_protected_folder_is_found() -> None:
    link = patch(change(".github", "A", modes=("000000", SYMLINK)))
    assert {"ci-configuration", "agent-instructions", "patchgate-settings"} <= found(link)


def test_a_patch_that_changes_nothing_is_refused() -> None:
    result = judged(patch(), *IDS, EMPTY_PATCH)
    assert result.level == "REFUSE"
    assert [v.rule for v in result.violations] == [EMPTY_PATCH]


def test_a_thousand_findings_of_one_rule_are_counted_not_listed() -> None:
    result = judged(patch(*(change(f"x{n}", lines=(0, 0)) for n in range(1_000))), scope=Scope(()))
    listed = [v for v in result.violations if v.rule == "scope"]
    assert len(listed) == 21
    assert listed[-1].message == "and 980 more"


@given(PATCHES, st.none() | st.lists(ANY_TEXT, max_size=3), st.sets(st.sampled_from(sorted(IDS))))
def test_judging_is_total_and_its_answer_holds_together(
    applied: AppliedPatch, globs: list[str] | None, overrides: set[str]
) -> None:
    scope = None if globs is None else Scope(tuple(globs))
    result = judge(applied, STANDARD, scope=scope, overrides=frozenset(overrides))
    assert (result.level == "ACCEPT") is result.verdict.passed
    open_ones = [v for v in result.violations if v.severity == "BLOCK" and v.rule not in overrides]
    if any(v.severity == "REFUSE" for v in result.violations):
        assert result.level == "REFUSE"
    elif open_ones:
        assert result.level == "ESCALATE"
    rfc8785.dumps([v.model_dump(mode="json") for v in result.violations])


@given(PATCHES, st.sets(st.sampled_from(sorted(IDS))))
def test_an_override_never_makes_it_worse_and_never_lifts_a_refusal(
    applied: AppliedPatch, overrides: set[str]
) -> None:
    order = ["ACCEPT", "ESCALATE", "REFUSE"]
    plain = judged(applied)
    lifted = judged(applied, *overrides)
    assert order.index(lifted.level) <= order.index(plain.level)
    assert (plain.level == "REFUSE") is (lifted.level == "REFUSE")


def test_every_finding_of_an_ordinary_patch_is_none() -> None:
    result = judged(ORDINARY, scope=Scope(("code/**", "tests/**")))
    assert (result.level, result.wider, result.violations) == ("ACCEPT", False, ())
    assert result.verdict.reason == f"{len(IDS)} checks passed"


SAFETY = """\
  - id: path-safety
    sentence: refused when a name leads astray
    kind: path_safety
    severity: REFUSE
    message: ask again
"""
HEAD = "version: 1\nname: mine\nrules:\n"


def rule(**keys: object) -> str:
    base: dict[str, object] = {"id": "mine", "sentence": "s", "kind": "symlink"}
    lines = [
        f"{key}: {value}"
        for key, value in {**base, "severity": "WARN", "message": "m", **keys}.items()
    ]
    return "  - " + "\n    ".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + SAFETY + rule(severty="WARN"), "p.yml:14: rules[1].severty: unknown key"),
        (HEAD + SAFETY + rule(severty="WARN"), "did you mean `severity`?"),
        (HEAD + SAFETY + rule(kind="symlnk"), "p.yml:11: rules[1].kind: should be"),
        (HEAD + SAFETY + rule(severity="FATAL"), "rules[1].severity: should be 'WARN'"),
        (HEAD + SAFETY + rule(id="Mine!"), "rules[1].id"),
        (HEAD + SAFETY + rule(kind="max_files"), "kind max_files needs `limit`"),
        (HEAD + SAFETY + rule(kind="max_files", limit="'3'"), "valid integer, not '3'"),
        (HEAD + SAFETY + rule(kind="frozen_paths"), "kind frozen_paths needs `globs`"),
        (HEAD + SAFETY + rule(globs="['a']"), "kind symlink takes no `globs`"),
        (HEAD + SAFETY + rule(kind="git_files", globs="['a//b']"), "has an empty component"),
        (HEAD + SAFETY.replace("REFUSE", "WARN"), "path_safety is always REFUSE"),
        (HEAD + rule(), "a rule of kind path_safety is needed"),
        (HEAD + SAFETY + rule() + rule(), "'mine' stands there twice"),
        (HEAD + SAFETY + "    message: again\n", "p.yml:9: rules[0].message: stands there twice"),
        ("version: 2\nname: x\nrules: []\n", "p.yml:1: version: should be 1"),
        ("version: 1\nname: x\nrules: []\n", "rules: Tuple should have at least 1 item"),
        ("- a\n", "should be a mapping"),
        ("", "should be a mapping"),
        ("a: [\n", "p.yml:2: not YAML"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("a: 2020-99-99\n", "not YAML"),
        ("x" * 600_000, "more than 500,000 bytes"),
    ],
)
def test_a_policy_that_cannot_be_relied_on_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_policy(text, "p.yml")
    assert said in refused.value.message


@given(ANY_TEXT)
def test_reading_a_policy_raises_nothing_but_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigError):
        load_policy(text, "p.yml")


def section(page: str, id_: str) -> str:
    match = re.search(rf"^## `{re.escape(id_)}`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert match, f"docs/policies.md has no section for {id_}"
    return match.group(1)


def test_the_page_has_one_section_for_each_rule_in_the_packs_order() -> None:
    page = PAGE.read_text("utf-8")
    ids = dict.fromkeys(rule.id for pack in ("standard", "strict") for rule in pack_of(pack).rules)
    strict_only = [id_ for id_ in ids if id_ not in IDS]
    wanted = [rule.id for rule in STANDARD.rules] + strict_only
    assert re.findall(r"^## `([a-z-]+)`$", page, re.MULTILINE) == wanted


@pytest.mark.parametrize("pack", PACKS)
def test_the_page_names_each_pack_and_no_pack_drops_a_rule_of_the_standard_one(pack: str) -> None:
    assert f"| `{pack}` |" in PAGE.read_text("utf-8")
    assert {rule.id for rule in pack_of(pack).rules} >= IDS


def test_every_kind_of_rule_is_explained_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    assert [kind for kind in Kind if f"`{kind}`" not in page] == []


EVERY_RULE = {rule.id: rule for pack in ("strict", "standard") for rule in pack_of(pack).rules}


@pytest.mark.parametrize("id_", EVERY_RULE)
def test_a_rules_section_says_what_why_and_how(id_: str) -> None:
    rule_ = EVERY_RULE[id_]
    text = section(PAGE.read_text("utf-8"), rule_.id)
    assert f"**{rule_.severity}** · kind `{rule_.kind}`" in text
    assert f"It is {rule_.sentence}." in " ".join(text.split())
    assert "**Why.**" in text
    assert "**What to do.**" in text
    assert re.search(r"^\*\*Before\.\*\* .+  \n(?:.+\n)*?\*\*After\.\*\* .+", text, re.MULTILINE)
    if rule_.limit is not None:
        assert f"{rule_.limit:,}" in text
