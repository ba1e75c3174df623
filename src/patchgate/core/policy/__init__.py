"""The policy: rules as data, read strictly, and how a patch's tree is judged by them."""

from __future__ import annotations

from patchgate.core.policy.judging import EMPTY_PATCH, PolicyResult, Scope, judge
from patchgate.core.policy.model import Kind, Policy, Rule, Severity, limited
from patchgate.core.policy.reading import load_policy

__all__ = [
    "EMPTY_PATCH",
    "Kind",
    "Policy",
    "PolicyResult",
    "Rule",
    "Scope",
    "Severity",
    "judge",
    "limited",
    "load_policy",
]
