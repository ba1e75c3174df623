from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from patchgate.adapters.git import (
    CommitRules,
    GitHost,
    GitReader,
    GitWriter,
    RoomTree,
    checkout,
)
from patchgate.adapters.git.trees import MOST_CLASHES, said_first
from patchgate.core.ids import RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.errors import (
    ConfigError,
    CredentialError,
    MalformedError,
    NotFoundError,
    RefusedError,
    ServiceError,
    TakenError,
    UsageError,
)
from patchgate.ports import CommitOrder
from patchgate.standins.github import GitHub, Snapshot
from patchgate.standins.http import Fault, FaultKind, Server

SHOP = RepoName("acme/shop")
SEED: dict[str, str | bytes] = {
    "README.md": "# Shop\n\nSells things.\n",
    "src/cart.py": "def total(prices):\n    return sum(prices)\n",
    "src/logo.bin": bytes(range(256)) * 4,
    "docs/größe.md": "Maß\n",
    "run.sh": "#!/bin/sh\nexit 0\n",
}
RULES = CommitRules("patchgate[bot]", "bot@example.com")
WHEN = "2026-11-20T10:00:00.250+0100"


@dataclass
class World:
    hub: GitHub
    host: GitHost
    reader: GitReader
    writer: GitWriter
    caches: Path

    @property
    def main(self) -> Sha:
        return Sha(self.hub.refs(SHOP)["refs/heads/main"])

    def order(self, applied: AppliedPatch, patch: bytes, **changes: object) -> CommitOrder:
        order = CommitOrder(
            repo=SHOP,
            branch="ai/MWC-2",
            parent=applied.start,
            patch=patch,
            tree=applied.tree,
            message="MWC-2: Sum with care\n\nLedger-Head: abc\n",
            when=WHEN,
            expected=None,
        )
        return replace(order, **changes)  # type: ignore[arg-type]  # names are the fields' own

    def checkout(self, into: Path) -> Path:
        checkout(self.host, SHOP, self.main, into=into)
        return into

    def pushes(self) -> int:
        return self.hub.effects


Served = tuple[GitHub, str, Snapshot]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    hub = GitHub(tmp_path_factory.mktemp("hub"))
    hub.create_repository("acme", "shop", SEED)
    with Server(hub) as server:
        yield hub, server.url, hub.snapshot()


def world_at(served: Served, tmp_path: Path, host: GitHost) -> World:
    hub, _, start = served
    hub.restore(start)
    hub.clear_faults()
    hub.effects = 0
    reader = GitReader(host, tmp_path / "caches", largest_patch=200_000)
    return World(hub, host, reader, GitWriter(reader, RULES), tmp_path / "caches")


@pytest.fixture
def world(served: Served, tmp_path: Path) -> World:
    """Over the file system: quick, and nothing but git in between."""
    return world_at(served, tmp_path, GitHost(f"file://{served[0].root}"))


@pytest.fixture
def online(served: Served, tmp_path: Path) -> World:
    """Over HTTP with a token."""
    hub, url, _ = served
    token: list[str] = []
    world = world_at(served, tmp_path, GitHost(url, token=lambda: token[0]))
    token.append(hub.issue_token("bot"))
    return world


def diff_of(world: World, tmp_path: Path, files: dict[str, bytes | None]) -> bytes:
    """The patch that these edits in a work tree make."""
    tree = world.checkout(tmp_path / "work")
    for name, content in files.items():
        path = tree / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return RoomTree(tree).diff()


PATCH = b"""diff --git a/src/cart.py b/src/cart.py
--- a/src/cart.py
+++ b/src/cart.py
@@ -1,2 +1,2 @@
 def total(prices):
-    return sum(prices)
+    return sum(prices, start=0)
"""


def new_file(name: bytes, *, mode: bytes = b"100644", content: bytes = b"x") -> bytes:
    return (
        b"diff --git a/" + name + b" b/" + name + b"\nnew file mode " + mode + b"\n--- /dev/null\n"
        b"+++ b/" + name + b"\n@@ -0,0 +1 @@\n+" + content + b"\n\\ No newline at end of file\n"
    )


# ── reading ──────────────────────────────────────────────────────────────────────────────


def test_reads_branches_files_and_authors_over_http(online: World) -> None:
    reader, main = online.reader, online.main
    assert reader.default_branch(SHOP) == "main"
    assert reader.branch_head(SHOP, "main") == main
    assert reader.branch_head(SHOP, "ai/none") is None
    assert reader.read_file(SHOP, main, "README.md") == b"# Shop\n\nSells things.\n"
    assert reader.read_file(SHOP, main, "src") is None
    assert reader.read_file(SHOP, main, "nothing") is None
    assert reader.author_of(SHOP, main).endswith("@users.noreply.github.com")


def test_a_file_is_fetched_without_history_and_without_the_other_files(online: World) -> None:
    first = online.main
    online.hub.as_user("bob").push(SHOP, "main", {"README.md": "new"}, "Second")
    online.reader.read_file(SHOP, online.main, "README.md")
    cache = online.reader.cache(SHOP)
    other = online.hub.bare(SHOP).entry(first, "src/logo.bin")
    assert other is not None
    assert cache.has([online.main, first, other.sha]) == {
        online.main: True,
        first: False,
        other.sha: False,
    }


def test_neither_address_nor_token_is_left_in_the_cache(online: World) -> None:
    online.reader.apply(SHOP, online.main, PATCH)
    files = [f for f in online.caches.rglob("*") if f.is_file()]
    assert files
    for file in files:
        assert online.host.server.encode() not in file.read_bytes()
        assert b"Authorization" not in file.read_bytes()


def test_a_link_is_not_read_as_a_file(world: World) -> None:
    linked = world.reader.apply(SHOP, world.main, new_file(b"l", mode=b"120000", content=b"run.sh"))
    done = world.writer.push_commit(
        world.order(linked, new_file(b"l", mode=b"120000", content=b"run.sh"))
    )
    assert world.reader.read_file(SHOP, done, "l") is None


def test_ancestry_is_found_near_and_far_and_denied_where_there_is_none(online: World) -> None:
    bob, first = online.hub.as_user("bob"), online.main
    for number in range(3):
        bob.push(SHOP, "main", {"n": str(number)}, f"Commit {number}")
    bob.create_branch(SHOP, "side", first)
    side = Sha(bob.push(SHOP, "side", {"s": "1"}, "Beside"))
    assert online.reader.is_ancestor(SHOP, first, online.main)
    assert online.reader.is_ancestor(SHOP, first, first)
    assert not online.reader.is_ancestor(SHOP, online.main, first)
    assert not online.reader.is_ancestor(SHOP, side, online.main)


def test_ancestry_beyond_the_latest_commits_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, first = world.hub.as_user("bob"), world.main
    bare = world.hub.bare(SHOP)
    tip: str = first
    tree = bare.commit(first).tree
    for _ in range(70):
        tip = bare.run("commit-tree", tree, "-p", tip, stdin=b"again\n")
    bob.move_branch(SHOP, "main", tip)
    assert world.reader.is_ancestor(SHOP, first, world.main)


def test_same_blobs_sees_content_mode_absence_and_folders(world: World) -> None:
    one = world.main
    world.hub.as_user("bob").push(SHOP, "main", {"README.md": "other", "new/a": "1"}, "Second")

    def same(*paths: str) -> bool:
        return world.reader.same_blobs(SHOP, one, world.main, paths=paths)

    assert same("src/cart.py", "absent", "docs/größe.md")
    assert not same("src/cart.py", "README.md")
    assert not same("new")
    assert not same("new/a")
    assert not same("README.md/below")


# ── judging a patch ──────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.20")
@pytest.mark.parametrize("place", ["world", "online"])
def test_the_tree_tells_paths_modes_counts_and_sizes(
    place: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(place)
    found = world.reader.apply(SHOP, world.main, PATCH)
    (change,) = found.changes
    assert (change.path, change.status, change.added, change.removed) == ("src/cart.py", "M", 1, 1)
    assert (change.old_mode, change.new_mode, change.size) == ("100644", "100644", 51)
    assert found.patch_size == len(PATCH)
    assert "+    return sum(prices, start=0)" in found.rendered


def test_a_diff_of_a_work_tree_gives_that_work_tree(world: World, tmp_path: Path) -> None:
    files: dict[str, bytes | None] = {
        "src/logo.bin": bytes(range(255, -1, -1)) * 4,
        "docs/größe.md": "Maße\n".encode(),
        "name with spaces.txt": b"a\r\nb\x0cc\n no newline at end",
        "run.sh": None,
        "empty": b"",
        "latin-\udcff.txt": b"\xff\n",
    }
    patch = diff_of(world, tmp_path, files)
    found = world.reader.apply(SHOP, world.main, patch)
    assert set(found.paths) == set(files)
    commit = world.writer.push_commit(world.order(found, patch))
    pushed = world.hub.tree(SHOP, commit)
    assert pushed["src/logo.bin"] == files["src/logo.bin"]
    assert pushed["name with spaces.txt"] == files["name with spaces.txt"]
    assert pushed["empty"] == b""
    assert "run.sh" not in pushed


EVIL = Path(tempfile.gettempdir()) / "patchgate-evil"
"""Where the absolute path of a hostile patch leads."""

REFUSED = {
    "empty": b"",
    "blank": b"\n \n",
    "prose": b"Please merge this.\n",
    "wrong context": PATCH.replace(b" def total", b" def sum"),
    "truncated": PATCH[:-20],
    "parent folder": new_file(b"../evil"),
    "parent folder within": new_file(b"src/../../evil"),
    "git folder": new_file(b".git/hooks/pre-commit"),
    "git folder in capitals": new_file(b".GIT/config"),
    "git folder of Windows": new_file(b"git~1/config"),
    "git folder of macOS": new_file(".g\u200cit/config".encode()),
    "git folder below": new_file(b"src/.git/config"),
    "nothing changed": PATCH.replace(b"sum(prices, start=0)", b"sum(prices)"),
    "control character in a name": new_file(b'"x')
    .replace(b'/"x', b'/x\\ty"')
    .replace(b" a/", b' "a/')
    .replace(b" b/", b' "b/'),
    "too large": new_file(b"big", content=b"x" * 200_001),
    "file below a file": new_file(b"README.md/below"),
    "exists already": new_file(b"README.md"),
}


def test_the_same_patch_on_the_same_commit_is_not_put_to_git_again(world: World) -> None:
    found = world.reader.apply(SHOP, world.main, PATCH)
    shutil.rmtree(world.caches)
    assert world.reader.apply(SHOP, world.main, PATCH) == found


def test_another_patch_after_it_has_its_own_tree(world: World) -> None:
    first = world.reader.apply(SHOP, world.main, PATCH)
    second = world.reader.apply(SHOP, world.main, new_file(b"other.txt"))
    assert second.paths == ("other.txt",)
    assert second.tree != first.tree
    again = world.writer.push_commit(world.order(first, PATCH))
    onward = world.reader.apply(SHOP, again, new_file(b"other.txt"))
    assert onward.start == again
    assert onward.tree not in (first.tree, second.tree)


@pytest.mark.parametrize("patch", REFUSED.values(), ids=REFUSED.keys())
def test_a_patch_that_is_none_is_malformed(world: World, patch: bytes, tmp_path: Path) -> None:
    before = sorted(p for p in tmp_path.rglob("*") if "caches" not in p.parts)
    with pytest.raises(MalformedError):
        world.reader.apply(SHOP, world.main, patch)
    assert sorted(p for p in tmp_path.rglob("*") if "caches" not in p.parts) == before
    assert not EVIL.exists()


TAKEN = {
    "quoted workflow": (
        b'diff --git "a/\\056github/workflows/q.yml" "b/\\056github/workflows/q.yml"\n'
        b"new file mode 100644\n--- /dev/null\n"
        b'+++ "b/\\056github/workflows/q.yml"\n@@ -0,0 +1 @@\n+on: push\n',
        ".github/workflows/q.yml",
        "100644",
    ),
    "header and +++ differ": (
        b"diff --git a/harmless.txt b/docs/notes.txt\nnew file mode 100644\n--- /dev/null\n"
        b"+++ b/.github/workflows/x.yml\n@@ -0,0 +1 @@\n+on: push\n",
        ".github/workflows/x.yml",
        "100644",
    ),
    "symlink": (new_file(b"link", mode=b"120000", content=b"/etc/passwd"), "link", "120000"),
    "submodule": (
        b"diff --git a/dep b/dep\nnew file mode 160000\n--- /dev/null\n+++ b/dep\n"
        b"@@ -0,0 +1 @@\n+Subproject commit " + b"a" * 40 + b"\n",
        "dep",
        "160000",
    ),
    "mode": (
        b"diff --git a/README.md b/README.md\nold mode 100644\nnew mode 100755\n",
        "README.md",
        "100755",
    ),
    "mode that is none": (new_file(b"odd", mode=b"777777"), "odd", "100755"),
    "absolute": (
        b"--- /dev/null\n+++ " + bytes(EVIL) + b"\n@@ -0,0 +1 @@\n+x\n",
        str(EVIL)[1:],
        "100644",
    ),
    "submodule list": (new_file(b".gitmodules"), ".gitmodules", "100644"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_judged_is_what_git_writes(world: World, name: str) -> None:
    patch, path, mode = TAKEN[name]
    found = world.reader.apply(SHOP, world.main, patch)
    assert [(c.path, c.new_mode) for c in found.changes] == [(path, mode)]
    assert path in found.rendered
    assert not EVIL.exists()


def test_a_patch_of_exactly_the_limit_is_read(world: World) -> None:
    size = 200_000 - len(new_file(b"big", content=b""))
    patch = new_file(b"big", content=b"x" * size)
    assert world.reader.apply(SHOP, world.main, patch).patch_size == len(patch) == 200_000
    with pytest.raises(MalformedError, match="has 200001 bytes; at most 200000 are read"):
        world.reader.apply(SHOP, world.main, new_file(b"big", content=b"x" * (size + 1)))


def test_all_files_that_a_patch_names_are_fetched_at_once(online: World) -> None:
    start, asked = online.main, []
    files = (b"README.md", b"run.sh", b"src/cart.py")
    for count in (1, 3):
        gone = b"".join(b"diff --git a/%s b/%s\nold mode 100644\nnew mode 100755\n" % (f, f)
                        for f in files[:count])  # fmt: skip
        reader = GitReader(online.host, online.caches / str(count), largest_patch=200_000)
        reader.cache(SHOP).bring(start)
        before = online.hub.requests_seen()
        assert len(reader.apply(SHOP, start, gone).changes) == count
        asked.append(online.hub.requests_seen() - before)
    assert asked[0] == asked[1] > 0


def test_a_twin_of_any_file_of_the_tree_is_told_where_something_is_new(world: World) -> None:
    twins = new_file(b"src/LOGO.BIN") + new_file(b"Docs")
    found = world.reader.apply(SHOP, world.main, twins).collisions
    assert found == (("Docs", "docs"), ("src/LOGO.BIN", "src/logo.bin"))
    assert world.reader.apply(SHOP, world.main, PATCH).collisions == ()
    many = b"".join(new_file(b"src/%s" % name) for name in _capitals(b"logo.bin", 25))
    assert len(world.reader.apply(SHOP, world.main, many).collisions) == MOST_CLASHES == 20


def _capitals(name: bytes, count: int) -> list[bytes]:
    """The name with other letters of it in capitals each time."""
    ways = itertools.product(*((c, c ^ 32) if chr(c).isalpha() else (c,) for c in name))
    return [bytes(way) for way in itertools.islice(ways, 1, count + 1)]


@pytest.mark.parametrize(
    ("said", "first"),
    [("", "it gives no reason"), ("\n  \n", "it gives no reason"), ("\n a \nb", "a")],
)
def test_of_what_git_says_the_first_line_is_told(said: str, first: str) -> None:
    assert said_first(said) == first
    assert said_first("x" * 400) == "x" * 300


def test_a_rename_shows_both_names_and_all_content(world: World) -> None:
    patch = (
        b"diff --git a/src/cart.py b/lib/cart.py\nsimilarity index 100%\n"
        b"rename from src/cart.py\nrename to lib/cart.py\n"
    )
    found = world.reader.apply(SHOP, world.main, patch)
    assert [(c.path, c.status) for c in found.changes] == [
        ("lib/cart.py", "A"),
        ("src/cart.py", "D"),
    ]
    assert "+def total(prices):" in found.rendered


def test_attributes_in_the_repository_hide_nothing(world: World) -> None:
    bob = world.hub.as_user("bob")
    bob.push(SHOP, "main", {".gitattributes": "* -diff\n*.py diff=evil filter=evil\n"}, "Hide")
    assert "+    return sum(prices, start=0)" in (
        world.reader.apply(SHOP, world.main, PATCH).rendered
    )


def test_bytes_that_are_not_text_are_shown_as_such(world: World) -> None:
    found = world.reader.apply(SHOP, world.main, new_file(b"odd", content=b"a\xff"))
    assert "+a\\xff" in found.rendered
    found.rendered.encode()


def test_judging_leaves_the_cache_without_the_new_objects(world: World) -> None:
    found = world.reader.apply(SHOP, world.main, PATCH)
    assert world.reader.cache(SHOP).has([found.tree]) == {found.tree: False}


# ── work trees ───────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.45")
def test_a_checkout_is_a_repository_of_its_own_without_remote(
    online: World, tmp_path: Path
) -> None:
    online.hub.as_user("bob").push(SHOP, "main", {"README.md": "new"}, "Second")
    tree = online.checkout(tmp_path / "work")
    assert (tree / "docs/größe.md").read_text() == "Maß\n"
    assert (tree / "src/logo.bin").read_bytes() == SEED["src/logo.bin"]

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", "-C", str(tree), *args], check=True, capture_output=True, text=True
        ).stdout

    assert git("status", "--porcelain") == ""
    assert git("rev-list", "HEAD") == f"{online.main}\n"
    assert git("remote") == ""
    git("fsck", "--strict")
    for file in (tree / ".git").rglob("*"):
        assert not file.is_file() or online.host.server.encode() not in file.read_bytes()


def test_a_diff_holds_ignored_files_links_and_modes(world: World, tmp_path: Path) -> None:
    root = world.checkout(tmp_path / "work")
    tree = RoomTree(root)
    assert tree.diff() == b""
    (root / ".gitignore").write_text("*.log\n")
    (root / "a.log").write_text("kept\n")
    (root / "link").symlink_to("README.md")
    (root / "run.sh").chmod(0o755)
    found = world.reader.apply(SHOP, world.main, tree.diff())
    assert {(c.path, c.new_mode) for c in found.changes} == {
        (".gitignore", "100644"),
        ("a.log", "100644"),
        ("link", "120000"),
        ("run.sh", "100755"),
    }


def test_a_diff_runs_nothing_that_the_work_tree_configures(world: World, tmp_path: Path) -> None:
    root, ran = world.checkout(tmp_path / "work"), tmp_path / "ran"
    evil = f"touch {ran}"
    (root / ".git/config").write_text(
        f"[core]\n\tfsmonitor = {evil}\n\thooksPath = .git/hooks\n"
        f'[filter "evil"]\n\tclean = {evil}\n\tsmudge = {evil}\n'
        f'[diff "evil"]\n\ttextconv = {evil}\n\tcommand = {evil}\n[diff]\n\texternal = {evil}\n'
    )
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (root / "src/cart.py").write_text("pass\n")
    assert b"+pass" in RoomTree(root).diff()
    RoomTree(root).apply(new_file(b"new.txt"))
    assert not ran.exists()


def test_a_patch_applied_to_a_work_tree_is_its_diff(world: World, tmp_path: Path) -> None:
    tree = RoomTree(world.checkout(tmp_path / "work"))
    tree.apply(PATCH)
    assert world.reader.apply(SHOP, world.main, tree.diff()).tree == (
        world.reader.apply(SHOP, world.main, PATCH).tree
    )


OUTSIDE = {
    "parent": new_file(b"../evil"),
    "git folder": new_file(b".git/hooks/pre-commit"),
    "through a link": new_file(b"link", mode=b"120000", content=b"..") + new_file(b"link/evil"),
    "half": PATCH + new_file(b"README.md"),
}


@pytest.mark.parametrize("patch", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_patch_that_leads_out_of_a_work_tree_changes_nothing(
    world: World, tmp_path: Path, patch: bytes
) -> None:
    tree = RoomTree(world.checkout(tmp_path / "work"))
    with pytest.raises(MalformedError, match="does not apply to the checkout"):
        tree.apply(patch)
    assert tree.diff() == b""
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "work/.git/hooks").exists()


def test_a_checkout_goes_into_an_empty_directory_only(world: World, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(UsageError, match="not empty"):
        world.checkout(tmp_path / "full")


def test_a_folder_that_is_no_checkout_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        RoomTree(tmp_path)


def test_a_small_patch_that_unpacks_to_much_is_malformed(world: World) -> None:
    world.hub.as_user("bob").push(SHOP, "main", {"big": b"\0" * 33 * 1024**2}, "Big")
    patch = b"diff --git a/big b/large\nsimilarity index 100%\nrename from big\nrename to large\n"
    with pytest.raises(MalformedError, match="more than 64 MiB"):
        world.reader.apply(SHOP, world.main, patch)


# ── pushing ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.50", "S1.18")
def test_the_same_order_gives_the_same_commit(online: World, tmp_path: Path) -> None:
    order = online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    first = online.writer.push_commit(order)
    commit = online.hub.commit(SHOP, "ai/MWC-2")
    assert commit.sha == first
    assert (commit.author.email, commit.committer.email) == ("bot@example.com",) * 2
    assert commit.author.date == commit.committer.date == "2026-11-20T09:00:00Z"
    assert commit.message == "MWC-2: Sum with care\n\nLedger-Head: abc"
    assert b"start=0" in online.hub.tree(SHOP, "ai/MWC-2")["src/cart.py"]
    online.hub.as_user("bob").delete_branch(SHOP, "ai/MWC-2")
    elsewhere = GitReader(online.host, tmp_path / "other-caches")
    assert GitWriter(elsewhere, RULES).push_commit(order) == first


def test_a_second_push_finds_the_first(online: World) -> None:
    order = online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    first = online.writer.push_commit(order)
    assert online.pushes() == 1
    assert online.writer.push_commit(order) == first
    online.hub.as_user("bob").push(SHOP, "ai/MWC-2", {"more": "1"}, "Go on")
    assert online.writer.push_commit(order) == first
    assert online.pushes() == 1


@pytest.mark.covers("S0.58")
def test_a_push_goes_on_from_its_own_commit(online: World) -> None:
    first = online.writer.push_commit(
        online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    )
    more = new_file(b"more.txt")
    applied = online.reader.apply(SHOP, first, more)
    second = online.writer.push_commit(online.order(applied, more, expected=first))
    assert online.hub.commit(SHOP, "ai/MWC-2").parents == (first,)
    assert online.hub.commit(SHOP, "ai/MWC-2").sha == second


def test_a_base_that_moved_is_not_sent_again(online: World) -> None:
    base = online.main
    applied = online.reader.apply(SHOP, base, PATCH)
    online.hub.as_user("bob").push(SHOP, "main", {"README.md": "moved"}, "Second")
    done = online.writer.push_commit(online.order(applied, PATCH))
    assert online.hub.commit(SHOP, done).parents == (base,)
    logo = online.hub.bare(SHOP).entry(base, "src/logo.bin")
    assert logo is not None
    assert online.reader.cache(SHOP).has([logo.sha]) == {logo.sha: False}


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_push_that_breaks_off_is_found_or_made_once(online: World, kind: FaultKind) -> None:
    order = online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    online.hub.plan_fault(Fault(kind, "POST", "git-receive-pack"))
    if kind is FaultKind.RESET_BEFORE:
        with pytest.raises(ServiceError):
            online.writer.push_commit(order)
    assert online.writer.push_commit(order) == online.hub.commit(SHOP, "ai/MWC-2").sha
    assert online.pushes() == 1


def test_a_branch_that_is_elsewhere_is_taken_and_named(online: World) -> None:
    order = online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    theirs = online.hub.as_user("mallory").push(SHOP, "ai/MWC-2", {"x": "1"}, "Mine")
    with pytest.raises(TakenError, match=f"expected absent, and is at {theirs[:12]} by .*mallory"):
        online.writer.push_commit(order)
    assert online.hub.commit(SHOP, "ai/MWC-2").sha == theirs
    gone = online.order(
        online.reader.apply(SHOP, online.main, PATCH), PATCH, branch="ai/X", expected=online.main
    )
    with pytest.raises(TakenError, match="gone"):
        online.writer.push_commit(gone)


def test_only_the_commit_that_an_order_drops_is_taken_off_a_branch(online: World) -> None:
    order = online.order(online.reader.apply(SHOP, online.main, PATCH), PATCH)
    left = online.writer.push_commit(order)
    facts = online.reader.commit_facts(SHOP, left, RULES)
    assert (facts.tree, facts.parents, facts.by_us) == (order.tree, (online.main,), True)
    assert facts.message == order.message
    assert not online.reader.commit_facts(SHOP, online.main, RULES).by_us
    more = new_file(b"more.txt")
    other = online.order(online.reader.apply(SHOP, online.main, more), more)
    with pytest.raises(TakenError):
        online.writer.push_commit(other)
    made = online.writer.push_commit(replace(other, drops=left))
    assert online.hub.commit(SHOP, "ai/MWC-2").sha == made
    assert online.hub.commit(SHOP, made).parents == (online.main,)
    theirs = online.hub.as_user("bob").push(SHOP, "ai/MWC-2", {"more": "1"}, "Go on")
    with pytest.raises(TakenError, match=theirs[:12]):
        online.writer.push_commit(replace(order, drops=made))
    assert online.hub.commit(SHOP, "ai/MWC-2").sha == theirs


FORBIDDEN: dict[str, dict[str, object]] = {
    "default branch": {"branch": "main"},
    "another prefix": {"branch": "feature/x"},
    "refspec": {"branch": "ai/x:refs/heads/main"},
    "dots": {"branch": "ai/../main"},
    "dropping commits": {"expected": Sha("1" * 40)},
}


@pytest.mark.parametrize("changes", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_nothing_is_pushed_where_we_may_not_write(world: World, changes: dict[str, object]) -> None:
    refs = world.hub.refs(SHOP)
    order = world.order(world.reader.apply(SHOP, world.main, PATCH), PATCH)
    with pytest.raises(RefusedError):
        world.writer.push_commit(replace(order, **changes))  # type: ignore[arg-type]  # as above
    assert world.hub.refs(SHOP) == refs


def test_a_default_branch_with_our_prefix_is_never_written(tmp_path: Path) -> None:
    hub = GitHub(tmp_path / "hub")
    hub.create_repository("acme", "shop", SEED, default_branch="ai/main")
    host = GitHost(f"file://{hub.root}")
    reader = GitReader(host, tmp_path / "caches")
    start = Sha(hub.refs(SHOP)["refs/heads/ai/main"])
    applied = reader.apply(SHOP, start, PATCH)
    world = World(hub, host, reader, GitWriter(reader, RULES), tmp_path)
    order = world.order(applied, PATCH, branch="ai/main", expected=start)
    with pytest.raises(RefusedError, match="default branch"):
        world.writer.push_commit(order)
    assert hub.refs(SHOP) == {"refs/heads/ai/main": start}


WRONG: dict[str, dict[str, object]] = {
    "tree": {"tree": Sha("2" * 40)},
    "patch": {"patch": PATCH.replace(b"start=0", b"start=1")},
    "time": {"when": "yesterday"},
    "time without zone": {"when": "2026-11-20T10:00:00"},
    "message": {"message": "a\0b"},
    "parent": {"parent": Sha("HEAD")},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_an_order_that_does_not_fit_is_malformed(world: World, changes: dict[str, object]) -> None:
    refs = world.hub.refs(SHOP)
    order = world.order(world.reader.apply(SHOP, world.main, PATCH), PATCH)
    with pytest.raises(MalformedError):
        world.writer.push_commit(replace(order, **changes))  # type: ignore[arg-type]  # as above
    assert world.hub.refs(SHOP) == refs


# ── what can be wrong with the remote ────────────────────────────────────────────────────


def test_a_missing_repository_or_commit_is_not_found(online: World) -> None:
    with pytest.raises(NotFoundError):
        online.reader.branch_head(RepoName("acme/nothing"), "main")
    with pytest.raises(NotFoundError):
        online.reader.author_of(SHOP, Sha("3" * 40))


def test_a_name_that_is_no_repository_is_a_setting_to_correct(world: World) -> None:
    for name in ("acme", "acme/../x", "acme/shop?x=1", "-u/x;y", "../etc"):
        with pytest.raises(ConfigError):
            world.reader.branch_head(RepoName(name), "main")


def test_a_bad_token_is_a_credential_error_that_does_not_show_it(
    served: Served, tmp_path: Path
) -> None:
    secret = "ghp_" + "s3cret" * 5
    world = world_at(served, tmp_path, GitHost(served[1], token=lambda: secret))
    with pytest.raises(CredentialError) as caught:
        world.reader.branch_head(SHOP, "main")
    assert secret not in str(caught.value)


def test_a_token_that_may_only_read_cannot_push(online: World, tmp_path: Path) -> None:
    hub = online.hub
    reading = hub.issue_token("bot", permissions={"contents": "read"})
    reader = GitReader(GitHost(online.host.server, token=lambda: reading), tmp_path / "reading")
    order = online.order(reader.apply(SHOP, online.main, PATCH), PATCH)
    with pytest.raises(CredentialError):
        GitWriter(reader, RULES).push_commit(order)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_service_that_is_down_is_a_service_error(online: World, status: int) -> None:
    online.hub.plan_fault(Fault(FaultKind.STATUS, path="upload-pack", status=status, times=9))
    online.hub.plan_fault(Fault(FaultKind.STATUS, path="info/refs", status=status, times=9))
    with pytest.raises(ServiceError):
        online.reader.apply(SHOP, online.main, PATCH)


# ── Answers that are none of git's ───────────────────────────────────────────────────────


def test_an_answer_that_is_not_gits_is_asked_for_once_more(online: World) -> None:
    online.hub.plan_fault(Fault(FaultKind.MALFORMED, path="info/refs"))
    assert online.reader.branch_head(SHOP, "main") == online.main


def test_a_remote_that_answers_in_no_protocol_of_gits_is_no_empty_repository(online: World) -> None:
    online.hub.plan_fault(Fault(FaultKind.MALFORMED, path="info/refs", times=2))
    with pytest.raises(ServiceError, match="did not answer in git's protocol"):
        online.reader.branch_head(SHOP, "main")
