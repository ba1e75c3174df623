"""The end of the demo: what it took, whether the ledger holds, whether all came out as told."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from patchgate.app.doorbell import keys_of
from patchgate.app.narrate import dollars
from patchgate.app.records import export_stream, show_stream, verify_online
from patchgate.standins.demo.driver import Driver
from patchgate.standins.world import World


@dataclass(frozen=True)
class Expected:
    """What has to be true at the end."""

    project: str
    repo: str
    children: tuple[str, ...]
    human_commit: str
    untouched: bool
    """Whether GitHub held nothing but the ledger before the first patch was approved."""

    @property
    def parent(self) -> str:
        """The ticket that all is about."""
        return f"{self.project}-1"


@dataclass
class Bill:
    """Sums over streams of the ledger."""

    events: int = 0
    runs: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    micro_dollars: int = 0
    heads: dict[str, str] = field(default_factory=dict)


def reckon(driver: Driver, expected: Expected, console: Console, *, seconds: float) -> list[str]:
    """Print the table and what differs; the list of what differs, empty when all is well."""
    bill = bill_of(driver, (expected.parent, *expected.children))
    report = verify_online(driver.env, None, driver.folder / "cache", anchors=True)
    console.print()
    console.print(_table(driver, bill, seconds, report.lines[0] if report.lines else ""))
    problems = differences(driver.world, expected)
    problems += [f"ledger: {line}" for line in report.lines] if report.findings else []
    for problem in problems:
        console.print(f"[bold red]differs:[/] {problem}", markup=True)
    if not problems:
        console.print(
            f"[bold green]{expected.parent} is Done[/]: one pull request for each sub-task, the "
            "human commit kept, nothing written before it was approved."
        )
    return problems


def bill_of(driver: Driver, keys: tuple[str, ...]) -> Bill:
    """Events, runs, tokens and money of these tickets, read from the ledger."""
    bill = Bill()
    for key in keys_of(keys):
        lines = show_stream(driver.env, key, driver.folder / "cache", as_json=True)
        head = show_stream(driver.env, key, driver.folder / "cache", as_json=False)[0]
        bill.heads[key] = head.rpartition(" ")[2]
        bill.events += len(lines)
        for line in lines:
            _add_run(bill, _run_of(json.loads(line)))
    return bill


def _run_of(line: dict[str, Any]) -> dict[str, Any] | None:
    event = line.get("event", line)
    return event["record"] if event.get("kind") == "run-finished" else None


def _add_run(bill: Bill, run: dict[str, Any] | None) -> None:
    if run is None:
        return
    bill.runs += 1
    bill.tokens.update({name: int(count) for name, count in run.get("usage", {}).items()})
    bill.micro_dollars += run.get("micro_dollars") or 0


def _table(driver: Driver, bill: Bill, seconds: float, verdict: str) -> Table:
    table = Table(title="What it took", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("time", f"{seconds:.1f} s, {driver.runs} runs")
    table.add_row("events on the ledger", f"{bill.events} in {len(bill.heads)} streams")
    for name, count in requests_of(driver.world).items():
        table.add_row(name, count)
    table.add_row("model runs", str(bill.runs))
    tokens = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in bill.tokens.items())
    table.add_row("tokens", tokens or "none")
    table.add_row("cost", f"{dollars(bill.micro_dollars)} at list price (here: nothing)")
    table.add_row("ledger", verdict)
    for key, head in bill.heads.items():
        table.add_row(f"head of {key}", head)
    return table


def requests_of(world: World) -> dict[str, str]:
    """Requests by service, git apart from GitHub's REST."""
    rest = [one for one in world.github.exchanges if one.path.startswith("/api/v3/")]
    git = [one for one in world.github.exchanges if not one.path.startswith("/api/v3/")]
    rows = {"Jira": world.jira.exchanges, "GitHub, REST": rest, "GitHub, git": git}
    told = {}
    for name, exchanges in rows.items():
        writes = sum(1 for one in exchanges if one.effect)
        told[f"requests to {name}"] = f"{len(exchanges)}, {writes} of them writes"
    for service in (world.openai, world.anthropic):
        told[f"requests to {service.service}"] = str(len(service.exchanges))
    return told


def differences(world: World, expected: Expected) -> list[str]:
    """What is not as the story told it, in words."""
    found = []
    for key in (expected.parent, *expected.children):
        status = world.jira.issue(key).status
        if status != "Done":
            found.append(f"{key} is {status}, not Done")
    pulls = world.github.pulls(expected.repo)
    heads = sorted(p.pull.head for p in pulls if p.pull)
    if heads != [f"ai/{key}" for key in expected.children]:
        found.append(f"pull requests come from {', '.join(heads) or 'nowhere'}")
    bare = world.github.bare(expected.repo)
    main = bare.branch("main") or ""
    if not bare.is_ancestor(expected.human_commit, main):
        found.append(f"the human commit {expected.human_commit[:12]} is not on main")
    if not expected.untouched:
        found.append("something was on GitHub before the first patch was approved")
    return found


# ── what --keep leaves ───────────────────────────────────────────────────────────────────


LEFT_OUT = frozenset(
    {"users", "oauth_clients", "bearers", "index", "writes", "tokens", "apps", "spent"}
)
"""Parts of a state that hold credentials or mean nothing later."""


def leave(driver: Driver, root: Path) -> None:
    """Put both services' state and the ledger's export beside the bare repositories."""
    world = driver.world
    hub = dataclasses.asdict(world.github.snapshot().world)
    for name, state in (("jira", dataclasses.asdict(world.jira.snapshot())), ("github", hub)):
        kept = {key: value for key, value in state.items() if key not in LEFT_OUT}
        text = json.dumps(kept, indent=1, default=_plain, ensure_ascii=False)
        (root / f"{name}.json").write_text(text, encoding="utf-8")
    folder = root / "ledger"
    folder.mkdir(exist_ok=True)
    for issue in world.jira.state.issues.values():
        content = export_stream(driver.env, keys_of([issue.key])[0], driver.folder / "cache")
        (folder / f"{issue.key}.tar").write_bytes(content)
    shutil.rmtree(root / "github" / ".stand-in", ignore_errors=True)
    shutil.rmtree(driver.folder / "cache", ignore_errors=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(type(value).__name__)
