"""The remote's branches of ours at one moment, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patchgate.adapters.ledger.names import PROJECT_ID, Address, Branches, parse_stream
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError


@dataclass(frozen=True, slots=True)
class View:
    """All branches of ours, by full name.

    `may_initialise`: whether having none at all means a new ledger; otherwise it is damage.
    """

    branches: Branches
    refs: Mapping[str, Sha]
    may_initialise: bool

    @property
    def ledger(self) -> Sha | None:
        """Where the ledger branch is; None only for a new ledger that we may begin."""
        commit = self.refs.get(self.branches.ledger_ref)
        if commit is None and (self.refs or not self.may_initialise):
            raise self.missing()
        return commit

    def live(self, stream: StreamId) -> Sha | None:
        """Where a stream's live branch is."""
        return self.refs.get(self.branches.live_ref(stream))

    def lives(self) -> list[Address]:
        """The streams that have a live branch (a branch that is no stream's is passed over)."""
        prefix = self.branches.live_prefix
        names = (ref.removeprefix(prefix) for ref in self.refs if ref.startswith(prefix))
        return [home for home in map(parse_stream, names) if home is not None]

    def open(self) -> list[Address]:
        """The same in order, where the ledger branch is there."""
        return sorted(self.lives(), key=lambda home: home.stream) if self.ledger else []

    def lives_of(self, ticket: Address) -> list[Address]:
        """The live streams of a ticket by its issue id, whatever its key is now."""
        if ticket.issue_id == PROJECT_ID:
            return [home for home in self.lives() if home == ticket]
        return [home for home in self.lives() if home.issue_id == ticket.issue_id]

    def live_home(self, ticket: Address) -> Address | None:
        """The one live stream of a ticket; LedgerError when there are two."""
        mine = self.lives_of(ticket)
        if len(mine) > 1:
            names = " and ".join(home.stream for home in mine)
            raise LedgerError(
                f"issue id {ticket.issue_id} has two live branches: {names}",
                "Look at both; delete the one whose events nobody acted on.",
            )
        return mine[0] if mine else None

    def missing(self) -> LedgerError:
        """Why there is no ledger branch, and what to do."""
        name = self.branches.ledger
        if self.refs:
            return LedgerError(
                f"the ledger branch {name} is missing, but {len(self.refs)} other branches of "
                "ours are there",
                f"Restore {name} from a clone, or correct its name in the settings.",
            )
        return LedgerError(
            f"the ledger branch {name} does not exist",
            f"Create {name} once (`patchgate ledger init`), or restore it from a clone.",
        )
