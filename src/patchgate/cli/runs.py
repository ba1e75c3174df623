"""Commands for whole runs on one machine: run, sweep, status, stop."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from patchgate.app.desk import Journal
from patchgate.app.doorbell import keys_of
from patchgate.app.environment import Environment
from patchgate.cli.terminal import CACHE_HELP, FOLDER, cached, say, teller, width
from patchgate.errors import PatchgateError, UsageError


@click.command()
@click.argument("keys", nargs=-1, required=True)
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
@click.option("--keep", type=FOLDER, help="Keep the files of the rooms here.")
def run(keys: tuple[str, ...], cache: Path | None, keep: Path | None) -> None:
    """Play all rooms for tickets on this machine, each as a process with its own keys."""
    from patchgate.app.run import LocalRun

    env = Environment.from_os()
    wanted = keys_of(keys)

    def play(place: Path) -> int:
        folder = keep or place / "run"
        return LocalRun(env=env, folder=folder, cache=place / "cache").keys(wanted)

    status = cached(cache, play)
    if status:
        sys.exit(status)


@click.command()
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
@click.option(
    "--since", default=30, show_default=True, help="Also tickets updated this many minutes ago."
)
@click.option("--plan", is_flag=True, help="Print the keys and do nothing.")
def sweep(cache: Path | None, since: int, plan: bool) -> None:
    """Wake open tickets with news, heal what was lost, gather ended streams, leave a heartbeat."""
    from patchgate.app import bootstrap
    from patchgate.app.run import LocalRun
    from patchgate.app.sweep import gather, heartbeat, wanted

    env = Environment.from_os()

    def go(place: Path) -> int:
        desk = bootstrap.desk(env, Journal(teller(env)), cache=place / "cache")
        late: list[PatchgateError] = []
        keys = wanted(desk, since, late)
        if plan:
            say("\n".join(keys))
            return 0
        local = LocalRun(env=env, folder=place / "run", cache=place / "cache")
        status = local.each(keys)
        gather(desk)
        for error in late:
            raise error
        heartbeat(desk, len(keys))
        return status

    status = cached(cache, go)
    if status:
        sys.exit(status)


@click.command()
@click.argument("key", required=False)
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def status(key: str | None, cache: Path | None) -> None:
    """Say where a ticket stands (or all open ones), since when, what it waits for and from whom."""
    from patchgate.app import bootstrap
    from patchgate.app.status import describe, projects, standing
    from patchgate.app.sweep import Damaged, open_workflows

    env = Environment.from_os()
    wanted = keys_of([key]) if key else []

    def go(place: Path) -> None:
        desk = bootstrap.desk(env, Journal(teller(env)), cache=place)
        for one in wanted:
            say("\n".join(standing(desk, one).lines(whole=True, width=width())))
        if wanted:
            return
        damaged: Damaged = []
        flows = open_workflows(desk, damaged)
        for w in flows:
            say("\n".join(describe(desk, w).lines(whole=False, width=width())))
        if not flows and not damaged:
            say("no open tickets")
        say("\n".join(projects(desk)))
        for name, error in damaged[1:]:
            say(f"{name}: {error.message}", error=True)
        if damaged:
            raise damaged[0][1]

    cached(cache, go)


@click.command()
@click.argument("project")
@click.option("--reason", default="", help="Why; needed to stop.")
@click.option("--resume", is_flag=True, help="Let the project's work go on.")
@click.option("--by", default="an operator", show_default=True, help="Who says so.")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def stop(project: str, reason: str, resume: bool, by: str, cache: Path | None) -> None:
    """STOP a whole project: nothing outside is written until it is resumed."""
    from patchgate.app import bootstrap
    from patchgate.app.project import set_stopped

    if not resume and not reason:
        raise UsageError("say why: --reason TEXT (or --resume)")
    env = Environment.from_os()

    def go(place: Path) -> None:
        desk = bootstrap.desk(env, Journal(teller(env)), cache=place)
        set_stopped(desk, project, by=by, reason="" if resume else reason)
        say(f"{project} {'goes on' if resume else 'is stopped'}")

    cached(cache, go)
