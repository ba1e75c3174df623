"""Each room installs only what it uses, and starts and works with exactly that."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchgate.app import bootstrap
from patchgate.app.environment import Room
from patchgate.app.run import Entry
from tests.architecture import source_tree
from tests.e2e.answers import edits
from tests.e2e.lives import SHOP, UNPLANNED, living
from tests.step import profiles
from tests.step.profiles import PROFILES, ROOT, importable, locked

SDKS = {"anthropic", "openai"}
NEVER = {
    "tick": SDKS | {"jinja2", "werkzeug", "rich"},
    "propose": {"jira", "github", "requests", "werkzeug", "rich"},
    "check": SDKS | {"jira", "github", "requests", "jinja2", "werkzeug", "rich", "cryptography"},
}
SANDBOX = bootstrap.sandbox_barred()
MEND = edits(("greet.py", '"Hello" +', '"Hello " +'), summary="Puts the blank back")
SEED = {
    "greet.py": 'def greet(name):\n    return "Hello" + name\n',
    "test_greet.py": "from greet import greet\n\nassert greet('Ann') == 'Hello Ann'\n",
}
SETTINGS = {**UNPLANNED, "checks": {"commands": [["python3", "test_greet.py"]]}}


# ── what is locked ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_the_versions_of_the_whole_lock_and_only_packages_of_it(
    profile: str,
) -> None:
    whole, part = locked("run"), locked(profile)
    assert part.items() < whole.items()
    assert profiles.asked(profile) <= set(part)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_lacks_what_its_rooms_must_not_load(profile: str) -> None:
    assert not NEVER[profile] & importable(profile)


def test_the_check_room_installs_next_to_nothing() -> None:
    assert len(locked("check")) < 10
    assert set(locked("check")) <= set(locked("tick")) & set(locked("propose"))


def test_the_installer_ships_the_data_that_the_wheel_ships() -> None:
    tree = ast.parse((ROOT / "setup.py").read_text("utf-8"))
    shipped = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SHIPPED"
    )
    assert shipped == profiles.prepare().DATA


# ── what is imported ─────────────────────────────────────────────────────────────────────

REACHED = {
    "tick": ("core", "app", "cli", "ports", "adapters"),
    "propose": ("core", "ports", "agent", "adapters.models"),
    "check": ("core", "ports"),
}
"""Packages of ours whose every import, lazy ones too, a profile must have."""
NOT_REACHED = {"tick": ("adapters.models",), "propose": (), "check": ()}


@functools.cache
def imports() -> dict[str, set[str]]:
    """Top-level names that each module of ours imports, anywhere in it."""
    found = re.compile(r"^\s*(?:import|from)\s+([A-Za-z_]\w*)", re.MULTILINE)
    tree = source_tree(ROOT / "src" / "patchgate")
    return {module: set(found.findall(source)) for module, source in tree.items()}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_all_that_its_rooms_could_import(profile: str) -> None:
    barred = importable("run") - importable(profile)
    missing = {
        f"{module} imports {name}"
        for module, names in imports().items()
        if any(module.startswith(f"patchgate.{part}") for part in REACHED[profile])
        and not any(module.startswith(f"patchgate.{part}") for part in NOT_REACHED[profile])
        for name in names & barred
    }
    assert not missing, "lock it in requirements/*.in, or import it where it is used"


# ── a life with exactly that ─────────────────────────────────────────────────────────────


@dataclass
class Played:
    """Plays each room with the Python of its own profile."""

    pythons: dict[Room, Path]
    rooms: list[str]

    def __call__(self, entry: Entry) -> int:
        command = [str(self.pythons[Room(entry.room)]), "-I", "-m", "patchgate", *entry.argv]
        done = subprocess.run(
            command, env=dict(entry.env), cwd="/", capture_output=True, text=True, timeout=120
        )
        self.rooms.append(entry.room.value)
        if entry.heard:
            for line in (done.stdout + done.stderr).splitlines():
                entry.heard(line)
        return done.returncode


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[Room, Path]:
    """Each room's interpreter, in an environment of exactly its profile."""
    root = tmp_path_factory.mktemp("profiles")
    made = {profile: profiles.environment(root / profile, profile) for profile in PROFILES}
    of_room: dict[str, str] = profiles.prepare().PROFILES
    return {room: made[of_room[room.value]] for room in Room}


@pytest.mark.soak
@pytest.mark.skipif(bool(SANDBOX), reason=f"bwrap: {SANDBOX}")
def test_a_ticket_becomes_a_pull_request_with_every_room_in_its_own_environment(
    tmp_path: Path, pythons: dict[Room, Path]
) -> None:
    play = Played(pythons, [])
    with living(tmp_path, MEND, settings=SETTINGS, seed=SEED, enter=play) as life:
        key = life.ticket("The blank is missing", "greet('Ann') gives HelloAnn.", kind="Bug")
        assert life.settle() == 0, "\n".join(life.lines)
        assert "PASSED" in life.said(key)[-1]
        life.approve(key)
        assert life.world.github.tree(SHOP, f"ai/{key}")["greet.py"].endswith(b'"Hello " + name\n')
        assert len(life.pulls()) == 1
    assert set(play.rooms) == {room.value for room in Room}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_environment_of_the_test_holds_nothing_but_its_profile(
    profile: str, pythons: dict[Room, Path]
) -> None:
    room = next(room for room in Room if profiles.prepare().PROFILES[room.value] == profile)
    for name in NEVER[profile] | {"pytest", "pip", "setuptools"}:
        done = subprocess.run(
            [str(pythons[room]), "-I", "-c", f"import {name}"], capture_output=True, text=True
        )
        assert f"No module named '{name}'" in done.stderr
