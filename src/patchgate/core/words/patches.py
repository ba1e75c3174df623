"""What is said about a patch: exactly what would be written, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from patchgate.core.characters import visible
from patchgate.core.events import ViolationFound
from patchgate.core.ids import Digest, short
from patchgate.core.patch import ABSENT, AppliedPatch, FileChange
from patchgate.core.policy import PolicyResult
from patchgate.core.proposal import CheckLevel
from patchgate.core.reviewing import MODEL_REVIEW
from patchgate.core.words.inert import clip, code, fence, inert, line
from patchgate.core.words.reviews import ReviewFacts, review_section
from patchgate.core.words.shape import COMMENT_LIMIT, Step, bullets, comment, count, room, what_next

MOST_FILES, MOST_FINDINGS = 60, 30
_LEAST_DIFF = 400
"""Below that many characters a cut diff shows nothing worth showing."""


@dataclass(frozen=True, slots=True)
class PatchFacts:
    """Everything that an approver is shown of one patch."""

    key: str
    repo: str
    branch: str
    base: str
    """Full commit id that it applies to."""
    attempt: int
    digest: Digest
    patch: AppliedPatch
    judged: PolicyResult
    summary: str
    criteria: tuple[str, ...] = ()
    """Ids of acceptance criteria that the model claims to meet."""
    overridden: frozenset[str] = frozenset()
    advice: Mapping[str, str] = field(default_factory=dict)
    """What each rule tells a person, by rule id (`Policy.advice()`)."""
    check: CheckLevel | None = None
    """What the repository's own commands said; None when none ran."""
    check_reason: str = ""
    review: ReviewFacts | None = None
    """What a reviewing model said; None where none is asked."""
    held: bool = False
    """The review holds the patch up until an approver overrides it."""
    attachment: str = ""
    """Name of the file on the ticket that holds the whole patch; empty: there is none."""


def patch_comment(facts: PatchFacts, *, limit: int = COMMENT_LIMIT) -> str:
    """The patch for its approver; the diff is cut to what fits, and says so."""
    heading = f"{_HEADINGS[_stage(facts)]} · `{short(facts.digest)}`"
    ending = what_next(_sentence(facts), _steps(facts))
    sections = [section for section in _sections(facts) if section]
    diff = _diff(facts, room((f"### {heading}", *sections, ending), limit))
    return comment(heading, [*sections, diff], ending=ending, whole=_where(facts), limit=limit)


_HEADINGS = {
    "ACCEPT": "Patch for approval",
    "ESCALATE": "Patch stopped by the policy",
    "REFUSE": "Patch refused by the policy",
    "HELD": "Patch held up by the review",
}


def _stage(facts: PatchFacts) -> str:
    return "HELD" if facts.held and facts.judged.level == "ACCEPT" else facts.judged.level


def _sections(facts: PatchFacts) -> Iterator[str]:
    patch = facts.patch
    added = sum(change.added or 0 for change in patch.changes)
    removed = sum(change.removed or 0 for change in patch.changes)
    size = f"{count(len(patch.changes), 'file')}, +{added:,} -{removed:,} lines"
    yield (f"**{line(facts.repo)}** at {code(facts.base[:12])} · attempt {facts.attempt} · {size}")
    yield _policy(facts)
    yield _check(facts)
    yield review_section(facts.review, most=MOST_FINDINGS)
    yield "**What it does, in the model's words**"
    yield inert(facts.summary, 3_000) or "It says nothing."
    if facts.criteria:
        yield f"Says it meets {', '.join(line(one, 20) for one in facts.criteria[:50])}."
    yield bullets(map(_file, patch.changes), most=MOST_FILES, unit="files")


def _file(change: FileChange) -> str:
    if change.added is None:
        amount = f"binary, {change.size:,} bytes"
    else:
        amount = f"+{change.added:,} -{change.removed or 0:,}"
    kind = {"A": " new", "D": " deleted", "T": " another kind of file"}.get(change.status, "")
    modes = {change.old_mode, change.new_mode} - {ABSENT}
    mode = f" (mode {change.old_mode} → {change.new_mode})" if len(modes) > 1 else ""
    return f"{_path(change.path)} {amount}{kind}{mode}"


def _policy(facts: PatchFacts) -> str:
    found = facts.judged.violations
    wider = " It goes beyond the files of the plan." if facts.judged.wider else ""
    named = f"**Policy** {code(short(facts.judged.policy))}"
    if not found:
        return f"{named} found nothing against it.{wider}"
    lines = bullets(
        (_finding(violation, facts.overridden) for violation in found),
        most=MOST_FINDINGS,
        unit="findings",
    )
    rules = dict.fromkeys(violation.rule for violation in found)
    told = [f"*{line(rule)}*: {line(facts.advice[rule])}" for rule in rules if rule in facts.advice]
    return "\n\n".join(filter(None, [f"{named} found this.{wider}", lines, "  \n".join(told)]))


def _finding(violation: ViolationFound, overridden: frozenset[str]) -> str:
    lifted = violation.rule in overridden and violation.severity == "BLOCK"
    level = "overridden" if lifted else violation.severity
    path = f" {_path(violation.path)}" if violation.path else ""
    return f"**{level}** {code(violation.rule)}{path}: {line(violation.message, 160)}"


def _path(path: str) -> str:
    """A path short enough that a long one cannot push other lines out of the comment."""
    return code(clip(path, 160))


def _check(facts: PatchFacts) -> str:
    if facts.check is None:
        return ""
    reason = f" ({line(facts.check_reason)})" if facts.check_reason else ""
    return (
        f"**The repository's own checks** on this patch: {facts.check}{reason}. "
        "This is advice: a patch can bend its own tests."
    )


def _diff(facts: PatchFacts, space: int) -> str:
    """The diff of the trees in at most `space` characters, cut between lines."""
    whole = visible(facts.patch.rendered).rstrip("\n")
    shown = fence(whole, "diff") + (f"\n\n{_where(facts)}" if facts.attachment else "")
    if len(shown) <= space:
        return shown
    note = f"{_where(facts)} Read it before you approve."
    frame = len(fence(whole, "diff")) - len(whole) + len(f"\n\n{_cut(len(whole))} {note}")
    if space - frame < _LEAST_DIFF:
        return f"**The diff is too long to be shown here.** {note}"
    kept = whole[: space - frame].rpartition("\n")[0]
    missing = whole.count("\n") - kept.count("\n")
    return f"{fence(kept, 'diff')}\n\n{_cut(missing)} {note}"


def _cut(missing: int) -> str:
    return f"**Cut here: {count(missing, 'more line')}.**"


def _where(facts: PatchFacts) -> str:
    if facts.attachment:
        return f"The whole patch hangs on this ticket as {code(facts.attachment)}."
    return f"The whole patch is on the ledger as {code(facts.digest)}."


def _sentence(facts: PatchFacts) -> str:
    if facts.judged.level == "REFUSE":
        return "Nothing is written, and nobody can override this. A new attempt has to do better."
    if _stage(facts) in ("ESCALATE", "HELD"):
        return "The ticket is parked and nothing is written until a person has decided."
    return f"Nothing is written to {line(facts.repo)} until an approver approves exactly this."


def _steps(facts: PatchFacts) -> list[Step]:
    changes: Step = ("/changes what should be different", "asks for another attempt")
    reject: Step = ("/reject why", "ends the work on this ticket")
    if facts.judged.level == "REFUSE":
        return [changes, reject]
    if facts.judged.level == "ESCALATE":
        return [*_overrides(facts), changes, reject]
    if _stage(facts) == "HELD":
        lift = f"/override {MODEL_REVIEW} why it is right all the same"
        return [(lift, "lets it be approved all the same"), changes, reject]
    where = f"branch {code(facts.branch)} and opens the pull request"
    approve: Step = (f"/approve {short(facts.digest)}", f"writes it to {where}")
    return [approve, changes, ("/ask your question", "gets an answer"), reject]


def _overrides(facts: PatchFacts) -> list[Step]:
    blocking = dict.fromkeys(
        violation.rule
        for violation in facts.judged.violations
        if violation.severity == "BLOCK" and violation.rule not in facts.overridden
    )
    return [
        (f"/override {rule} why it is right here", "lifts this rule for this patch alone")
        for rule in list(blocking)[:10]
    ]
