"""What a room lets out: its own secrets by the names of their variables, files whole or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.tokens import FORMS, made, seeded

from patchgate.app.environment import Environment
from patchgate.app.redact import leave, redactor, shipped_rules
from patchgate.errors import RefusedError

HELD = "made-up-value-of-a-test"
ROOM = Environment(github_token=SecretStr(HELD), jira_email="ai@acme.test")


def test_a_room_hides_its_secrets_and_published_forms_and_no_plain_setting() -> None:
    other = made(FORMS["npm-token"], seeded(1))
    assert redactor(ROOM)(f"{HELD} {other} ai@acme.test") == "*** *** ai@acme.test"
    assert redactor(ROOM) is redactor(ROOM)
    assert redactor(Environment())(HELD) == HELD


def test_a_file_leaves_whole_or_not_at_all(tmp_path: Path) -> None:
    out = redactor(ROOM)
    leave(tmp_path / "a" / "b", b"plain", outlet=out, what="the brief")
    assert (tmp_path / "a" / "b").read_bytes() == b"plain"
    with pytest.raises(RefusedError, match="the brief holds the value of GITHUB_TOKEN"):
        leave(tmp_path / "a" / "c", HELD.encode(), outlet=out, what="the brief")
    assert not (tmp_path / "a" / "c").exists()
    leave(tmp_path / "new" / "folder" / "b", b"plain", outlet=out, what="the brief")
    leave(tmp_path / "new" / "folder" / "b", b"again", outlet=out, what="the brief")
    assert (tmp_path / "new" / "folder" / "b").read_bytes() == b"again"
    with pytest.raises(OSError, match="Not a directory"):
        leave(tmp_path / "a" / "b" / "d", b"x", outlet=out, what="the brief")


def test_the_shipped_rules_are_read_once() -> None:
    assert shipped_rules() is shipped_rules()
    assert len(shipped_rules()) > 100
