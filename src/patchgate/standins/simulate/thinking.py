"""Models that answer from a script or by chance: what the propose room would leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from patchgate.app.desk import RunFolder
from patchgate.core.ids import Digest, RepoName, Sha, canonical, digest_bytes
from patchgate.core.plan import Plan, Triage
from patchgate.core.proposal import Outcome, Proposal, RunRecord, Task, Usage
from patchgate.standins.simulate.github import GitHubSite, Tree, patch_of

NO_PROMPT = digest_bytes(b"")


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model makes of a brief."""

    outcome: Outcome = Outcome.ANSWERED
    detail: str = ""
    files: Mapping[str, str | None] = field(default_factory=dict)
    """For a patch: path → the whole new text; None deletes."""
    plan: Plan | None = None
    triage: Triage | None = None
    summary: str = "what was done"
    questions: tuple[str, ...] = ()
    raw: bytes | None = None
    """Not a proposal at all, but these bytes."""
    silent: bool = False
    """The room is cancelled and leaves nothing."""
    dollars: float = 0.02
    minutes: float = 2.0


Brief = Mapping[str, Any]
"""A brief as the propose room reads it: plain JSON."""
Thinker = Callable[[Brief, Tree], Thought]
"""Answers a brief, given the tree of its start commit."""


def leave(folder: RunFolder, eid: str, thought: Thought, github: GitHubSite) -> None:
    """Write what the propose room would: `proposal.json` and, if there is one, `patch.diff`."""
    if thought.silent:
        return
    raw = folder.brief(eid).read_bytes()
    brief = json.loads(raw)
    out = folder.proposal(eid)
    out.mkdir(parents=True, exist_ok=True)
    if thought.raw is not None:
        (out / "proposal.json").write_bytes(thought.raw)
        return
    patch = _patch(brief, thought, github)
    if patch is not None:
        (out / "patch.diff").write_bytes(patch)
    proposal = _proposal(brief, digest_bytes(raw), thought, patch)
    (out / "proposal.json").write_bytes(canonical(proposal.model_dump(mode="json")))


def start_tree(brief: Brief, github: GitHubSite) -> Tree:
    """The checkout that the room is given."""
    return github.at(RepoName(brief["repo"]), Sha(brief["start"])).tree


def _patch(brief: Brief, thought: Thought, github: GitHubSite) -> bytes | None:
    if brief["task"] != Task.IMPLEMENT or thought.outcome is not Outcome.ANSWERED:
        return None
    old = start_tree(brief, github)
    changed = {p: (old.get(p), text) for p, text in thought.files.items() if old.get(p) != text}
    return patch_of(changed)


def _proposal(brief: Brief, context: Digest, thought: Thought, patch: bytes | None) -> Proposal:
    run = RunRecord(
        role="simulated",
        provider=brief["model"]["provider"],
        model=brief["model"]["model"],
        prompt_digest=NO_PROMPT,
        context_digest=context,
        usage=Usage(input=2_000, output=500),
        micro_dollars=int(thought.dollars * 1_000_000),
        duration_ms=int(thought.minutes * 60_000),
        steps=3,
        outcome=thought.outcome,
        detail=thought.detail,
    )
    return Proposal(
        brief=context,
        task=brief["task"],
        run=run,
        plan=thought.plan,
        triage=thought.triage,
        patch=None if patch is None else digest_bytes(patch),
        summary=thought.summary,
        questions=thought.questions,
    )
