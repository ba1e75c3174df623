"""`python -m tests.histories [--record NAME …]`: renew what is decided; record histories anew.

Without arguments `decided/` is written again from the present code: read its diff before you
commit it. `--record` plays the named histories (`--record all`: each of them) and keeps them in
place of the old ones; that is for a new history, never for one that no longer replays.
"""

from __future__ import annotations

import sys

from tests.histories.recording import everything, record
from tests.histories.replay import DECIDED, load, names, told


def main(argv: list[str]) -> int:
    """0 always; says which files differ now."""
    wanted = argv[1:] if argv[:1] == ["--record"] else []
    for name in everything() if wanted == ["all"] else wanted:
        print(f"recorded {record(name)}")  # noqa: T201  # a command
    for name in names():
        path, text = DECIDED / f"{name}.txt", told(load(name))
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"decides otherwise: {path}")  # noqa: T201  # a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
