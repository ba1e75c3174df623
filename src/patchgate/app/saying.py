"""What we say on a ticket and a pull request, from the state; the words are core.words'."""

from __future__ import annotations

from collections.abc import Callable

from patchgate.app.briefs import review_of
from patchgate.app.desk import Desk
from patchgate.app.judging import applied_patch, scope_here
from patchgate.app.opening import Opened, item_of, plan_of
from patchgate.core import words
from patchgate.core.branch import branch_of
from patchgate.core.commands import PostComment, Topic
from patchgate.core.events import Approved, PullPut
from patchgate.core.ids import Digest, Eid, short
from patchgate.core.plan import Criterion, Plan, WorkItem
from patchgate.core.policy import judge
from patchgate.core.projection import account, status_name, view_of
from patchgate.core.state import Workflow
from patchgate.errors import NotFoundError


def attachment_name(digest: str) -> str:
    """The file name of an attached patch: its short digest."""
    return f"patch-{short(digest)}.diff"


class Saying:
    """Renders one ticket's comments, commit message and pull request."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self._session = opened.session

    @property
    def _w(self) -> Workflow:
        return self._session.w

    def comment(self, command: PostComment) -> str:
        """The Markdown of a comment."""
        return self._topics()[command.topic](command)

    def _topics(self) -> dict[Topic, Callable[[PostComment], str]]:
        return {
            "plan": self._plan,
            "patch": self._patch,
            "blocked": self._patch,
            "pull": self._pull,
            "parked": self._parked,
            "reply": self._reply,
            "answer": self._answer,
            "drift": self._drift,
            "done": self._done,
            "summary": self._summary,
            "ended": self._ended,
            "deferred": self._parked,
        }

    # ── comments ─────────────────────────────────────────────────────────────────────────

    def _plan(self, command: PostComment) -> str:
        plan = plan_of(self._opened)
        if plan is None or command.subject is None:
            raise NotFoundError("there is no plan to show")
        names = self._desk.rules.statuses
        return words.plan_comment(
            plan,
            command.subject,
            revision=self._w.plans,
            reviewer=self._desk.settings.reviewer,
            move=f"{names.plan_review} → {names.in_progress}",
        )

    def _patch(self, command: PostComment) -> str:
        w, desk = self._w, self._desk
        if w.patch is None:
            raise NotFoundError("there is no patch to show")
        applied = applied_patch(self._session, desk)
        overridden = frozenset(o.rule for o in w.overrides)
        judged = judge(
            applied,
            desk.policy,
            scope=scope_here(self._opened),
            overrides=overridden,
            words=w.patch.summary,
        )
        attached = len(self._session.blob(w.patch.patch)) > desk.rules.attach_over
        evidence = w.evidence
        return words.patch_comment(
            words.PatchFacts(
                key=w.key,
                repo=w.patch.repo,
                branch=branch_of(w, desk.settings.branch_prefix),
                base=w.patch.start,
                attempt=w.patch.attempt,
                digest=w.patch.patch,
                patch=applied,
                judged=judged,
                summary=w.patch.summary,
                overridden=overridden,
                advice=desk.policy.advice(),
                check=evidence.level if evidence else None,
                check_reason=evidence.reason if evidence else "",
                review=self._review(),
                held=w.parked is not None and w.parked.code == "review",
                attachment=attachment_name(w.patch.patch) if attached else "",
            )
        )

    def _review(self) -> words.ReviewFacts | None:
        """The review of the present patch; None where none was asked for."""
        said = self._w.review
        if said is None:
            return None
        found = review_of(self._session)
        return words.ReviewFacts(said, found.findings if found else ())

    def _pull(self, command: PostComment) -> str:
        w = self._w
        if w.pull is None:
            raise NotFoundError("there is no pull request to tell of")
        shown = [
            event
            for event in self._session.events
            if isinstance(event, PullPut) and event.number == w.pull.number
        ]
        return words.pull_comment(
            w.pull.url,
            branch=branch_of(w, self._desk.settings.branch_prefix),
            commit=w.commit,
            checks=w.checks,
            updated=len(shown) > 1,
        )

    def _parked(self, command: PostComment) -> str:
        w = self._w
        if w.parked is None:
            raise NotFoundError("the ticket is not parked")
        if command.topic == "deferred":
            return words.deferred_comment(w.parked.reason, until=w.parked.until)
        if w.parked.code == "question" and w.asked:
            return words.question_comment(w.asked)
        available = w.unreachable[-1][1] if w.unreachable else ()
        return words.parked_comment(
            w.parked.code, w.parked.reason, advice=w.parked.advice, available=available
        )

    def _reply(self, command: PostComment) -> str:
        reply = next((r for r in self._w.replies if r.fact == command.about), None)
        if reply is None:
            raise NotFoundError(f"there is nothing to reply to {command.about}")
        if reply.near is not None:
            return words.near_miss_comment(reply.near.word, reply.near.nearest)
        return words.refused_comment(reply.said, reply.reason, next_step=self._next_step())

    def _next_step(self) -> str:
        w = self._w
        if w.subject is not None and not w.parked:
            return f"What waits now: `/approve {short(w.subject)}`, `/changes …` or `/reject`."
        if w.parked is not None:
            return w.parked.advice
        return "Nothing was changed."

    def _answer(self, command: PostComment) -> str:
        given = next((a for a in self._w.answers if a.question == command.about), None)
        if given is None:
            raise NotFoundError(f"there is no answer to {command.about}")
        text = self._session.blob(given.answer).decode("utf-8", "replace")
        asked = next((q.text for q in self._w.questions if q.fact == given.question), "")
        return words.answer_comment(asked, text)

    def _drift(self, command: PostComment) -> str:
        rules, w = self._desk.rules, self._w
        view = view_of(w, rules)
        look = self._opened.look
        found = look.ticket.status if look else ""
        wanted = status_name(view.status, rules)
        if look and found.casefold() == wanted.casefold():
            role = view.assignee
            return words.drift_comment(
                "assignee",
                look.ticket.assignee or "nobody",
                wanted=account(role, rules) or role,
                why=f"it is {w.state}",
            )
        return words.drift_comment("status", found, wanted=wanted, why=f"it is {w.state}")

    def _done(self, command: PostComment) -> str:
        w = self._w
        return words.done_comment(
            w.pull.url if w.pull else "",
            merged_by=w.pull.by if w.pull else "",
            commit=(w.pull.merge_sha or w.pull.head) if w.pull else "",
            checks=w.checks,
            cost=self._cost(w),
            approvals=self._approvals(),
        )

    def _approvals(self) -> list[Approved]:
        """Every approval that this ticket was ever given, also those that later work voided."""
        return [event for event in self._session.events if isinstance(event, Approved)]

    @staticmethod
    def _cost(w: Workflow) -> int | None:
        return None if w.money.uncertain else w.money.spent

    def _summary(self, command: PostComment) -> str:
        w = self._w
        children = [words.ChildFacts(c.key, c.title, c.ended, c.pull, c.cost) for c in w.children]
        total = w.money.spent + sum(c.cost for c in w.children)
        uncertain = w.money.uncertain
        runs = w.money.runs + sum(c.runs for c in w.children)
        cost = None if uncertain else total
        approvals = self._approvals()
        return words.final_summary(children, cost=cost, runs=runs, approvals=approvals)

    def _ended(self, command: PostComment) -> str:
        ended = self._w.ended
        if ended is None or ended.state == "DONE":
            raise NotFoundError("the work has not ended like that")
        return words.ended_comment(ended.state, by=ended.by, reason=ended.reason)

    # ── sub-tasks ────────────────────────────────────────────────────────────────────────

    @staticmethod
    def subtask_summary(item: WorkItem) -> str:
        """One line, at most 250 characters."""
        return words.clip(words.visible(" ".join(item.title.split())), 250)

    @staticmethod
    def subtask_description(plan: Plan, item: WorkItem, parent: str) -> str:
        """The work item with its files and the criteria that it is to meet."""
        wanted = [c for c in plan.acceptance if c.id in item.acceptance]
        files = "\n".join(f"- {words.code(path)}" for path in item.files)
        criteria = "\n".join(f"- **{c.id}** {words.line(c.text)}" for c in wanted)
        parts = [words.inert(item.description)]
        parts += [f"**Expected files**\n\n{files}"] if files else []
        parts += [f"**Acceptance criteria**\n\n{criteria}"] if criteria else []
        parts.append(f"Part of the approved plan on {parent}.")
        return "\n\n".join(parts)

    # ── commit and pull request ──────────────────────────────────────────────────────────

    def _title(self) -> str:
        item = item_of(self._opened, plan_of(self._opened))
        if item is not None:
            return item.title
        look = self._opened.look
        return look.ticket.summary if look else self._w.key

    def _grant(self) -> Approved:
        w = self._w
        grant = w.grant_for(w.patch.patch if w.patch else None) or w.covering_grant()
        if grant is None:
            raise NotFoundError("nobody approved this patch")
        return grant

    def _head(self) -> Digest:
        """The ledger's head at the approval: the same however often the write is tried."""
        grant, stream = self._grant(), self._session.stream
        for index, event in enumerate(stream.events):
            if isinstance(event, Approved) and event == grant and index + 1 < len(stream.heads):
                return stream.heads[index + 1]
        return stream.head

    def commit_message(self) -> str:
        """Subject and trailers of the commit."""
        w = self._w
        if w.patch is None:
            raise NotFoundError("there is no patch to commit")
        subject = self._title() if w.patch.start == w.patch.base else w.patch.summary
        return words.commit_message(
            w.key,
            subject or self._title(),
            patch=w.patch.patch,
            approver=self._grant().approver,
            head=self._head(),
        )

    def pull_title(self) -> str:
        """`<KEY>: <title>`, one line."""
        text = words.visible(" ".join(self._title().split()))
        return words.clip(f"{self._w.key}: {text}", 250)

    def pull_body(self, eid: Eid) -> str:
        """The description of the pull request."""
        w, look = self._w, self._opened.look
        if w.patch is None:
            raise NotFoundError("there is no patch behind the pull request")
        grant = self._grant()
        return words.pull_body(
            words.PullFacts(
                key=w.key,
                ticket_url=look.ticket.url if look else "",
                summary=w.patch.summary,
                criteria=self._criteria(),
                digest=w.patch.patch,
                approver=grant.approver,
                head=self._head(),
                eid=eid,
                review=self._review(),
                under=None if grant.what == "patch" else grant.subject,
            )
        )

    def _criteria(self) -> tuple[Criterion, ...]:
        plan = plan_of(self._opened)
        if plan is None:
            return ()
        item = item_of(self._opened, plan)
        if item is None or not item.acceptance:
            return plan.acceptance
        return tuple(c for c in plan.acceptance if c.id in item.acceptance)
