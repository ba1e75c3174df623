"""Names that no patch may give to a file: where git, a shell or a reader would be led astray.

And names that a patch should not give: Windows has no place for them.
"""

from __future__ import annotations

import re

from patchgate.core.characters import hidden_at, name
from patchgate.core.globs import fold

LONGEST_NAME, LONGEST_PATH, DEEPEST = 255, 1_024, 64
"""Bytes of one component and of a whole path, and components: what file systems take with ease."""
_SEPARATORS = re.compile(r"[/\\]")
_DRIVE = re.compile(r"^[A-Za-z]:")
_AS_WINDOWS_SHORTENS_IT = re.compile(r"(?=[^.]{3,8}(?:\.|$))[^.~]+~[0-9]+(?:\.[^.]{0,3})?")
"""`git~1` is `.git` there; `GITHUB~1` or `MCP~1.JSO` go into what they stand for."""

_BARRED_BY_WINDOWS = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9\u00b9\u00b2\u00b3]) *(?:\..*)?",
    re.IGNORECASE,
)
"""A component that names a device there, whatever its ending: `aux.h` is `AUX`."""


def unsafe_path(path: str) -> str:
    """Why the path is refused, or an empty string.

    Git's own names are compared as HFS+ and NTFS fold them, see `verify_path` and `is_ntfs_dotgit`
    in https://github.com/git/git/blob/master/path.c.
    """
    if not path:
        return "it has no name"
    if _is_too_long(path):
        return "its name is longer than file systems take"
    if any("\ud800" <= char <= "\udfff" for char in path):
        return "its name is not UTF-8"
    hidden = hidden_at(path) or [at for at, char in enumerate(path) if char in "\n\t"]
    if hidden:
        return f"its name holds {name(path[hidden[0]])}"
    if path[0] in "/\\" or _DRIVE.match(path):
        return "its name is absolute"
    return next(filter(None, map(_unsafe_part, _SEPARATORS.split(path))), "")


def unportable_name(path: str) -> str:
    """Why no checkout on Windows can hold the path, or an empty string.

    See https://learn.microsoft.com/windows/win32/fileio/naming-a-file, and `is_valid_win32_path` in
    https://github.com/git/git/blob/master/compat/mingw.c, which refuses the same.
    """
    barred = _BARRED_BY_WINDOWS.search(path)
    if barred:
        return f"holds a `{barred[0]}`, which no name has on Windows"
    device = next(filter(None, map(_DEVICE.fullmatch, path.split("/"))), None)
    return f"is the device {device[1].upper()} on Windows" if device else ""


def _is_too_long(path: str) -> bool:
    if len(path) <= LONGEST_NAME // 4:
        return False
    raw = path.encode("utf-8", "surrogateescape")
    parts = raw.split(b"/")
    longest = max(len(part) for part in parts)
    return longest > LONGEST_NAME or len(raw) > LONGEST_PATH or len(parts) > DEEPEST


def _unsafe_part(part: str) -> str:
    if not part or part in (".", ".."):
        return "its name leads elsewhere (`.`, `..` or nothing between slashes)"
    folded = fold(part)
    if folded in (".git", ".", ".."):
        return "it lies in git's own folder"
    if part[-1] in ". ":
        return "its name ends in what Windows drops"
    if _AS_WINDOWS_SHORTENS_IT.fullmatch(folded):
        return "on Windows it is the short name of another file"
    return ""
