"""Stand-ins of both model APIs: the wire of each vendor, the answers from a script."""

from patchgate.standins.models.answers import Script, ScriptError, load_script, parse_script
from patchgate.standins.models.anthropic import AnthropicMessages
from patchgate.standins.models.obeying import Obeying, Order
from patchgate.standins.models.openai import OpenAIResponses

__all__ = [
    "AnthropicMessages",
    "Obeying",
    "OpenAIResponses",
    "Order",
    "Script",
    "ScriptError",
    "load_script",
    "parse_script",
]
