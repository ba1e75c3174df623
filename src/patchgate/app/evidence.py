"""Reads a person's word again from the platform that has it: a ledger entry alone opens nothing."""

from __future__ import annotations

import re

from patchgate.app.dispatched import given_by_run
from patchgate.app.observe import from_comment, request_digest, revised_at
from patchgate.core import events as e
from patchgate.core.approval import Word, came_later, moment, refusal, shown_on
from patchgate.core.events import Approved, CommandGiven, Evidence, OverrideGiven
from patchgate.core.ids import Digest, RepoName, TicketKey, short
from patchgate.core.rules import Rules
from patchgate.core.state import Publication, Workflow
from patchgate.errors import NotFoundError
from patchgate.ports import Change, Comment, ForgeReader, Look, Ticket, Tracker

Proof = tuple[Word, Publication]
_HEADING = re.compile(r"#+ .*·\W*([0-9a-f]{12})\W*")
"""The first line of each comment of ours that shows something to be approved."""


def published_in(body: str) -> str:
    """The short digest that the heading of a comment of ours publishes; empty for other talk."""
    found = _HEADING.fullmatch(body.strip().partition("\n")[0].strip())
    return found[1] if found else ""


class EvidenceReader:
    """Finds approvals, commands and publications where they were made, anew for each question."""

    def __init__(
        self, tracker: Tracker, forge: ForgeReader, rules: Rules, control: RepoName
    ) -> None:
        """`control` is the repository whose workflow may be started by hand."""
        self._control = control
        self._tracker = tracker
        self._forge = forge
        self._rules = rules
        self._looks: dict[str, Look] = {}

    def reread(self, w: Workflow, grant: Approved) -> Proof | str:
        """The approver's word and the publication as they are now; a string says what is amiss."""
        self._looks.clear()
        evidence = grant.evidence
        try:
            if not self._is_about(w, evidence, grant.what):
                return f"the evidence lies on {evidence.target}, which is not about {w.key}"
            word = self._word(evidence, grant)
            if isinstance(word, str):
                return word
            if word.evidence != evidence:
                return f"{evidence.kind} {evidence.id} is another one than the ledger tells"
            shown = self._publication(w, grant, word)
        except NotFoundError as error:
            return f"the evidence cannot be read again: {error.message}"
        return shown if isinstance(shown, str) else (word, shown)

    def why_no_override(self, w: Workflow, given: OverrideGiven) -> str:
        """Why this override does not lift its rule; empty when it does."""
        self._looks.clear()
        evidence = given.evidence
        try:
            if not self._is_about(w, evidence, "patch"):
                return f"comment {evidence.id} is not about {w.key}"
            found = self._command(evidence)
            if found is None or found.verb != "override" or found.evidence != evidence:
                return f"comment {evidence.id} is no such override (any more)"
            shown = self._shown(given.subject, Word(evidence))
        except NotFoundError as error:
            return f"the evidence cannot be read again: {error.message}"
        if isinstance(shown, str):
            return shown
        rule, _, reason = found.argument.strip().partition(" ")
        if (rule, reason.strip()[:500]) != (given.rule, given.reason):
            return f"comment {evidence.id} overrides {rule or 'nothing'}, or for another reason"
        if self._rules.person(evidence.platform, evidence.author) != given.approver:
            return f"it was not given by {given.approver}"
        return refusal(
            Word(evidence, edited=found.edited),
            subject=given.subject,
            shown=shown[0],
            rules=self._rules,
            requester=w.requester,
        )

    def ticket(self, w: Workflow) -> Ticket:
        """The ticket that settings route: the workflow's own, for a planned sub-task its parent."""
        self._looks.clear()
        return self._routed(w)

    def _look(self, key: str) -> Look:
        """One look for each ticket and question: a question is answered from one moment."""
        if key not in self._looks:
            self._looks[key] = self._tracker.look(TicketKey(key))
        return self._looks[key]

    def _routed(self, w: Workflow) -> Ticket:
        own = self._look(w.key).ticket
        if not w.parent:
            return own
        parent = self._look(w.parent).ticket
        if own.parent != parent.key:
            raise NotFoundError(f"{own.key} is no sub-task of {parent.key}")
        return parent

    def _is_about(self, w: Workflow, evidence: Evidence, what: str) -> bool:
        """Whether the word was given where this work is talked about, not on another ticket."""
        if evidence.platform == "github":
            return w.pull is not None and evidence.target == f"{w.repo}#{w.pull.number}"
        there = self._look(evidence.target).ticket
        if there.issue_id == w.issue_id:
            return True
        return what == "plan" and bool(w.parent) and self._routed(w).issue_id == there.issue_id

    def _command(self, evidence: Evidence) -> CommandGiven | None:
        """The command in the comment that the evidence names, as it stands there now."""
        said = next((c for c in self._comments(evidence) if c.id == evidence.id), None)
        if said is None:
            return None
        given = from_comment(said, evidence.platform, evidence.target, self._rules, now=said.at)
        return given if isinstance(given, e.CommandGiven) else None

    # ── the word ─────────────────────────────────────────────────────────────────────────

    def _word(self, evidence: Evidence, grant: Approved) -> Word | str:
        if evidence.kind == "comment":
            given = self._command(evidence)
            if given is None or given.verb != "approve":
                return f"comment {evidence.id} is no approval (any more)"
            typed = given.argument.split()
            return Word(given.evidence, typed[0] if typed else "", given.edited)
        if evidence.kind == "dispatch" and evidence.platform == "actions":
            return self._dispatch(evidence)
        if evidence.platform == "jira" and evidence.kind in ("transition", "assignment"):
            return self._move(evidence, grant)
        return f"evidence of kind {evidence.kind} on {evidence.platform} opens nothing"

    def _dispatch(self, evidence: Evidence) -> Word | str:
        if not evidence.id.isdigit():
            return f"{evidence.id!r:.40} is no run"
        given = given_by_run(self._forge, self._control, int(evidence.id), evidence.at)
        if isinstance(given, str):
            return given
        if given.verb != "approve":
            return f"run {evidence.id} is no approval but `{given.verb}`"
        return Word(given.evidence, given.argument)

    def _move(self, evidence: Evidence, grant: Approved) -> Word | str:
        look = self._look(evidence.target)
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
            moves = [c.before for c in look.changes if c.field == "assignee"]
            first = (moves or [ticket.assignee or ""])[0]
            told = (evidence.author, evidence.at, self._rules.runner["jira"])
            if (ticket.reporter, ticket.created, first) != told:
                return "the ticket was not created like that"
            return Word(evidence)
        change = next((c for c in look.changes if c.id == evidence.id), None)
        to_runner = change and change.after == self._rules.runner["jira"]
        if change is None or change.field != "assignee" or not to_runner:
            return f"the changelog has no assignment {evidence.id} to the runner"
        return Word(_as_told(evidence, change))

    # ── the publication ──────────────────────────────────────────────────────────────────

    def _publication(self, w: Workflow, grant: Approved, word: Word) -> Publication | str:
        if grant.what == "request":
            return self._request(w, grant)
        platform = grant.evidence.platform
        if w.published_on(shown_on(platform), grant.subject) is None:
            return f"{short(grant.subject)} was never published on {shown_on(platform)}"
        shown = self._shown(grant.subject, word)
        if isinstance(shown, str):
            return shown
        said = next(c for c in self._comments(grant.evidence) if c.id == shown[-1].comment)
        body = said.body.replace("\\", "")
        patch = w.patch if grant.what == "patch" else None
        if patch and not (patch.repo in body and patch.start[:12] in body):
            return f"comment {said.id} shows the patch for another repository or commit"
        return shown[-1]

    def _shown(self, subject: Digest, word: Word) -> list[Publication] | str:
        """Where our own account showed the subject; a bare word counts for what it saw last."""
        platform, name = shown_on(word.evidence.platform), short(subject)
        ours = [(c, published_in(c.body)) for c in self._published(word.evidence)]
        if name not in {shown for _, shown in ours}:
            return f"no comment of ours publishes {name} (any more)"
        before = [shown for c, shown in ours if self._was_there(c, word.evidence)]
        if not before:
            return f"it was given before {name} was published"
        if not word.typed and before[-1] != name:
            return f"it was given for {before[-1]}, which was shown last before it"
        return [Publication(platform, c.id, c.at, subject) for c, shown in ours if shown == name]

    @staticmethod
    def _was_there(said: Comment, evidence: Evidence) -> bool:
        return moment(said.at) <= moment(evidence.at) or came_later(evidence, said.at)

    def _published(self, evidence: Evidence) -> list[Comment]:
        """Our own, unedited comments there that show something to be approved, oldest first."""
        shown = [
            c
            for c in self._comments(evidence)
            if self._rules.is_runner(shown_on(evidence.platform), c.author)
            and not c.edited
            and published_in(c.body)
        ]
        return sorted(shown, key=lambda c: moment(c.at))

    def _request(self, w: Workflow, grant: Approved) -> Publication | str:
        look = self._look(w.key)
        present: Digest = request_digest(look.ticket)
        if present != grant.subject:
            return "the ticket's text changed after it was approved"
        return Publication(grant.evidence.platform, "", revised_at(look), present)

    def _comments(self, evidence: Evidence) -> tuple[Comment, ...]:
        if shown_on(evidence.platform) == "jira":
            return self._look(evidence.target).comments
        repo, _, number = evidence.target.partition("#")
        return tuple(self._forge.comments(RepoName(repo), int(number)))


def _as_told(evidence: Evidence, change: Change) -> Evidence:
    return evidence.model_copy(update={"author": change.author, "at": change.at})
