"""Credentials of each kind, missing or refused: named, with the way to a new one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from patchgate.standins.http import Fault, FaultKind
from tests.e2e.terminal import SHOP, Build, Terminal, terminal, worked

__all__ = ["terminal", "worked"]

OAUTH = {"JIRA_EMAIL": "", "JIRA_API_TOKEN": "", "JIRA_CLIENT_ID": "client-7"}
APP = {"GITHUB_TOKEN": "", "GITHUB_APP_ID": "77", "GITHUB_APP_INSTALLATION_ID": "5"}


@pytest.fixture(scope="module")
def foreign_key() -> str:
    """A private key in good order that GitHub has never heard of."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(serialization.Encoding.PEM, form, plain).decode()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"JIRA_API_TOKEN": ""}, ["not set: JIRA_API_TOKEN", "Create an API token"]),
        ({"JIRA_EMAIL": ""}, ["not set: JIRA_EMAIL"]),
        (OAUTH, ["not set: JIRA_CLIENT_SECRET"]),
        ({"GITHUB_TOKEN": ""}, ["not set: GITHUB_TOKEN", "Pass a token"]),
        ({**APP, "GITHUB_APP_PRIVATE_KEY": ""}, ["not set: GITHUB_APP_PRIVATE_KEY"]),
    ],
    ids=["jira-token", "jira-email", "jira-oauth", "github-token", "app-key"],
)
def test_a_missing_credential_is_named_with_the_way_to_get_it(
    terminal: Build, variables: Mapping[str, str], words: list[str]
) -> None:
    t = terminal()
    t.variables = dict(variables)
    assert t.tick("MWC-1").complains(4, *words)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"JIRA_API_TOKEN": "refused-1234"}, ["Jira API token of ai-runner@acme.test", "expired"]),
        ({**OAUTH, "JIRA_CLIENT_SECRET": "refused-1234"}, ["OAuth client client-7", "expired"]),
        ({"GITHUB_TOKEN": "refused-1234"}, ["GitHub token or App key", "expired"]),
        ({**APP, "GITHUB_APP_PRIVATE_KEY": "refused-1234"}, ["private key", "whole PEM file"]),
    ],
    ids=["jira-token", "jira-oauth", "github-token", "app-key-no-pem"],
)
def test_a_refused_credential_is_named_and_not_shown(
    terminal: Build, variables: Mapping[str, str], words: list[str]
) -> None:
    t = terminal()
    key = t.ticket()
    token_url = f"{t.world.urls['jira']}/oauth/token"
    t.variables = {**variables, "ATLASSIAN_TOKEN_URL": token_url}
    before = t.refs()
    said = t.tick(key)
    assert said.complains(4, *words)
    assert "refused-1234" not in said.text
    assert (t.comments(key), t.refs()) == ([], before)


def test_an_app_key_that_github_does_not_know_is_refused_by_name(
    terminal: Build, foreign_key: str
) -> None:
    t = terminal()
    t.variables = {**APP, "GITHUB_APP_PRIVATE_KEY": foreign_key}
    assert t.tick("MWC-1").complains(4, "401", "App key")


def test_a_token_that_expires_half_way_leaves_the_work_where_it_stood(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    t.approve(key)
    denied = Fault(FaultKind.STATUS, path="/git-receive-pack", times=99, status=401)
    refused = Fault(FaultKind.STATUS, "POST", path=f"{SHOP}/pulls", times=99, status=401)
    for fault in (denied, refused):
        t.world.github.plan_fault(fault)
    assert t.tick(key).code in (4, 8)
    t.world.github.clear_faults()
    assert t.tick(key).code == 0
    assert f"refs/heads/ai/{key}" in t.refs(SHOP)
    assert len(t.world.github.pulls(SHOP)) == 1


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_refused_model_key_is_told_on_the_ticket_and_costs_nothing(
    terminal: Build, provider: str
) -> None:
    t = terminal()
    key = t.ticket()
    keys = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    t.variables = {**keys, f"{provider.upper()}_API_KEY": "sk-refused-123456789"}
    said = t.run(key)
    assert (said.code, "sk-refused" in said.text) == (4, False)
    assert f"patchgate: {provider} does not know the key" in said.err
    assert f"{provider} does not know the key" in t.comments(key)[-1]
    assert "Renew the named credential" in t.comments(key)[-1]
    assert "$0.0000" in t.patchgate("status", key).out


def test_without_any_model_key_no_model_run_is_begun(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    t.variables = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    assert t.run(key).complains(4, "no model key", "ANTHROPIC_API_KEY or OPENAI_API_KEY")
    assert "0 runs" in t.patchgate("status", key).out
    t.variables = {}
    assert t.run(key).code == 0
    assert "Patch for approval" in t.comments(key)[-1]
