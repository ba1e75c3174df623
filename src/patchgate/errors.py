"""The error tree: every error names the thing, says what to do next and has an exit code.

    PatchgateError            1   something that should not happen; please report it
    ├── UsageError            2   the command line is wrong
    ├── ConfigError           3   settings, policy, prompt or routes are wrong or missing
    ├── CredentialError       4   a credential is missing, expired or may not do this
    ├── NotFoundError         5   a ticket, repository, branch or stream is not there
    ├── MalformedError        6   an event, artifact, proposal or answer cannot be understood
    ├── LedgerError           7   the ledger is damaged, rewritten or missing: nothing is guessed
    ├── ServiceError          8   a service is down, slow or limiting us: the next sweep goes on
    │   └── RateLimitedError  8   … and says when to come back
    ├── ConflictError         9   somebody else changed it first; the next wake-up decides again
    │   ├── LostRaceError     9   the ledger moved between read and append
    │   └── TakenError        9   an object of our name exists and is not ours
    └── RefusedError         10   a gate says no: not approved, or a key that the room must not hold
        └── UnreachableStatusError 10  Jira offers no transition to the status

Expected refusals inside the flow are Verdicts; exceptions leave the flow.
Adapters translate vendor errors into these at the edge; `cli` turns them into one message.
"""

from __future__ import annotations

from typing import ClassVar

INTERRUPTED = 130
"""Not an error: the exit code after Ctrl-C, as shells have it; the next wake-up goes on."""


class PatchgateError(Exception):
    """Root of the tree; `advice` is the next step for the person who reads the message."""

    exit_code: ClassVar[int] = 1
    default_advice: ClassVar[str] = "Please report this with the run's log."

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice or self.default_advice


class UsageError(PatchgateError):
    """The command line is wrong."""

    exit_code = 2
    default_advice = "See `patchgate --help`."


class ConfigError(PatchgateError):
    """Settings, a policy, a prompt or a route is wrong or missing."""

    exit_code = 3
    default_advice = "Correct the named key; docs/configuration.md lists them all."


class CredentialError(PatchgateError):
    """A credential is missing, expired, or may not do what was asked."""

    exit_code = 4
    default_advice = "Renew the named credential and give it to this room."


class NotFoundError(PatchgateError):
    """A ticket, repository, branch or stream is not there (or not visible to us)."""

    exit_code = 5
    default_advice = "Check the name, and that the account may see it."


class MalformedError(PatchgateError):
    """An event, artifact, proposal or answer cannot be understood."""

    exit_code = 6
    default_advice = "Nothing was changed; the next wake-up starts from a fresh read."


class LedgerError(PatchgateError):
    """The ledger is damaged, rewritten or missing; work stops and nothing is guessed."""

    exit_code = 7
    default_advice = "Run `patchgate ledger verify`, then restore the branch from a clone."


class ServiceError(PatchgateError):
    """A service is down or slow, or answered what it should never answer."""

    exit_code = 8
    default_advice = "Nothing is lost; the next sweep tries again."


class RateLimitedError(ServiceError):
    """A service limits us; `retry_after` is in seconds, None when it did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConflictError(PatchgateError):
    """Somebody else changed it first."""

    exit_code = 9
    default_advice = "The next wake-up reads again and decides again."


class LostRaceError(ConflictError):
    """The ledger moved between our read and our append."""


class TakenError(ConflictError):
    """An object of our name exists and is not ours."""

    default_advice = "Rename or remove it, then comment `/resume` on the ticket."


class RefusedError(PatchgateError):
    """A gate says no."""

    exit_code = 10
    default_advice = "See the reason; a person has to decide."


class UnreachableStatusError(RefusedError):
    """Jira offers no transition to a status; `available` lists the statuses it offers."""

    default_advice = "Add the transition to the Jira workflow, or map the status in settings."

    def __init__(self, status: str, available: tuple[str, ...], *, why: str = "") -> None:
        offered = ", ".join(available) or "none"
        reason = f" ({why})" if why else ""
        super().__init__(f"status {status!r} cannot be reached{reason}; Jira offers: {offered}")
        self.status = status
        self.available = available
        self.why = why
