"""Ringing for a ticket by `repository_dispatch`, which an Actions run's own token may do, too."""

from __future__ import annotations

from patchgate.adapters.github.connection import Connection
from patchgate.adapters.github.failures import told
from patchgate.core.ids import RepoName, TicketKey
from patchgate.core.wakeup import PAYLOAD_VERSION
from patchgate.errors import ServiceError


class GitHubDoorbell:
    """Plays the port `Doorbell` on the control repository."""

    def __init__(self, connection: Connection, control: RepoName, event_type: str) -> None:
        """`event_type` is what the consumer's workflow lists under `repository_dispatch`."""
        self._connection = connection
        self._control = control
        self._event_type = event_type

    def ring(self, key: TicketKey) -> None:
        """https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event"""
        self._dispatch({"v": PAYLOAD_VERSION, "issue": key}, key)

    def ring_sweep(self) -> None:
        """The same, for the sweep that goes on where this one ends."""
        self._dispatch({"v": PAYLOAD_VERSION, "sweep": True}, "a sweep")

    def _dispatch(self, payload: dict[str, object], what: str) -> None:
        with told(f"dispatch {what} to {self._control}", needs="contents: write"):
            repo = self._connection.repo(self._control)
            # False for 404 and 422, and the library does not say which.
            if not repo.create_repository_dispatch(self._event_type, payload):
                raise ServiceError(
                    f"{self._control} did not take the dispatch for {what}",
                    "Give the token contents: write; until then the schedule wakes the ticket.",
                )
