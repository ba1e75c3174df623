"""The facts on the ledger: past tense, frozen, versioned. The state is folded from nothing else.

Three families. *Facts* come from outside and carry the platform's own identity in `fact`, so that
seeing one again adds nothing. *Decisions* are what `decide` concluded. *Results* record effects.
`at` is the moment of recording (ISO 8601, UTC); times of the platforms stand in their own fields.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

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
    AnswerGiven,
    AttemptReserved,
    EvidenceReceived,
    PatchJudged,
    PatchProposed,
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
    | WriteRefused
    | PullPut
    | ProjectStopped
    | ProjectResumed
    | ItemFailed
    | ItemSucceeded
    | SweepDone,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Parses one event strictly from JSON or a dictionary."""

__all__ = [
    "EVENT",
    "AnswerGiven",
    "ApprovalVoided",
    "Approved",
    "AttemptReserved",
    "ChangesRequested",
    "ChecksSeen",
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
