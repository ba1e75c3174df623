"""Commands that need no network and no key: demo, rehearse."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from patchgate.cli.terminal import FILE, FOLDER


@click.command()
@click.option("--keep", type=FOLDER, help="Leave the world here: repositories, ledger, Jira.")
@click.option("--pause", is_flag=True, help="Wait for Enter before each step.")
def demo(keep: Path | None, pause: bool) -> None:
    """Play one feature ticket's life on loopback stand-ins, offline and without keys."""
    from patchgate.standins.demo import play

    sys.exit(play(keep=keep, pause=pause))


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

    sys.exit(play(repo=repo, ticket=ticket, answers=answers, people=people, keep=keep))
