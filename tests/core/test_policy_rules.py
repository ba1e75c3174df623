"""Kinds of rules whose finding is more than a path: names, tests, imports, words, look-alikes."""

from __future__ import annotations

import time

import pytest
from tests.core.patches import BLOB_A, BLOB_B, change, diff_adding, pack_of, patch, standard

from patchgate.core.globs import collisions
from patchgate.core.ids import Digest
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Kind, Policy, Rule, Severity, judge
from patchgate.core.policy.boundaries import imported
from patchgate.core.policy.dependencies import dependencies
from patchgate.core.policy.difflines import diff_files, is_plain
from patchgate.core.policy.paths import unsafe_path

SAFETY = next(rule for rule in standard().rules if rule.kind is Kind.PATH_SAFETY)


def one(kind: Kind, **data: object) -> Policy:
    keys = {"id": "mine", "sentence": "s", "severity": Severity.BLOCK, "message": "m", **data}
    return Policy(version=1, name="p", rules=(SAFETY, Rule.model_validate({**keys, "kind": kind})))


def lines(path: str, *, removed: str = "", added: str = "") -> AppliedPatch:
    """One hunk that takes these lines away and puts those in their place."""
    old, new = removed.splitlines(), added.splitlines()
    body = "".join(f"-{line}\n" for line in old) + "".join(f"+{line}\n" for line in new)
    header = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
    rendered = f"{header}@@ -1,{len(old)} +1,{len(new)} @@\n{body}"
    return patch(change(path, lines=(len(new), len(old))), rendered=rendered)


def said(applied: AppliedPatch, policy: Policy, words: str = "") -> list[str]:
    found = judge(applied, policy, scope=None, words=words).violations
    return [f"{v.path}: {v.message}" for v in found if v.rule == "mine"]


MANIFESTS = {
    "requirements.txt": ("flask[async]>=2.0 ; python_version > '3'\n# no\nleft-pad\n--hash=x",
                         ["flask", "left-pad"]),
    "pyproject.toml": ('name = "shop"\ndependencies = ["rich>=13"]\n    "click>=8",\nhttpx = "^1"',
                       ["rich", "click", "httpx"]),
    "poetry.lock": ('[[package]]\nname = "urllib3"\nversion = "2"', ["urllib3"]),
    "package.json": ('"version": "1.0.0",\n"left-pad": "^1.3.0",\n"@acme/x": "workspace:*"',
                     ["left-pad", "@acme/x"]),
    "web/package-lock.json": ('    "node_modules/left-pad": {\n "version": "1.3.0"', ["left-pad"]),
    "yarn.lock": ('"@babel/core@^7.0.0":\n  version "7"\nleft-pad@^1.3.0:',
                  ["@babel/core", "left-pad"]),
    "pnpm-lock.yaml": ("  left-pad@1.3.0:\n", ["left-pad"]),
    "go.mod": ("\tgithub.com/pkg/errors v0.9.1\nrequire golang.org/x/net v0.1",
               ["github.com/pkg/errors", "golang.org/x/net"]),
    "go.sum": ("github.com/pkg/errors v0.9.1/go.mod h1:x=", ["github.com/pkg/errors"]),
    "Cargo.toml": ('serde = { version = "1" }\nedition = "2021"', ["serde"]),
    "Cargo.lock": ('name = "serde"\nversion = "1.0"', ["serde"]),
    "Gemfile": ("gem 'rails', '~> 7'", ["rails"]),
    "Gemfile.lock": ("    rails (7.1.0)\n      rack (>= 2)", ["rails", "rack"]),
    "composer.json": ('"monolog/monolog": "^3"', ["monolog/monolog"]),
    "pom.xml": ("<artifactId>log4j-core</artifactId>", ["log4j-core"]),
    "build.gradle.kts": ('implementation("com.acme:tool:1.0")', ["com.acme:tool"]),
    "App.csproj": ('<PackageReference Include="Newtonsoft.Json" Version="13" />',
                   ["Newtonsoft.Json"]),
    "mix.exs": ('      {:phoenix, "~> 1.7"},', ["phoenix"]),
    "pubspec.yaml": ("  http: ^1.0.0", ["http"]),
    "Podfile": ("  pod 'Alamofire', '5'", ["Alamofire"]),
    "Dockerfile": ("FROM --platform=x python:3.12 AS base", ["python:3.12"]),
    "environment.yml": ("  - numpy=1.26", ["numpy"]),
    "strange.toml": ("serde = 1", []),
}  # fmt: skip


@pytest.mark.parametrize("path", MANIFESTS)
def test_the_dependencies_of_each_ecosystem_are_named(path: str) -> None:
    text, names = MANIFESTS[path]
    assert dependencies(path, text.splitlines()) == names


SLOW = {
    "requirements.txt": "a" + " " * 30_000 + ",",
    "pyproject.toml": '"a' + " " * 30_000,
    "build.gradle": "a" * 30_000,
    "x.py": "from " + "." * 30_000 + "x!",
    "requirements" * 30_000: "a",
}


@pytest.mark.parametrize("path", SLOW, ids=lambda path: path[:20])
def test_no_line_of_a_patch_keeps_the_judge_busy(path: str) -> None:
    began = time.process_time()
    dependencies(path, [SLOW[path]])
    list(imported(path, SLOW[path]))
    assert time.process_time() - began < 2


@pytest.mark.covers("S2.34", "S2.98")
def test_a_blocked_manifest_says_which_dependency_comes_changes_or_goes() -> None:
    applied = lines("requirements.txt", removed="flask==2\nold==1", added="flask==3\nleft-pad==1")
    (violation,) = judge(applied, standard(), scope=None).violations
    assert (violation.rule, violation.severity) == ("dependency-manifests", "BLOCK")
    assert violation.message == "is changed: adds left-pad; changes flask; drops old"


TESTS = {"globs": ["tests/**"]}
WEAKER = {
    "skip": ("", "@pytest.mark.skip(reason='later')", "1 more test out"),
    "xfail": ("", "@pytest.mark.xfail", "1 more test out"),
    "js skip": ("it('adds', () => {", "it.skip('adds', () => {", "1 more test out"),
    "go skip": ("", "\tt.Skip()", "1 more test out"),
    "java": ("", "  @Disabled", "1 more test out"),
    "rust": ("", "#[ignore]", "1 more test out"),
    "whole module": ("", "pytestmark = pytest.mark.skip", "1 more test out"),
    "parameter": ("", "    pytest.param(1, marks=pytest.mark.xfail),", "1 more test out"),
    "bare": ("", "@skipIf(True, 'later')", "1 more test out"),
    "class": ("", "    __test__ = False", "1 more test out"),
    "ignored file": ("", "collect_ignore = ['test_b.py']", "1 more test out"),
    "hook": ("", "def pytest_collection_modifyitems(items):", "1 more test out"),
    "js only": ("", "it.only('adds', () => {", "1 more test out"),
    "js skip if": ("", "test.skipIf(true)('adds', () => {", "1 more test out"),
    "jasmine only": ("", "  fdescribe('sums', () => {", "1 more test out"),
    "go build": ("", "//go:build ignore", "1 more test out"),
    "rust condition": ("", "#[cfg_attr(unix, ignore)]", "1 more test out"),
    "c++": ("", "TEST(Sum, DISABLED_Adds) {", "1 more test out"),
    "ruby": ("", "x\n  skip 'later'", "1 more test out"),
    "assertion": ("    assert total == 3", "    total", "1 assertion fewer"),
    "expect": ("  expect(total).toBe(3)\n  expect(a).toBe(b)", "", "2 assertions fewer"),
    "test function": ("def test_sum():\n    pass", "", "loses 1 test (test_sum)"),
}
AS_STRONG = {
    "another value": ("    assert total == 3", "    assert total == 4"),
    "renamed": ("def test_sum():\n    assert a", "def test_total():\n    assert a"),
    "more": ("", "def test_more():\n    assert b"),
    "skip taken away": ("@pytest.mark.skip", ""),
    "words": ("# a comment", "# another"),
    "a model's fit": ("", "    model.fit('x')"),
    "skipping": ("", "    reader.skip('x')"),
}


@pytest.mark.parametrize("name", WEAKER)
def test_a_test_that_proves_less_is_found(name: str) -> None:
    removed, added, words = WEAKER[name]
    applied = lines("tests/test_a.py", removed=removed, added=added)
    (message,) = said(applied, one(Kind.WEAKENED_TESTS, **TESTS))
    assert words in message


@pytest.mark.parametrize("name", AS_STRONG)
def test_a_test_that_proves_as_much_is_left_alone(name: str) -> None:
    removed, added = AS_STRONG[name]
    applied = lines("tests/test_a.py", removed=removed, added=added)
    assert said(applied, one(Kind.WEAKENED_TESTS, **TESTS)) == []


NAMED = {"globs": ["tests/**", "**/test_*"]}
MOVES = {
    "tests/test_b.py": True,
    "lib/test_a.py": True,
    "tests/test_a.txt": False,
    "tests/a.py": False,
}


@pytest.mark.parametrize("place", MOVES)
def test_a_claim_that_another_test_file_gains_has_only_moved(place: str) -> None:
    claim, policy = "    assert total([1]) == 1", one(Kind.WEAKENED_TESTS, **NAMED)
    there, here = lines("tests/test_a.py", removed=claim), lines(place, added=claim)
    both = patch(*there.changes, *here.changes, rendered=there.rendered + here.rendered)
    assert (said(both, policy) == []) is MOVES[place]
    assert len(said(there, policy)) == 1


@pytest.mark.parametrize("place", MOVES)
def test_a_test_that_no_runner_finds_any_more_has_not_moved(place: str) -> None:
    gone = change("tests/test_a.py", "D", blobs=(BLOB_A, BLOB_B))
    back = change(place, "A", blobs=(BLOB_B, BLOB_A))
    found = said(patch(gone, back), one(Kind.DELETED_TESTS, **NAMED))
    assert (found == []) is MOVES[place]


def test_a_file_that_its_folder_alone_makes_a_test_may_move_to_any_name_of_its_kind() -> None:
    gone = change("tests/data.json", "D", blobs=(BLOB_A, BLOB_B))
    back = change("tests/sub/test_x.json", "A", blobs=(BLOB_B, BLOB_A))
    assert said(patch(gone, back), one(Kind.DELETED_TESTS, **NAMED)) == []


@pytest.mark.covers("S0.72")
def test_code_in_certain_folders_needs_a_test_beside_it() -> None:
    policy = one(Kind.TESTS_REQUIRED, globs=["src/**"], needs=["tests/**"], exempt=["**/*.md"])
    assert said(patch(change("src/a.py")), policy) == ["src/a.py: changes, and no test does"]
    assert said(patch(change("src/a.py"), change("tests/test_a.py")), policy) == []
    assert said(patch(change("src/a.md"), change("docs/a.py")), policy) == []
    deleted = patch(change("src/a.py"), change("tests/test_a.py", "D"))
    assert len(said(deleted, policy)) == 1, "a deleted test is no test"
    assert said(patch(change("src/a.py", "D")), policy) == []
    assert judge(patch(change("src/a.py")), pack_of("strict"), scope=None).level == "ESCALATE"


IMPORTS = {
    ("a/b.py", "import shop.db.models as m, os"): ["shop/db/models", "os"],
    ("a/b.py", "from shop.db import models, x  # y"): [
        "shop/db", "shop/db/models", "shop/db/x"],
    ("shop/core/a.py", "from ..db import models"): ["shop/db", "shop/db/models"],
    ("shop/core/a.py", "from . import b"): ["shop/core", "shop/core/b"],
    ("a.py", "from . import b as c"): ["", "b"],
    ("web/a.ts", "import { x } from '../db/x'"): ["db/x"],
    ("web/a.js", "const x = require('pg')"): ["pg"],
    ("a.go", '\t"github.com/acme/db"'): ["github.com/acme/db"],
    ("A.java", "import static com.acme.db.X.y;"): ["com/acme/db/X/y"],
    ("a.rs", "pub use crate::db::pool;"): ["crate/db/pool"],
    ("a.cs", "using Acme.Db;"): ["Acme/Db"],
    ("a.php", "use Acme\\Db\\Pool;"): ["Acme/Db/Pool"],
    ("a.rb", "require_relative './db'"): ["db"],
    ("a.c", '#include "db/pool.h"'): ["db/pool.h"],
    ("a.py", "x = 'import os'"): [],
    ("a.py", "import os; import shop.db"): ["os", "shop/db"],
    ("a.py", "if x: from shop import db; y()"): ["shop", "shop/db"],
    ("a.py", "import läden.übersicht"): ["läden/übersicht"],
    ("a.txt", "import os"): [],
}  # fmt: skip


@pytest.mark.parametrize("given", IMPORTS, ids=lambda given: given[0] + " " + given[1][:20])
def test_an_import_is_read_as_the_path_that_it_leads_to(given: tuple[str, str]) -> None:
    assert list(imported(*given)) == IMPORTS[given]


def test_an_import_across_a_boundary_is_found_in_bound_files_alone() -> None:
    policy = one(Kind.BOUNDARIES, globs=["shop/core/**"], imports=["shop/db/**"])
    line = "from shop.db import models"
    assert said(lines("shop/core/a.py", added=line), policy)[0] == (
        "shop/core/a.py: imports shop/db, across a boundary"
    )
    assert said(lines("shop/core/a.py", removed=line), policy) == []
    assert said(lines("shop/web/a.py", added=line), policy) == []


def test_a_risky_change_needs_a_way_back_in_its_words_or_in_itself() -> None:
    policy = one(Kind.SAFE_OPERATION, globs=["db/**"], patterns=["(?i)roll ?back", "def down"])
    risky = lines("db/7.py", added="def up(): ...")
    assert "nothing says how to undo it" in said(risky, policy)[0]
    assert said(risky, policy, words="Rollback: run 6 again.") == []
    assert said(lines("db/7.py", added="def down(): ..."), policy) == []
    assert said(lines("web/7.py", added="x"), policy, words="") == []


def test_forbidden_text_is_looked_for_in_added_lines_by_a_linear_engine() -> None:
    policy = one(Kind.FORBIDDEN_TEXT, globs=["**/*.py"], patterns=[r"(a+)+$", r"\beval\("])
    assert said(lines("x.py", added="eval(y)"), policy) == ["x.py: adds 'eval('"]
    assert said(lines("x.py", removed="eval(y)"), policy) == []
    assert said(lines("x.js", added="eval(y)"), policy) == []
    assert said(lines("x.py", added="a" * 200_000 + "!"), policy) == []


DECEIVING = {
    "mixed": "is_\u0430dmin",
    "greek": "\u039fpen(file)",
    "full width": "\uff4f\uff53.system",
    "mathematical": "\U0001d41e\U0001d42f\U0001d41a\U0001d425(x)",
    "whole word beside its twin": "copy = 1\n+\u0441\u043e\u0440\u0443 = 2",
    "a path": "",
}
HONEST = ["größe = 1", "имя = 'Пётр'", "# 東京 naïve", "Δt = λ * π", "μs = 1"]


@pytest.mark.parametrize("name", DECEIVING)
def test_letters_that_pass_for_others_are_found(name: str) -> None:
    applied = patch(change("a.py"), rendered=diff_adding("a.py", DECEIVING[name]))
    applied = (
        patch(change("src/\u0430pi.py", "A"))
        if name == "a path"
        else lines("a.py", added=DECEIVING[name].replace("\n+", "\n"))
    )
    (message,) = said(applied, one(Kind.LOOKALIKES))
    assert "which reads as" in message
    assert message.isascii() or "⟨U+" in message


@pytest.mark.parametrize("text", HONEST)
def test_other_languages_and_symbols_are_left_alone(text: str) -> None:
    assert said(lines("a.py", added=text), one(Kind.LOOKALIKES)) == []


@pytest.mark.parametrize(
    ("added", "there", "twin"),
    [
        ("README.md", "readme.md", "readme.md"),
        ("Src/a.py", "src/b.py", "src"),
        ("e\u0301.txt", "\u00e9.txt", "\u00e9.txt"),
        ("a./x", "a/y", "a"),
        ("a\u200cb", "ab", "ab"),
    ],
)
def test_a_twin_is_found_in_the_whole_tree(added: str, there: str, twin: str) -> None:
    folders = {p.rpartition("/")[0] for p in (added, there)} - {""}
    assert (added, twin) in collisions([added], [added, there, *sorted(folders)])
    assert collisions([added], [added, "other"]) == []


def test_the_lines_of_a_diff_belong_to_their_files_whatever_they_look_like() -> None:
    rendered = (
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n--- b/x\n+++ b/y\n keep\n"
        'diff --git "a/t\\303\\244b\\t" "b/t\\303\\244b\\t"\n--- "a/t\\303\\244b\\t"\n'
        '+++ "b/t\\303\\244b\\t"\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n'
        "diff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n"
    )
    read = [(f.path, f.added, f.removed) for f in diff_files(rendered)]
    assert read == [
        ("a", ["++ b/y"], ["-- b/x"]),
        ("täb\t", ["x"], []),
        ("gone", [], ["y"]),
    ]


class Spotted:
    rule, line, evidence = "a made-up form", 1, "mk_…(12)"


class Finder:
    def find(self, text: str, path: str = "") -> list[Spotted]:
        return [Spotted()] if "mk_" in text else []

    def digest(self) -> Digest:
        return Digest("0" * 64)


def test_secrets_are_told_masked_and_their_rules_are_part_of_the_digest() -> None:
    plain = one(Kind.SECRETS)
    policy = plain.with_secrets(Finder())
    assert said(lines("a.py", added="mk_123456789"), policy) == [
        "a.py: adds what looks like a made-up form: mk_…(12)"
    ]
    assert said(lines("a.py", removed="mk_123456789"), policy) == []
    assert policy.digest() != plain.digest()


def test_without_rules_for_secrets_the_rule_blocks() -> None:
    result = judge(lines("a.py", added="x"), one(Kind.SECRETS), scope=None)
    assert result.level == "ESCALATE"
    assert "could not be checked" in result.violations[0].message


def test_a_cut_list_of_findings_still_names_every_rule() -> None:
    many = [change(f".github/workflows/{n}.yml", "A") for n in range(30)]
    last = [change("CODEOWNERS"), change("a.bin", "A", lines=(None, None))]
    result = judge(patch(*many, *last), standard(), scope=None)
    told = result.told(5)
    assert len(told) <= 5
    assert {v.rule for v in told} == {v.rule for v in result.violations}


# ── the corners of each rule ─────────────────────────────────────────────────────────────


def test_an_import_that_stays_inside_and_one_of_everything_are_told_apart() -> None:
    policy = one(Kind.BOUNDARIES, globs=["shop/core/**"], imports=["shop/db/*"])
    inside = lines("shop/core/a.py", added="import shop.core.b\nfrom shop.db import *")
    assert said(inside, policy) == []
    assert list(imported("a.py", "from shop.db import *, x")) == ["shop/db", "shop/db/x"]
    assert list(imported("a/b/c.py", "from .. import d")) == ["a", "a/d"]


def test_an_exempt_path_is_left_alone_by_a_rule_about_paths() -> None:
    policy = one(Kind.FROZEN_PATHS, globs=["docs/**"], exempt=["docs/free/**"])
    both = patch(change("docs/free/a.md"), change("docs/b.md"))
    assert said(both, policy) == ["docs/b.md: is changed"]
    assert said(patch(change("docs", "A")), policy) == ["docs: is added"]


def test_a_rule_about_the_plan_says_nothing_where_there_is_no_plan() -> None:
    assert said(patch(change("a.py")), one(Kind.SCOPE)) == []


def test_a_kind_without_exemptions_takes_none() -> None:
    with pytest.raises(ValueError, match="takes no `exempt`"):
        one(Kind.SUBMODULE, exempt=["a"])


def test_a_diff_that_ends_early_gives_what_there_was_of_it() -> None:
    (file,) = diff_files("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-one\n+two\n three")
    assert (file.path, file.removed, file.added) == ("x", ["one"], ["two"])


def test_each_escape_of_a_quoted_name_is_read() -> None:
    quoted = r"\a\b\f\n\r\t\v\"\\\303\251x"
    (file,) = diff_files(f'--- "a/{quoted}"\n+++ "b/{quoted}"\n@@ -0,0 +1 @@\n+z')
    assert file.path == '\a\b\f\n\r\t\v"\\\u00e9x'
    (spaced,) = diff_files('--- a/x y\t\n+++ "b/x \\377y"\t\n@@ -0,0 +1 @@\n+z')
    assert spaced.path == "x \udcffy"


@pytest.mark.parametrize("code", [0xD800, 0xDCFF, 0xDFFF])
def test_a_name_that_is_no_text_is_refused(code: int) -> None:
    assert unsafe_path(f"a/{chr(code)}") == "its name is not UTF-8"
    assert unsafe_path("a\ud7ff\ue000b") != "its name is not UTF-8"


@pytest.mark.parametrize(
    ("text", "plain"),
    [("a b~\n\t", True), ("", True), ("\x1f", False), ("\x7f", False), ("\r", False),
     ("\u00e9", False), ("\0", False), (" ", True)],
    ids=ascii,
)  # fmt: skip
def test_plain_text_is_printable_ascii_with_tabs_and_line_feeds(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


def test_a_word_on_a_missing_line_feed_is_no_line() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+two\n"
    more = "\\ No newline at end of file\n--- a/y\n+++ b/y\n@@ -0,0 +1 @@\n+z"
    one, two = diff_files(text + more)
    assert (one.removed, one.added, two.added) == (["one"], ["two"], ["z"])


def test_a_name_of_another_script_alone_is_fine_unless_the_diff_has_its_twin() -> None:
    greek = "\u03bf\u03c1\u03b1"
    policy = one(Kind.LOOKALIKES)
    assert said(lines("a.py", added=f"{greek} = 1"), policy) == []
    assert said(lines("a.py", added=f"{greek} = opa"), policy) != []


def test_a_name_that_only_begins_to_look_like_another_deceives_nobody() -> None:
    policy = one(Kind.LOOKALIKES)
    assert said(lines("a.py", added="\u043f\u0440\u0438\u0432\u0435\u0442x = 1"), policy) == []
    (found,) = said(lines("a.py", added="p\u0430y" + "y" * 70), policy)
    assert found == f"a.py: adds `p⟨U+0430⟩{'y' * 58}`, which reads as `pa{'y' * 58}`"


def test_the_reordering_character_itself_is_named() -> None:
    found = said(lines("a.py", added="x = 1 \u202e# y"), one(Kind.BIDI_CHARACTERS))
    assert found == ["a.py: adds ⟨U+202E⟩, which reorders what a reader sees"]


def test_every_finding_is_told_where_there_is_room() -> None:
    changes = [change(name) for name in ("go.mod", "go.sum", "CODEOWNERS", "package.json")]
    found = judge(patch(*changes), standard(), scope=None)
    assert found.told(50) == found.violations
    assert len(found.told(3)) == 3


@pytest.mark.parametrize(
    ("count", "ends"), [(3, "go.mod is changed"), (4, "; and 1 more"), (1_003, "; and 1,000 more")]
)
def test_a_verdict_says_three_findings_and_counts_the_rest(count: int, ends: str) -> None:
    rule = one(Kind.FROZEN_PATHS, globs=["**/go.mod"])
    many = [change(f"a{n}/go.mod") for n in range(count)]
    (said,) = [
        child.reason
        for child in judge(patch(*many), rule, scope=None).verdict.children
        if child.name == "mine"
    ]
    assert said.endswith(ends)
    assert said.count("is changed") == 3


@pytest.mark.parametrize(("length", "cut"), [(300, False), (301, True)])
def test_a_long_path_is_cut_where_it_is_told(length: int, cut: bool) -> None:
    (told,) = said(patch(change("d" * length)), one(Kind.FROZEN_PATHS, globs=["*"]))
    assert told == f"{'d' * 300}{'…' if cut else ''}: is changed"


@pytest.mark.parametrize(("count", "listed"), [(20, 20), (21, 21), (22, 21)])
def test_twenty_findings_of_a_rule_are_listed_and_the_rest_counted(count: int, listed: int) -> None:
    found = said(
        patch(*(change(f"a{n}") for n in range(count))), one(Kind.FROZEN_PATHS, globs=["*"])
    )
    assert len(found) == listed
    assert ("more" in found[-1]) is (count > 20)


@pytest.mark.parametrize(
    ("removed", "added", "words"),
    [
        ("@pytest.mark.skip", "@pytest.mark.skip", []),
        ("assert a", "", ["claims less: 1 assertion fewer"]),
        ("assert a\nassert b", "assert c", ["claims less: 1 assertion fewer"]),
        ("def test_a():\ndef test_b():", "def test_c():", ["loses 1 test (test_a, test_b)"]),
        ("def test_a():", "def test_b():", []),
        (
            "def test_a():\ndef test_b():\ndef test_c():\ndef test_d():",
            "",
            ["loses 4 tests (test_a, test_b, test_c)"],
        ),
        ("", "pytest.skip('x')\nself.skipTest('y')", ["leaves 2 more tests out"]),
        ("", "it.skip('x')", ["leaves 1 more test out"]),
        ("    x = 1", "    y = 2", []),
    ],
)
def test_tests_are_counted_before_and_after(removed: str, added: str, words: list[str]) -> None:
    policy = one(Kind.WEAKENED_TESTS, globs=["tests/**"])
    found = said(lines("tests/test_a.py", removed=removed, added=added), policy)
    assert found == [f"tests/test_a.py: {word}" for word in words]
