"""Real git against the stand-in."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.standins.github.desk import REPO, SEED, Desk, GitRefused


def test_a_clone_sees_the_seed_and_a_push_shows_in_rest(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    sha = desk.commit(work, {"src/cart.py": "TAX = 2\n"})
    desk.git("push", "-q", "origin", "ai/X", token=token, cwd=work)
    repo = desk.client(token)
    assert repo.get_git_ref("heads/ai/X").object.sha == sha
    contents = repo.get_contents("src/cart.py", ref="ai/X")
    assert not isinstance(contents, list)
    assert contents.decoded_content == b"TAX = 2\n"
    assert [f.filename for f in repo.get_commit(sha).files] == ["src/cart.py"]
    assert desk.hub.tree(REPO, "ai/X")["src/cart.py"] == b"TAX = 2\n"
    assert desk.events() == ["push"]


def test_a_partial_clone_leaves_blobs_behind_and_a_fetch_by_sha_works(
    desk: Desk, token: str
) -> None:
    url = f"{desk.url}/{REPO}.git"
    desk.git("clone", "-q", "--bare", "--filter=blob:none", url, "part", token=token)
    part = desk.folder / "part"
    missing = desk.git("rev-list", "--objects", "--all", "--missing=print", cwd=part)
    assert sum(line.startswith("?") for line in missing.splitlines()) == len(SEED)
    blob = desk.git("ls-tree", "main", "README.md", cwd=part).split()[2]
    assert desk.git("cat-file", "-p", blob, token=token, cwd=part) == "shop"
    older = desk.hub.refs(REPO)["refs/heads/main"]
    desk.hub.as_user("rita").push(REPO, "main", {"README.md": "newer\n"}, "Newer")
    desk.git("init", "-q", "--bare", "one")
    one = desk.folder / "one"
    desk.git("fetch", "-q", "--depth=1", "--filter=tree:0", url, older, token=token, cwd=one)
    assert desk.git("rev-parse", "FETCH_HEAD", cwd=one) == older


def test_a_lease_that_no_longer_holds_is_refused(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    first = desk.commit(work, {"a.txt": "1"})
    absent = "--force-with-lease=refs/heads/ai/X:"
    desk.git("push", "-q", absent, "origin", "HEAD:refs/heads/ai/X", token=token, cwd=work)
    desk.hub.as_user("rita").push(REPO, "ai/X", {"b.txt": "2"}, "Meanwhile")
    desk.commit(work, {"a.txt": "3"})
    lease = f"--force-with-lease=refs/heads/ai/X:{first}"
    with pytest.raises(GitRefused, match="stale info"):
        desk.git("push", lease, "origin", "HEAD:refs/heads/ai/X", token=token, cwd=work)
    with pytest.raises(GitRefused, match="stale info"):
        desk.git("push", absent, "origin", "HEAD:refs/heads/ai/X", token=token, cwd=work)
    assert set(desk.hub.tree(REPO, "ai/X")) == {*SEED, "a.txt", "b.txt"}


def test_a_push_that_is_no_fast_forward_is_refused_unless_forced(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    desk.hub.as_user("rita").push(REPO, "ai/X", {"b.txt": "2"}, "First")
    mine = desk.commit(work, {"a.txt": "1"})
    with pytest.raises(GitRefused, match="rejected"):
        desk.git("push", "origin", "ai/X", token=token, cwd=work)
    desk.git("push", "-q", "--force", "origin", "ai/X", token=token, cwd=work)
    assert desk.hub.refs(REPO)["refs/heads/ai/X"] == mine


@pytest.mark.parametrize(
    ("permissions", "reason"),
    [({"contents": "read"}, "403"), ({"issues": "write"}, "403"), ({}, "not found")],
    ids=["read-only", "no contents", "stranger"],
)
def test_a_token_that_may_not_write_cannot_push(
    desk: Desk, token: str, permissions: dict[str, str], reason: str
) -> None:
    work = desk.clone(token)
    desk.commit(work, {"a.txt": "1"})
    weak = desk.hub.issue_token("bob", permissions=permissions)
    with pytest.raises(GitRefused, match=reason):
        desk.git("push", "origin", "ai/X", token=weak, cwd=work)
    assert "refs/heads/ai/X" not in desk.hub.refs(REPO)


def test_workflow_files_need_the_workflow_scope(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    desk.commit(work, {".github/workflows/x.yml": "on: push\n"})
    desk.commit(work, {"a.txt": "1"})
    with pytest.raises(GitRefused, match=r"remote rejected(.|\n)*"):
        desk.git("push", "origin", "ai/X", token=token, cwd=work)
    held = {"contents": "write", "workflows": "write"}
    allowed = desk.hub.issue_token("bob", permissions=held)
    desk.git("push", "-q", "origin", "ai/X", token=allowed, cwd=work)
    assert ".github/workflows/x.yml" in desk.hub.tree(REPO, "ai/X")


def test_a_protected_branch_takes_no_direct_push_and_no_force(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    desk.hub.protect(REPO, "main")
    desk.commit(work, {"a.txt": "1"}, "main")
    with pytest.raises(GitRefused, match="GH006"):
        desk.git("push", "origin", "main", token=token, cwd=work)
    desk.hub.protect(REPO, "main", direct_pushes=True)
    desk.git("push", "-q", "origin", "main", token=token, cwd=work)
    desk.git("reset", "-q", "--hard", "HEAD~1", cwd=work)
    with pytest.raises(GitRefused, match="force-push"):
        desk.git("push", "--force", "origin", "main", token=token, cwd=work)


def test_two_credentials_at_once_are_a_bad_request(desk: Desk, token: str) -> None:
    twice = ["-c", "http.extraHeader=Authorization: basic eDp5"]
    url = f"{desk.url}/{REPO}.git"
    with pytest.raises(GitRefused, match="400"):
        desk.git(*twice, "ls-remote", url, token=token)


def test_a_push_of_megabytes_in_chunks_arrives(desk: Desk, token: str) -> None:
    work = desk.clone(token)
    big = "".join(f"{os.urandom(40).hex()}\n" for _ in range(40_000))
    desk.commit(work, {"big.txt": big})
    counted = desk.hub.effects
    desk.git("push", "-q", "origin", "ai/X", token=token, cwd=work)
    assert desk.hub.tree(REPO, "ai/X")["big.txt"].decode() == big
    assert desk.hub.effects == counted + 1


def test_racing_pushes_to_one_branch_let_exactly_one_win(desk: Desk, token: str) -> None:
    works = [desk.clone(token, f"w{n}") for n in range(4)]
    for n, work in enumerate(works):
        desk.commit(work, {"a.txt": str(n)})

    def push(work: Path) -> bool:
        lease = "--force-with-lease=refs/heads/ai/X:"
        try:
            desk.git("push", "-q", lease, "origin", "ai/X", token=token, cwd=work)
        except GitRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(push, works)) == [False, False, False, True]


def test_a_compressed_request_for_many_branches_is_understood(desk: Desk, token: str) -> None:
    names = [f"b{n}" for n in range(25)]  # enough wants for git to compress what it sends
    for name in names:
        desk.hub.as_user("rita").push(REPO, name, {"n": name}, name)
    work = desk.clone(token)
    heads = desk.git("branch", "-r", "--format=%(refname:lstrip=3)", cwd=work).split()
    assert {*names, "main"} <= set(heads)
