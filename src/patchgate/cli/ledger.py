"""Commands that look into the ledger, check it and take it along."""

from __future__ import annotations

from pathlib import Path

import click

from patchgate.app.doorbell import keys_of
from patchgate.app.environment import Environment
from patchgate.cli.terminal import CACHE_HELP, FILE, FOLDER, cached, say
from patchgate.errors import LedgerError


@click.group()
def ledger() -> None:
    """Look into the ledger, check it, take it along, bring it back."""


@ledger.command("init")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_init(cache: Path | None) -> None:
    """Create the ledger branch (nothing happens when it is there)."""
    from patchgate.app import bootstrap

    env = Environment.from_os()
    cached(cache, lambda place: bootstrap.keeper(env, place).ledger.initialise())
    say("the ledger branch is there")


@ledger.command("show")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="The lines as they are on the ledger.")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_show(key: str, as_json: bool, cache: Path | None) -> None:
    """Show one ticket's events, oldest first."""
    from patchgate.app.records import show_stream

    env = Environment.from_os()
    lines = cached(cache, lambda place: show_stream(env, keys_of([key])[0], place, as_json=as_json))
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
        else cached(cache, lambda place: verify_online(env, wanted, place, anchors=online))
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
    from patchgate.app.redact import leave, redactor

    env = Environment.from_os()
    content = cached(cache, lambda place: export_stream(env, keys_of([key])[0], place))
    leave(out, content, outlet=redactor(env), what="the ledger of this ticket")
    say(f"{out}: {len(content)} bytes")


@ledger.command("restore")
@click.argument("copies", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Do it; otherwise it is only said.")
@click.option("--cache", type=FOLDER, help=CACHE_HELP)
def ledger_restore(copies: tuple[Path, ...], write: bool, cache: Path | None) -> None:
    """Bring back damaged, cut or deleted streams from clones (folders) and exports (files).

    Only what is proven, what holds every head that is kept outside, and what loses no event.
    """
    from patchgate.app.records import restore

    env = Environment.from_os()
    report, due = cached(cache, lambda place: restore(env, copies, place, write=write))
    for line in report.lines:
        say(line)
    if due and not write:
        say(f"nothing was written yet: --write restores {due} of them")
    elif not report.lines:
        say("the copies hold no stream")
    if report.findings:
        raise LedgerError(
            f"{report.findings} of the streams cannot be restored from these copies",
            "Each line says why. Look for a newer clone or export; nothing was guessed.",
        )
