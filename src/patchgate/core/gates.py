"""The gates G0 to G5 (DESIGN.md §4): questions, each answered with its evidence where it decides.

G0 stands before the work and before the write, G1 where a proposal arrives, G2, G4 and G5 where a
patch is written, G3 where a pull request counts as done.
"""

from __future__ import annotations

from collections.abc import Sequence

from patchgate.core.events import ChecksSeen
from patchgate.core.ids import Digest, short
from patchgate.core.policy import Kind, Policy, PolicyResult
from patchgate.core.proposal import RunRecord
from patchgate.core.state import Workflow
from patchgate.core.verdict import Level, Verdict, compose

G0, G1, G2 = "G0 planning complete", "G1 reproducible", "G2 contained"
G3, G4, G5 = "G3 required checks green", "G4 architecture boundaries kept", "G5 safe to operate"
NOT_CONFIGURED = "not configured"
"""The reason of an optional gate that the policy has no rule for."""
_OPTIONAL = {G4: Kind.BOUNDARIES, G5: Kind.SAFE_OPERATION}


def planning_complete(w: Workflow) -> Verdict:
    """G0: this work needs no plan of its own, or stands on one that people have let pass."""
    if w.parent:
        if w.parent_plan is None:
            return Verdict(G0, Level.BLOCK, f"the plan of {w.parent} is not named")
        return Verdict(G0, Level.PASS, f"an item of plan {short(w.parent_plan)} of {w.parent}")
    if not w.plan_required:
        return Verdict(G0, Level.PASS, "this ticket needs no plan of its own")
    if w.plan is None:
        return Verdict(G0, Level.BLOCK, "a plan is needed and there is none yet")
    grant = w.grant_for(w.plan.plan) or w.publishing_grant()
    if grant is None:
        return Verdict(G0, Level.BLOCK, f"plan {short(w.plan.plan)} waits for approval")
    given = f"approval of {grant.what} {short(grant.subject)} by {grant.approver}"
    return Verdict(G0, Level.PASS, f"plan {short(w.plan.plan)} stands on the {given}")


def reproducible(run: RunRecord, *, brief: Digest) -> Verdict:
    """G1: the run read exactly the brief that was reserved for it."""
    if run.context_digest != brief:
        reason = f"the run used context {short(run.context_digest)}, reserved was {short(brief)}"
        return Verdict(G1, Level.BLOCK, reason)
    made = f"{run.provider} {run.model} on context {short(brief)}"
    return Verdict(G1, Level.PASS, f"made by {made}, prompt {short(run.prompt_digest)}")


def checks_green(seen: ChecksSeen | None, *, head: str, allow_not_required: bool) -> Verdict:
    """G3: the required checks of exactly this head are green (or none is, where that may be)."""
    if seen is None:
        return Verdict(G3, Level.UNKNOWN, f"no check was read for {head[:12]}")
    if seen.head != head:
        reason = f"the checks read are those of {seen.head[:12]}, the head is {head[:12]}"
        return Verdict(G3, Level.UNKNOWN, reason)
    evidence = f"on {head[:12]}" + (f": {', '.join(seen.names)}" if seen.names else "")
    if seen.level == "green":
        return Verdict(G3, Level.PASS, f"green {evidence}")
    if seen.level == "not-required":
        level = Level.WARN if allow_not_required else Level.BLOCK
        allowed = "the settings allow that" if allow_not_required else "the settings forbid that"
        return Verdict(G3, level, f"the branch requires no check; {allowed}")
    detail = f" ({seen.detail})" if seen.detail else ""
    level = Level.BLOCK if seen.level == "red" else Level.UNKNOWN
    return Verdict(G3, level, f"{seen.level} {evidence}{detail}")


def patch_gates(result: PolicyResult, policy: Policy) -> tuple[Verdict, Verdict, Verdict]:
    """G2, G4 and G5: the policy's verdict on the tree, each of its rules under one of them."""
    of = {rule.id: rule.kind for rule in policy.rules}
    said = result.verdict.children
    contained = [child for child in said if of.get(child.name) not in _OPTIONAL.values()]
    kept, safe = (
        _optional(gate, [child for child in said if of.get(child.name) is kind])
        for gate, kind in _OPTIONAL.items()
    )
    return compose(G2, contained), kept, safe


def _optional(gate: str, said: Sequence[Verdict]) -> Verdict:
    return compose(gate, said) if said else Verdict(gate, Level.UNKNOWN, NOT_CONFIGURED)


def together(gates: Sequence[Verdict]) -> Verdict:
    """All gates as one; only G4 and G5 may be left out, and only where not configured."""
    return compose("gates", [gate for gate in gates if not _left_out(gate)])


def _left_out(gate: Verdict) -> bool:
    return gate.name in _OPTIONAL and gate.level is Level.UNKNOWN and gate.reason == NOT_CONFIGURED
