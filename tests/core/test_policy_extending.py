"""A policy of one's own on top of a pack: what it may change, and what every slip is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from tests.core.patches import change, pack_of, pack_text, patch, standard

from patchgate.app.packs import with_secrets
from patchgate.core.policy import Policy, Rule, Severity, judge, load_policy
from patchgate.core.policy.extending import Adjustment, Extension
from patchgate.core.policy.golden import Case, Golden
from patchgate.errors import ConfigError

HEAD = "version: 1\nname: ours\nextends: standard\n"


def ours(text: str) -> Policy:
    return with_secrets(load_policy(HEAD + text, "ours.yml", pack_text))


def test_what_extends_a_pack_and_changes_nothing_judges_alike() -> None:
    assert ours("").rules == standard().rules
    assert ours("").digest() != standard().digest()


def test_rules_are_adjusted_by_their_id() -> None:
    policy = ours(
        "adjust:\n"
        "  max-lines: {limit: 7}\n"
        "  codeowners: {add_globs: ['ops/OWNERS.txt'], message: ask Ann}\n"
        "  file-modes: {severity: WARN, reason: scripts}\n"
        "  symlinks: {disabled: true, reason: fixtures are links}\n"
        "  binary-files: {exempt: ['assets/**']}\n"
    )
    limit = policy.rule("max-lines")
    owners = policy.rule("codeowners")
    assert limit is not None
    assert owners is not None
    assert limit.limit == 7
    assert owners.message == "ask Ann"
    assert policy.rule("symlinks") is None
    mode = policy.rule("file-modes")
    assert mode is not None
    assert mode.severity is Severity.WARN

    def level(path: str, **keys: object) -> str:
        return judge(patch(change(path, **keys)), policy, scope=None).level  # type: ignore[arg-type]  # keys of `change`

    assert level("ops/OWNERS.txt") == "ESCALATE"
    assert level("CODEOWNERS") == "ESCALATE"
    assert level("assets/a.png", lines=(None, None)) == "ACCEPT"
    assert level("src/a.png", lines=(None, None)) == "ESCALATE"


def test_rules_of_ones_own_come_after_the_packs() -> None:
    policy = ours(
        "rules:\n  - id: mine\n    sentence: s\n    kind: frozen_paths\n    severity: BLOCK\n"
        "    message: m\n    globs: [db/**]\n"
    )
    assert policy.rules[-1].id == "mine"
    assert judge(patch(change("db/a")), policy, scope=None).level == "ESCALATE"


def test_packs_extend_the_standard_one() -> None:
    manifest = patch(change("package.json"))
    levels = {name: judge(manifest, pack_of(name), scope=None).level for name in
              ("standard", "strict", "permissive")}  # fmt: skip
    assert levels == {"standard": "ESCALATE", "strict": "ESCALATE", "permissive": "ACCEPT"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adjust:\n  max-line: {limit: 3}\n", "ours.yml:5: adjust.max-line: standard has no rule"),
        ("adjust:\n  max-line: {limit: 3}\n", "did you mean `max-lines`?"),
        ("adjust:\n  max-lines: {limt: 3}\n", "ours.yml:5: adjust.max-lines.limt: unknown key"),
        ("adjust:\n  max-lines: {limt: 3}\n", "did you mean `limit`?"),
        ("adjust:\n  codeowners: {limit: 3}\n", "rule codeowners: kind frozen_paths takes no"),
        ("adjust:\n  max-lines: {disabled: true}\n", "say why: `disabled` needs a `reason`"),
        ("adjust:\n  max-lines: {severity: WARN}\n", "say why: a milder max-lines"),
        ("adjust:\n  path-safety: {disabled: true, reason: x}\n", "it stays as it is"),
        ("adjust:\n  bidi-characters: {severity: BLOCK, reason: x}\n", "it stays as it is"),
        ("adjust:\n  codeowners: {globs: []}\n", "kind frozen_paths needs `globs`"),
        ("adjust:\n  codeowners: {globs: ['a//b']}\n", "has an empty component"),
        ("rules:\n  - {id: scope, sentence: s, kind: scope, severity: WARN, message: m}\n",
         "'scope' stands there twice"),
        ("rules:\n  - {id: mine, sentence: s, kind: forbidden_text, severity: WARN, message: m,"
         " globs: ['**'], patterns: ['a(']}\n",
         "rule mine: the pattern 'a(' does not compile: missing )"),
        ("rules:\n  - {id: mine, sentence: s, kind: forbidden_text, severity: WARN, message: m,"
         " globs: ['**'], patterns: ['(?=x)']}\n", "rule mine: the pattern '(?=x)' does not"),
        ("rulse: []\n", "ours.yml:4: rulse: unknown key; did you mean `rules`?"),
    ],
)  # fmt: skip
def test_every_slip_names_its_place_and_what_is_near(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ours(text)
    assert said in refused.value.message


def test_policies_that_extend_each_other_in_a_circle_are_refused() -> None:
    def circle(name: str) -> tuple[str, str]:
        return f"version: 1\nname: {name}\nextends: {name}\n", f"{name}.yml"

    with pytest.raises(ConfigError, match="form a circle"):
        load_policy(*circle("a"), circle)


@pytest.mark.parametrize("count", [5, 6])
def test_five_policies_may_extend_each_other_and_a_sixth_may_not(count: int) -> None:
    def below(name: str) -> tuple[str, str]:
        number = int(name)
        if number == count:
            return pack_text("standard")
        return f"version: 1\nname: p{name}\nextends: '{number + 1}'\n", f"{name}.yml"

    if count == 5:
        assert load_policy(*below("1"), below).rules == load_policy(*pack_text("standard")).rules
    else:
        with pytest.raises(ConfigError, match=r"5\.yml:3: extends: more than 5 policies in a row"):
            load_policy(*below("1"), below)


RULE = {
    "id": "mine", "sentence": "s", "kind": "forbidden_text", "severity": "BLOCK", "message": "m",
    "globs": ["a"], "patterns": ["x"],
}  # fmt: skip
NEEDS = {**RULE, "kind": "tests_required", "patterns": []}
IMPORTS = {**RULE, "kind": "boundaries", "patterns": []}
OURS = {"version": 1, "name": "p", "extends": "standard"}
SAFETY = {**RULE, "kind": "path_safety", "severity": "REFUSE", "globs": [], "patterns": []}
CASE = {"name": "a change", "expect": "ACCEPT"}
ALONE = {"version": 1, "name": "p", "rules": [SAFETY]}
MOST: list[tuple[type[BaseModel], dict[str, Any], str, int, Callable[[int], object]]] = [
    (Rule, RULE, "message", 500, "x".__mul__),
    (Rule, RULE, "sentence", 200, "x".__mul__),
    (Rule, RULE, "globs", 400, lambda n: ["x" * n]),
    (Rule, RULE, "globs", 500, ["x"].__mul__),
    (Rule, RULE, "exempt", 500, ["x"].__mul__),
    (Rule, RULE, "patterns", 100, ["x"].__mul__),
    (Rule, NEEDS, "needs", 500, ["x"].__mul__),
    (Rule, IMPORTS, "imports", 500, ["x"].__mul__),
    (Adjustment, {}, "message", 500, "x".__mul__),
    (Adjustment, {}, "reason", 300, "x".__mul__),
    (Extension, OURS, "name", 60, "x".__mul__),
    (Policy, ALONE, "name", 60, "x".__mul__),
    (Extension, OURS, "extends", 400, "x".__mul__),
    (Extension, OURS, "rules", 200, [RULE].__mul__),
    (Policy, ALONE, "rules", 200, lambda n: [{**SAFETY, "id": f"s{at}"} for at in range(n)]),
    (Case, CASE, "name", 200, "x".__mul__),
    (Golden, {"version": 1}, "cases", 1_000, [CASE].__mul__),
]  # fmt: skip


@pytest.mark.parametrize(("model", "base", "key", "most", "made"), MOST)
def test_a_policy_says_as_much_as_people_need_and_no_more(
    model: type[BaseModel], base: dict[str, Any], key: str, most: int, made: Callable[[int], object]
) -> None:
    assert len(getattr(model.model_validate({**base, key: made(1)}), key)) == 1
    model.model_validate({**base, key: made(most)})
    with pytest.raises(ValidationError, match=key):
        model.model_validate({**base, key: made(most + 1)})


@pytest.mark.parametrize("text", ["eA", "e A=", "eA==!"])
def test_bytes_of_a_golden_case_are_base64_to_the_letter(text: str) -> None:
    case = {**CASE, "after": {"a": {"base64": text}}}
    with pytest.raises(ValidationError, match="base64: cannot be decoded"):
        Golden.model_validate({"version": 1, "cases": [case]})


def test_a_limit_is_a_whole_number_from_nothing_on() -> None:
    sized = {**RULE, "kind": "max_files", "globs": [], "patterns": []}
    for model, base in ((Rule, sized), (Adjustment, {})):
        assert model.model_validate({**base, "limit": 0}).limit == 0
        for bad in (-1, "3", True):
            with pytest.raises(ValidationError, match="limit"):
                model.model_validate({**base, "limit": bad})


def test_what_extends_a_policy_that_is_not_there_does_not_pass() -> None:
    def nothing(name: str) -> tuple[str, str]:
        raise ConfigError(f"no policy {name}")

    with pytest.raises(ConfigError, match="no policy standard"):
        load_policy(HEAD, "ours.yml", nothing)
    with pytest.raises(ConfigError, match="extends no other"):
        load_policy(HEAD, "ours.yml")
