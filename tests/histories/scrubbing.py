"""A recorded event without what belongs to the machine it was made on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from patchgate.core.chain import Link
from patchgate.core.ids import canonical

PLACES = (
    (re.compile(r"https?://(127\.0\.0\.1|localhost):\d+"), "https://standin.test"),
    (re.compile(r"\blocal:[^\s\"/]+/\d+/[\w.]+"), "local:machine/1/1"),
    (re.compile(r"\bsimulated:\d+"), "local:machine/1/1"),
    (re.compile(r"712020:ai-runner"), "acc-runner"),
    (re.compile(r"712020:(\w+)"), r"acc-\1"),
    (re.compile(r"\b(leigh|robin|sam)-acme\b"), r"\1"),
)
LEFT = re.compile(
    r"127\.0\.0\.1|localhost|/tmp/|/home/|/root/|712020|simulated:|\blocal:(?!machine)"
)
"""What must not be left."""


def scrubbed(streams: Mapping[str, Iterable[Link]]) -> bytes:
    """All events of these streams, one canonical line each."""
    lines = []
    for stream, links in sorted(streams.items()):
        for link in links:
            value: dict[str, Any] = {"event": json.loads(link.line)["event"], "stream": stream}
            text = canonical(value).decode()
            for pattern, word in PLACES:
                text = pattern.sub(word, text)
            lines.append(canonical(json.loads(text)))
    return b"".join(line + b"\n" for line in lines)
