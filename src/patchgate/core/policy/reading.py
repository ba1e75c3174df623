"""From YAML to a Policy; which file, and from which branch, is the caller's affair."""

from __future__ import annotations

from collections.abc import Callable

from patchgate.core.policy.extending import Extension, NotExtensible, extended
from patchgate.core.policy.model import Policy
from patchgate.core.yaml_model import line_of, read_model, top_keys
from patchgate.errors import ConfigError

Source = tuple[str, str]
"""A policy's text, and its name for messages."""
DEEPEST = 5
"""Policies that may extend each other in a row."""


def load_policy(text: str, source: str, base: Callable[[str], Source] | None = None) -> Policy:
    """Read a policy; ConfigError names `source`, the line, the key and the nearest known key.

    `base` gives the policy that `extends` names; it raises ConfigError where there is none.
    """
    return _load(text, source, base, 1)


def _load(text: str, source: str, base: Callable[[str], Source] | None, depth: int) -> Policy:
    if "extends" not in top_keys(text, source):
        return read_model(Policy, text, source)
    extension = read_model(Extension, text, source)
    at = f"{source}:{line_of(text, ('extends',))}: extends"
    if base is None:
        raise ConfigError(f"{at}: a policy of this place extends no other")
    if depth >= DEEPEST:
        raise ConfigError(f"{at}: more than {DEEPEST} policies in a row; do they form a circle?")
    below = _load(*base(extension.extends), base, depth + 1)
    try:
        return extended(extension, below)
    except NotExtensible as error:
        line = line_of(text, error.keys)
        raise ConfigError(f"{source}:{line}: {'.'.join(error.keys)}: {error}") from error
