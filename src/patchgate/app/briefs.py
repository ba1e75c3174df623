"""The brief: everything that a model may know, assembled and reserved before it is asked."""

from __future__ import annotations

from pydantic import ValidationError

from patchgate.app.desk import Desk, RunFolder
from patchgate.app.leftover import is_left_over
from patchgate.app.observe import from_comment
from patchgate.app.opening import Opened, item_of, plan_of
from patchgate.app.redact import leave
from patchgate.app.session import Session
from patchgate.app.settings import Role
from patchgate.core import events as e
from patchgate.core.branch import branch_of
from patchgate.core.commands import Propose
from patchgate.core.events import ChangesRequested
from patchgate.core.fold.rooms import BESIDE
from patchgate.core.ids import Digest, RepoName, Sha, canonical
from patchgate.core.plan import Plan, Review
from patchgate.core.proposal import Brief, CheckOrder, Feedback, Limits, Said, Task
from patchgate.core.state import Workflow
from patchgate.errors import MalformedError, NotFoundError, TakenError
from patchgate.ports import Comment, Look

COMMENTS = 100
"""How many of the latest comments a model reads."""
COMMENT_CHARS = 20_000
DESCRIPTION_CHARS = 200_000
ROLES: dict[Task, Role] = {
    Task.TRIAGE: "triager",
    Task.PLAN: "planner",
    Task.ANSWER: "planner",
    Task.IMPLEMENT: "implementer",
    Task.REVIEW: "reviewer",
}


def reserve(session: Session, command: Propose, opened: Opened, folder: RunFolder) -> str:
    """Write the brief, and record that its attempt and money are set aside."""
    desk = session.desk
    earlier = _earlier_patch(session, command)
    brief = assemble(session, command, opened, earlier=earlier)
    look = opened.look
    path = folder.brief(command.eid)
    if earlier is not None:
        patch = session.blob(earlier)
        leave(path.with_suffix(".patch"), patch, outlet=desk.clean, what="the earlier patch")
    text = canonical(brief.model_dump(mode="json"))
    leave(path, text, outlet=desk.clean, what="the ticket's text or the brief made from it")
    checks = desk.settings.checks
    order = CheckOrder(commands=checks.commands, timeout=checks.timeout)
    orders = canonical(order.model_dump(mode="json"))
    leave(folder.checks, orders, outlet=desk.clean, what="the order for the checks")
    last = look.comments[-1].id if look and look.comments else ""
    session.record(
        e.AttemptReserved(
            at=desk.now(),
            eid=command.eid,
            task=command.task,
            attempt=command.attempt,
            brief=brief.digest(),
            base=brief.base,
            start=brief.start,
            micro_dollars=command.micro_dollars,
            run=desk.run,
            comments_through="" if command.task in BESIDE else last,
        )
    )
    return command.eid


def _earlier_patch(session: Session, command: Propose) -> Digest | None:
    """The patch to review, or the one to change that is not on our branch."""
    w = session.w
    if command.task is Task.REVIEW and w.patch is not None:
        return w.patch.patch
    if command.task is not Task.IMPLEMENT or w.patch is None or w.patch.patch == w.published:
        return None
    by_readers = [r for r in w.feedback if r.source in ("person", "review", "reviewer")]
    base, start = _commits(session, command.task)
    same_start = w.patch.start == (start if w.patch.start != w.patch.base else base)
    return w.patch.patch if by_readers and same_start else None


def assemble(
    session: Session, command: Propose, opened: Opened, *, earlier: Digest | None = None
) -> Brief:
    """The brief of one model task, from the ticket as it is and the stream."""
    desk, w, look = session.desk, session.w, opened.look
    if look is None:
        raise NotFoundError(f"{w.key} can no longer be seen")
    plan = plan_of(opened)
    reviewing = w.patch if command.task is Task.REVIEW else None
    at = (reviewing.base, reviewing.start) if reviewing else _commits(session, command.task)
    asked = next((q.text for q in w.questions if q.fact == command.question), "")
    return Brief(
        task=command.task,
        stream=w.stream,
        key=w.key,
        attempt=command.attempt,
        ordinal=w.money.runs,
        repo=w.repo,
        base=at[0],
        start=at[1],
        summary=look.ticket.summary[:1000],
        description=look.ticket.description[:DESCRIPTION_CHARS],
        comments=_said(look, desk),
        plan=None if command.task is Task.PLAN else plan,
        item=item_of(opened, plan),
        previous_plan=plan if command.task is Task.PLAN else None,
        feedback=() if reviewing else _feedback(session, look),
        model=desk.settings.models.choice(ROLES[command.task], desk.providers),
        limits=_limits(desk, command.task),
        previous_patch=earlier,
        question=asked,
    )


def _limits(desk: Desk, task: Task) -> Limits:
    runs = desk.settings.limits.runs
    limits: Limits = {
        Task.TRIAGE: runs.triage,
        Task.PLAN: runs.plan,
        Task.ANSWER: runs.triage,
        Task.IMPLEMENT: runs.implement,
        Task.REVIEW: runs.review,
    }[task]
    return limits


def _commits(session: Session, task: Task) -> tuple[str, str]:
    """The base of the patch, and where to work from: the head of our branch, else the base.

    TakenError for a patch that could not be pushed anyway: a branch of our name is somebody
    else's. No model is asked for it. What a dead run left there is ours, and will be replaced.
    """
    desk, w = session.desk, session.w
    repo, branch = RepoName(w.repo), branch_of(w, desk.settings.branch_prefix)
    base = desk.forge.branch_head(repo, w.base_branch)
    if base is None:
        raise NotFoundError(
            f"branch {w.base_branch} of {w.repo} does not exist",
            "Correct `base_branch` of the route, or create the branch.",
        )
    head = desk.forge.branch_head(repo, branch)
    if head is not None and _goes_on(w, head, desk):
        return base, head
    if head is not None and is_left_over(w, head, desk.forge):
        return base, base
    if head is not None and task is Task.IMPLEMENT:
        raise TakenError(
            f"branch {branch} of {repo} is at {head[:12]} by {desk.forge.author_of(repo, head)} "
            f"and {_why_not_ours(w)}: no patch could be pushed to it, so no model is asked"
        )
    return base, base


def _why_not_ours(w: Workflow) -> str:
    if w.is_merged:
        return "was merged already"
    return f"no longer holds our commit {w.commit[:12]}" if w.commit else "is not ours"


def _goes_on(w: Workflow, head: Sha, desk: Desk) -> bool:
    """Whether the work goes on from our branch: people's commits on it are kept.

    Where its pull request was closed unmerged, only a branch that still holds our last commit is
    ours; another one is in the way.
    """
    if w.pull is not None and w.pull.state == "open":
        return True
    if w.is_merged or not w.commit:
        return False
    return head == w.commit or desk.forge.is_ancestor(RepoName(w.repo), Sha(w.commit), head)


def _said(look: Look, desk: Desk) -> tuple[Said, ...]:
    people = [c for c in look.comments if c.ours is None and c.author != desk.rules.runner["jira"]]
    return tuple(
        Said(author=c.author_name, at=c.at, text=c.body[:COMMENT_CHARS]) for c in people[-COMMENTS:]
    )


def _feedback(session: Session, look: Look) -> tuple[Feedback, ...]:
    """Why this is not the first attempt: what people wrote since, what CI or policy said."""
    w, told = session.w, []
    for request in w.feedback:
        told.extend(_one_feedback(request, session, look))
    told.extend(Feedback(kind="failure", text=s) for s in w.signatures[-1:])
    return tuple(dict.fromkeys(told))


def _one_feedback(request: ChangesRequested, session: Session, look: Look) -> list[Feedback]:
    desk, w = session.desk, session.w
    if request.source == "ci":
        return [Feedback(kind="ci", text=request.detail or "required checks are red")]
    if request.source == "policy":
        found = w.judged.violations if w.judged else ()
        text = "\n".join(f"{v.rule} {v.path}: {v.message}" for v in found)
        return [Feedback(kind="policy", text=text or request.detail)]
    if request.source == "reviewer":
        return _found_by_model(session)
    if request.source == "review":
        return _review_text(session, request)
    read = w.comments_through if request.since is None else request.since
    since = _after(look.comments, read)
    people = [c for c in since if c.ours is None and c.author != desk.rules.runner["jira"]]
    texts = [*(_wish(c, session) for c in people[-COMMENTS:]), *_said_on_pull(session, request)]
    return [Feedback(kind="changes", text=text) for text in texts if text]


def _said_on_pull(session: Session, request: ChangesRequested) -> list[str]:
    """The `/changes …` on the pull request that asked for this round, as the ledger has it."""
    return [
        x.argument[:COMMENT_CHARS]
        for x in session.events
        if isinstance(x, e.CommandGiven)
        and x.evidence.platform == "github"
        and x.evidence.author == request.by
        and request.detail in (x.evidence.id, x.argument)
    ]


def _found_by_model(session: Session) -> list[Feedback]:
    found = review_of(session)
    if found is None:
        return []
    lines = [f"{f.severity} {f.path}:{f.line or ''} {f.message}" for f in found.findings]
    return [Feedback(kind="review", text="A reviewing model found:\n" + "\n".join(lines))]


def review_of(session: Session) -> Review | None:
    """What the reviewing model found in the present patch, from the ledger; None without one."""
    review = session.w.review
    if review is None or review.review is None:
        return None
    try:
        return Review.model_validate_json(session.blob(review.review))
    except ValidationError as error:
        raise MalformedError(f"the review of {session.w.key} on the ledger is malformed") from error


def _review_text(session: Session, request: ChangesRequested) -> list[Feedback]:
    w = session.w
    if w.pull is None:
        return []
    reviews = session.desk.forge.reviews(RepoName(w.pull.repo), w.pull.number)
    wanted = request.detail.removeprefix("review ")
    return [Feedback(kind="review", text=r.body[:COMMENT_CHARS]) for r in reviews if r.id == wanted]


def _wish(comment: Comment, session: Session) -> str:
    """What a comment wants changed: ordinary talk or `/changes …`; empty for other commands."""
    rules = session.desk.rules
    given = from_comment(comment, "jira", session.w.key, rules, now=comment.at)
    if not isinstance(given, e.CommandGiven):
        return comment.body[:COMMENT_CHARS]
    return given.argument[:COMMENT_CHARS] if given.verb == "changes" else ""


def _after(comments: tuple[Comment, ...], last: str) -> tuple[Comment, ...]:
    ids = [c.id for c in comments]
    return comments[ids.index(last) + 1 :] if last in ids else comments


def plan_json(plan: Plan) -> bytes:
    """The plan as it lies on the ledger."""
    return canonical(plan.model_dump(mode="json"))
