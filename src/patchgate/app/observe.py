"""Outside facts → events. What was seen before adds nothing; our own moves are no input."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from patchgate.core import events as e
from patchgate.core.approval import moment
from patchgate.core.branch import branch_of
from patchgate.core.comments import Command, NearMiss, parse
from patchgate.core.events import Event, Evidence, Platform
from patchgate.core.ids import Digest, FactId, RepoName, Sha, digest_json
from patchgate.core.rules import Rules, TicketNow
from patchgate.core.state import WITH_PULL, Pull, Workflow
from patchgate.ports import Change, Checks, Comment, ForgeReader, Look, Review, Ticket
from patchgate.ports import Pull as PullNow


def request_digest(ticket: Ticket) -> Digest:
    """What mode `request` approves: summary, description and the configured fields."""
    return digest_json(
        {
            "summary": ticket.summary,
            "description": ticket.description,
            "fields": dict(ticket.fields),
        }
    )


def ticket_now(look: Look, rules: Rules) -> TicketNow:
    """The ticket as it shows this moment."""
    runner = rules.runner["jira"]
    moves = [c for c in look.changes if c.author != runner and c.field in ("status", "assignee")]
    return TicketNow(
        status=look.ticket.status,
        assignee=look.ticket.assignee or "",
        labels=look.ticket.labels,
        last_move=_change_fact(moves[-1]) if moves else None,
    )


def _change_fact(change: Change) -> FactId:
    return FactId(f"jira:change:{change.id}")


def _comment_fact(platform: Platform, said: Comment) -> FactId:
    return FactId(f"{platform}:comment:{said.id}")


def revised_at(look: Look) -> str:
    """Platform time of the last change of the request (else of its creation)."""
    request = {"summary", "description", *look.ticket.fields}
    texts = [c.at for c in look.changes if c.field in request]
    return texts[-1] if texts else look.ticket.created


def tracker_facts(w: Workflow, look: Look, rules: Rules, now: str) -> Iterator[Event]:
    """New facts of Jira, oldest first."""
    digest = request_digest(look.ticket)
    if digest != w.request or look.ticket.key != w.key:
        fact = FactId(f"jira:request:{digest[7:23]}:{w.revisions}")
        yield e.TicketRevised(
            at=now, fact=fact, key=look.ticket.key, request=digest, revised=revised_at(look)
        )
    since = moment(w.trigger) if w.trigger else None
    dated: list[tuple[datetime, Event]] = []
    for change in look.changes:
        if _change_fact(change) not in w.seen:
            dated += _dated(change.at, _from_change(change, look.ticket, rules, now), since)
    for said in look.comments:
        if _comment_fact("jira", said) not in w.seen:
            given = from_comment(said, "jira", look.ticket.key, rules, now=now)
            dated += _dated(said.at, given, since)
    if not any(c.field == "assignee" for c in look.changes):
        yield from _born_assigned(w, look.ticket, rules, now)
    yield from _unseen(w, dated)


def _dated(at: str, event: Event | None, since: datetime | None) -> list[tuple[datetime, Event]]:
    when = moment(at)
    if event is None or (since is not None and when < since):
        return []
    return [(when, event)]


def _born_assigned(w: Workflow, ticket: Ticket, rules: Rules, now: str) -> Iterator[Event]:
    """A ticket created with the runner as assignee has no changelog entry that says so."""
    fact = FactId(f"jira:created:{ticket.issue_id}")
    ours = ticket.assignee == rules.runner["jira"] and ticket.reporter != rules.runner["jira"]
    if ours and not w.parent and fact not in w.seen:
        evidence = Evidence(
            platform="jira",
            kind="assignment",
            id="created",
            target=ticket.key,
            author=ticket.reporter or "",
            at=ticket.created,
        )
        yield e.RunnerAssigned(at=now, fact=fact, evidence=evidence)


def _from_change(change: Change, ticket: Ticket, rules: Rules, now: str) -> Event | None:
    if rules.is_runner("jira", change.author):
        return None
    fact = _change_fact(change)
    if change.field == "assignee" and change.after == rules.runner["jira"]:
        evidence = _evidence("jira", "assignment", change.id, ticket.key, change=change)
        return e.RunnerAssigned(at=now, fact=fact, evidence=evidence)
    if change.field == "status":
        evidence = _evidence("jira", "transition", change.id, ticket.key, change=change)
        return e.StatusMoved(
            at=now, fact=fact, evidence=evidence, before=change.before, after=change.after
        )
    return None


def _evidence(
    platform: Platform,
    kind: str,
    object_id: str,
    target: str,
    *,
    change: Change | Comment | Review,
) -> Evidence:
    return Evidence.model_validate(
        {
            "platform": platform,
            "kind": kind,
            "id": object_id,
            "target": target,
            "author": change.author,
            "at": change.at,
        }
    )


def from_comment(
    said: Comment, platform: Platform, target: str, rules: Rules, *, now: str
) -> Event | None:
    """A command or a near miss; None for ordinary talk and for our own words."""
    if said.ours is not None or rules.is_runner(platform, said.author):
        return None
    meant = parse(said.body)
    if meant is None:
        return None
    fact = _comment_fact(platform, said)
    evidence = _evidence(platform, "comment", said.id, target, change=said)
    match meant:
        case Command():
            return e.CommandGiven(
                at=now,
                fact=fact,
                evidence=evidence,
                verb=meant.verb,
                argument=meant.argument[:8000],
                edited=said.edited,
            )
        case NearMiss():
            return e.NearMiss(
                at=now,
                fact=fact,
                evidence=evidence,
                word=meant.word[:40],
                nearest=meant.nearest,
            )


# ── forge ────────────────────────────────────────────────────────────────────────────────


def forge_facts(w: Workflow, forge: ForgeReader, rules: Rules, now: str) -> Iterator[Event]:
    """New facts of our pull request: state, head, checks, reviews and commands."""
    known = w.pull
    if known is None or w.is_over:
        return
    repo = RepoName(known.repo)
    pulls = [
        p
        for p in forge.pulls_of(repo, branch_of(w, rules.branch_prefix))
        if p.number == known.number
    ]
    if not pulls:
        return
    pull = pulls[0]
    yield from _pull_facts(w, known, pull, now)
    watched = w.state in WITH_PULL or pull.state == "merged"
    if watched:
        checks = forge.checks(repo, pull.head, base_branch=pull.base_branch)
        yield from checks_fact(w, known.repo, checks, now)
    yield from _talk_facts(w, forge, repo, pull, rules=rules, now=now)


def _pull_facts(w: Workflow, known: Pull, pull: PullNow, now: str) -> Iterator[Event]:
    if pull.head != known.head:
        fact = FactId(f"github:head:{pull.head}:{w.check_rounds}")
        yield e.HeadMoved(at=now, fact=fact, repo=known.repo, head=pull.head)
    if pull.state != known.state:
        fact = FactId(f"github:pull:{known.repo}#{pull.number}:{pull.state}:{known.seen}")
        yield e.PullSeen(
            at=now,
            fact=fact,
            repo=known.repo,
            number=pull.number,
            state=pull.state,
            head=pull.head,
            by=pull.merged_by or pull.closed_by or "",
            merge_sha=pull.merge_sha or "",
            when=pull.at,
        )


def checks_fact(w: Workflow, repo: str, checks: Checks, now: str) -> Iterator[Event]:
    """The aggregated checks, when they differ from what the ledger knows."""
    last = w.checks
    same = last and (last.head, last.level, last.names, last.detail) == (
        checks.head,
        checks.level,
        checks.names,
        checks.detail[:2000],
    )
    if not same:
        yield e.ChecksSeen(
            at=now,
            fact=FactId(f"github:checks:{checks.head}:{w.check_rounds}"),
            repo=repo,
            head=Sha(checks.head),
            level=checks.level,
            names=checks.names,
            detail=checks.detail[:2000],
        )


def _talk_facts(
    w: Workflow,
    forge: ForgeReader,
    repo: RepoName,
    pull: PullNow,
    *,
    rules: Rules,
    now: str,
) -> Iterator[Event]:
    target = f"{repo}#{pull.number}"
    dated: list[tuple[datetime, Event]] = []
    for said in forge.comments(repo, pull.number):
        if _comment_fact("github", said) in w.seen:
            continue
        dated += _dated(said.at, from_comment(said, "github", target, rules, now=now), None)
    for review in forge.reviews(repo, pull.number):
        dated += _dated(review.at, _from_review(review, target, rules, now), None)
    yield from _unseen(w, dated)


def _from_review(review: Review, target: str, rules: Rules, now: str) -> Event | None:
    decides = review.state in ("changes_requested", "approved")
    if not decides or rules.is_runner("github", review.author):
        return None
    evidence = _evidence("github", "review", review.id, target, change=review)
    fact = FactId(f"github:review:{review.id}")
    return e.ReviewGiven(at=now, fact=fact, evidence=evidence, state=review.state)


def _unseen(w: Workflow, dated: list[tuple[datetime, Event]]) -> Iterator[Event]:
    """What the ledger does not know yet, oldest first by the platform's clock."""
    for _, event in sorted(dated, key=lambda pair: pair[0]):
        if isinstance(event, e.Observed) and event.fact not in w.seen:
            yield event
