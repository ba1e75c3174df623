"""Golden verdicts: small changes, and what a policy has to say of each."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from pydantic import Field, model_validator

from patchgate.core.patch import SUBMODULE
from patchgate.core.plan import Record

Expected = Literal["ACCEPT", "ESCALATE", "REFUSE"]


class Content(Record):
    """A file that is more than plain text."""

    text: str = ""
    base64: str = ""
    mode: Literal["100644", "100755", "120000", "160000"] = "100644"

    @model_validator(mode="after")
    def _can_be_read(self) -> Content:
        try:
            base64.b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError("base64: cannot be decoded") from error
        return self

    @property
    def raw(self) -> bytes:
        """The bytes of it."""
        return base64.b64decode(self.base64) if self.base64 else self.text.encode()


Files = dict[str, str | Content | None]


class Case(Record):
    """One change and its verdict; `rules` are all that find something, in the policy's order."""

    name: str = Field(min_length=1, max_length=200)
    before: Files = Field(default_factory=dict)
    after: Files = Field(default_factory=dict, description="what changes; null deletes")
    patch: str = Field(default="", description="the patch itself, in place of `after`")
    words: str = ""
    scope: tuple[str, ...] | None = None
    overrides: tuple[str, ...] = ()
    expect: Expected
    rules: tuple[str, ...] = ()


class Golden(Record):
    """The file beside a policy."""

    version: Literal[1]
    cases: tuple[Case, ...] = Field(min_length=1, max_length=1000)


def stream(cases: tuple[Case, ...]) -> bytes:
    """All cases for `git fast-import`: branch `before-N`, and `after-N` on top of it."""
    out = bytearray()
    for at, case in enumerate(cases):
        _commit(out, f"before-{at}", {"kept": "kept\n", **case.before}, "")
        if not case.patch:
            _commit(out, f"after-{at}", case.after, f"refs/heads/before-{at}")
    return bytes(out)


def _commit(out: bytearray, name: str, files: Files, parent: str) -> None:
    out += f"commit refs/heads/{name}\n".encode()
    out += b"committer golden <golden@localhost> 1 +0000\ndata 0\n"
    out += f"from {parent}\n".encode() if parent else b""
    for path, given in files.items():
        quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if given is None:
            out += f"D {quoted}\n".encode()
            continue
        content = Content(text=given) if isinstance(given, str) else given
        if content.mode == SUBMODULE:
            out += f"M {SUBMODULE} {content.text} {quoted}\n".encode()
            continue
        out += f"M {content.mode} inline {quoted}\ndata {len(content.raw)}\n".encode()
        out += content.raw + b"\n"
    out += b"\n"
