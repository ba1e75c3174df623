"""The gates G0 to G5: pure questions, each answered with its evidence (DESIGN.md §4)."""

from __future__ import annotations

from collections.abc import Sequence

from patchgate.core.events import ChecksSeen
from patchgate.core.ids import Digest, short
from patchgate.core.policy import PolicyResult
from patchgate.core.proposal import Outcome, RunRecord
from patchgate.core.verdict import Level, Verdict, compose

G0, G1, G2 = "G0 planning complete", "G1 reproducible", "G2 contained"
G3, G4, G5 = "G3 required checks green", "G4 architecture boundaries kept", "G5 safe to operate"
NOT_CONFIGURED = "not configured"
"""The reason of an optional gate that nobody asked for."""


def planning_complete(*, needed: bool, plan: Digest | None, approver: str | None) -> Verdict:
    """G0: the plan was approved by a named person, or this ticket needs none."""
    if not needed:
        return Verdict(G0, Level.PASS, "this ticket needs no plan of its own")
    if plan is None:
        return Verdict(G0, Level.BLOCK, "a plan is needed and there is none yet")
    if not approver:
        return Verdict(G0, Level.BLOCK, f"plan {short(plan)} waits for approval")
    return Verdict(G0, Level.PASS, f"plan {short(plan)} was approved by {approver}")


def reproducible(run: RunRecord | None, *, brief: Digest | None) -> Verdict:
    """G1: the run that made the patch answered, on exactly the brief that was reserved for it."""
    if run is None or brief is None:
        missing = "run" if run is None else "brief"
        return Verdict(G1, Level.UNKNOWN, f"the ledger has no {missing} for this patch")
    if run.context_digest != brief:
        reason = f"the run used context {short(run.context_digest)}, reserved was {short(brief)}"
        return Verdict(G1, Level.BLOCK, reason)
    if run.outcome is not Outcome.ANSWERED:
        return Verdict(G1, Level.BLOCK, f"the run ended with {run.outcome}, not with an answer")
    made = f"{run.provider} {run.model} on context {short(brief)}"
    return Verdict(G1, Level.PASS, f"made by {made}, prompt {short(run.prompt_digest)}")


def contained(result: PolicyResult | None) -> Verdict:
    """G2: the policy's own verdict on the applied tree."""
    if result is None:
        return Verdict(G2, Level.UNKNOWN, "the patch was not judged")
    inner = result.verdict
    reason = f"policy {short(result.policy)}: {inner.reason}"
    levels = {"ACCEPT": inner.level, "ESCALATE": Level.BLOCK, "REFUSE": Level.REFUSE}
    return Verdict(G2, levels[result.level], reason, (inner,))


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


def boundaries_kept(check: Verdict | None) -> Verdict:
    """G4: what the configured architecture check said."""
    if check is None:
        return Verdict(G4, Level.UNKNOWN, NOT_CONFIGURED)
    return Verdict(G4, check.level, check.reason, (check,))


def safe_to_operate(*, high_risk: bool | None, rollback: str) -> Verdict:
    """G5: a change of high risk says how to undo it; None means that risk is not rated here."""
    if high_risk is None:
        return Verdict(G5, Level.UNKNOWN, NOT_CONFIGURED)
    if not high_risk:
        return Verdict(G5, Level.PASS, "the risk is not high")
    if not rollback.strip():
        return Verdict(G5, Level.BLOCK, "the risk is high and nothing says how to undo it")
    return Verdict(G5, Level.PASS, f"undone by: {rollback.strip()[:200]}")


def together(gates: Sequence[Verdict]) -> Verdict:
    """All gates as one; only G4 and G5 may be left out, and only where not configured."""
    counted = [gate for gate in gates if not _left_out(gate)]
    return compose("gates", counted)


def _left_out(gate: Verdict) -> bool:
    return gate.name in (G4, G5) and gate.level is Level.UNKNOWN and gate.reason == NOT_CONFIGURED
