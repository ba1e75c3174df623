"""An exception as one message: what it was, what to do next, and for the unforeseen a reference."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable
from pathlib import Path

import patchgate
from patchgate.errors import PatchgateError, UsageError

SAID = 200
"""Characters of the exception's own words that are shown."""
ADVICE = (
    "Nothing half-done counts: the next wake-up goes on from the ledger. PATCHGATE_DEBUG=1 or "
    "`patchgate --debug …` shows the traceback; please report it with the reference."
)


def told(
    error: Exception, clean: Callable[[str], str], *, debug: bool | str = False
) -> tuple[list[str], int]:
    """The lines for who reads the terminal, without secrets, and the exit code."""
    known = _foreseen(error)
    text, advice = (known.message, known.advice) if known else (_unforeseen(error, clean), ADVICE)
    lines = [trace(error, clean)] if debug else []
    code = known.exit_code if known else PatchgateError.exit_code
    return [*lines, f"patchgate: {clean(text)}", f"  next: {clean(advice)}"], code


def _foreseen(error: Exception) -> PatchgateError | None:
    """The error of ours that it is, a file or folder that cannot be used among them."""
    if isinstance(error, PatchgateError):
        return error
    if isinstance(error, OSError) and error.filename and error.strerror:
        advice = "Name a place that this user may read and write, with room left on its disk."
        return UsageError(f"{error.filename}: {error.strerror}", advice)
    return None


def _unforeseen(error: BaseException, clean: Callable[[str], str]) -> str:
    """One line; the reference is the same for the same fault in the same place."""
    place = _place(error)
    kind = type(error).__name__
    reference = hashlib.sha256(f"{kind} {place}".encode()).hexdigest()[:8]
    said = " ".join(clean(str(error)).split())[:SAID]
    words = f": {said}" if said else ""
    return f"something that should not happen: {kind} in {place}{words} (reference {reference})"


def trace(error: BaseException, clean: Callable[[str], str]) -> str:
    """The whole traceback, for who asked for it."""
    return clean("".join(traceback.format_exception(error))).rstrip()


def _place(error: BaseException) -> str:
    """The innermost line of our own that it went through."""
    root = Path(patchgate.__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if Path(f.filename).is_relative_to(root)]
    if not ours:
        return "a library"
    return f"{Path(ours[-1].filename).relative_to(root)}:{ours[-1].lineno}"
