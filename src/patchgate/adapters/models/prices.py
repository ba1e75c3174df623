"""What tokens cost: list prices as data, money in integer micro-dollars, unknown as None."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchgate.core.proposal import Usage
from patchgate.errors import ConfigError

MILLION = 1_000_000
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
"""A snapshot's date at the end of a model's name; the price is the undated model's."""


class Rates(BaseModel):
    """Micro-dollars for a million tokens of each kind; None is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    input: int | None = Field(ge=0)
    output: int | None = Field(ge=0)
    cache_read: int | None = Field(ge=0)
    cache_write: int | None = Field(ge=0)

    def cost(self, usage: Usage) -> int | None:
        """Micro-dollars, rounded up; None when a kind that was used has no known rate."""
        total = 0
        for kind in ("input", "output", "cache_read", "cache_write"):
            tokens, rate = getattr(usage, kind), getattr(self, kind)
            if tokens and rate is None:
                return None
            total += tokens * (rate or 0)
        return -(-total // MILLION)


class Price(Rates):
    """A model's rates; prompts of more than `long_above` tokens pay `long` for everything."""

    long_above: int | None = Field(default=None, ge=1)
    long: Rates | None = None
    source: str = ""

    def of_query(self, usage: Usage) -> int | None:
        """Micro-dollars of one query (not of a sum of queries: length decides the rate)."""
        prompt = usage.input + usage.cache_read + usage.cache_write
        if self.long_above is None or prompt <= self.long_above:
            return self.cost(usage)
        return None if self.long is None else self.long.cost(usage)


class Prices(BaseModel):
    """The price table, by model name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: str
    models: Mapping[str, Price]

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of one query of `model`; None when the table does not know."""
        price = self.models.get(model) or self.models.get(DATED.sub("", model))
        return None if price is None else price.of_query(usage)

    def with_models(self, models: Mapping[str, Price]) -> Prices:
        """The table with a consumer's own prices in place of ours."""
        return Prices(as_of=self.as_of, models={**self.models, **models})


def load_prices(path: Path | None = None) -> Prices:
    """Read a price table, by default the one that we ship; ConfigError when it is wrong."""
    name = "prices.json" if path is None else str(path)
    try:
        if path is None:
            text = resources.files(__package__).joinpath("prices.json").read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        return Prices.model_validate(json.loads(text))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigError(f"the price table {name} cannot be read: {error}") from error
