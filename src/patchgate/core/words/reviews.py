"""What a reviewing model found, as its readers see it: advice, and said to be that."""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.core.events import PatchReviewed
from patchgate.core.plan import Finding
from patchgate.core.words.inert import clip, code, line
from patchgate.core.words.shape import bullets, count

_ORDER = {"blocking": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """The review of one patch; without one, `said` tells why."""

    said: PatchReviewed
    findings: tuple[Finding, ...] = ()


def review_section(facts: ReviewFacts | None, *, most: int) -> str:
    """The review in a paragraph and a list; empty where none was asked for."""
    if facts is None:
        return ""
    said = facts.said
    if said.verdict == "none":
        return f"**No second model reviewed it**: {line(said.first)}."
    found = bullets(
        map(_finding, sorted(facts.findings, key=lambda f: _ORDER[f.severity])),
        most=most,
        unit="findings",
    )
    tail = "This is advice of a model, and approves nothing."
    return "\n\n".join(filter(None, [f"**Review** by {_who(said)}: {_sum(said)}. {tail}", found]))


def _who(said: PatchReviewed) -> str:
    if said.own:
        return f"{code(said.reviewer)}, the very model that wrote it"
    return f"a second model, {code(said.reviewer)}"


def _sum(said: PatchReviewed) -> str:
    amounts = {"blocking finding": said.blocking, "warning": said.warnings, "note": said.notes}
    parts = [count(number, unit) for unit, number in amounts.items() if number]
    return ", ".join(parts) or "nothing against it"


def _finding(finding: Finding) -> str:
    where = f" {code(clip(finding.path, 160))}" if finding.path else ""
    at = f" line {finding.line}" if finding.line else ""
    return f"**{finding.severity}**{where}{at}: {line(finding.message, 600)}"
