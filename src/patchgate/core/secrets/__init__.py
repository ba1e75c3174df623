"""Secrets in text: found by the rules of a file (data, in the usual schema) and by known values.

`load_secret_rules` reads a rule file, `SecretRules.find` names what it finds without repeating it,
and `KnownValues` looks for values that we hold ourselves, in every form that they could take.
"""

from __future__ import annotations

from patchgate.core.secrets.finding import SecretFound, SecretRules
from patchgate.core.secrets.known import KnownValues
from patchgate.core.secrets.reading import load_secret_rules

__all__ = ["KnownValues", "SecretFound", "SecretRules", "load_secret_rules"]
