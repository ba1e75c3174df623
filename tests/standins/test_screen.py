"""What the terminal shows of a demo or a rehearsal."""

from __future__ import annotations

import io

from rich.console import Console

from patchgate.standins.demo.screen import Screen


def screen(width: int = 60) -> tuple[Screen, io.StringIO]:
    shown = io.StringIO()
    return Screen(Console(file=shown, width=width), {"712020:leigh": "Leigh"}), shown


def test_what_a_ticket_waits_for_is_said_once_until_it_changes() -> None:
    here, shown = screen(100)
    for line in (
        "MWC-1 wait waits for approval of patch 1f4f (712020:leigh)",
        "MWC-1 wait waits for approval of patch 1f4f (712020:leigh)",
        "MWC-2 wait waits for approval of patch 1f4f (712020:leigh)",
        "MWC-1 wait waits for required checks of #1 (CI)",
        "MWC-1 wait waits for approval of patch 1f4f (712020:leigh)",
    ):
        here.line(line)
    said = [" ".join(line.split()) for line in shown.getvalue().splitlines()]
    patch = "wait waits for approval of patch 1f4f (Leigh)"
    checks = "MWC-1 wait waits for required checks of #1 (CI)"
    assert said == [f"MWC-1 {patch}", f"MWC-2 {patch}", checks, f"MWC-1 {patch}"]


def test_a_line_that_is_no_journal_line_is_shown_as_it_is() -> None:
    here, shown = screen()
    here.line("warning: [red]not markup[/red]")
    assert shown.getvalue().rstrip() == "  warning: [red]not markup[/red]"


def test_a_point_of_a_list_goes_on_below_its_words() -> None:
    here, shown = screen(30)
    words = {"type": "text", "text": "one point that is longer than its line"}
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": [words]}]}
    points = {"type": "bulletList", "content": [item]}
    here.document("MWC-1", {"type": "doc", "version": 1, "content": [points]})
    assert [line.strip(" │") for line in shown.getvalue().splitlines()[1:-1]] == [
        "• one point that is",
        "longer than its line",
    ]
    assert "│   longer" in shown.getvalue()
