"""`python -m benchmarks [wakeup|requests|prompt|ledger …]`: one table for each, all by default."""

from __future__ import annotations

import sys

from benchmarks import ledger, prompt, requests, wakeup
from benchmarks.table import Table

ALL = {
    "wakeup": wakeup.measure,
    "requests": requests.measure,
    "prompt": prompt.measure,
    "ledger": ledger.measure,
}


def main(names: list[str]) -> int:
    """Measure what was asked for; an unknown name is a usage error."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}\n")
        return 2
    for name in names or list(ALL):
        table: Table = ALL[name]()
        sys.stdout.write(f"\n{table.text()}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
