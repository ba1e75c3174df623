"""Letters of other scripts that look like Latin ones, in names that a program or a path uses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule

_LOOKS_LIKE = {
    **dict(
        zip(
            "\u0430\u0432\u0435\u0437\u0456\u0458\u043e\u051b\u0455\u051d\u0443\u0445\u0441\u0440\u04bb\u0501\u04cf\u043a",
            "abe3ijoqswyxcphdlk",
            strict=True,
        )
    ),
    **dict(
        zip(
            "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u051a\u051c",
            "ABESIJKMHOPCTYXQW",
            strict=True,
        )
    ),
    **dict(
        zip(
            "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd\u03b9\u03ba\u03c1\u03c5\u03c7\u03b1",
            "ABEZHIKMNOPTYXovikpuxa",
            strict=True,
        )
    ),
    **dict(zip("\u0585\u0578\u057d\u0570\u0581\u053c\u054d\u054f", "onuhgLUS", strict=True)),
    **dict(
        zip(
            "\u13aa\u13f4\u13df\u13ac\u13bb\u13ab\u13e6\u13de\u13b7\u13e2\u13da\u13a2\u13d9\u13b3\u13c3",
            "ABCEHJKLMPSTVWZ",
            strict=True,
        )
    ),
    "\u0435": "e",
    "\u0433": "r",
    "\u0131": "i",
    "\u0261": "g",
    "\u0251": "a",
}
"""Cyrillic, Greek, Armenian and Cherokee letters, and Latin ones that are not ASCII.

A selection of https://www.unicode.org/Public/security/latest/confusables.txt.
"""
_NAME = re.compile(r"\w+")


def lookalikes(rule: Rule, case: Case) -> Iterator[Found]:
    """Added names, and parts of new paths, that a reader takes for other ones."""
    for change in case.changes(rule):
        found = None if change.path.isascii() else _deceiving(change.path, None)
        if change.status == "A" and found:
            yield change.path, f"its name holds {found}"
    if case.patch.rendered.isascii():
        return
    for file in case.lines(rule):
        for line in file.odd:
            found = None if line.isascii() else _deceiving(line, case)
            if found:
                yield file.path, f"adds {found}"


def _deceiving(text: str, case: Case | None) -> str:
    """The first name that is not what it looks like, with what it looks like.

    One of another script alone deceives only where the case has the plain name as well.
    """
    for name in _NAME.findall(text):
        if name.isascii():
            continue
        plain = "".join(_LOOKS_LIKE.get(char, char) for char in unicodedata.normalize("NFKC", name))
        if plain == name or not plain.isascii():
            continue
        mixed = any(char.isascii() and char.isalpha() for char in name)
        changed = unicodedata.normalize("NFKC", name).isascii()
        if mixed or changed or (case and plain in case.plain_names):
            return f"{_spelt(name)}, which reads as `{plain[:60]}`"
    return ""


def _spelt(name: str) -> str:
    """The name with every letter that is not ASCII written out."""
    shown = (char if char.isascii() else f"⟨U+{ord(char):04X}⟩" for char in name[:60])
    return "`" + "".join(shown) + "`"
