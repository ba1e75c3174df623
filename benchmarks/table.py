"""A small table: a title, columns, rows, and a note on how to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Table:
    """Figures of one benchmark."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    note: str = ""

    def text(self) -> str:
        """Aligned plain text."""
        cells = [self.columns, *self.rows]
        widths = [max(len(row[n]) for row in cells) for n in range(len(self.columns))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
        rule = "  ".join("-" * w for w in widths)
        body = "\n".join([lines[0], rule, *lines[1:]])
        return f"{self.title}\n{body}" + (f"\n{self.note}" if self.note else "")


def middle(seconds: list[float]) -> float:
    """The median."""
    return median(seconds)
