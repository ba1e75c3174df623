"""Settings: defaults, complaints that a person can act on, routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.app.settings import Settings, load_settings, route
from patchgate.core.ids import Json
from patchgate.errors import ConfigError, CredentialError

SMALLEST = """\
version: 1
jira:
  projects: MWC
  runner: acc-runner
people:
  - {name: Leigh, jira: acc-leigh, github: leigh-m}
reviewer: Leigh
approvers: [Leigh]
routes:
  - repository: acme/online-docs
"""


@dataclass(frozen=True)
class TicketFacts:
    """A ticket as far as routing looks at it."""

    key: str = "MWC-7"
    project: str = "MWC"
    issue_type: str = "Story"
    labels: frozenset[str] = frozenset()
    components: tuple[str, ...] = ()
    fields: Mapping[str, Json] = field(default_factory=dict)


def settings_with(extra: str = "", routes: str | None = None) -> Settings:
    text = SMALLEST
    if routes is not None:
        text = text[: text.index("routes:")] + routes
    return load_settings(text + extra)


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(text, "patchgate.yml")
    assert caught.value.advice
    return caught.value.message


def test_the_status_names_are_the_pilots_unless_they_are_set() -> None:
    names = settings_with().jira.statuses.model_dump()
    assert list(names.values()) == [
        "Backlog", "Plan Review", "In Progress", "In Testing", "Done", "Blocked",
    ]  # fmt: skip


def test_status_names_can_be_the_teams_own() -> None:
    text = SMALLEST.replace("  runner:", "  statuses: {in_testing: QA}\n  runner:")
    names = load_settings(text).jira.statuses
    assert (names.in_testing, names.done) == ("QA", "Done")


@pytest.mark.covers("S1.49", "S1.50")
def test_a_transition_is_configured_by_id_or_by_name() -> None:
    text = SMALLEST.replace(
        "  runner:", "  transitions: {in_testing: 31, done: Close it}\n  runner:"
    )
    assert load_settings(text).jira.via() == {"In Testing": "31", "Done": "Close it"}


@pytest.mark.covers("S0.75", "S0.77", "S0.78", "S1.47", "S1.48")
def test_site_runner_and_reviewer_are_configured() -> None:
    text = SMALLEST.replace("  runner:", "  url: https://acme.atlassian.net\n  runner:")
    settings = load_settings(text)
    assert settings.jira.url == "https://acme.atlassian.net"
    assert settings.jira.runner == "acc-runner"
    assert settings.person(settings.reviewer).jira == "acc-leigh"


@pytest.mark.covers("S4.41", "S4.42")
def test_the_oauth_addresses_are_atlassians_unless_they_are_set() -> None:
    jira = settings_with().jira
    assert jira.token_url == "https://auth.atlassian.com/oauth/token"
    assert jira.resources_url == "https://api.atlassian.com/oauth/token/accessible-resources"
    text = SMALLEST.replace("  runner:", "  token_url: http://127.0.0.1:1/token\n  runner:")
    assert load_settings(text).jira.token_url == "http://127.0.0.1:1/token"


def test_safe_choices_are_the_default() -> None:
    settings = settings_with()
    assert settings.approval.mode == "patchset"
    assert settings.plan.default == "required"
    assert settings.limits.attempts == 3
    assert settings.limits.consecutive_failures == 3
    assert settings.branch_prefix == "ai/"
    assert settings.ledger.branch == "patchgate/ledger"


@pytest.mark.parametrize(
    ("wrong", "line", "key", "wanted"),
    [
        ("limts: {}", 11, "limts", "unknown key; did you mean `limits`?"),
        ("limits: {atempts: 2}", 11, "limits.atempts", "did you mean `attempts`?"),
        ("limits: {attempts: many}", 11, "limits.attempts", "valid integer"),
        ("limits:\n  attempts: 0", 12, "limits.attempts", "greater than or equal to 1"),
        ("approval: {mode: none}", 11, "approval.mode", "'patchset', 'plan' or 'request'"),
        ("separation: true", 11, "separation", "'off' or 'strict'"),
        ("checks: {commands: [make test]}", 11, "checks.commands[0]", "tuple, not 'make test'"),
        ("branch_prefix: patchgate/", 11, "branch_prefix", "the ledger lives there"),
        ("commit: {subject: 'fix: {summary}'}", 11, "commit.subject", "begins with {key}"),
        ("commit: {subject: '{key} {x}'}", 11, "commit.subject", "no other names"),
    ],
)
def test_a_wrong_key_is_named_with_file_and_line_and_what_is_wanted(
    wrong: str, line: int, key: str, wanted: str
) -> None:
    message = complaint(SMALLEST + wrong)
    assert message.startswith(f"patchgate.yml:{line}: {key}: ")
    assert wanted in message


def test_an_unknown_key_inside_a_list_finds_its_neighbours() -> None:
    text = SMALLEST.replace("- repository:", "- repostory:")
    assert complaint(text).splitlines() == [
        "patchgate.yml:10: routes[0].repository: is missing",
        "patchgate.yml:10: routes[0].repostory: unknown key; did you mean `repository`?",
    ]


def test_an_unknown_key_like_no_other_lists_what_is_known() -> None:
    assert "known here: mode" in complaint(SMALLEST + "approval: {zzz: 1}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "should be a mapping"),
        ("- a", "should be a mapping"),
        ("version: 1\n  x: [", "patchgate.yml:2: not YAML"),
        ("version: 1\nversion: 1", "patchgate.yml:2: version: stands there twice"),
        ("a: &a 1\nb: *a", "aliases"),
        ("version: \x00", "not YAML"),
        ("a: !!python/object:os.system {}", "not YAML"),
        ("version: 1\n" + "#" * 500_000, "more than 500,000 bytes"),
        ("[" * 5_000, "not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, said: str) -> None:
    assert said in complaint(text)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_a_complaint(text: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(text)


def test_a_bare_off_is_the_word_off() -> None:
    assert settings_with("separation: off\n").separation == "off"


def test_a_reviewer_who_is_nobody_is_refused_with_the_nearest_person() -> None:
    text = SMALLEST.replace("reviewer: Leigh", "reviewer: Leihg")
    assert "reviewer: 'Leihg' is nobody in `people`; did you mean 'Leigh'?" in complaint(text)


def test_a_reviewer_without_a_jira_account_is_refused() -> None:
    assert "has no `jira` account" in complaint(SMALLEST.replace("jira: acc-leigh, ", ""))


def test_the_runner_can_not_be_an_approver() -> None:
    text = SMALLEST.replace("runner: acc-runner", "runner: acc-leigh")
    assert "is the AI Runner, who may not approve" in complaint(text)


@pytest.mark.covers("S2.106")
def test_only_listed_accounts_are_approvers() -> None:
    settings = settings_with()
    assert settings.approver(jira="acc-leigh") == settings.person("Leigh")
    assert settings.approver(github="LEIGH-M") == settings.person("Leigh")
    assert settings.approver(jira="acc-runner") is None
    assert settings.approver(jira="Leigh") is None
    assert settings.approver() is None


def test_an_approver_without_a_github_account_matches_no_empty_login() -> None:
    text = SMALLEST.replace(", github: leigh-m", "")
    assert load_settings(text).approver(github="") is None


ROUTES = """\
routes:
  - match: {project: MWC, labels: [api, backend]}
    repository: acme/api
    base_branch: develop
  - match: {components: Docs}
    repository: acme/docs
    approval: request
    plan: none
  - match: {fields: {customfield_10100: web}}
    repository: acme/web
  - match: {issue_types: Bug}
    repository: acme/bugs
"""


@pytest.mark.covers("S1.41")
@pytest.mark.parametrize(
    ("ticket", "repository"),
    [
        (TicketFacts(labels=frozenset({"API", "x"})), "acme/api"),
        (TicketFacts(labels=frozenset({"backend"}), components=("Docs",)), "acme/api"),
        (TicketFacts(components=("Docs",)), "acme/docs"),
        (TicketFacts(fields={"customfield_10100": {"value": "web"}}), "acme/web"),
        (TicketFacts(fields={"customfield_10100": [{"name": "x"}, "web"]}), "acme/web"),
        (TicketFacts(issue_type="bug"), "acme/bugs"),
    ],
)
def test_the_first_route_that_matches_wins(ticket: TicketFacts, repository: str) -> None:
    assert route(settings_with(routes=ROUTES), ticket).repository == repository


@pytest.mark.covers("S1.42")
def test_a_route_chooses_base_branch_approval_and_plan() -> None:
    settings = settings_with(routes=ROUTES)
    api = route(settings, TicketFacts(labels=frozenset({"api"})))
    assert (api.base_branch, api.approval, api.needs_plan) == ("develop", "patchset", True)
    docs = route(settings, TicketFacts(components=("Docs",)))
    assert (docs.base_branch, docs.approval, docs.needs_plan) == (None, "request", False)


def test_no_route_says_what_the_ticket_has_and_what_was_tried() -> None:
    ticket = TicketFacts(labels=frozenset({"ui"}), components=("Web",))
    with pytest.raises(ConfigError) as caught:
        route(settings_with(routes=ROUTES), ticket)
    assert "MWC-7 (project MWC, type Story, labels ui, components Web)" in caught.value.message
    assert "acme/api wants project MWC and labels api|backend" in caught.value.message
    assert "acme/web wants fields customfield_10100=web" in caught.value.message


def test_a_plan_is_needed_by_issue_type() -> None:
    settings = settings_with("plan: {issue_types: {Bug: none}}\n")
    assert not route(settings, TicketFacts(issue_type="bug")).needs_plan
    assert route(settings, TicketFacts(issue_type="Story")).needs_plan


def test_openai_plans_and_claude_implements_unless_models_are_set() -> None:
    models = settings_with().models
    assert models.planner.provider == "openai"
    assert models.implementer.provider == "anthropic"
    own = settings_with("models: {implementer: {provider: anthropic, model: claude-opus-5-5}}\n")
    assert own.models.implementer.model == "claude-opus-5-5"


@pytest.mark.covers("S1.56", "S1.57")
def test_one_model_key_alone_suffices_for_every_role() -> None:
    models = settings_with().models
    assert models.choice("planner", frozenset({"anthropic"})).provider == "anthropic"
    assert models.choice("implementer", frozenset({"openai"})).provider == "openai"
    both = models.choice("planner", frozenset({"anthropic", "openai"}))
    assert both == models.planner
    with pytest.raises(CredentialError, match="no model key"):
        models.choice("planner", frozenset())
