"""The judgement: every rule over the tree, overrides taken into account, one level for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patchgate.core.characters import visible
from patchgate.core.events import UNCHECKED, ViolationFound
from patchgate.core.ids import Digest
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy.case import Case, Found, Scope
from patchgate.core.policy.finding import find
from patchgate.core.policy.model import Kind, Policy, Rule, Severity
from patchgate.core.verdict import Level, Verdict, attempt, compose, describe

MAX_FOUND = 20
"""How many findings of one rule are kept; the rest is counted."""
MAX_PATH = 300
EMPTY_PATCH = "empty-patch"
"""The name under which a patch that changes nothing is refused, whatever the policy says."""

Judgement = Literal["ACCEPT", "ESCALATE", "REFUSE"]
Judged = tuple[Verdict, tuple[ViolationFound, ...]]

__all__ = [
    "EMPTY_PATCH",
    "MAX_FOUND",
    "Judgement",
    "PolicyResult",
    "Scope",
    "judge",
]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What the policy says of one patch, and why."""

    level: Judgement
    wider: bool
    """Whether some path lies outside the scope (False when there is no plan to be outside of)."""
    violations: tuple[ViolationFound, ...]
    """All findings, overridden ones too."""
    verdict: Verdict
    policy: Digest

    def told(self, most: int) -> tuple[ViolationFound, ...]:
        """The findings, cut to `most` but never so that a rule goes unnamed."""
        first = dict(reversed([(v.rule, at) for at, v in enumerate(self.violations)]))
        kept = set(first.values())
        for at in range(len(self.violations)):
            if len(kept) >= most:
                break
            kept.add(at)
        return tuple(self.violations[at] for at in sorted(kept))


def judge(
    applied: AppliedPatch,
    policy: Policy,
    *,
    scope: Scope | None,
    overrides: frozenset[str] = frozenset(),
    words: str = "",
) -> PolicyResult:
    """Judge a patch by its tree; total: a rule that raises blocks under its own name.

    `scope` None means that the ticket has no plan. `overrides` are ids of rules; they lift BLOCK
    and never REFUSE. `words` is what the proposal says of itself, as the approver reads it.
    """
    case = Case(applied, scope, words, policy.secrets)
    judged = [
        _judge_rule(rule, case, overridden=rule.id in overrides)
        for rule in _that_apply(policy, scope)
    ]
    if not applied.changes:
        judged.insert(0, _refuse_empty())
    verdict = compose(f"policy {policy.name}", [one for one, _ in judged])
    return PolicyResult(
        level=_LEVELS[verdict.level],
        wider=_is_wider(applied, scope),
        violations=tuple(violation for _, found in judged for violation in found),
        verdict=verdict,
        policy=policy.digest(),
    )


_LEVELS: dict[Level, Judgement] = {
    Level.PASS: "ACCEPT",
    Level.WARN: "ACCEPT",
    Level.UNKNOWN: "ESCALATE",
    Level.BLOCK: "ESCALATE",
    Level.REFUSE: "REFUSE",
}


def _that_apply(policy: Policy, scope: Scope | None) -> tuple[Rule, ...]:
    return tuple(r for r in policy.rules if r.kind is not Kind.SCOPE or scope is not None)


def _is_wider(applied: AppliedPatch, scope: Scope | None) -> bool:
    """Counts as wider where the scope itself cannot be read."""
    if scope is None:
        return False
    outside = attempt(lambda: list(scope.outside(applied)))
    return isinstance(outside, Exception) or bool(outside)


def _judge_rule(rule: Rule, case: Case, *, overridden: bool) -> Judged:
    judged = attempt(lambda: _look(rule, find(rule, case), overridden=overridden))
    if isinstance(judged, Exception):
        return _broken(rule, judged, overridden=overridden)
    return judged


def _look(rule: Rule, found: list[Found], *, overridden: bool) -> Judged:
    if not found:
        return Verdict(rule.id, Level.PASS, f"not {rule.sentence}"), ()
    violations = tuple(_violation(rule, one) for one in found[:MAX_FOUND])
    if len(found) > MAX_FOUND:
        violations += (_violation(rule, ("", f"and {len(found) - MAX_FOUND:,} more")),)
    summary = "; ".join(f"{v.path} {v.message}".strip() for v in violations[:3])
    more = f"; and {len(found) - 3:,} more" if len(found) > 3 else ""
    return _verdict(rule, summary + more, overridden=overridden), violations


def _verdict(rule: Rule, summary: str, *, overridden: bool) -> Verdict:
    if overridden and rule.severity is Severity.BLOCK:
        return Verdict(rule.id, Level.WARN, f"overridden by a person: {summary}")
    return Verdict(rule.id, Level(rule.severity), summary)


def _broken(rule: Rule, error: Exception, *, overridden: bool) -> Judged:
    """A rule that could not be checked blocks; a person may lift that unless it is REFUSE."""
    final = rule.severity is Severity.REFUSE
    message = f"{UNCHECKED} ({describe(error)}); treated as found"
    message += ", and nobody can override it" if final else ""
    severity: Literal["BLOCK", "REFUSE"] = "REFUSE" if final else "BLOCK"
    violation = ViolationFound(rule=rule.id, severity=severity, message=message)
    lifted = overridden and not final
    level = Level.WARN if lifted else Level.BLOCK
    reason = f"overridden by a person: {message}" if lifted else message
    return Verdict(rule.id, level, f"the rule {rule.id} {reason}"), (violation,)


def _violation(rule: Rule, found: Found) -> ViolationFound:
    path, message = found
    shown = visible(path[:MAX_PATH]) + ("…" if len(path) > MAX_PATH else "")
    return ViolationFound(
        rule=rule.id, severity=rule.severity.value, path=shown, message=visible(message)
    )


def _refuse_empty() -> Judged:
    message = "the patch changes nothing"
    violation = ViolationFound(rule=EMPTY_PATCH, severity="REFUSE", message=message)
    return Verdict(EMPTY_PATCH, Level.REFUSE, message), (violation,)
