"""Commands that need no network and no key: demo, rehearse, simulate."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from patchgate.cli.terminal import FILE, FOLDER, say
from patchgate.errors import INTERRUPTED


@click.command()
@click.option("--keep", type=FOLDER, help="Leave the world here: repositories, ledger, Jira.")
@click.option("--pause", is_flag=True, help="Wait for Enter before each step.")
def demo(keep: Path | None, pause: bool) -> None:
    """Play one feature ticket's life on loopback stand-ins, offline and without keys."""
    from patchgate.standins.demo import play

    _end_with(lambda: play(keep=keep, pause=pause))


@click.command()
@click.option("--repo", type=FOLDER, required=True, help="Any local git repository; only read.")
@click.option("--ticket", type=FILE, required=True, help="The ticket as Markdown.")
@click.option("--answers", type=FILE, help="Replay model answers from this file (docs/answers.md).")
@click.option("--people", type=FILE, help="A scripted person instead of questions.")
@click.option("--keep", type=FOLDER, help="Leave the result here.")
def rehearse(
    repo: Path, ticket: Path, answers: Path | None, people: Path | None, keep: Path | None
) -> None:
    """Try a ticket on a repository of your own, on stand-ins; nothing of yours is written."""
    from patchgate.standins.rehearse import rehearse as play

    _end_with(lambda: play(repo=repo, ticket=ticket, answers=answers, people=people, keep=keep))


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same again.")
@click.option("--tickets", default=100, show_default=True, help="How many come in.")
@click.option("--runners", default=32, show_default=True, help="Runs that may be on at once.")
@click.option("--days", default=1, show_default=True, help="Days of tickets and bad weather.")
@click.option("--weather", default=1.0, show_default=True, help="How bad it is; 0: never.")
@click.option("--sweep", default=30, show_default=True, help="Minutes between sweeps.")
@click.option("--wake-ups", default=3, show_default=True, help="Tickets that one sweep wakes.")
@click.option("--queue", is_flag=True, help="Groups keep all arrivals, not one pending run.")
@click.option("--only", default=0, help="Play this one of the tickets alone.")
def simulate(seed: int, tickets: int, sweep: int, **given: Any) -> None:
    """Play many tickets in virtual time and all weathers; every promise is held at every step."""
    from patchgate.standins.simulate import Plans
    from patchgate.standins.simulate import simulate as play

    plans = Plans(seed=seed, tickets=tickets, sweep_minutes=sweep, **given)
    _end_with(lambda: play(plans, say))


def _end_with(play: Callable[[], int]) -> NoReturn:
    """Exit with what it returns; Ctrl-C ends it too, and no wake-up will go on with it."""
    try:
        sys.exit(play())
    except KeyboardInterrupt:
        say("patchgate: interrupted; all of it was on stand-ins", error=True)
        say("  next: Nothing of yours was written. Start it again when you like.", error=True)
        sys.exit(INTERRUPTED)
