from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from patchgate.agent.tools import LISTED, MATCHES, TOOLS, use
from patchgate.agent.workspace import Workspace
from patchgate.core.ids import Json
from patchgate.ports import ToolCall, ToolResult

ALL = tuple(TOOLS)


def do(space: Workspace, name: str, **given: Json) -> ToolResult:
    return use(ToolCall("c1", name, given), ALL, space)


def done(space: Workspace, name: str, **given: Json) -> str:
    result = do(space, name, **given)
    assert not result.is_error, result.text
    return result.text


def test_files_are_listed_by_folder_and_glob(space: Workspace) -> None:
    assert done(space, "list_files").split() == ["README.md", "logo.png", "src/app.py"]
    assert done(space, "list_files", path="src") == "src/app.py"
    assert done(space, "list_files", glob="*.md") == "README.md"
    assert done(space, "list_files", glob="*.rs") == "no files"


def test_a_large_repository_is_listed_by_folder(space: Workspace) -> None:
    for number in range(LISTED + 100):
        place = space.root / f"pkg/mod{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"f{number}.py").touch()
    listing = done(space, "list_files")
    assert "pkg/ (500 files)" in listing
    assert "narrow with path or glob" in listing
    assert "pkg/mod0/ (72 files)" in done(space, "list_files", path="pkg")


def test_lines_are_read_with_their_numbers(space: Workspace) -> None:
    assert done(space, "read_file", path="src/app.py", first=5, last=99) == (
        "5\tdef two():\n6\t    return 1"
    )


def test_a_long_file_is_read_in_pieces_that_join(space: Workspace) -> None:
    lines = [f"line {number} " + "x" * 90 for number in range(1, 1001)]
    (space.root / "long.txt").write_text("\n".join(lines))
    first = done(space, "read_file", path="long.txt")
    assert len(first.encode()) < 41_000
    go_on = int(first.rsplit("first=", 1)[1])
    rest = done(space, "read_file", path="long.txt", first=go_on)
    assert rest.startswith(f"{go_on}\tline {go_on} ")


def test_reading_past_the_end_says_how_long_the_file_is(space: Workspace) -> None:
    assert do(space, "read_file", path="README.md", first=9).text == "README.md has only 1 lines"


def test_search_finds_lines_in_text_files_only(space: Workspace) -> None:
    (space.root / "bin").write_bytes(b"def one\0")
    assert done(space, "search", pattern=r"def \w+\(") == (
        "src/app.py:1: def one():\nsrc/app.py:5: def two():"
    )
    assert done(space, "search", pattern="PNG") == "no matches"
    assert done(space, "search", pattern="App", glob="*.py") == "no matches"


def test_search_is_capped(space: Workspace) -> None:
    (space.root / "many.txt").write_text("hit\n" * 500)
    found = done(space, "search", pattern="hit")
    assert found.count("many.txt:") == MATCHES
    assert "narrow the search" in found


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(a)\1"])
def test_a_pattern_that_re2_does_not_take_is_an_error(space: Workspace, pattern: str) -> None:
    result = do(space, "search", pattern=pattern)
    assert result.is_error
    assert "not RE2" in result.text


def test_an_edit_is_written(space: Workspace) -> None:
    done(space, "edit_file", path="src/app.py", old="def two", new="def zwei")
    assert "def zwei():" in (space.root / "src/app.py").read_text()


def test_an_edit_that_does_not_match_leaves_the_file_alone(space: Workspace) -> None:
    before = (space.root / "src/app.py").read_bytes()
    result = do(space, "edit_file", path="src/app.py", old="return 1", new="return 2")
    assert result.is_error
    assert "occurs 2 times" in result.text
    assert (space.root / "src/app.py").read_bytes() == before


def test_a_file_is_created_once_and_deleted(space: Workspace) -> None:
    done(space, "create_file", path="a/b.txt", content="x")
    assert do(space, "create_file", path="a/b.txt", content="y").text == (
        "a/b.txt exists; use edit_file"
    )
    done(space, "delete_file", path="a/b.txt")
    assert not (space.root / "a/b.txt").exists()
    assert do(space, "delete_file", path="a/b.txt").is_error


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("read_file", {"path": "../secret"}),
        ("list_files", {"path": ".."}),
        ("search", {"pattern": "s", "path": "/etc"}),
        ("edit_file", {"path": "../secret", "old": "s", "new": "t"}),
        ("create_file", {"path": "../new", "content": "x"}),
        ("create_file", {"path": ".git/hooks/pre-commit", "content": "x"}),
        ("delete_file", {"path": "../secret"}),
        ("read_file", {"path": "link"}),
        ("edit_file", {"path": "link", "old": "s", "new": "t"}),
        ("delete_file", {"path": "link"}),
        ("list_files", {"path": "dir"}),
        ("search", {"pattern": "s", "path": "dir"}),
        ("create_file", {"path": "dir/new", "content": "x"}),
        ("delete_file", {"path": "dir/deep"}),
    ],
)
def test_no_tool_reaches_outside_the_worktree(
    space: Workspace, tmp_path: Path, name: str, given: Mapping[str, Json]
) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").write_text("s")
    (space.root / "link").symlink_to(tmp_path / "secret")
    (space.root / "dir").symlink_to(tmp_path / "out")
    result = use(ToolCall("c1", name, given), ALL, space)
    assert result.is_error
    assert (tmp_path / "secret").read_text() == "s"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["deep"]
    assert not (tmp_path / "new").exists()
    assert [p.name for p in (space.root / ".git").iterdir()] == ["config"]


def test_search_over_everything_does_not_follow_links(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").write_text("needle")
    (space.root / "dir").symlink_to(tmp_path / "out")
    (space.root / "link").symlink_to(tmp_path / "out" / "deep")
    assert done(space, "search", pattern="needle") == "no matches"


def test_a_wrong_input_names_the_field(space: Workspace) -> None:
    result = do(space, "read_file", pth="a")
    assert result.is_error
    assert "path: Field required" in result.text
    assert "pth: Extra inputs" in result.text


def test_a_tool_that_is_not_offered_is_refused_with_what_is(space: Workspace) -> None:
    call = ToolCall("c1", "delete_file", {"path": "README.md"})
    result = use(call, ("read_file",), space)
    assert result.is_error
    assert result.text == "there is no tool 'delete_file'; use read_file"
    assert (space.root / "README.md").exists()


def test_a_disk_that_fails_is_an_error_for_the_model(space: Workspace) -> None:
    result = do(space, "create_file", path="x" * 300, content="x")
    assert result.is_error
    assert "File name too long" in result.text
