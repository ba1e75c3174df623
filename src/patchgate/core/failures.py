"""How an attempt or a run failed, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from patchgate.core.proposal import Outcome

_PHRASES: Mapping[str, str] = MappingProxyType(
    {
        Outcome.NO_CHANGE: "the model changed nothing",
        Outcome.REFUSED: "the model refused",
        Outcome.TRUNCATED: "the answer broke off",
        Outcome.INVALID: "the answer could not be used",
        Outcome.LIMIT_STEPS: "the model ran out of steps",
        Outcome.LIMIT_TOKENS: "the model ran out of tokens",
        Outcome.LIMIT_MONEY: "the model ran out of money",
        Outcome.LIMIT_TIME: "the model ran out of time",
        "ci": "required checks were red",
        "policy": "the policy stopped it",
        "reviewer": "the reviewing model asked for changes",
    }
)
"""By the first word of a signature. A run that failed by itself tells enough in its detail."""
_FAILED = f"{Outcome.FAILED}: "


def in_words(signature: str) -> str:
    """A failure's signature (`<outcome or source>: <detail>`) as a phrase; other texts as is."""
    kind, _, detail = signature.partition(": ")
    if kind in _PHRASES:
        return f"{_PHRASES[kind]} ({detail})" if detail else _PHRASES[kind]
    return signature.removeprefix(_FAILED)
