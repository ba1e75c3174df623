"""The ledger on git branches; see docs/ledger.md for its format."""

from __future__ import annotations

from patchgate.adapters.ledger.export import export, show
from patchgate.adapters.ledger.ledger import GitLedger, Reading
from patchgate.adapters.ledger.names import Branches
from patchgate.adapters.ledger.restore import Action, Restoration
from patchgate.adapters.ledger.store import Remote
from patchgate.adapters.ledger.verify import verify_repository

__all__ = [
    "Action",
    "Branches",
    "GitLedger",
    "Reading",
    "Remote",
    "Restoration",
    "export",
    "show",
    "verify_repository",
]
