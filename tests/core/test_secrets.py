"""What counts as a secret: each published form is found, named by line, and not repeated."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens import FORMS, made, seeded

from patchgate.core.secrets import KnownValues, SecretRules, load_secret_rules
from patchgate.core.secrets.finding import entropy
from patchgate.core.secrets.known import forms
from patchgate.core.secrets.patterns import Words, stays_on_its_line
from patchgate.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "policies" / "secrets" / "standard.toml"
SAMPLES = 3
WHOLE_LINE = ("generic-unquoted-assignment",)
"""Found only where nothing else stands on the line: prose says `token: …` too."""
SAME_SHAPE = {
    # A vendor's form that holds another's, or is one: the first rule of the file names it.
    "clerk-key": "stripe-key",
}


@cache
def shipped() -> SecretRules:
    return load_secret_rules(SHIPPED.read_text("utf-8"), SHIPPED.name)


def rules_of(text: str) -> list[str]:
    return [found.rule for found in shipped().find(text)]


def test_every_shipped_rule_has_a_form_and_every_form_its_rule() -> None:
    assert {rule.id for rule in shipped().rules} == set(FORMS)
    assert len(FORMS) > 100


@pytest.mark.parametrize("rule", FORMS)
def test_a_token_of_this_form_is_found(rule: str) -> None:
    chance = seeded(rule)
    for _ in range(SAMPLES):
        token = made(FORMS[rule], chance)
        inside = () if rule in WHOLE_LINE else (f"see {token} there",)
        for text in (token, f"x\n\n  {token}\ny", *inside):
            found = shipped().find(text)
            assert SAME_SHAPE.get(rule, rule) in [one.rule for one in found], (rule, token)
            assert all(token not in repr(one) for one in found)


@pytest.mark.parametrize("rule", [name for name in FORMS if not FORMS[name].count(" ")])
def test_it_is_found_in_quotes_in_json_and_in_a_diff(rule: str) -> None:
    token = made(FORMS[rule], seeded(rule))
    bare = re.fullmatch(r"[\w.~-]+", token)
    for text in (f"+{token}", f'key: "{token}"', json.dumps({"k": token})) if bare else ():
        assert rules_of(text), (rule, text)


@pytest.mark.parametrize("rule", FORMS)
def test_what_is_shown_of_it_gives_nothing_away(rule: str) -> None:
    token = made(FORMS[rule], seeded(rule))
    for one in shipped().find(token):
        shown = re.fullmatch(r"(.*)… \((\d+) characters\)", one.evidence)
        assert shown is not None
        begin, size = shown.groups()
        words = next(r.keywords for r in shipped().rules if r.id == one.rule)
        assert not begin or begin.lower() in [word.lower() for word in words]
        assert len(begin) * 3 <= int(size)


def test_the_line_of_each_find_is_told() -> None:
    chance = seeded(1)
    tokens = [made(FORMS[name], chance) for name in ("npm-token", "github-token", "stripe-key")]
    text = "\n".join(["a", tokens[0], "ü ⟨", "", tokens[1], f"{tokens[2]}"])
    assert [(f.rule, f.line) for f in shipped().find(text)] == [
        ("npm-token", 2),
        ("github-token", 5),
        ("stripe-key", 6),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'password = "correct-horse-battery-staple"',
        "API_KEY=your-api-key-goes-here-please",
        'token = "${{ secrets.GITHUB_TOKEN }}"',
        "password = os.environ['DATABASE_PASSWORD']",
        'secret_key = get_secret("projects/acme/secrets/key")',
        "ghp_" + "x" * 36,
        "AKIAIOSFODNN7EXAMPLE",
        "https://user:password@example.com",
        "sha256:" + "ab" * 32,
        'integrity="sha512-' + "abcd" * 20 + '"',
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "private key",
        "-----BEGIN PUBLIC KEY-----",
        "def tokenise(secret: str, key: Key) -> Token:",
        "the key, the token and the secret are three different things",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert rules_of(text) == []


def test_one_character_less_is_not_that_token() -> None:
    chance = seeded(5)
    for name in ("github-token", "npm-token", "rubygems-key", "sendgrid-key", "aws-access-key"):
        assert name not in rules_of(made(FORMS[name], chance)[:-1])


def test_a_poor_value_is_no_secret_and_a_rich_one_is() -> None:
    rich = made("<an:36>", seeded(2))
    assert rules_of(f"npm_{'a' * 36}") == []
    assert rules_of(f"npm_{rich}") == ["npm-token"]
    assert entropy(b"") == 0
    assert entropy(b"aaaa") == 0
    assert entropy(b"abcd") == 2


def test_hiding_takes_out_tokens_and_leaves_guesses_and_all_else() -> None:
    chance = seeded(3)
    token, guess = made(FORMS["npm-token"], chance), made(FORMS["generic-assignment"], chance)
    text = f"früh {token}, then {guess}\nend"
    assert shipped().hide(text) == f"früh ***, then {guess}\nend"
    assert shipped().hide("nothing at all") == "nothing at all"


def test_each_of_many_is_taken_out_at_its_own_place() -> None:
    chance = seeded(6)
    words = [made(FORMS[n], chance) for n in ("npm-token", "stripe-key", "github-token")]
    lines = [f"token key {i} secret\nnothing {w} here" for i, w in enumerate(words * 4)]
    text = "\n".join(lines)
    wanted = text
    for word in words:
        wanted = wanted.replace(word, "***")
    assert shipped().hide(text) == wanted
    shown = [found.evidence for found in shipped().find(text)]
    assert shown[:3] == [
        "npm_… (40 characters)", "sk_live_… (32 characters)", "ghp_… (40 characters)"
    ]  # fmt: skip


def test_keywords_that_overlap_hide_no_rule_from_another() -> None:
    rules = load_secret_rules(
        "[[rules]]\nid='one'\nregex='secre'\nkeywords=['secre']\n"
        "[[rules]]\nid='two'\nregex='ret-[0-9]+'\nkeywords=['RET-']\n",
        "x",
    )
    assert [found.rule for found in rules.find("a\nsecret-77\nb")] == ["one"]
    assert [found.rule for found in rules.find("a\nthe ret-77\nsecre\nb")] == ["two", "one"]


LETTERS = "abcAB-_.\u00e9"
KEYWORDS = st.text(LETTERS, min_size=1, max_size=4).map(lambda word: word.lower().encode())


@given(st.sets(KEYWORDS, max_size=12), st.text(LETTERS + "\n", max_size=40))
def test_keywords_looked_for_together_are_those_that_stand_there(
    words: set[bytes], text: str
) -> None:
    some = sorted(words)
    low = text.encode().lower()
    assert Words(some).found(text.encode()) == [word for word in some if word in low]


def test_the_repository_itself_holds_none() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".txt", ".toml") and path.parent.name in ("requirements", "secrets"):
            continue
        text = path.read_text("utf-8", "replace")
        # Tests type made-up credentials in; only those with a vendor's own form would be amiss.
        guesses = not name.startswith("tests/")
        found += [
            (name, f.line, f.rule)
            for f in shipped().find(text, name)
            if guesses or not f.rule.startswith("generic")
        ]
    assert found == []


# ── rule files of other people ───────────────────────────────────────────────────────────────

OTHER = r"""
title = "ours"
[extend]
useDefault = true
disabledRules = ["npm-token"]
[[rules]]
id = "acme-key"
description = "Acme key"
regex = '''\bacme_([a-z0-9]{10})\b'''
secretGroup = 1
keywords = ["acme_"]
path = '''\.py$'''
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ["test"]
stopwords = ["zzz"]
[allowlist]
paths = ['''^vendored/''']
"""


def test_a_file_in_the_usual_schema_extends_the_shipped_rules() -> None:
    rules = load_secret_rules(OTHER, "ours.toml", default=shipped())
    assert len(rules) == len(shipped())
    npm = made(FORMS["npm-token"], seeded(4))
    assert rules.find(npm) == ()
    assert [f.rule for f in rules.find("acme_abcdefgh12", "a.py")] == ["acme-key"]
    assert rules.find("acme_abcdefgh12", "a.js") == ()
    assert rules.find("acme_abcdefgh12", "vendored/a.py") == ()
    assert rules.find("test acme_zzzdefgh12", "a.py") == ()
    assert len(rules.find("test acme_abcdefgh12\nacme_zzzdefgh12", "a.py")) == 2
    assert rules.digest() != shipped().digest()


ONE_RULE = "[[rules]]\nid='a'\nregex='''%s'''\n%s"


def evidence(regex: str, text: str, more: str = "") -> list[str]:
    rules = load_secret_rules(ONE_RULE % (regex, more), "x")
    return [found.evidence for found in rules.find(text)]


def test_the_secret_is_the_first_group_that_took_part_wherever_it_stands() -> None:
    assert evidence(r"(?:a([0-9]+)|b([x-z]+))", "bxyz") == ["… (3 characters)"]
    assert evidence(r"(tok)_x", "tok_x") == ["… (3 characters)"]
    assert evidence(r"tok_x(y)?", "tok_x") == ["… (5 characters)"]
    assert evidence(r"(tok)_(xy)", "tok_xy", "secretGroup=2") == ["… (2 characters)"]


@pytest.mark.parametrize(
    ("pattern", "stays"),
    [
        ("acme_[a-z]+", True), ("(?i)acme", True), ("(?m)^acme$", True), ("(?im:^a)", True),
        (r"\bacme\b", True), (r"a\s+b", False), ("^acme", False), ("acme$", False),
        ("(?s)a.b", False), ("(?s:a.b)", False), ("[^x]y", False), ("a\nb", False),
        ("[[:space:]]", False), (r"\Aacme", False), ("(?i)^acme", False), (r"\x0a", False),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_pattern_is_tried_on_single_lines_only_where_it_cannot_leave_them(
    pattern: str, stays: bool
) -> None:
    assert stays_on_its_line(pattern) is stays


@pytest.mark.parametrize("regex", ["^tok_x", "tok_x$", r"a\s+tok_x", "(?s)a.tok_x", "(?m)^tok_x$"])
def test_a_pattern_that_looks_beyond_its_line_sees_the_whole_text(regex: str) -> None:
    rule = f"[[rules]]\nid='a'\nregex='{regex}'\nkeywords=['tok']"
    whole = load_secret_rules(rule, "x").find("a\ntok_x\nb tok")
    assert len(whole) == (regex not in ("^tok_x", "tok_x$"))


@pytest.mark.parametrize("condition", ["AND", "OR"])
def test_an_allow_list_that_names_nothing_of_the_find_allows_nothing(condition: str) -> None:
    only = f"[[rules.allowlists]]\ncondition='{condition}'\ncommits=['abc']"
    assert len(evidence("tok_x", "tok_x", only)) == 1


@pytest.mark.parametrize(
    ("condition", "text", "path", "count"),
    [
        ("OR", "tok_x", "vendored/a", 0),
        ("OR", "test tok_x", "src/a", 0),
        ("OR", "tok_x", "src/a", 1),
        ("AND", "tok_x", "vendored/a", 1),
        ("AND", "test tok_x", "src/a", 1),
        ("AND", "test tok_x", "vendored/a", 0),
    ],
)
def test_a_list_for_the_whole_file_joins_paths_and_patterns_as_it_says(
    condition: str, text: str, path: str, count: int
) -> None:
    wide = (
        f"[[allowlists]]\ncondition='{condition}'\nregexTarget='line'\n"
        "regexes=['test']\npaths=['^vendored/']"
    )
    rules = load_secret_rules(ONE_RULE % ("tok_x", wide), "x")
    assert len(rules.find(text, path)) == count


def test_lines_are_counted_from_the_first_byte_on() -> None:
    rules = load_secret_rules(ONE_RULE % ("tok_x", ""), "x")
    assert [found.line for found in rules.find("\ntok_x\n\ntok_x tok_x")] == [2, 4, 4]
    assert [found.line for found in rules.find("tok_x")] == [1]


@pytest.mark.parametrize(("token", "shown"), [("ab1234", "ab… "), ("ab123", "… ")])
def test_of_a_short_token_not_even_its_beginning_is_shown(token: str, shown: str) -> None:
    rule = "[[rules]]\nid='a'\nregex='ab[0-9]+'\nkeywords=['ab']"
    (found,) = load_secret_rules(rule, "x").find(token)
    assert found.evidence == f"{shown}({len(token)} characters)"


FAR = "y" * 2_001


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("test tok_x", True),
        ("tok_x test", True),
        ("a\ntest tok_x\nb", True),
        ("test\ntok_x", False),
        ("tok_x\ntest", False),
        (f"test {FAR} tok_x", False),
        (f"tok_x {FAR} test", False),
        (f"{FAR} test tok_x", True),
        (f"tok_x test {FAR}", True),
    ],
)
def test_an_allow_list_looks_at_the_line_of_the_find_and_not_far_along_it(
    text: str, allowed: bool
) -> None:
    line = "[[rules.allowlists]]\nregexTarget='line'\nregexes=['test']"
    assert (evidence("tok_x", text, line) == []) is allowed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rules", "ours.toml: not TOML"),
        ("", "there is no rule in it"),
        ("[[rules]]\nid='a'\nregex='x'\nentrpy=3", "rule 'a': entrpy: unknown key; did you mean"),
        ("[[rule]]\nid='a'", "rule: unknown key; did you mean `rules`?"),
        ("[[rules]]\nid='a'", "rule 'a': regex: is missing"),
        ("[[rules]]\nregex='a'", "rule 'number 1': id: is missing"),
        ("[[rules]]\nid='a'\nregex='('", "rule 'a': regex: the pattern cannot be used"),
        ("[[rules]]\nid='a'\nregex='(?=x)'", "rule 'a': regex: the pattern cannot be used"),
        ("[[rules]]\nid='a'\nregex='x'\npath='('", "rule 'a': path: the pattern cannot"),
        ("[[rules]]\nid='a'\nregex='x'\n[rules.allowlist]\nregexes=['[']", "rule 'a': allowlist"),
        ("[[rules]]\nid='a'\nregex='x'\nsecretGroup=1", "secretGroup is 1 and the regex has 0"),
        ("[[rules]]\nid='a'\nregex='x'\n[[rules]]\nid='a'\nregex='y'", "'a' stands there twice"),
        ("[extend]\nuseDefault=true\ndisabledRules=['npm-tokn']", "did you mean `npm-token`?"),
        ("[[rules]]\nid='a'\nregex='x'\nentropy='high'", "rule 'a': entropy"),
        ("#" * 2_000_001, "more than 2,000,000 characters"),
    ],
)
def test_a_broken_rule_file_names_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load_secret_rules(text, "ours.toml", default=shipped())
    assert "ours.toml" in told.value.message
    assert said in told.value.message


def test_a_pattern_that_would_blow_up_elsewhere_takes_linear_time() -> None:
    rules = load_secret_rules("[[rules]]\nid='a'\nregex='(x+x+)+y'", "x")
    assert rules.find("x" * 200_000) == ()


# ── values that we hold ──────────────────────────────────────────────────────────────────────

AWKWARD = 'p4$$ "wörd"/+ä\\&end'
VALUES = {"TOKEN": "tok-" + "1f0" * 9, "ODD": AWKWARD}


def shown_forms(value: str) -> list[str]:
    raw = value.encode()
    pads = ["", "a", "ab", "abc", "x-access-token:", "ai@acme.test:"]
    told = [base64.b64encode(pad.encode() + raw + b"!!").decode() for pad in pads]
    told += [base64.urlsafe_b64encode(pad.encode() + raw).decode() for pad in pads]
    told += [raw.hex(), raw.hex().upper(), value[::-1], quote(value, safe=""), quote(value)]
    told += [json.dumps(value), json.dumps({"a": json.dumps([value])})]
    told += [quote(value, safe="").lower()] if value.islower() else []
    return [value, *told]


@pytest.mark.parametrize("name", VALUES)
def test_a_known_value_is_found_and_hidden_in_each_form(name: str) -> None:
    known = KnownValues(VALUES)
    for shown in shown_forms(VALUES[name]):
        text = f"before\n{shown} after"
        assert known.found(text) == (name,), shown
        hidden = known.hide(text)
        assert known.found(hidden) == ()
        assert hidden.startswith("before\n")
        assert hidden.endswith(" after")
        assert "***" in hidden


def test_a_known_value_broken_over_lines_of_a_diff_is_found() -> None:
    known = KnownValues(VALUES)
    value = base64.b64encode(VALUES["TOKEN"].encode()).decode()
    half = len(value) // 2
    assert known.found(f"+{value[:half]}\n+{value[half:]}\n") == ("TOKEN",)
    assert known.found(f"{value[:half]}\r\n   {value[half:]}") == ("TOKEN",)


def test_each_line_of_a_key_file_is_a_secret_of_its_own() -> None:
    chance = seeded(8)
    lines = [made("<b64:64>", chance) for _ in range(3)]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"])
    known = KnownValues({"KEY": pem})
    for line in lines:
        assert known.found(f"x {line} y") == ("KEY",)
    assert known.found("-----BEGIN PRIVATE KEY-----") == ()


def test_short_values_and_no_values_hide_nothing() -> None:
    assert forms("short") == frozenset()
    for known in (KnownValues({}), KnownValues({"A": "short"})):
        assert known.found("short") == ()
        assert known.hide("short words") == "short words"


def test_a_value_of_six_characters_is_looked_for_and_a_shorter_one_is_not() -> None:
    assert len(KnownValues({"A": "k4t9zq", "B": "k4t9z"})) == 1
    assert KnownValues({"A": "k4t9zq"}).found("so k4t9zq it is") == ("A",)
    assert KnownValues({"B": "k4t9z"}).found("so k4t9z it is") == ()


@pytest.mark.parametrize("length", range(8, 15))
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_base64_of_a_short_value_is_found_where_enough_of_it_stands(
    length: int, before: str
) -> None:
    value = "Zq7tK9wX2mB5pR"[:length]
    sent = base64.b64encode(f"{before}{value}zz".encode()).decode()
    assert KnownValues({"A": value}).found(sent) == ("A",)


def test_every_form_of_a_value_is_a_value_of_its_length_at_least() -> None:
    assert all(len(form) >= 6 for form in forms(VALUES["TOKEN"]))
    assert len(forms(VALUES["TOKEN"])) >= 12
