"""Model providers behind the port: one module per vendor, and what is common to their wires.

Importing this package imports no SDK; constructing a model does.
"""

from patchgate.adapters.models.anthropic import AnthropicModel
from patchgate.adapters.models.openai import OpenAIModel
from patchgate.adapters.models.prices import Price, Prices, load_prices

__all__ = ["AnthropicModel", "OpenAIModel", "Price", "Prices", "load_prices"]
