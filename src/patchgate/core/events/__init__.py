"""The facts on the ledger: past tense, frozen, versioned. The state is folded from nothing else.

Three families. *Facts* come from outside and carry the platform's own identity in `fact`, so that
seeing one again adds nothing. *Decisions* are what `decide` concluded. *Results* record effects.
`at` is the moment of recording (ISO 8601, UTC); times of the platforms stand in their own fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from patchgate.core.events.base import Evidence, Fact, Mode, Observed, Platform, Verb
from patchgate.core.events.decisions import (
    ApprovalVoided,
    Approved,
    ChangesRequested,
    ChildActivated,
    ChildEnded,
    Ended,
    InputHandled,
    ItemFailed,
    ItemSucceeded,
    OverrideGiven,
    Parked,
    PatchCleared,
    ProjectResumed,
    ProjectStopped,
    Reopened,
    Resumed,
    SweepDone,
    WorkStarted,
)
from patchgate.core.events.effects import (
    ChecksStarted,
    CommentPosted,
    EffectFailed,
    Intended,
    Intent,
    PatchAttached,
    PatchPublished,
    PullPut,
    StatusUnreachable,
    SubtaskCreated,
    TicketShown,
    WriteRefused,
)
from patchgate.core.events.facts import (
    ChecksSeen,
    CommandGiven,
    HeadMoved,
    NearMiss,
    PullSeen,
    ReviewGiven,
    RunnerAssigned,
    StatusMoved,
    TicketRevised,
    TicketUnseen,
    WorkflowOpened,
)
from patchgate.core.events.runs import (
    UNCHECKED,
    AnswerGiven,
    AttemptReserved,
    EvidenceReceived,
    PatchJudged,
    PatchProposed,
    PatchReviewed,
    PlanProposed,
    RunFinished,
    RunLost,
    Triaged,
    ViolationFound,
)

Event = Annotated[
    WorkflowOpened
    | TicketRevised
    | TicketUnseen
    | RunnerAssigned
    | StatusMoved
    | CommandGiven
    | NearMiss
    | ReviewGiven
    | PullSeen
    | ChecksSeen
    | HeadMoved
    | AttemptReserved
    | AnswerGiven
    | RunFinished
    | RunLost
    | Triaged
    | PlanProposed
    | PatchProposed
    | PatchJudged
    | PatchReviewed
    | EvidenceReceived
    | InputHandled
    | WorkStarted
    | Approved
    | PatchCleared
    | ApprovalVoided
    | ChangesRequested
    | Parked
    | Resumed
    | OverrideGiven
    | Ended
    | Reopened
    | ChildActivated
    | ChildEnded
    | Intended
    | EffectFailed
    | CommentPosted
    | TicketShown
    | StatusUnreachable
    | SubtaskCreated
    | PatchAttached
    | PatchPublished
    | ChecksStarted
    | WriteRefused
    | PullPut
    | ProjectStopped
    | ProjectResumed
    | ItemFailed
    | ItemSucceeded
    | SweepDone,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(defer_build=True))
"""Parses one event of any kind; prepared when it is first used, for that takes a while."""

KINDS: Mapping[str, type[Event]] = MappingProxyType(
    {kind.model_fields["kind"].default: kind for kind in get_args(get_args(Event)[0])}
)
"""The model of each kind, to read an event of a known kind without preparing all the others."""

__all__ = [
    "EVENT",
    "KINDS",
    "UNCHECKED",
    "AnswerGiven",
    "ApprovalVoided",
    "Approved",
    "AttemptReserved",
    "ChangesRequested",
    "ChecksSeen",
    "ChecksStarted",
    "ChildActivated",
    "ChildEnded",
    "CommandGiven",
    "CommentPosted",
    "EffectFailed",
    "Ended",
    "Event",
    "Evidence",
    "EvidenceReceived",
    "Fact",
    "HeadMoved",
    "InputHandled",
    "Intended",
    "Intent",
    "ItemFailed",
    "ItemSucceeded",
    "Mode",
    "NearMiss",
    "Observed",
    "OverrideGiven",
    "Parked",
    "PatchAttached",
    "PatchCleared",
    "PatchJudged",
    "PatchProposed",
    "PatchPublished",
    "PatchReviewed",
    "PlanProposed",
    "Platform",
    "ProjectResumed",
    "ProjectStopped",
    "PullPut",
    "PullSeen",
    "Reopened",
    "Resumed",
    "ReviewGiven",
    "RunFinished",
    "RunLost",
    "RunnerAssigned",
    "StatusMoved",
    "StatusUnreachable",
    "SubtaskCreated",
    "SweepDone",
    "TicketRevised",
    "TicketShown",
    "TicketUnseen",
    "Triaged",
    "Verb",
    "ViolationFound",
    "WorkStarted",
    "WorkflowOpened",
    "WriteRefused",
]
