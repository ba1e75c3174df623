"""One model task from brief to proposal: what the propose room does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from patchgate.agent.answers import ANSWERS, Implementation, Reply
from patchgate.agent.loop import Ask, Ended, Transcript, converse
from patchgate.agent.prompts import Prompt, Rendered
from patchgate.agent.tools import TOOLS, use
from patchgate.agent.workspace import Workspace
from patchgate.core.ids import Digest, digest_bytes, digest_json
from patchgate.core.plan import Plan, Review, Triage
from patchgate.core.proposal import Brief, Outcome, Proposal, RunRecord
from patchgate.errors import PatchgateError
from patchgate.ports import Clock, Model, ToolSpec

DETAIL = 2000
"""Characters of a reason that the proof ledger keeps."""


@dataclass(frozen=True, slots=True)
class Worktree:
    """A scratch checkout of the brief's start commit, and git's own diff of it."""

    root: Path
    diff: Callable[[], bytes]
    """Everything that differs from the start commit, new and ignored files too, as a patch."""
    patch: bytes = b""
    """The patch that lay beside the brief and is applied here; empty: none."""


@dataclass(frozen=True, slots=True)
class Performed:
    """A proposal, the patch that it names, and what was said on the way."""

    proposal: Proposal
    patch: bytes | None
    transcript: Transcript = field(repr=False)


def perform(
    brief: Brief, prompt: Prompt, *, model: Model, worktree: Worktree, clock: Clock
) -> Performed:
    """Do the brief's task; whatever the model does, a proposal with an outcome comes back."""
    began = clock.now()
    ask = _ask(brief, prompt, worktree.patch)
    names = prompt.header.tools
    space = Workspace(worktree.root)
    ended = converse(model, ask, clock=clock, use=lambda call: use(call, names, space))
    outcome, detail, patch = _judged(ended, worktree)
    record = RunRecord(
        role=prompt.header.role,
        provider=model.provider,
        model=ask.model,
        prompt_digest=_prompt_digest(ask),
        context_digest=brief.digest(),
        usage=ended.bill.usage,
        micro_dollars=ended.bill.micro_dollars,
        duration_ms=_milliseconds(began, clock.now()),
        steps=ended.bill.steps,
        tools=_called(ended.transcript),
        outcome=outcome,
        detail=detail[:DETAIL],
    )
    proposal = Proposal(
        brief=brief.digest(),
        task=brief.task,
        run=record,
        patch=None if patch is None else digest_bytes(patch),
        **_fields(ended),
    )
    return Performed(proposal, patch, ended.transcript)


def rendered(brief: Brief, prompt: Prompt, patch: bytes = b"") -> Rendered:
    """The prompt filled from the brief and the patch that lies beside it."""
    return prompt.render(_values(brief, patch))


def prompt_tools(prompt: Prompt) -> tuple[ToolSpec, ...]:
    """The tools that a prompt offers, as the model sees them."""
    return tuple(TOOLS[name].spec() for name in prompt.header.tools)


def _ask(brief: Brief, prompt: Prompt, patch: bytes) -> Ask:
    text = rendered(brief, prompt, patch)
    return Ask(
        model=brief.model.model,
        system=text.system,
        user=text.user,
        tools=prompt_tools(prompt),
        answer=ANSWERS[prompt.header.output],
        limits=brief.limits,
        tokens=prompt.header.budget.tokens,
    )


def _values(brief: Brief, patch: bytes) -> Mapping[str, object]:
    """What templates may use: the brief's fields, plans and items as JSON text."""
    return {
        "marker": f"Task: {brief.task} {brief.key} attempt {brief.attempt} run {brief.ordinal + 1}",
        "key": brief.key,
        "repo": brief.repo,
        "attempt": brief.attempt,
        "summary": brief.summary,
        "description": brief.description,
        "comments": brief.comments,
        "feedback": brief.feedback,
        "question": brief.question,
        "patch": patch.decode("utf-8", "replace"),
        "plan": _json(brief.plan),
        "item": _json(brief.item),
        "previous_plan": _json(brief.previous_plan),
    }


def _json(record: Any) -> str:
    """A record as JSON text; empty when there is none."""
    return "" if record is None else str(record.model_dump_json(indent=1, exclude_defaults=True))


def _judged(ended: Ended, worktree: Worktree) -> tuple[Outcome, str, bytes | None]:
    """The outcome once the worktree is looked at, why, and the patch of an implementer."""
    if not isinstance(ended.answer, Implementation):
        return ended.outcome, ended.detail, None
    try:
        patch = worktree.diff()
    except PatchgateError as error:
        return Outcome.FAILED, f"no diff of the worktree: {error.message}", None
    if patch:
        return Outcome.ANSWERED, "", patch
    if ended.answer.questions:
        return Outcome.QUESTION, "the model asks before it changes anything", None
    return Outcome.NO_CHANGE, "the model changed nothing", None


def _fields(ended: Ended) -> dict[str, Any]:
    """The answer's parts under the proposal's names."""
    answer = ended.answer
    if isinstance(answer, Plan):
        return {"plan": answer}
    if isinstance(answer, Triage):
        return {"triage": answer}
    if isinstance(answer, Review):
        return {"review": answer}
    if isinstance(answer, Implementation | Reply):
        return answer.model_dump()
    return {}


def _called(transcript: Transcript) -> tuple[str, ...]:
    """The names of the tools that were called, in order."""
    turns = [item for item in transcript if not isinstance(item, str | tuple)]
    return tuple(call.name for turn in turns for call in turn.calls)


def _prompt_digest(ask: Ask) -> Digest:
    tools = [[tool.name, tool.description, tool.schema] for tool in ask.tools]
    return digest_json([ask.system, tools, ask.answer.model_json_schema(), ask.user])


def _milliseconds(began: datetime, ended: datetime) -> int:
    return int((ended - began).total_seconds() * 1000)
