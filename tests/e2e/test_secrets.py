"""No secret of any room reaches a place that people, models or repositories read."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from patchgate.standins.http import Fault, FaultKind
from patchgate.standins.world import LEIGH
from tests.e2e.terminal import GOOD_TURNS, SHOP, Build, Terminal, terminal

__all__ = ["terminal"]


def forms(secret: str) -> Iterator[bytes]:
    """How a secret could stand in a file or a message."""
    raw = secret.encode()
    yield from (raw, raw[::-1], raw.hex().encode(), quote(secret, safe="").encode())
    yield json.dumps(secret)[1:-1].encode()
    for shift in range(3):
        # Inside a longer text base64 begins at any of three places; the ends depend on neighbours.
        yield base64.b64encode(b"x" * shift + raw)[4:-4]
        yield base64.urlsafe_b64encode(b"x" * shift + raw)[4:-4]


def found(text: bytes, held: dict[str, str]) -> list[str]:
    return [name for name, secret in held.items() if any(f in text for f in forms(secret))]


def sinks(t: Terminal) -> Iterator[tuple[str, bytes]]:
    """Everything that a person, a model, a repository or an artifact keeps."""
    for issue in t.world.jira.state.issues.values():
        yield "jira", repr(issue).encode()
    for name, place in t.world.github.state.world.repositories.items():
        yield f"github {name}", repr(place).encode()
    for bare in sorted((t.world.root / "github").rglob("*.git")):
        yield f"objects {bare.name}", objects(bare)
    for service in t.world.services:
        for one in service.exchanges:
            if not one.path.endswith("/oauth/token"):
                sent = (one.method, one.path, one.query, one.request)
                yield f"request to {one.service}", repr(sent).encode()
    for path in t.folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(t.folder)), path.read_bytes()
    for bare in t.folder.rglob("HEAD"):
        yield f"cache {bare.parent}", objects(bare.parent)


def objects(bare: Path) -> bytes:
    """The content of every object of a repository, reachable or not, and its settings."""
    command = ["git", "-C", str(bare), "cat-file", "--batch", "--batch-all-objects"]
    ran = subprocess.run(command, capture_output=True, check=False)
    return ran.stdout


def canaries(t: Terminal) -> dict[str, str]:
    """What each room holds, and a neighbour's secret that no room is to pass on."""
    t.variables |= {
        "GH_TOKEN": f"ghp_{secrets.token_hex(18)}",
        "JIRA_CLIENT_SECRET": secrets.token_urlsafe(24) + "+/=",
        "ACTIONS_RUNTIME_TOKEN": secrets.token_hex(24),
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
    }
    names = ("JIRA_API_TOKEN", "GITHUB_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")
    return {name: t.world.env()[name] for name in names} | t.variables


def echoing(t: Terminal, held: dict[str, str]) -> None:
    """Services that fail and repeat what they were sent, as careless proxies do."""
    pair = base64.b64encode(f"x-access-token:{held['GITHUB_TOKEN']}".encode()).decode()
    basic = base64.b64encode(f"ai-runner@acme.test:{held['JIRA_API_TOKEN']}".encode()).decode()
    hub = f"{held['GITHUB_TOKEN']} Basic {pair} https://x:{held['GITHUB_TOKEN']}@host/"
    jira = {"errorMessages": [f"{held['JIRA_API_TOKEN']} {basic}"], "errors": {}}
    model = {"error": {"type": "x", "message": f"key {held['ANTHROPIC_API_KEY']}"}}
    world = t.world
    for service, method, path, status, body in (
        (world.jira, "GET", "/issue/", 500, jira),
        (world.jira, "POST", "/comment", 400, jira),
        (world.github, "POST", f"{SHOP}/pulls", 401, {"message": hub}),
        (world.github, "GET", f"{SHOP}/pulls", 403, {"message": hub}),
        (world.github, "*", "git-receive-pack", 500, {"message": hub}),
        (world.anthropic, "POST", "/messages", 403, model),
    ):
        fault = Fault(FaultKind.STATUS, method, path, status=status, body=json.dumps(body))
        service.plan_fault(fault)


def life(t: Terminal) -> Iterator[str]:
    """One ticket from assignment to Done, with everything that is printed on the way."""
    key = t.ticket()
    for _ in range(3):
        yield t.run(key).text
    leigh = t.world.at_jira(LEIGH)
    if t.world.jira.issue(key).status == "Blocked":
        leigh.comment(key, "/retry")
        yield t.run(key).text
    t.approve(key)
    for _ in range(3):
        yield t.run(key).text
    (pull,) = t.world.github.pulls(SHOP)
    assert pull.pull is not None
    t.world.github.report_checks(SHOP, pull.pull.head_sha, {"ci": "success"})
    yield t.run(key).text
    t.world.github.as_user(LEIGH.github).merge(SHOP, pull.number)
    yield t.run(key).text
    for argv in (["status", key], ["ledger", "show", key, "--json"], ["ledger", "verify"]):
        yield t.patchgate(*argv, room=None).text
    assert t.world.jira.issue(key).status == "Done"


def test_a_whole_life_with_echoed_secrets_leaves_none_in_any_sink(terminal: Build) -> None:
    t = terminal(*GOOD_TURNS)
    held = canaries(t)
    echoing(t, held)
    printed = "".join(life(t)).encode()
    assert b"***" in printed
    places = [("terminal", printed), *sinks(t)]
    assert len(places) > 30
    leaks = [(place, names) for place, text in places if (names := found(text, held))]
    assert leaks == []


def test_a_broken_address_that_holds_a_secret_is_told_without_it(terminal: Build) -> None:
    t = terminal()
    held = canaries(t)
    secret = held["GITHUB_TOKEN"]
    t.variables["GITHUB_API_URL"] = f"http://u:{secret}@[broken"
    for debug in ("", "1"):
        t.variables["PATCHGATE_DEBUG"] = debug
        said = t.tick("MWC-1")
        assert (said.code, "reference" in said.err) == (1, True)
        assert ("Traceback" in said.text) is bool(debug)
        assert found(said.text.encode(), held) == []


def test_the_search_finds_a_secret_in_each_form() -> None:
    secret = "sk-" + secrets.token_hex(12)
    pair = base64.b64encode(f"user:{secret}".encode())
    for text in (
        secret.encode(),
        pair,
        secret[::-1].encode(),
        secret.encode().hex().encode(),
        base64.b64encode(f"x-access-token:{secret}".encode()),
    ):
        assert found(b"before " + text + b" after", {"key": secret}) == ["key"]
