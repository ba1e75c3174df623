"""Who may what, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import github
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.standins.github.desk import DEFAULT, REPO, Desk, refusal


@pytest.mark.parametrize(
    ("permissions", "attempt"),
    [
        ({"contents": "write"}, lambda r: r.create_pull("main", "ai/X", title="t")),
        ({"pull_requests": "write"}, lambda r: r.create_git_ref("refs/heads/z", "0" * 40)),
        ({"contents": "read"}, lambda r: r.create_label("l", "000000")),
        ({"contents": "write"}, lambda r: r.get_commit("main").create_status("success")),
        ({"statuses": "write"}, lambda r: list(r.get_commits())),
    ],
    ids=["pulls", "refs", "labels", "statuses", "history"],
)
def test_a_missing_permission_is_403(desk: Desk, permissions: dict[str, str], attempt: Any) -> None:
    repo = desk.client(desk.hub.issue_token("bob", permissions=permissions))
    with pytest.raises(github.GithubException) as error:
        attempt(repo)
    assert refusal(error)[0] == 403
    assert "not accessible" in refusal(error)[1]


def test_strangers_expired_tokens_and_no_token_get_404_and_401(desk: Desk) -> None:
    other = desk.hub.issue_token("bob", repository="acme/other")
    with pytest.raises(github.UnknownObjectException):
        desk.client(other)
    old = desk.hub.issue_token("bob", lifetime=timedelta(seconds=-1))
    with pytest.raises(github.BadCredentialsException):
        desk.client(old)
    anonymous = requests.get(f"{desk.url}/api/v3/user", timeout=5)
    assert (anonymous.status_code, anonymous.json()["message"]) == (401, "Requires authentication")


def test_a_person_has_a_profile_and_a_run_has_none(desk: Desk, token: str) -> None:
    assert desk.api(github.Auth.Token(token)).get_user().login == "bob"
    own = desk.hub.issue_token(DEFAULT, default=True)
    with pytest.raises(github.GithubException) as error:
        desk.api(github.Auth.Token(own)).get_user().id  # noqa: B018  # the property asks
    assert error.value.status == 403


def test_an_app_signs_in_with_its_key_and_gets_narrowed_tokens(desk: Desk) -> None:
    keys = [rsa.generate_private_key(65_537, 2048) for _ in range(2)]
    mine, other = (
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        for key in keys
    )
    public = (
        keys[0]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    app = desk.hub.register_app(
        "gate",
        public_key=public.decode(),
        repositories=[REPO],
        permissions={"contents": "write", "pull_requests": "write"},
    )
    auth = github.Auth.AppAuth(app.id, mine)
    integration = github.GithubIntegration(auth=auth, base_url=f"{desk.url}/api/v3", retry=None)
    assert integration.get_app().slug == "gate"
    assert integration.get_repo_installation("acme", "shop").id == app.installation
    limited = auth.get_installation_auth(app.installation, {"pull_requests": "write"})
    desk.hub.as_user("bob").push(REPO, "ai/X", {"a": "1"}, "Add")
    repo = desk.api(limited).get_repo(REPO)
    assert repo.create_pull("main", "ai/X", title="t").user.login == "gate[bot]"
    with pytest.raises(github.GithubException) as error:
        repo.create_git_ref("refs/heads/z", "0" * 40)
    assert error.value.status == 403
    forged = github.GithubIntegration(
        auth=github.Auth.AppAuth(app.id, other), base_url=f"{desk.url}/api/v3", retry=None
    )
    with pytest.raises(github.GithubException) as error:
        forged.get_app()
    assert error.value.status == 401


def test_the_hour_and_the_minute_have_limits(
    desk: Desk, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = desk.client(desk.hub.issue_token(DEFAULT, default=True, repository=REPO))
    monkeypatch.setattr(desk.hub.hub, "hourly_limit", 3)
    assert own.get_branch("main").name == "main"
    assert own.get_branch("main").name == "main"
    with pytest.raises(github.RateLimitExceededException) as error:
        own.get_branch("main")
    assert (error.value.headers or {})["x-ratelimit-remaining"] == "0"
    monkeypatch.setattr(desk.hub.hub, "creations_per_minute", 2)
    repo = desk.client(token)
    repo.create_label("a", "000000")
    repo.create_label("b", "000000")
    with pytest.raises(github.RateLimitExceededException) as error:
        repo.create_label("c", "000000")
    assert 0 < int((error.value.headers or {})["retry-after"]) <= 61
    assert desk.api(github.Auth.Token(token)).get_rate_limit().rate.used == 4
