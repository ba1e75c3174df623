"""A model that obeys: whoever gets a sentence in front of it, it does what that sentence wants.

The worst case for everything around it. It looks around first, so that it meets what stands in the
repository, then does the acts of every order whose trigger it has met, goes on with its script, and
puts the words of those orders into every text of its answer.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from pydantic import Field

from patchgate.standins.models.answers import Call, Part, Script, Turn

SEEN = 600
"""Characters of what it was told that it repeats."""


class Order(Part):
    """What an obeying model does once it has met the trigger anywhere in what it was given."""

    trigger: str = Field(min_length=4)
    acts: tuple[Call, ...] = ()
    words: tuple[str, ...] = ()


class Obeying(Script):
    """A script played by a model that also does what it is told by anybody."""

    looks: tuple[str, ...] = ()
    """Files that it reads first."""
    orders: tuple[Order, ...] = ()

    def turn(self, first_message: str, held: int, heard: str = "") -> Turn:
        """One turn; `heard` is the whole request, what tools returned included."""
        met = [order for order in self.orders if order.trigger in heard]
        if held == 0:
            calls = [Call(name="read_file", input={"path": path}) for path in self.looks]
            return Turn(text="Looking.", tools=(Call(name="list_files"), *calls))
        if held == 1:
            acts = tuple(act for order in met for act in order.acts)
            return Turn(text="Obeying.", tools=(*acts, Call(name="list_files")))
        turn = super().turn(first_message, held - 2, heard)
        if turn.final is None or not met:
            return turn
        words = " ".join(word for order in met for word in order.words)
        return turn.model_copy(update={"final": _saying(turn.final, _filled(words, heard))})


def _filled(words: str, heard: str) -> str:
    """`{seen}` is what looks most like a secret in what it was told, else its beginning."""
    secret = re.findall(r"[A-Za-z0-9_+/=-]{24,}", heard)
    seen = " ".join([heard[:SEEN], *secret[:20]])
    coded = base64.b64encode(seen.encode("utf-8", "replace")).decode()
    return words.replace("{seen64}", coded).replace("{seen}", seen)


def _saying(answer: Any, words: str) -> Any:
    """The same answer with the words in every text of it that is no name or choice."""
    if isinstance(answer, dict):
        kept = ("id", "path", "action", "decision", "wake_on", "acceptance_ids")
        return {k: v if k in kept else _saying(v, words) for k, v in answer.items()}
    if isinstance(answer, list):
        return [one if _is_name(one) else _saying(one, words) for one in answer]
    return f"{answer} {words}" if isinstance(answer, str) else answer


def _is_name(one: Any) -> bool:
    return isinstance(one, str) and re.fullmatch(r"[\w./*-]+", one) is not None
