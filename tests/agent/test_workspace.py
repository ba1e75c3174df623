from __future__ import annotations

import os
from pathlib import Path

import pytest

from patchgate.agent.workspace import FILE_LIMIT, ToolFault, Workspace, safe_parts


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "src/../../outside",
        "/etc/passwd",
        "",
        "  ",
        ".",
        ".git/config",
        "src/.git/config",
        ".GIT/config",
        ".git./config",
        ".git /config",
        "git~1/config",
        ".g\u200cit/config",
        ".git::$INDEX_ALLOCATION/config",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "x" * 1001,
    ],
)
def test_a_path_that_leads_out_or_into_git_is_refused(space: Workspace, path: str) -> None:
    with pytest.raises(ToolFault):
        safe_parts(path)
    for act in (space.read, space.existing, space.place):
        with pytest.raises(ToolFault):
            act(path)
    with pytest.raises(ToolFault):
        space.write(path, "x")


def test_a_plain_path_is_read_and_written(space: Workspace) -> None:
    space.write("new/deep/file.txt", "ä\n")
    assert space.read("new/deep/file.txt") == "ä\n"
    assert (space.root / "new/deep/file.txt").read_bytes() == "ä\n".encode()


def test_links_are_not_followed_at_any_depth(space: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (space.root / "dir").symlink_to(outside)
    (space.root / "file").symlink_to(outside / "secret")
    (space.root / "dangling").symlink_to(outside / "new")
    for path in ("dir/secret", "file", "dangling", "dir/new"):
        with pytest.raises(ToolFault, match="symbolic link"):
            space.read(path)
        with pytest.raises(ToolFault, match="symbolic link"):
            space.write(path, "x")
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_text() == "s"
    assert not {"dir/secret", "file", "dangling"} & set(space.files())


def test_what_is_no_regular_file_is_not_read(space: Workspace) -> None:
    os.mkfifo(space.root / "pipe")
    with pytest.raises(ToolFault, match="not a regular file"):
        space.read("pipe")
    with pytest.raises(ToolFault, match="is a folder"):
        space.read("src")
    assert "pipe" not in set(space.files())


def test_binary_and_huge_files_are_not_text(space: Workspace) -> None:
    (space.root / "latin").write_bytes(b"\xe4")
    (space.root / "huge").write_bytes(b"x" * (FILE_LIMIT + 1))
    for path, message in (("logo.png", "not text"), ("latin", "not text"), ("huge", "bytes")):
        with pytest.raises(ToolFault, match=message):
            space.read(path)


@pytest.mark.parametrize("text", ["a\0b", "\udc80", "x" * (FILE_LIMIT + 1)])
def test_what_is_no_text_is_not_written(space: Workspace, text: str) -> None:
    with pytest.raises(ToolFault):
        space.write("new.txt", text)
    assert not (space.root / "new.txt").exists()


def test_a_file_is_not_a_folder(space: Workspace) -> None:
    with pytest.raises(ToolFault):
        space.write("README.md/below", "x")


def test_writing_keeps_the_mode(space: Workspace) -> None:
    script = space.root / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    space.write("run.sh", "#!/bin/sh\necho\n")
    assert script.stat().st_mode & 0o777 == 0o755


def test_files_are_listed_sorted_without_gits_own(space: Workspace) -> None:
    assert list(space.files()) == ["README.md", "logo.png", "src/app.py"]
    assert list(space.files("./src")) == ["src/app.py"]
    assert list(space.files("src/app.py")) == ["src/app.py"]
    with pytest.raises(ToolFault, match="neither a file nor a folder"):
        list(space.files("nowhere"))
