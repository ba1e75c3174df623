"""Corners of secrets, policy and the way out: each of these once went wrong unnoticed."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from pydantic import ValidationError
from tests.core.patches import change, pack_text, patch, standard

from patchgate.core.ids import Digest, digest_bytes
from patchgate.core.outlet import fitted, unguarded
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Kind, Policy, Rule, Severity, judge, load_policy
from patchgate.core.policy.case import Case
from patchgate.core.policy.finding import find
from patchgate.core.secrets import KnownValues, SecretRules, load_secret_rules
from patchgate.core.secrets.known import forms
from patchgate.core.secrets.model import RuleFile
from patchgate.errors import ConfigError

# ── the way out ──────────────────────────────────────────────────────────────────────────────


def test_a_line_that_just_fits_is_whole() -> None:
    assert unguarded().line("x" * 20, 20) == "x" * 20
    assert unguarded().line("x" * 21, 20) == "x" * 19 + "…"


@pytest.mark.parametrize(
    ("blocks", "closing"),
    [("```\na\n```\n", 0), ("```\na\n````\n", 0), ("````\na\n```\n", 1), ("```\na\n```\n```\n", 1)],
)
def test_a_cut_closes_the_code_block_that_is_open_and_no_other(blocks: str, closing: int) -> None:
    shown = fitted(blocks + "x\n" * 200, 120, "The rest.")
    cut = shown.partition("\n\n**Cut here")[0]
    assert cut.removeprefix(blocks).count("```") == closing
    assert len(shown) <= 120


# ── rules for secrets ────────────────────────────────────────────────────────────────────────

RULE = "[[rules]]\nid='a'\nregex='''tok_[a-z]*'''\n"


def rules(text: str, default: SecretRules | None = None) -> SecretRules:
    return load_secret_rules(text, "ours.toml", default=default)


def test_an_allow_list_for_one_rule_leaves_the_others_alone() -> None:
    other = "[[rules]]\nid='b'\nregex='key_[a-z]+'\n"
    found = rules(f"{RULE}{other}[[allowlists]]\ntargetRules=['a']\nregexes=['x']").find
    assert [one.rule for one in found("tok_x key_x")] == ["b"]


def test_a_group_that_took_part_and_holds_nothing_is_no_secret() -> None:
    assert rules("[[rules]]\nid='a'\nregex='key=([a-z]*)'").find("key=") == ()


@pytest.mark.parametrize("text", ["tok_x", "\ntok_x", "a\ntok_x\nb", "tok_x\nb"])
def test_the_line_that_an_allow_list_sees_is_that_line_from_its_first_character(text: str) -> None:
    lists = "[[rules.allowlists]]\nregexTarget='line'\nregexes=['^tok_x$']"
    assert rules(RULE + lists).find(text) == ()


@pytest.mark.parametrize(("condition", "count"), [("&&", 1), ("||", 0), ("and", 1), ("or", 0)])
def test_a_condition_is_read_in_each_way_of_writing_it(condition: str, count: int) -> None:
    lists = f"[[rules.allowlists]]\ncondition='{condition}'\nregexes=['x']\nstopwords=['zz']"
    assert len(rules(RULE + lists).find("tok_x")) == count


def test_allow_lists_of_the_shipped_rules_come_with_them_and_not_without() -> None:
    shipped = rules(f"{RULE}[[allowlists]]\nregexes=['x']")
    assert rules("[extend]\nuseDefault=true", shipped).find("tok_x") == ()
    assert len(rules(RULE, shipped).find("tok_x")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules=['x']", "ours.toml: rule 0: "),
        ("[[rules]]\nregex='x'\n[[rules]]\nid='b'\nregex='y'", "rule 'number 1': id: is missing"),
        ("[[rules]]\nid='b'\nregex='y'\nentropy=8.5", "rule 'b': entropy: "),
        ("[[rules]]\nid='b'\nregex='y'\nsecretGroup=-1", "rule 'b': secretGroup: "),
        ("[[rules]]\nid='b'\nregex='y'\n[[rules.allowlists]]\ncondition=5", "condition"),
        ("[[rules]]\nid='b'\nregex='y'\nsecret_group=1", "rule 'b': secret_group: "),
        ("[[rules]]\nid='b'\nregex='('", "cannot be used: missing )"),
        ("[extend]\nuseDefault=true", "there are no shipped rules that it could extend"),
    ],
)
def test_a_slip_in_a_rule_file_is_named_with_its_rule_and_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        rules(text)
    assert said in told.value.message


@pytest.mark.parametrize("key", ["entropy=0", "entropy=8", "secretGroup=0"])
def test_the_ends_of_what_a_rule_may_say_are_allowed(key: str) -> None:
    assert len(rules(RULE + key)) == 1


def test_a_rule_file_holds_two_thousand_rules_and_a_pattern_of_four_thousand_characters() -> None:
    rule = {"id": "a", "regex": "x" * 4_000}
    assert len(RuleFile.model_validate({"rules": [rule] * 2_000}).rules) == 2_000
    for bad in ([rule] * 2_001, [{**rule, "regex": "x" * 4_001}]):
        with pytest.raises(ValidationError, match="rules"):
            RuleFile.model_validate({"rules": bad})


# ── values that we hold ──────────────────────────────────────────────────────────────────────


def test_where_nothing_is_held_every_text_stays_as_it_is() -> None:
    assert KnownValues({}).hide("a text") == "a text"
    assert KnownValues({"A": "tok-123456"}).hide("a text") == "a text"


def test_the_forms_of_a_value_with_quotes_and_umlauts_are_those_of_json() -> None:
    found = forms('pä"s\\w')
    wanted = ['pä"s\\w', 'w\\s"äp', 'p\\u00e4\\"s\\\\w', 'pä\\"s\\\\w']
    wanted += ['p\\\\u00e4\\\\\\"s\\\\\\\\w', 'p\\u00e4\\\\\\"s\\\\\\\\w']
    assert {one.encode() for one in wanted} <= found


def test_of_a_key_file_lines_of_sixteen_characters_are_looked_for_and_no_shorter_ones() -> None:
    held = KnownValues({"KEY": "0123456789abcdef\n0123456789abcde\nx"})
    assert held.found("0123456789abcdef") == ("KEY",)
    assert held.found("0123456789abcde") == ()


@pytest.mark.parametrize("before", range(4))
def test_of_a_value_in_base64_nothing_is_left_but_what_its_neighbours_bend(before: int) -> None:
    value = "tok-0123456789"
    coded = base64.b64encode(b"." * before + value.encode() + b"..").decode()
    left = KnownValues({"A": value}).hide(coded).split("***")
    bent = -(-before * 4 // 3), len(coded) - (before + len(value)) * 4 // 3
    assert tuple(len(part) for part in left) == bent


def test_a_value_of_six_characters_is_found_in_base64() -> None:
    held = KnownValues({"A": "s3cr3t"})
    assert held.found(base64.b64encode(b"s3cr3t")) == ("A",)


# ── rules of the policy ──────────────────────────────────────────────────────────────────────

SAFETY = next(rule for rule in standard().rules if rule.kind is Kind.PATH_SAFETY)


def one(kind: Kind, **data: object) -> Policy:
    keys = {"id": "mine", "sentence": "s", "severity": Severity.BLOCK, "message": "do m", **data}
    return Policy(version=1, name="p", rules=(SAFETY, Rule.model_validate({**keys, "kind": kind})))


def adding(path: str, lines: Sequence[str]) -> AppliedPatch:
    body = "".join(f"+{line}\n" for line in lines)
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    return patch(change(path), rendered=head + body)


def said(applied: AppliedPatch, policy: Policy) -> list[str]:
    return [v.message for v in judge(applied, policy, scope=None).violations if v.rule == "mine"]


def test_a_long_find_is_shown_to_its_sixtieth_character() -> None:
    policy = one(Kind.FORBIDDEN_TEXT, globs=["**"], patterns=["x+"])
    assert said(adding("a", ["x" * 90]), policy) == [f"adds '{'x' * 60}'"]


def test_what_is_risky_to_delete_is_told_as_deleted() -> None:
    policy = one(Kind.SAFE_OPERATION, globs=["db/**"], patterns=["roll back"])
    assert said(patch(change("db/1", "D")), policy)[0].startswith("is risky to delete")
    assert said(patch(change("db/1")), policy)[0].startswith("is risky to change")


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, " and 1 more")])
def test_eight_dependencies_are_named_and_the_rest_is_counted(count: int, more: str) -> None:
    policy = one(Kind.DEPENDENCY_MANIFESTS, globs=["requirements.txt"])
    names = [f"dep{n}" for n in range(count)]
    (told,) = said(adding("requirements.txt", names), policy)
    assert told == f"is changed: adds {', '.join(names[:8])}{more}"


def test_of_a_long_name_a_hundred_characters_are_told() -> None:
    policy = one(Kind.DEPENDENCY_MANIFESTS, globs=["requirements.txt"])
    assert said(adding("requirements.txt", ["a" * 150]), policy) == [
        f"is changed: adds {'a' * 100}"
    ]


def test_the_same_severity_needs_no_reason_and_a_milder_one_does() -> None:
    head = "version: 1\nname: ours\nextends: standard\nadjust:\n  max-lines: {severity: "
    assert load_policy(f"{head}BLOCK}}\n", "ours.yml", pack_text).rule("max-lines")
    with pytest.raises(ConfigError, match="needs a `reason`"):
        load_policy(f"{head}WARN}}\n", "ours.yml", pack_text)


class Finder:
    """Finds nothing, by rules of its own."""

    def find(self, text: str, path: str = "") -> Sequence[object]:
        return ()

    def digest(self) -> Digest:
        return digest_bytes(b"rules")


def test_a_digest_that_was_asked_for_before_is_not_that_of_other_rules() -> None:
    plain = one(Kind.SECRETS)
    before = plain.digest()
    assert plain.with_secrets(Finder()).digest() != before  # type: ignore[arg-type]  # finds nothing
    assert plain.digest() == before
    assert plain.model_copy(update={"rules": (SAFETY,)}).digest() != before


def test_the_advice_of_a_policy_is_each_rules_message() -> None:
    assert one(Kind.BINARY).advice() == {SAFETY.id: SAFETY.message, "mine": "do m"}


def test_a_case_is_plain_where_nothing_can_hide_in_it() -> None:
    assert Case(adding("a", ["x"])).is_plain
    assert not Case(adding("a", ["é"])).is_plain
    assert find(one(Kind.BINARY).rules[1], Case(adding("a", ["é"]))) == []
