"""Commands for one step of a run each: tick, propose, check, settle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from patchgate.app.desk import Journal, Line
from patchgate.app.doorbell import rung
from patchgate.app.environment import Environment
from patchgate.cli.terminal import CACHE_HELP, FILE, FOLDER, cached, command, say, teller


def _tick_command(name: str, help_text: str, *, settling: bool) -> click.Command:
    @click.command(name, help=help_text)
    @click.argument("keys", nargs=-1)
    @click.option("--event", type=FILE, help="GitHub's event file, instead of keys.")
    @click.option("--event-name", help="Name of that event (default: GITHUB_EVENT_NAME).")
    @click.option("--folder", type=FOLDER, default=Path("patchgate-run"), show_default=True,
                  help="Files that travel between the rooms.")  # fmt: skip
    @click.option("--cache", type=FOLDER, help=CACHE_HELP)
    @click.option("--run", "run_name", default="", help="Name of the run (default: this one).")
    @click.option("--providers", default="", help="Model providers whose key propose will have.")
    def command(keys: tuple[str, ...], cache: Path | None, **given: Any) -> None:
        from patchgate.app.rooms import TickOptions, tick_room

        env = Environment.from_os()
        wanted = rung(env, keys, given["event"], given["event_name"])
        if not wanted:
            say("the event names no ticket: nothing to do")

        def work(place: Path) -> None:
            options = TickOptions(
                settling=settling,
                folder=given["folder"],
                cache=place,
                run=given["run_name"],
                providers=tuple(p for p in given["providers"].split(",") if p),
            )
            tick_room(env, wanted, Journal(teller(env)), options)

        cached(cache, work)

    return command


tick = _tick_command(
    "tick",
    "Look at tickets, decide and act; leave briefs where a model is to be asked.",
    settling=False,
)
settle = _tick_command("settle", "The same with the proposals of this run as input.", settling=True)


@click.command()
@click.option("--brief", type=FILE, required=True, help="The brief that tick left.")
@click.option("--checkout", type=FOLDER, required=True, help="A work tree of its start commit.")
@click.option("--out", type=FOLDER, required=True, help="Where the proposal is put.")
def propose(brief: Path, checkout: Path, out: Path) -> None:
    """Do one model task: brief and checkout in, proposal out; holds one model key only."""
    from patchgate.app.rooms import propose_room

    env = Environment.from_os()
    key, proposal = propose_room(env, brief, checkout, out)
    run = proposal.run
    counted = (f"{n} {name}" if n > 1 else name for name, n in Counter(run.tools).items())
    tools = ", ".join(counted) or "no tools"
    text = f"{proposal.task}: {run.outcome} in {run.steps} steps ({tools})"
    teller(env)(Line(key, "model", text))


@click.command()
@click.option("--proposal", type=FOLDER, required=True, help="The proposal's folder.")
@click.option("--checkout", type=FOLDER, required=True, help="A work tree of its start commit.")
@click.option("--order", type=FILE, required=True, help="The commands to run.")
@click.option("--out", type=FILE, required=True, help="Where the evidence is put.")
def check(proposal: Path, checkout: Path, order: Path, out: Path) -> None:
    """Run the repository's own commands on a proposed patch, in a sandbox, without any secret."""
    from patchgate.app.rooms import CheckInput, check_room

    given = CheckInput(proposal, checkout, order)
    env = Environment.from_os()
    evidence = check_room(env, given, out)
    teller(env)(Line("", "check", f"{evidence.level}: {evidence.reason}"))


@click.command()
def action() -> None:
    """Play one room as a step of an Actions job; all that it needs is in the environment."""
    from patchgate.app.action import play

    play(Environment.from_os(), say, command)
