"""Policy and rules for secrets as the control repository's default branch has them."""

from __future__ import annotations

import pytest
from tests.app.fake_forge import FakeForge
from tests.app.fakes import FakeClock
from tests.app.test_settings import settings_with
from tests.core.patches import change, diff_adding, patch

from patchgate.app.packs import Control, policy_of, secret_rules_of
from patchgate.app.redact import shipped_rules
from patchgate.core.ids import RepoName, Sha
from patchgate.core.outlet import unguarded
from patchgate.core.policy import Policy, judge
from patchgate.errors import ConfigError, ServiceError

CONTROL = RepoName("acme/control")
POLICY = ".github/patchgate/policy.yml"
RULES = ".github/patchgate/secrets.toml"
OURS = "version: 1\nname: ours\nextends: standard\n"
OWN = (
    "[extend]\nuseDefault = true\n[[rules]]\nid = 'acme-key'\nregex = '''acme_[a-z0-9]{10}'''\n"
    "keywords = ['acme_']\n"
)
KEY = "acme_" + "k7" * 5


class Binary(FakeForge):
    """A repository in which every file is the same bytes."""

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        return b"version: 1\xff\n"


class Down(FakeForge):
    """A repository that does not answer."""

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        raise ServiceError(f"git fetch: {path}: 503")


def control(forge: type[FakeForge] = FakeForge, **files: str) -> Control:
    made = forge(FakeClock(), CONTROL)
    named = {{"policy": POLICY, "rules": RULES}.get(key, key): text for key, text in files.items()}
    return Control(made, CONTROL, made.push(CONTROL, "main", {"README": "x", **named}))


def policy(here: Control, named: str = POLICY) -> Policy:
    return policy_of(settings_with(f"policy: {named}\n"), here)


# ── the policy ───────────────────────────────────────────────────────────────────────────


def test_a_policy_is_read_from_the_head_of_the_default_branch_and_from_no_other() -> None:
    here = control(policy=OURS)
    assert policy(here).name == "ours"
    here.forge.push(CONTROL, "ai/MWC-1", {POLICY: OURS.replace("ours", "mild")})  # type: ignore[attr-defined]
    assert policy(here).name == "ours"


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (control(), "neither a shipped pack nor a file of acme/control@"),
        (control(policy="version: 1\nname: ours\nextends: ours.yml\n"), "'ours.yml' is neither"),
        (control(Binary), f"{POLICY} is not UTF-8 text"),
        (control(policy="version: [1\n"), f"{POLICY}:1: not YAML"),
        (control(policy=""), f"{POLICY}: should be a mapping"),
        (control(policy=OURS + "rulez: []\n"), f"{POLICY}:4: rulez: unknown key; did you mean"),
        (control(policy=OURS + "adjust: {path-safety: {severity: WARN, reason: x}}\n"),
         "path-safety refuses what nobody may let pass"),
    ],
    ids=["missing", "its base is missing", "no text", "no YAML", "empty", "typo", "weakened"],
)  # fmt: skip
def test_a_policy_that_is_missing_unreadable_or_invalid_stops_with_its_own_words(
    here: Control, said: str
) -> None:
    with pytest.raises(ConfigError) as told:
        policy(here)
    assert said in told.value.message
    assert told.value.advice


def test_a_repository_that_does_not_answer_is_not_one_without_a_policy() -> None:
    with pytest.raises(ServiceError, match="503"):
        policy(control(Down))


# ── rules for secrets ────────────────────────────────────────────────────────────────────


def rules_and_policy(here: Control, named: str = RULES) -> Policy:
    settings = settings_with(f"secret_rules: {named}\n")
    return policy_of(settings, here, secret_rules_of(settings, here))


def test_a_consumers_own_form_of_secret_is_found_in_a_patch_and_changes_the_digest() -> None:
    with_ours, without = rules_and_policy(control(rules=OWN)), policy(control(), "standard")
    path = "docs/a.txt"
    adding = patch(change(path), rendered=diff_adding(path, f"key = '{KEY}'"))
    found = judge(adding, with_ours, scope=None)
    assert [v.message for v in found.violations if v.rule == "secrets"] == [
        "adds what looks like acme-key: acme_… (15 characters)"
    ]
    assert judge(adding, without, scope=None).level == "ACCEPT"
    assert with_ours.digest() != without.digest()
    assert len(secret_rules_of(settings_with(f"secret_rules: {RULES}\n"), control(rules=OWN)) or ()
               ) == len(shipped_rules()) + 1  # fmt: skip


def test_nothing_is_read_where_no_rule_file_is_named() -> None:
    assert secret_rules_of(settings_with(), control(Down)) is None


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (control(), f"secret_rules: {RULES!r} is no file of acme/control@"),
        (control(Binary), f"{RULES} is not UTF-8 text"),
        (control(rules="[[rules"), f"{RULES}: not TOML"),
        (control(rules=""), "there is no rule in it"),
        (control(rules=OWN + "entrpy = 3"), "entrpy: unknown key; did you mean `entropy`?"),
        (control(rules=OWN.replace("10}'", "10}('")), "rule 'acme-key': regex: the pattern cannot"),
        (control(rules=OWN.replace("acme_[", "(?=a)[")), "the pattern cannot be used"),
    ],
    ids=["missing", "no text", "no TOML", "empty", "typo", "no pattern", "look-around"],
)
def test_a_rule_file_that_is_missing_unreadable_or_invalid_stops_with_its_own_words(
    here: Control, said: str
) -> None:
    with pytest.raises(ConfigError) as told:
        rules_and_policy(here)
    assert said in told.value.message
    assert told.value.advice


def test_a_repository_that_does_not_answer_is_not_one_without_rules() -> None:
    with pytest.raises(ServiceError, match="503"):
        rules_and_policy(control(Down))


def test_a_consumers_own_form_of_secret_is_repeated_nowhere() -> None:
    out = unguarded()
    assert KEY in out(f"it says {KEY}")
    rules = secret_rules_of(settings_with(f"secret_rules: {RULES}\n"), control(rules=OWN))
    assert rules is not None
    out.heed(rules)
    assert out(f"it says {KEY}") == "it says ***"
