"""The heads that are kept outside the ledger are held against it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.courses import published


def test_a_head_in_the_pull_request_that_the_chain_does_not_hold_is_found(tmp_path: Path) -> None:
    with published(tmp_path) as (life, key):
        good = life.cli("ledger", "verify", key, "--online")
        assert (good[0], "in the pull request are in the chain" in good[1]) == (0, True)
        pull = life.pulls()[0]
        body = pull.body or ""
        head = body.partition("Ledger head: `sha256:")[2][:64]
        assert len(head) == 64
        pull.body = body.replace(head, "0" * 64)
        code, said = life.cli("ledger", "verify", key, "--online")
        assert (code, "the head in its pull request" in said) == (7, True)
