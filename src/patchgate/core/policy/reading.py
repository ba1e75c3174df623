"""From YAML to a Policy; which file, and from which branch, is the caller's affair."""

from __future__ import annotations

from patchgate.core.policy.model import Policy
from patchgate.core.yaml_model import read_model


def load_policy(text: str, source: str) -> Policy:
    """Read a policy; ConfigError names `source`, the line, the key and the nearest known key."""
    return read_model(Policy, text, source)
