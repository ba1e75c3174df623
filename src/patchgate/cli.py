"""The command line: argv → one call. Errors become one message, its advice and an exit code."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from patchgate import __version__
from patchgate.app.desk import Journal, Line
from patchgate.app.doorbell import keys_of, rung
from patchgate.app.environment import Environment
from patchgate.app.mishap import told
from patchgate.app.redact import Redactor
from patchgate.errors import LedgerError, UsageError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
CACHE_HELP = "Where git objects are kept between rooms (default: a folder that vanishes)."
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


def say(text: str, *, error: bool = False) -> None:
    """One line for the person at the terminal."""
    click.echo(text, err=error)


def teller(env: Environment) -> Callable[[Line], None]:
    """Prints journal lines as they happen, without this environment's secrets."""
    clean = Redactor(env)

    def tell(line: Line) -> None:
        say(f"{line.key:<12} {line.kind:<7} {clean(line.text)}")

    return tell


SECTIONS = {
    "Whole runs, on one machine": ("run", "sweep", "status", "stop"),
    "Rooms, one step of a run each": ("tick", "propose", "check", "settle"),
    "Records": ("ledger",),
    "Offline, without keys": ("demo", "rehearse"),
}


class Sections(click.Group):
    """Lists its commands by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section; a command of no section goes under `Others`."""
        named = {name for names in SECTIONS.values() for name in names}
        others = {"Others": tuple(n for n in self.list_commands(ctx) if n not in named)}
        for title, names in {**SECTIONS, **others}.items():
            known = [(n, self.commands[n].get_short_help_str(200)) for n in names]
            if known:
                with formatter.section(title):
                    formatter.write_dl(known)


@click.group(
    cls=Sections,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes and what to do for each: docs/operations.md. Variables: .env.example.",
)
@click.version_option(__version__, prog_name="patchgate")
@click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback with an error.")
def cli() -> None:
    """Turns Jira tickets into reviewed pull requests inside GitHub Actions."""


def main() -> None:
    """Run the command line; every error is one message with its own exit code."""
    try:
        cli.main(standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        say("patchgate: interrupted; nothing is lost", error=True)
        say("  next: The next wake-up goes on from the ledger.", error=True)
        sys.exit(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(UsageError.exit_code)
    except Exception as error:  # the one catch-all: nobody is shown a traceback unasked
        sys.exit(_told(error, Environment.from_os()))


def _told(error: Exception, env: Environment) -> int:
    """Say what went wrong and what to do next, without secrets; the exit code."""
    if isinstance(error, click.ClickException):
        ctx = error.ctx if isinstance(error, click.UsageError) else None
        path = ctx.command_path if ctx else "patchgate"
        error = UsageError(error.format_message(), f"See `{path} --help`.")
    lines, code = told(error, Redactor(env), debug="--debug" in sys.argv or env.patchgate_debug)
    for line in lines:
        say(line, error=True)
    return code


def _cached(cache: Path | None, use: Callable[[Path], Any]) -> Any:
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        return use(cache)
    with tempfile.TemporaryDirectory(prefix="patchgate-") as place:
        return use(Path(place))


# ── rooms ────────────────────────────────────────────────────────────────────────────────


def _tick_command(name: str, help_text: str, *, settling: bool) -> None:
    @cli.command(name, help=help_text)
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

        _cached(cache, work)


_tick_command(
    "tick",
    "Look at tickets, decide and act; leave briefs where a model is to be asked.",
    settling=False,
)
_tick_command("settle", "The same with the proposals of this run as input.", settling=True)


@cli.command()
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


@cli.command()
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


# ── whole runs ───────────────────────────────────────────────────────────────────────────


@cli.command()
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

    status = _cached(cache, play)
    if status:
        sys.exit(status)


@cli.command()
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
@click.option(
    "--since", default=30, show_default=True, help="Also tickets updated this many minutes ago."
)
@click.option("--plan", is_flag=True, help="Print the keys and do nothing.")
def sweep(cache: Path | None, since: int, plan: bool) -> None:
    """Wake every open ticket, heal what was lost, gather ended streams, leave a heartbeat."""
    from patchgate.app import bootstrap
    from patchgate.app.run import LocalRun
    from patchgate.app.sweep import gather, heartbeat, wanted

    env = Environment.from_os()

    def go(place: Path) -> int:
        desk = bootstrap.desk(env, Journal(teller(env)), cache=place / "cache")
        keys = wanted(desk, since)
        if plan:
            say("\n".join(keys))
            return 0
        local = LocalRun(env=env, folder=place / "run", cache=place / "cache")
        status = local.each(keys)
        gather(desk)
        heartbeat(desk, len(keys))
        return status

    status = _cached(cache, go)
    if status:
        sys.exit(status)


@cli.command()
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
            say("\n".join(standing(desk, one).lines(whole=True)))
        if wanted:
            return
        damaged: Damaged = []
        flows = open_workflows(desk, damaged)
        for w in flows:
            say("\n".join(describe(desk, w).lines(whole=False)))
        if not flows and not damaged:
            say("no open tickets")
        say("\n".join(projects(desk)))
        for name, error in damaged[1:]:
            say(f"{name}: {error.message}", error=True)
        if damaged:
            raise damaged[0][1]

    _cached(cache, go)


@cli.command()
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

    _cached(cache, go)


# ── ledger ───────────────────────────────────────────────────────────────────────────────


@cli.group()
def ledger() -> None:
    """Look into the ledger, check it, take it along."""


@ledger.command("init")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_init(cache: Path | None) -> None:
    """Create the ledger branch (nothing happens when it is there)."""
    from patchgate.app import bootstrap

    env = Environment.from_os()
    _cached(cache, lambda place: bootstrap.keeper(env, place).ledger.initialise())
    say("the ledger branch is there")


@ledger.command("show")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="The lines as they are on the ledger.")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_show(key: str, as_json: bool, cache: Path | None) -> None:
    """Show one ticket's events, oldest first."""
    from patchgate.app.records import show_stream

    env = Environment.from_os()
    lines = _cached(
        cache, lambda place: show_stream(env, keys_of([key])[0], place, as_json=as_json)
    )
    say("\n".join(lines))


@ledger.command("verify")
@click.argument("key", required=False)
@click.option("--clone", type=FOLDER, help="A clone of the ledger's repository: no network needed.")
@click.option("--online", is_flag=True, help="Also hold the heads kept outside against it.")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_verify(key: str | None, clone: Path | None, online: bool, cache: Path | None) -> None:
    """Check every hash chain; name the first bad event of each stream."""
    from patchgate.app.records import verify_clone, verify_online

    env = Environment.from_os()
    wanted = keys_of([key])[0] if key else None
    report = (
        verify_clone(clone)
        if clone
        else _cached(cache, lambda place: verify_online(env, wanted, place, anchors=online))
    )
    for line in report.lines:
        say(line)
    if report.findings:
        raise LedgerError(f"{report.findings} findings: the ledger is damaged")


@ledger.command("export")
@click.argument("key")
@click.argument("out", type=FILE)
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_export(key: str, out: Path, cache: Path | None) -> None:
    """Write one ticket's events and artifacts to a tar file."""
    from patchgate.app.records import export_stream

    env = Environment.from_os()
    content = _cached(cache, lambda place: export_stream(env, keys_of([key])[0], place))
    out.write_bytes(content)
    say(f"{out}: {len(content)} bytes")


# ── offline ──────────────────────────────────────────────────────────────────────────────


@cli.command()
@click.option("--keep", type=FOLDER, help="Leave the world here: repositories, ledger, Jira.")
@click.option("--pause", is_flag=True, help="Wait for Enter before each step.")
def demo(keep: Path | None, pause: bool) -> None:
    """Play one feature ticket's life on loopback stand-ins, offline and without keys."""
    from patchgate.standins.demo import play

    sys.exit(play(keep=keep, pause=pause))


@cli.command()
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
