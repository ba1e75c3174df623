"""What is said about commits and pull requests: on the ticket, on GitHub and in git itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchgate.core.characters import visible
from patchgate.core.events import ChecksSeen
from patchgate.core.ids import Digest, Eid, short
from patchgate.core.plan import Criterion
from patchgate.core.words.inert import code, inert, line, link
from patchgate.core.words.reviews import ReviewFacts, review_section
from patchgate.core.words.shape import bullets, comment, what_next

MOST_FINDINGS = 15
SUBJECT = 72
"""Characters of a commit's subject."""


@dataclass(frozen=True, slots=True)
class PullFacts:
    """Everything that the description of our pull request says."""

    key: str
    ticket_url: str
    summary: str
    criteria: tuple[Criterion, ...]
    digest: Digest
    """The patch."""
    approver: str
    head: Digest
    """The ledger's head when it was written: an anchor outside of it."""
    eid: Eid
    review: ReviewFacts | None = None
    """What a reviewing model said before the approval; None where none was asked."""
    under: Digest | None = None
    """The plan or request that was approved, where that opened the gate; None: the patch itself."""


def pull_body(facts: PullFacts) -> str:
    """The description of the pull request; its last line marks it as ours."""
    criteria = [f"**{item.id}** {line(item.text)}" for item in facts.criteria]
    sections = [
        f"For {link(facts.key, facts.ticket_url)}.",
        inert(facts.summary),
        "**Acceptance criteria**\n\n" + bullets(criteria, most=50, unit="criteria")
        if criteria
        else "",
        review_section(facts.review, most=MOST_FINDINGS),
        _provenance(facts),
        what_next(
            "Review it as any other change. Merging it ends the ticket; asking for changes in a "
            "review, or `/changes …` in a comment, starts another attempt on this branch."
        ),
        f"<!-- patchgate:eid={re.sub('[^0-9a-f]', '', facts.eid)} -->",
    ]
    return "\n\n".join(filter(None, sections))


def _provenance(facts: PullFacts) -> str:
    who, patch = line(facts.approver), code(facts.digest)
    if facts.under in (None, facts.digest):
        approved = f"{who} approved exactly this patch, {patch}."
    else:
        approved = f"Patch {patch}, made under {code(facts.under or '')}, which {who} approved."
    return f"{approved}\n\nLedger head: {code(facts.head)}."


def commit_message(key: str, summary: str, *, patch: Digest, approver: str, head: str) -> str:
    """Subject `<KEY>: <short summary>` of at most 72 characters, and the trailers."""
    trailers = {
        "Work-Item": key,
        "Patch-Digest": patch,
        "Approved-By": approver,
        "Ledger-Head": head,
    }
    lines = [f"{name}: {_one_line(value)}" for name, value in trailers.items()]
    return "\n".join([_subject(key, summary, patch), "", *lines, ""])


def is_message_of(message: str, patch: Digest) -> bool:
    """Whether a commit's message names that patch, as `commit_message` does."""
    return f"Patch-Digest: {patch}" in message.splitlines()


def pull_comment(
    url: str,
    *,
    branch: str,
    commit: str,
    checks: ChecksSeen | None,
    updated: bool = False,
) -> str:
    """The pull request, told on the ticket; `checks` None: they have not been read yet."""
    done = "Pull request brought up to date" if updated else "Pull request opened"
    facts = f"{link(_name(url), url)} · branch {code(branch)} · commit {code(commit[:12])}"
    ending = what_next(
        "The required checks decide first, then it waits for review on GitHub. Merging it moves "
        "this ticket to Done; nobody has to touch it.",
        [("/changes what should be different", "asks for another attempt on the same branch")],
    )
    return comment(done, [facts, checks_sentence(checks)], ending=ending)


def checks_sentence(checks: ChecksSeen | None) -> str:
    """How the required checks stand, in a sentence."""
    if checks is None:
        return "Required checks: not reported yet."
    if checks.level == "not-required":
        return "Required checks: the branch asks for none."
    named = ", ".join(code(name) for name in checks.names[:20])
    detail = f" ({line(checks.detail)})" if checks.detail else ""
    return f"Required checks: **{checks.level}**" + (f": {named}" if named else "") + f"{detail}."


def _name(url: str) -> str:
    number = re.search(r"/pull/([0-9]+)$", url)
    return f"Pull request {number.group(1)}" if number else "Pull request"


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://")
_REFERENCE = re.compile(r"\s*#(?=\w)|@(?=\w)|\bGH-(?=[0-9])", re.IGNORECASE)
_BRACKETS = str.maketrans({"[": "(", "]": ")", "`": "'", "*": ""})


def _subject(key: str, summary: str, patch: Digest) -> str:
    """One quiet line: no reference that would close an issue, no word that would skip CI.

    Sources: https://docs.github.com/actions/managing-workflow-runs/skipping-workflow-runs and
    Jira's smart commits, which act on `KEY #word`.
    """
    text = _SCHEME.sub("", _one_line(summary).translate(_BRACKETS))
    text = " ".join(_REFERENCE.sub(" ", text).split()).rstrip(". ")
    text = re.sub(rf"^{re.escape(key)}\b[:\s-]*", "", text) or f"patch {short(patch)}"
    room = SUBJECT - len(key) - 2
    if len(text) > room:
        text = f"{text[: room - 1].rstrip()}…"
    return f"{key}: {text}"


def _one_line(text: str) -> str:
    return " ".join(visible(" ".join(text.split())).split())
