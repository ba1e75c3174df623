"""Every condition of an approval, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.stories import ANN, EVE, LEIGH, REX, RULES, RUNNER

from patchgate.core.approval import SHARED_ACCOUNT, Word, moment, refusal
from patchgate.core.events import Evidence, Platform
from patchgate.core.ids import digest_json, short
from patchgate.core.rules import Rules
from patchgate.core.state import Publication

SUBJECT = digest_json("patch")
SHOWN = Publication("jira", "10", "2026-03-01T10:00:00.000+0000", SUBJECT)


def word(
    who: str = LEIGH, at: str = "2026-03-01T10:00:01Z", platform: Platform = "jira", typed: str = ""
) -> Word:
    evidence = Evidence(
        platform=platform, kind="comment", id="11", target="MWC-1", author=who, at=at
    )
    return Word(evidence, typed)


def why(
    given: Word,
    *,
    shown: Publication | None = SHOWN,
    rules: Rules = RULES,
    requester: str = "",
) -> str:
    return refusal(given, subject=SUBJECT, shown=shown, rules=rules, requester=requester)


@pytest.mark.parametrize("typed", ["", short(SUBJECT), SUBJECT, short(SUBJECT)[:8].upper()])
def test_an_approvers_later_unedited_word_for_this_digest_approves(typed: str) -> None:
    assert why(word(typed=typed)) == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (word(RUNNER), "the runner cannot approve its own work"),
        (word(EVE), f"account {EVE} is not in `approvers`"),
        (word(REX), f"account {REX} is not in `approvers`"),
        (word("leigh-gh"), "account leigh-gh is not in `approvers`"),
        (replace(word(), edited=True), "the comment was edited; only an unedited comment counts"),
        (word(at="2026-03-01T10:00:00Z"), "it was given before the proposal was published"),
        (word(at="2026-03-01T11:59:59+02:00"), "it was given before the proposal was published"),
    ],
)
def test_any_other_word_does_not(given: Word, reason: str) -> None:
    assert why(given) == reason


def test_on_github_nobody_approves_while_the_runner_shares_the_workflows_account() -> None:
    shared = replace(RULES, runner={**RULES.runner, "github": SHARED_ACCOUNT},
                     approvers={**RULES.approvers, ("github", "leigh-gh"): "Leigh"})  # fmt: skip
    shown = replace(SHOWN, platform="github")
    given = word("leigh-gh", platform="github")
    assert "no account of its own on GitHub" in why(given, shown=shown, rules=shared)
    own = replace(shared, runner={**RULES.runner, "github": "patchgate-bot"})
    assert why(given, shown=shown, rules=own) == ""
    assert why(word(), rules=shared) == ""


@pytest.mark.parametrize("typed", [short(SUBJECT)[:7], short(digest_json("other")), "please"])
def test_a_typed_word_must_name_the_digest_with_at_least_eight_digits(typed: str) -> None:
    assert why(word(typed=typed)) == (
        f"{typed} is not what waits for approval; that is {short(SUBJECT)}"
    )


@pytest.mark.parametrize("shown", [None, replace(SHOWN, at="")])
def test_what_was_never_published_cannot_be_approved(shown: Publication | None) -> None:
    assert why(word(), shown=shown) == "the proposal was not yet published on jira"


@pytest.mark.parametrize("requester", [LEIGH, "leigh-gh"])
def test_strict_separation_knows_one_person_on_two_platforms(requester: str) -> None:
    strict = replace(RULES, separation=True)
    told = "with `separation: strict` the requester cannot approve"
    assert why(word(), rules=strict, requester=requester) == told
    assert why(word(ANN), rules=strict, requester=requester) == ""
    assert why(word(), requester=requester) == ""


def test_moments_of_both_platforms_can_be_compared() -> None:
    assert moment("2026-03-01T10:00:00.000+0000") == moment("2026-03-01T11:00:00+01:00")
    assert moment("2026-03-01T10:00:00Z") == moment("2026-03-01T10:00:00.000+0000")


@pytest.mark.parametrize(
    ("at", "shown", "reason"),
    [
        ("2026-03-01T10:00:05Z", "2026-03-01T10:00:05.900Z", ""),
        ("2026-03-01T10:00:06Z", "2026-03-01T10:00:05.900Z", ""),
        ("2026-03-01T10:00:05Z", "2026-03-01T10:00:05.000Z", ""),
        ("2026-03-01T10:00:04Z", "2026-03-01T10:00:05.000Z", "it was given before"),
        ("2026-03-01T10:00:05.000001Z", "2026-03-01T10:00:05.000002Z", ""),
    ],
)
def test_a_run_started_by_hand_names_the_digest_and_has_whole_seconds(
    at: str, shown: str, reason: str
) -> None:
    mine = replace(RULES, approvers={**RULES.approvers, ("actions", "leigh-gh"): "Leigh"})
    given = word("leigh-gh", at, "actions", short(SUBJECT))
    said = why(given, shown=replace(SHOWN, at=shown), rules=mine)
    assert said.startswith(reason) if reason else said == ""
    assert why(replace(given, typed=""), rules=mine) == (
        "an approval by a run that was started by hand names the digest"
    )


def test_what_a_run_approves_has_to_be_shown_where_people_read_it() -> None:
    mine = replace(RULES, approvers={**RULES.approvers, ("actions", "leigh-gh"): "Leigh"})
    given = word("leigh-gh", platform="actions", typed=short(SUBJECT))
    assert why(given, shown=None, rules=mine) == "the proposal was not yet published on jira"
    github = word("leigh-gh", platform="github", typed=short(SUBJECT))
    shown = replace(RULES, approvers={**RULES.approvers, ("github", "leigh-gh"): "Leigh"})
    assert why(github, shown=None, rules=shown) == "the proposal was not yet published on github"
