"""A stream for people and for other tools: as text, and as one archive."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence

from patchgate.adapters.ledger.names import blob_name
from patchgate.core.chain import Link, join_lines, origin, tail, tip_bytes
from patchgate.core.events import EVENT
from patchgate.core.ids import Digest, StreamId, canonical, short

WIDTH = 160
"""How much of an event `show` prints."""


def show(links: Sequence[Link]) -> list[str]:
    """One line for each event: number, time, kind, content, short digest."""
    lines = []
    for one in links:
        content = EVENT.dump_python(one.event, mode="json", exclude_defaults=True)
        rest = {name: value for name, value in content.items() if name not in ("at", "kind")}
        text = canonical(rest).decode()
        shown = text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
        lines.append(f"{one.seq:>5}  {one.event.at}  {one.event.kind:<18}  {shown}")
        lines[-1] += f"  {short(one.digest)}"
    return lines


def export(stream: StreamId, links: Sequence[Link], blobs: Mapping[Digest, bytes]) -> bytes:
    """The stream as a tar: `<stream>/events.jsonl`, `tip.json` and `blobs/<sha256>`.

    The same stream always gives the same bytes: names are sorted, times and owners are nought.
    """
    end = tail(links, origin(stream))
    files = {"events.jsonl": join_lines(links), "tip.json": tip_bytes(stream, end)}
    files |= {f"blobs/{blob_name(digest)}": content for digest, content in blobs.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(f"{stream}/{name}")
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()
