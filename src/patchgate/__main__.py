"""`python -m patchgate` and the command `patchgate`: Ctrl-C is quiet from the first moment."""

from __future__ import annotations

import sys

from patchgate.errors import INTERRUPTED


def main() -> None:
    """Load the command line and run it; Ctrl-C while it loads is no traceback either."""
    try:
        from patchgate.cli import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
