"""What the person at the terminal sees: who did what, which room ran, what a gate said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from patchgate.app.environment import Room
from patchgate.standins.demo.driver import Listener
from patchgate.standins.demo.paper import paper
from patchgate.standins.world import Bell

LINE = re.compile(r"(?P<key>(?:[A-Z][A-Z0-9_]*-[0-9]+)?) +(?P<kind>[a-z]+) +(?P<text>\S.*)")
"""A journal line of a room: key, kind, text."""
COLOURS = {
    "gate": "bold green",
    "check": "green",
    "model": "magenta",
    "jira": "blue",
    "github": "blue",
    "person": "cyan",
    "stop": "bold red",
    "wait": "yellow",
    "end": "bold green",
    "decide": "",
    "ledger": "",
}
"""The kinds of a room's lines; whatever else it prints is shown as it is."""
INDENT = 2
BULLET = re.compile(r" *• ")
KEPT_LINES = 40
"""Lines of a long comment that are shown: its beginning and its end."""


class Screen:
    """Prints a course of events; `names` turns account ids into names."""

    def __init__(self, console: Console, names: Mapping[str, str], *, pause: bool = False) -> None:
        self.console = console
        self._names = names
        self._pause = pause
        self._chapter = 0
        self._room = ""
        self._waits: dict[str, str] = {}
        """What each ticket was last said to wait for."""

    # ── the story ────────────────────────────────────────────────────────────────────────

    def chapter(self, title: str) -> None:
        """A heading; with `pause`, only after Enter."""
        self._chapter += 1
        if self._pause and self._chapter > 1:
            self._wait()
        self.console.print()
        title = f"{self._chapter} · {title}"
        self.console.print(Rule(Text(title, "bold"), align="left", style="dim"))

    def _wait(self) -> None:
        try:
            self.console.input("[dim]Enter goes on …[/]")
        except EOFError:
            self._pause = False  # nobody is there any more

    def person(self, who: str, what: str, quote: str = "") -> None:
        """Somebody does something; `quote` is what they write."""
        self._entry("●", f"{who} {what}", "cyan")
        if quote:
            self.console.print(Padding(Text(f"“{quote}”", "italic"), (0, INDENT, 0, 4)))

    def note(self, text: str, style: str = "dim") -> None:
        """A word of explanation."""
        self.console.print(Padding(Text(text, style), (0, 0, 0, INDENT)))

    def fact(self, text: str) -> None:
        """What is to be seen now, outside of patchgate."""
        self._entry("→", text, "bold")

    def document(self, title: str, body: dict[str, Any]) -> None:
        """A comment as a person reads it in Jira, shortened in the middle."""
        shown = Group(*map(_hung, _shortened(paper(body))))
        self.console.print(Padding(Panel(shown, title=title, title_align="left"), (0, 0, 0, 2)))

    def place(self, text: str) -> None:
        """A line to be copied: never wrapped."""
        self.console.print(" " * INDENT + text, soft_wrap=True, style="bold", markup=False)

    # ── what the driver hears ────────────────────────────────────────────────────────────

    def listener(self) -> Listener:
        """Who hears the driver and prints it all."""
        return Listener(self.bell, self.room, self.line, self.fault)

    def fault(self, fault: str) -> None:
        """A tool call of the model failed."""
        self.note(f"a tool call failed, and the model was told: {fault}")

    def bell(self, bell: Bell, keys: Sequence[str]) -> None:
        """An event of GitHub rang."""
        self._room = ""
        action = str(bell.payload.get("action", ""))
        detail = f".{action}" if action and bell.event != "repository_dispatch" else ""
        named = ", ".join(keys) or "no ticket of ours"
        self._entry("◇", f"{bell.event}{detail} rings for {named}", "yellow")

    def room(self, room: Room) -> None:
        """A room starts."""
        self._room = room.value

    def line(self, line: str) -> None:
        """A room said something."""
        found = LINE.fullmatch(line)
        if found is None or found["kind"] not in COLOURS:
            self.note(line)
            return
        text = self._named(found["text"])
        if found["kind"] == "wait":
            if self._waits.get(found["key"]) == text:
                return
            self._waits[found["key"]] = text
        self._row(found["key"], found["kind"], text, style=COLOURS[found["kind"]])

    def _row(self, key: str, kind: str, text: str, *, style: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=7)
        grid.add_column(width=5, style="dim")
        grid.add_column(width=6, style=style)
        grid.add_column(ratio=1, overflow="fold")
        room = Text(self._room.center(7), "reverse dim") if self._room else ""
        grid.add_row(room, key, kind, Text(text, style))
        self.console.print(Padding(grid, (0, 0, 0, INDENT)))
        self._room = ""

    def _entry(self, sign: str, text: str, style: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(Text(sign, style), Text(text, style))
        self.console.print(grid)

    def _named(self, text: str) -> str:
        for account, name in self._names.items():
            text = text.replace(account, name)
        return text


def _hung(line: Text) -> RenderableType:
    """A line of a list goes on below its words, not below its bullet."""
    bullet = BULLET.match(line.plain)
    if not bullet:
        return line
    grid = Table.grid()
    grid.add_column(width=bullet.end())
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(line[: bullet.end()], line[bullet.end() :])
    return grid


def _shortened(lines: Sequence[Text]) -> list[Text]:
    if len(lines) <= KEPT_LINES:
        return list(lines)
    half = KEPT_LINES // 2
    left_out = Text(f"[… {len(lines) - 2 * half} lines that the reader sees too …]", "dim")
    return [*lines[:half], left_out, *lines[-half:]]
