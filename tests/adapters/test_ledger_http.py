"""The ledger over git's HTTP, with tokens, as GitHub serves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from patchgate.adapters.git.process import credential_env
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.errors import (
    CredentialError,
    LostRaceError,
    NotFoundError,
    PatchgateError,
    ServiceError,
)
from patchgate.standins.github import GitHub
from patchgate.standins.http import Fault, FaultKind, Server
from tests.adapters.ledger_remote import ID, KEY, LONG, LONG_DIGEST, numbers_of, said

REPO = "acme/control"
RECEIVE = "git-receive-pack"


@dataclass(frozen=True)
class Served:
    """One repository of the stand-in."""

    hub: GitHub
    url: str
    folder: Path

    def ledger(self, token: str = "") -> GitLedger:
        env = credential_env(self.url, token or self.hub.issue_token("runner"))
        cache = self.folder / f"cache-{len(list(self.folder.glob('cache-*')))}"
        return GitLedger(Remote(f"{self.url}/{REPO}.git", env), cache, may_initialise=True)

    def branches(self) -> list[str]:
        return sorted(ref for ref in self.hub.refs(REPO) if "patchgate" in ref)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    hub = GitHub(tmp_path / "hub")
    hub.add_user("acme")
    hub.add_user("runner")
    hub.create_repository("acme", "control", {"README.md": "control\n"})
    with Server(hub) as server:
        yield Served(hub, server.url, tmp_path)


def test_a_stream_lives_is_gathered_and_goes_on_over_http(served: Served) -> None:
    ledger = served.ledger()
    assert ledger.read(KEY, ID) is None
    live = ledger.append(ledger.open(KEY, ID), said(1, 2), {LONG_DIGEST: LONG})
    assert served.ledger().read(KEY, ID) == live

    served.ledger().gather(live)
    cold = served.ledger()
    closed = cold.read(KEY, ID)

    assert closed is not None
    assert (closed.closed, numbers_of(closed)) == (True, [1, 2])
    assert cold.blob(closed, LONG_DIGEST) == LONG
    assert served.branches() == ["refs/heads/patchgate/ledger"]
    assert numbers_of(cold.append(closed, said(3), {})) == [1, 2, 3]
    assert cold.verify() == []


def test_the_second_of_two_writers_over_http_loses_the_race(served: Served) -> None:
    ledger = served.ledger()
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    won = served.ledger().append(stream, said(2), {})

    with pytest.raises(LostRaceError):
        ledger.append(stream, said(3), {})
    assert ledger.read(KEY, ID) == won


def test_a_connection_lost_after_the_push_was_done_counts_as_done(served: Served) -> None:
    ledger = served.ledger()
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    served.hub.plan_fault(Fault(FaultKind.RESET_AFTER, "POST", RECEIVE))

    stream = ledger.append(stream, said(2), {})

    assert served.ledger().read(KEY, ID) == stream


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.RESET_BEFORE, "POST", RECEIVE),
        Fault(FaultKind.STATUS, "POST", RECEIVE, status=502),
        Fault(FaultKind.STATUS, "POST", RECEIVE, status=429),
    ],
    ids=["reset", "bad-gateway", "too-many"],
)
def test_a_push_that_was_not_done_is_an_error_and_can_be_repeated(
    served: Served, fault: Fault
) -> None:
    ledger = served.ledger()
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    served.hub.plan_fault(fault)

    with pytest.raises(ServiceError):
        ledger.append(stream, said(2), {})

    assert served.ledger().read(KEY, ID) == stream
    assert numbers_of(ledger.append(stream, said(2), {})) == [1, 2]


def test_tokens_that_are_expired_or_may_only_read_are_credential_errors(served: Served) -> None:
    expired = served.hub.issue_token("runner", lifetime=timedelta(seconds=-1))
    reader = served.hub.issue_token("runner", permissions={"contents": "read"})
    ledger = served.ledger()
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})

    with pytest.raises(CredentialError) as unknown:
        served.ledger(expired).read(KEY, ID)
    with pytest.raises(CredentialError) as narrow:
        served.ledger(reader).append(stream, said(2), {})

    assert expired not in str(unknown.value)
    assert reader not in str(narrow.value)
    assert served.ledger(reader).read(KEY, ID) == stream


def test_a_repository_that_is_not_there_is_not_an_empty_ledger(served: Served) -> None:
    env = credential_env(served.url, served.hub.issue_token("runner"))
    remote = Remote(f"{served.url}/acme/nothing.git", env)
    ledger = GitLedger(remote, served.folder / "other", may_initialise=True)

    with pytest.raises(PatchgateError) as caught:
        ledger.read(KEY, ID)
    assert isinstance(caught.value, (NotFoundError, CredentialError))


def test_a_ledger_that_answers_in_no_protocol_of_gits_is_not_taken_for_an_empty_one(
    served: Served,
) -> None:
    ledger = served.ledger()
    ledger.append(ledger.open(KEY, ID), said(1), {})
    served.hub.plan_fault(Fault(FaultKind.MALFORMED, path="info/refs", times=2))
    with pytest.raises(ServiceError, match="did not answer in git's protocol"):
        served.ledger().read(KEY, ID)


def test_a_ledger_without_a_branch_is_an_empty_one(served: Served) -> None:
    assert served.ledger().read(KEY, ID) is None


@pytest.mark.parametrize("lost", ["HEAD", "partial.git/HEAD"])
def test_a_cache_whose_maker_died_is_made_whole_by_the_next_run(served: Served, lost: str) -> None:
    served.ledger().append(served.ledger().open(KEY, ID), said(1), {})
    remote = Remote(
        f"{served.url}/{REPO}.git", credential_env(served.url, served.hub.issue_token("runner"))
    )
    cache = served.folder / "left"
    GitLedger(remote, cache, may_initialise=True)
    for late in {"partial.git/HEAD", lost}:
        (cache / late).unlink()
    assert GitLedger(remote, cache, may_initialise=True).read(KEY, ID) is not None
