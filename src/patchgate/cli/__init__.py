"""The command line: argv → one call. Errors become one message, its advice and an exit code."""

from __future__ import annotations

import sys

import click

from patchgate import __version__
from patchgate.app.environment import Environment
from patchgate.app.mishap import told
from patchgate.app.redact import Redactor
from patchgate.cli import offline, rooms, runs
from patchgate.cli.ledger import ledger
from patchgate.cli.policy import policy
from patchgate.cli.terminal import hear_libraries, say
from patchgate.errors import INTERRUPTED, UsageError

SECTIONS = {
    "Whole runs, on one machine": ("run", "sweep", "status", "stop"),
    "Rooms, one step of a run each": ("tick", "propose", "check", "settle", "action"),
    "Records": ("ledger",),
    "Policies, offline": ("policy",),
    "Offline, without keys": ("demo", "rehearse", "simulate"),
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


for _command in (
    *(rooms.tick, rooms.propose, rooms.check, rooms.settle, rooms.action),
    *(runs.run, runs.sweep, runs.status, runs.stop),
    *(ledger, policy, offline.demo, offline.rehearse, offline.simulate),
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; every error is one message with its own exit code."""
    hear_libraries()
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
