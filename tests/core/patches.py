"""Applied patches for the tests of policy, gates and words."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from hypothesis import strategies as st

from patchgate.app.packs import with_secrets
from patchgate.core.ids import Sha, digest_bytes
from patchgate.core.patch import (
    ABSENT,
    EXECUTABLE,
    REGULAR,
    SUBMODULE,
    SYMLINK,
    AppliedPatch,
    FileChange,
)
from patchgate.core.policy import Policy, load_policy

FOLDER = Path(__file__).resolve().parents[2] / "policies"
BLOB_A, BLOB_B, NOTHING = Sha("a" * 40), Sha("b" * 40), Sha("0" * 40)
Status = Literal["A", "M", "D", "T"]


def pack_text(name: str) -> tuple[str, str]:
    """A shipped pack as it lies there, and its name."""
    return (FOLDER / f"{name}.yml").read_text("utf-8"), f"policies/{name}.yml"


def pack_of(name: str) -> Policy:
    """A shipped pack, with what it extends and the rules for secrets."""
    return with_secrets(load_policy(*pack_text(name), pack_text))


def standard() -> Policy:
    """The pack that is shipped as the default."""
    return pack_of("standard")


def change(
    path: str,
    status: Status = "M",
    *,
    modes: tuple[str, str] | None = None,
    lines: tuple[int | None, int | None] = (3, 1),
    size: int = 100,
    blobs: tuple[Sha, Sha] = (BLOB_A, BLOB_B),
) -> FileChange:
    """One change, ordinary unless said otherwise."""
    usual = {
        "A": (ABSENT, REGULAR),
        "M": (REGULAR, REGULAR),
        "D": (REGULAR, ABSENT),
        "T": (REGULAR, SYMLINK),
    }
    old, new = modes or usual[status]
    return FileChange(
        path=path,
        status=status,
        old_mode=old,
        new_mode=new,
        old_blob=NOTHING if status == "A" else blobs[0],
        new_blob=NOTHING if status == "D" else blobs[1],
        added=lines[0],
        removed=lines[1],
        size=0 if status == "D" else size,
    )


def patch(
    *changes: FileChange,
    rendered: str = "",
    patch_size: int = 500,
    collisions: tuple[tuple[str, str], ...] = (),
) -> AppliedPatch:
    """An applied patch of these changes."""
    return AppliedPatch(
        start=Sha("1" * 40),
        tree=Sha("2" * 40),
        patch=digest_bytes(rendered.encode("utf-8", "surrogatepass")),
        patch_size=patch_size,
        changes=changes,
        rendered=rendered,
        collisions=collisions,
    )


def diff_adding(path: str, text: str) -> str:
    """Git's diff of one added line."""
    return (
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1 +1,2 @@ def f():\n context\n+{text}\n"
    )


MODES = st.sampled_from([ABSENT, REGULAR, EXECUTABLE, SYMLINK, SUBMODULE, "100664", ""])
STATUSES: st.SearchStrategy[Status] = st.sampled_from(["A", "M", "D", "T"])
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)
PATHS = st.one_of(
    ANY_TEXT,
    st.lists(
        st.sampled_from(["src", "tests", "test_a.py", ".github", "workflows", ".git", "..", "a"]),
        min_size=1,
        max_size=4,
    ).map("/".join),
)
CHANGES = st.builds(
    FileChange,
    path=PATHS,
    status=STATUSES,
    old_mode=MODES,
    new_mode=MODES,
    old_blob=st.sampled_from([BLOB_A, BLOB_B, NOTHING]),
    new_blob=st.sampled_from([BLOB_A, BLOB_B, NOTHING]),
    added=st.none() | st.integers(0, 10_000),
    removed=st.none() | st.integers(0, 10_000),
    size=st.integers(0, 10_000_000),
)
PATCHES = st.builds(
    lambda changes, rendered, size: patch(*changes, rendered=rendered, patch_size=size),
    st.lists(CHANGES, max_size=8),
    ANY_TEXT | ANY_TEXT.map(lambda text: diff_adding("a.py", text)),
    st.integers(0, 10_000_000),
)
