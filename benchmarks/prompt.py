"""What every implement task pays before its first word about the ticket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.answers import FIRST_AT_ANY_ATTEMPT
from tests.e2e.lives import living

PER_TOKEN = 4
"""Characters; the usual rule of thumb for English text and JSON."""


@dataclass(frozen=True)
class Prompt:
    """Tokens by that rule, and whether two tickets' requests begin with the same bytes."""

    system: int
    tools: int
    schema: int
    """The answer's schema."""
    identical: bool

    @property
    def total(self) -> int:
        """System text and tool schemas together."""
        return self.system + self.tools


def measure(root: Path) -> Prompt:
    """Two different tickets, as their requests arrive at the model service."""
    with living(root, FIRST_AT_ANY_ATTEMPT) as life:
        life.ticket()
        life.settle()
        life.ticket("Greet the world in another way", "With a longer text.\n\n- and a list")
        life.settle()
        asked = [one.request for one in life.world.anthropic.exchanges]
        firsts = [body for body in asked if len(body["messages"]) == 1]
        prefixes = [_prefix(body) for body in firsts]
        if len(prefixes) != 2:
            raise RuntimeError(f"{len(prefixes)} conversations where two were expected")
        body = firsts[0]
        return Prompt(
            system=_tokens(body["system"]),
            tools=_tokens(body["tools"]),
            schema=_tokens(body.get("output_config", {})),
            identical=len(set(prefixes)) == 1,
        )


def _prefix(body: Any) -> str:
    """What a cache sees before the messages, in the service's own order: tools, then system."""
    return json.dumps([body["tools"], body["system"]])


def _tokens(part: Any) -> int:
    return -(-len(json.dumps(part, ensure_ascii=False)) // PER_TOKEN)
