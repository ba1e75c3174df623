"""The environment: which keys a room may hold, and what a missing one is called."""

from __future__ import annotations

import pytest

from patchgate.app.environment import MAY_HOLD, VARIABLES, Environment, Kind, Need, Room
from patchgate.errors import CredentialError, RefusedError

FULL = {variable.name: f"value-of-{variable.name}" for variable in VARIABLES} | {"PATH": "/bin"}


@pytest.mark.covers("S0.76", "S0.83", "S0.84", "S1.43", "S1.44", "S1.45")
@pytest.mark.covers("S4.35", "S4.36", "S4.37", "S4.39")
def test_variables_are_read_by_their_documented_names() -> None:
    environment = Environment.from_mapping(FULL)
    assert environment.jira_base_url == "value-of-JIRA_BASE_URL"
    assert environment.jira_email == "value-of-JIRA_EMAIL"
    assert environment.jira_client_id == "value-of-JIRA_CLIENT_ID"
    for secret, name in [
        (environment.jira_api_token, "JIRA_API_TOKEN"),
        (environment.jira_client_secret, "JIRA_CLIENT_SECRET"),
        (environment.github_token, "GITHUB_TOKEN"),
        (environment.openai_api_key, "OPENAI_API_KEY"),
        (environment.anthropic_api_key, "ANTHROPIC_API_KEY"),
    ]:
        assert secret is not None
        assert secret.get_secret_value() == f"value-of-{name}"


def test_the_process_environment_is_what_from_os_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_EMAIL", "bot@example.org")
    assert Environment.from_os().jira_email == "bot@example.org"


def test_every_variable_has_a_field_and_every_field_a_variable() -> None:
    fields = set(Environment.model_fields) - {"machine"}
    assert fields == {variable.name.lower() for variable in VARIABLES}


def test_secrets_do_not_show_in_text() -> None:
    environment = Environment.from_mapping(FULL)
    shown = repr(environment) + str(environment) + environment.model_dump_json()
    for variable in VARIABLES:
        if variable.kind in (Kind.ANTHROPIC, Kind.OPENAI, Kind.RUNNER):
            assert f"value-of-{variable.name}" not in shown
    for name in ("JIRA_API_TOKEN", "JIRA_CLIENT_SECRET", "GITHUB_TOKEN", "GH_TOKEN"):
        assert f"value-of-{name}" not in shown


def test_an_empty_variable_is_an_absent_one() -> None:
    environment = Environment.from_mapping({"GITHUB_TOKEN": "", "GH_TOKEN": "t"})
    assert environment.forge_token is not None
    assert environment.forge_token.get_secret_value() == "t"


@pytest.mark.parametrize(
    ("room", "keys"),
    [
        (Room.TICK, {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}),
        (Room.SETTLE, {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}),
        (
            Room.PROPOSE,
            {v.name for v in VARIABLES if v.kind in (Kind.JIRA, Kind.GITHUB, Kind.RUNNER)},
        ),
        (Room.CHECK, {v.name for v in VARIABLES if v.kind is not Kind.PLACE}),
    ],
)
def test_a_room_that_finds_a_key_that_it_must_not_hold_refuses_to_start(
    room: Room, keys: set[str]
) -> None:
    environment = Environment.from_mapping(FULL)
    assert set(environment.forbidden(room)) == keys
    with pytest.raises(RefusedError) as caught:
        environment.admit(room)
    assert all(key in caught.value.message for key in keys)
    assert "value-of" not in caught.value.message


@pytest.mark.parametrize("room", list(Room))
def test_what_a_room_is_given_lets_it_start(room: Room) -> None:
    given = Environment.from_mapping(FULL).for_room(room)
    assert given["PATH"] == "/bin"
    Environment.from_mapping(given).admit(room)
    secrets = {v.name for v in VARIABLES if v.kind in MAY_HOLD[room] - {Kind.RUNNER}}
    assert secrets <= set(given)


def test_the_check_room_is_given_nothing_of_ours() -> None:
    assert set(Environment.from_mapping(FULL).for_room(Room.CHECK)) == {"PATH"}


def test_a_model_task_is_given_its_own_providers_key_alone() -> None:
    environment = Environment.from_mapping(FULL)
    given = environment.for_room(Room.PROPOSE, "openai")
    assert "OPENAI_API_KEY" in given
    assert "ANTHROPIC_API_KEY" not in given
    assert "ANTHROPIC_API_KEY" in environment.forbidden(Room.PROPOSE, "openai")


@pytest.mark.parametrize(
    ("values", "need", "missing"),
    [
        ({}, "jira", ("JIRA_EMAIL", "JIRA_API_TOKEN")),
        ({"JIRA_EMAIL": "a"}, "jira", ("JIRA_API_TOKEN",)),
        ({"JIRA_CLIENT_ID": "a"}, "jira", ("JIRA_CLIENT_SECRET",)),
        ({"JIRA_CLIENT_ID": "a", "JIRA_CLIENT_SECRET": "b"}, "jira", ()),
        ({}, "github", ("GITHUB_TOKEN",)),
        ({"GH_TOKEN": "t"}, "github", ()),
        (
            {"GITHUB_APP_ID": "1"},
            "github",
            ("GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_INSTALLATION_ID"),
        ),
        ({}, "anthropic", ("ANTHROPIC_API_KEY",)),
        ({}, "openai", ("OPENAI_API_KEY",)),
        ({}, "model", ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")),
        ({"OPENAI_API_KEY": "k"}, "model", ()),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_get_it(
    values: dict[str, str], need: Need, missing: tuple[str, ...]
) -> None:
    environment = Environment.from_mapping(values)
    assert environment.missing(need) == missing
    if not missing:
        environment.require(need)
        return
    with pytest.raises(CredentialError) as caught:
        environment.require(need)
    assert all(name in caught.value.message for name in missing)
    assert caught.value.advice
