"""What a person reads of a policy that is tried out, line by line; RefusedError ends a bad one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from patchgate.app.trial import Trial, Tried, golden, golden_beside, judged, policy_named, replay
from patchgate.core.characters import visible
from patchgate.core.policy import Policy, Rule
from patchgate.errors import RefusedError, UsageError


def check_lines(name: str, what: str, trial: Trial) -> Iterator[str]:
    """Every finding on a diff file, a commit or a range; RefusedError unless it is accepted."""
    tried = judged(policy_named(name), what, trial)
    yield from _told(tried)
    if tried.level != "ACCEPT":
        named = ", ".join(tried.rules) or "it is no patch that could be judged"
        raise RefusedError(f"{tried.level}: {named}", _next(tried))


def _told(tried: Tried) -> Iterator[str]:
    if tried.result is None:
        yield f"REFUSE  {tried.refused}"
        return
    for found in tried.result.violations:
        path = f"{found.path} " if found.path else ""
        yield f"{found.severity:<7} {found.rule:<22} {path}{found.message}"
    if tried.applied:
        count = len(tried.applied.changes)
        files = "1 file" if count == 1 else f"{count} files"
        yield f"{tried.level}: {files}, {tried.applied.lines:,} changed lines"


def _next(tried: Tried) -> str:
    if tried.level == "REFUSE":
        return "Nobody can override this: change the patch."
    return "Change the patch, or `/override <rule> <reason>` on the ticket, by an approver."


def explain_lines(name: str, rule: str | None) -> Iterator[str]:
    """One rule, or all of them in a line each; UsageError for one that is not there."""
    of = policy_named(name)
    if rule is None:
        for one in of.rules:
            yield f"{one.severity:<7} {one.id:<28} {one.sentence}"
        return
    found = of.rule(rule)
    if found is None:
        raise UsageError(f"{of.name} has no rule {rule!r}{_near(of, rule)}")
    yield from _explained(found)


def _near(of: Policy, rule: str) -> str:
    near = difflib.get_close_matches(rule, [one.id for one in of.rules], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


_MEANING = {
    "WARN": "is shown beside the patch, and lets it pass",
    "BLOCK": "parks the ticket until an approver overrides it for this patch",
    "REFUSE": "ends the attempt; nobody can override it",
}


def _explained(rule: Rule) -> Iterator[str]:
    yield f"{rule.id}: {rule.sentence}"
    yield f"  {rule.severity}: {_MEANING[rule.severity]}"
    yield f"  kind: {rule.kind}"
    yield f"  what to do: {rule.message}"
    if rule.limit is not None:
        yield f"  limit: {rule.limit:,}"
    for key in ("globs", "exempt", "needs", "imports", "patterns"):
        values = getattr(rule, key)
        if values:
            yield f"  {key}:"
            yield from (f"    {value}" for value in values)
    yield f"  more: docs/policies.md#{rule.id}"


def golden_lines(name: str, verdicts: Path | None) -> Iterator[str]:
    """Golden cases that are judged otherwise; RefusedError when there are any."""
    wrong = count = 0
    for case, tried in golden(policy_named(name), verdicts or golden_beside(name)):
        count += 1
        wanted, given = (case.expect, case.rules), (tried.level, tried.rules)
        if wanted != given:
            wrong += 1
            yield f"NO   {case.name}"
            yield f"     wanted {_verdict(*wanted)}"
            yield f"     given  {_verdict(*given)}{' — ' + tried.refused if tried.refused else ''}"
    yield f"{count - wrong} of {count} verdicts are as before"
    if wrong:
        raise RefusedError(
            f"{name} judges {wrong} of {count} golden cases differently",
            "Correct the policy, or the verdicts if the change is meant.",
        )


def _verdict(level: str, rules: tuple[str, ...]) -> str:
    return f"{level}" + (f" ({', '.join(rules)})" if rules else "")


def replay_lines(name: str, against: str, trial: Trial, *, spec: str, since: str) -> Iterator[str]:
    """Each commit that would flip, and the sum."""
    new, old = policy_named(name), policy_named(against)
    levels = {"ACCEPT": [0, 0], "ESCALATE": [0, 0], "REFUSE": [0, 0]}
    flips = count = 0
    for one in replay(new, old, trial, spec=spec, since=since):
        count += 1
        levels[one.before.level][0] += 1
        levels[one.after.level][1] += 1
        if one.flips:
            flips += 1
            come = [f"+{rule}" for rule in one.after.stops if rule not in one.before.stops]
            gone = [f"-{rule}" for rule in one.before.stops if rule not in one.after.stops]
            why = ", ".join(come + gone)
            yield f"{one.commit[:12]} {one.before.level} → {one.after.level}  {why}".rstrip()
            yield f"             {visible(one.subject)[:80]}"
    yield f"{count} commits, {flips} would flip"
    for level, (before, after) in levels.items():
        yield f"  {level:<9} {before:>6} → {after}"
