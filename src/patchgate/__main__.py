"""`python -m patchgate` and the command `patchgate`: Ctrl-C is quiet from the first moment."""

from __future__ import annotations

import gc
import sys

from patchgate.errors import INTERRUPTED

GARBAGE = 200_000
"""New objects before a look for garbage; some 30 MB when all of them are."""


def main() -> None:
    """Load the command line and run it; Ctrl-C while it loads is no traceback either.

    The client libraries are hundreds of thousands of objects that stay. Looking through them for
    garbage while they load takes a tenth of a step's time, so it is done more rarely than usual.
    """
    gc.set_threshold(GARBAGE, 50, 50)
    try:
        from patchgate.cli import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
