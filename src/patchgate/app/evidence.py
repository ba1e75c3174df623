"""Reads a person's word again from the platform that has it: a ledger entry alone opens nothing."""

from __future__ import annotations

from patchgate.app.observe import from_comment, request_digest, revised_at
from patchgate.core import events as e
from patchgate.core.approval import Word
from patchgate.core.events import Approved, CommandGiven, Evidence
from patchgate.core.ids import Digest, RepoName, TicketKey, short
from patchgate.core.rules import Rules
from patchgate.core.state import Publication, Workflow
from patchgate.errors import NotFoundError
from patchgate.ports import Change, Comment, ForgeReader, Look, Tracker

Proof = tuple[Word, Publication]


class EvidenceReader:
    """Finds approvals, commands and publications where they were made."""

    def __init__(self, tracker: Tracker, forge: ForgeReader, rules: Rules) -> None:
        self._tracker = tracker
        self._forge = forge
        self._rules = rules

    def reread(self, w: Workflow, grant: Approved) -> Proof | str:
        """The approver's word and the publication as they are now; a string says what is amiss."""
        evidence = grant.evidence
        try:
            word = self._word(evidence, grant)
            if isinstance(word, str):
                return word
            shown = self._publication(w, grant)
        except NotFoundError as error:
            return f"the evidence cannot be read again: {error.message}"
        return shown if isinstance(shown, str) else (word, shown)

    def command(self, evidence: Evidence) -> CommandGiven | None:
        """The command in the comment that the evidence names, as it stands there now."""
        said = self._comment(evidence)
        if said is None:
            return None
        given = from_comment(said, evidence.platform, evidence.target, self._rules, now=said.at)
        return given if isinstance(given, e.CommandGiven) else None

    # ── the word ─────────────────────────────────────────────────────────────────────────

    def _word(self, evidence: Evidence, grant: Approved) -> Word | str:
        if evidence.kind == "comment":
            given = self.command(evidence)
            if given is None or given.verb != "approve":
                return f"comment {evidence.id} is no approval (any more)"
            typed = given.argument.split()
            return Word(given.evidence, typed[0] if typed else "", given.edited)
        if evidence.platform == "jira" and evidence.kind in ("transition", "assignment"):
            return self._move(evidence, grant)
        return f"evidence of kind {evidence.kind} on {evidence.platform} opens nothing"

    def _move(self, evidence: Evidence, grant: Approved) -> Word | str:
        look = self._tracker.look(TicketKey(evidence.target))
        if evidence.kind == "assignment":
            return self._assignment(evidence, look, grant)
        change = next((c for c in look.changes if c.id == evidence.id), None)
        if change is None:
            return f"the changelog has no entry {evidence.id}"
        names = self._rules.statuses
        wanted = (names.plan_review.casefold(), names.in_progress.casefold())
        moved = (change.before.casefold(), change.after.casefold())
        if grant.what != "plan" or change.field != "status" or moved != wanted:
            return f"changelog entry {evidence.id} approves no {grant.what}"
        return Word(_as_told(evidence, change))

    def _assignment(self, evidence: Evidence, look: Look, grant: Approved) -> Word | str:
        if grant.what != "request":
            return f"an assignment approves no {grant.what}"
        ticket = look.ticket
        if evidence.id == "created":
            if ticket.reporter != evidence.author or ticket.created != evidence.at:
                return "the ticket was not created like that"
            return Word(evidence)
        change = next((c for c in look.changes if c.id == evidence.id), None)
        to_runner = change and change.after == self._rules.runner["jira"]
        if change is None or change.field != "assignee" or not to_runner:
            return f"the changelog has no assignment {evidence.id} to the runner"
        return Word(_as_told(evidence, change))

    # ── the publication ──────────────────────────────────────────────────────────────────

    def _publication(self, w: Workflow, grant: Approved) -> Publication | str:
        if grant.what == "request":
            return self._request(w, grant)
        platform = grant.evidence.platform
        known = w.published_on(platform, grant.subject)
        if known is None:
            return f"{short(grant.subject)} was never published on {platform}"
        place = Evidence(
            platform=platform,
            kind="comment",
            id=known.comment,
            target=grant.evidence.target,
            author="",
            at=known.at,
        )
        said = self._comment(place)
        if said is None or not self._rules.is_runner(platform, said.author):
            return f"the comment that published {short(grant.subject)} is gone or not ours"
        if short(grant.subject) not in said.body:
            return f"comment {known.comment} does not publish {short(grant.subject)}"
        return Publication(platform, said.id, said.at, grant.subject)

    def _request(self, w: Workflow, grant: Approved) -> Publication | str:
        look = self._tracker.look(TicketKey(w.key))
        present: Digest = request_digest(look.ticket)
        if present != grant.subject:
            return "the ticket's text changed after it was approved"
        return Publication(grant.evidence.platform, "", revised_at(look), present)

    def _comment(self, evidence: Evidence) -> Comment | None:
        if evidence.platform == "jira":
            comments = self._tracker.look(TicketKey(evidence.target)).comments
        elif evidence.platform == "github":
            repo, _, number = evidence.target.partition("#")
            comments = tuple(self._forge.comments(RepoName(repo), int(number)))
        else:
            return None
        return next((c for c in comments if c.id == evidence.id), None)


def _as_told(evidence: Evidence, change: Change) -> Evidence:
    return evidence.model_copy(update={"author": change.author, "at": change.at})
