"""Write commands → outside effects: look for it, do it, give back the event that records it."""

from __future__ import annotations

from patchgate.app.desk import Desk
from patchgate.app.judging import scope_here
from patchgate.app.opening import Opened, plan_of
from patchgate.app.saying import Saying, attachment_name
from patchgate.app.writegate import PublishOrder
from patchgate.core import events as e
from patchgate.core.branch import branch_of
from patchgate.core.commands import (
    PUBLISHING,
    AttachPatch,
    CreateSubtask,
    PostComment,
    PublishPatch,
    PutPull,
    ShowTicket,
    StartChecks,
    WriteCommand,
)
from patchgate.core.events import Event
from patchgate.core.ids import AccountId, RepoName, Sha, TicketKey
from patchgate.core.projection import OWN_LABELS, account, status_name
from patchgate.core.rules import World
from patchgate.errors import NotFoundError
from patchgate.ports import Posted, PullOrder


class Executor:
    """Performs the write commands of one ticket."""

    def __init__(self, desk: Desk, opened: Opened) -> None:
        self._desk = desk
        self._opened = opened
        self._session = opened.session
        self._saying = Saying(desk, opened)

    def perform(self, command: WriteCommand, world: World) -> Event:
        """Do it and return the event; errors of the services are raised."""
        match command:
            case PostComment():
                return self._comment(command)
            case AttachPatch():
                return self._attach(command)
            case ShowTicket():
                return self._show(command, world)
            case CreateSubtask():
                return self._subtask(command)
            case PublishPatch():
                return self._publish(command)
            case PutPull():
                return self._pull(command)
            case StartChecks():
                return self._start_checks(command)

    def _comment(self, command: PostComment) -> Event:
        there = command.platform == "github"
        posted = self._said_on_github(command) if there else self._said_on_jira(command)
        return e.CommentPosted(
            at=self._desk.now(),
            eid=command.eid,
            topic=command.topic,
            platform=command.platform,
            comment=posted.id,
            posted=posted.at,
            subject=command.subject if command.topic in PUBLISHING else None,
        )

    def _said_on_jira(self, command: PostComment) -> Posted:
        tracker, key = self._desk.tracker, TicketKey(command.target)
        posted = tracker.find_comment(key, command.eid, since=self._begun())
        return posted or tracker.post_comment(key, self._saying.comment(command), eid=command.eid)

    def _begun(self) -> str:
        """When the stream began: nothing of ours on the ticket that it knows of is older."""
        return next((event.at for event in self._session.events), "")

    def _said_on_github(self, command: PostComment) -> Posted:
        repo, _, number = command.target.partition("#")
        text = self._saying.comment(command)
        return self._desk.gate.tell(RepoName(repo), int(number), markdown=text, eid=command.eid)

    def _attach(self, command: AttachPatch) -> Event:
        name = attachment_name(command.patch)
        content = self._session.blob(command.patch)
        url = self._desk.tracker.attach(TicketKey(command.target), name, content)
        return e.PatchAttached(at=self._desk.now(), eid=command.eid, patch=command.patch, url=url)

    def _show(self, command: ShowTicket, world: World) -> Event:
        desk, key = self._desk, TicketKey(command.target)
        rules, now = desk.rules, world.ticket
        status = status_name(command.status, rules)
        if status and (now is None or now.status.casefold() != status.casefold()):
            desk.tracker.move(key, status)
        wanted = account(command.assignee, rules)
        have = frozenset() if now is None else now.labels & OWN_LABELS
        add = tuple(sorted(set(command.labels) - have))
        remove = tuple(sorted(have - set(command.labels)))
        reassign = bool(command.assignee) and (now is None or now.assignee != wanted)
        if reassign:
            assignee = AccountId(wanted) if wanted else None
            desk.tracker.edit(key, assignee=assignee, add_labels=add, remove_labels=remove)
        elif add or remove:
            desk.tracker.edit(key, add_labels=add, remove_labels=remove)
        return e.TicketShown(
            at=desk.now(),
            eid=command.eid,
            view=command.state,
            status=command.status,
            assignee=command.assignee,
            labels=command.labels,
            drift=command.drift,
        )

    def _subtask(self, command: CreateSubtask) -> Event:
        desk, key = self._desk, TicketKey(command.target)
        made = desk.tracker.find_subtask(key, command.eid)
        if made is None:
            plan = plan_of(self._opened)
            if plan is None:
                raise NotFoundError(f"{key} has no plan to create sub-tasks from")
            item = plan.items[command.ordinal - 1]
            made = desk.tracker.create_subtask(
                key,
                summary=self._saying.subtask_summary(item),
                description=self._saying.subtask_description(plan, item, key),
                assignee=AccountId(desk.rules.runner["jira"]),
                eid=command.eid,
            )
        return e.SubtaskCreated(
            at=desk.now(),
            eid=command.eid,
            ordinal=command.ordinal,
            key=made.key,
            issue_id=made.issue_id,
        )

    # ── through the write gate ───────────────────────────────────────────────────────────

    def _publish(self, command: PublishPatch) -> Event:
        desk, w = self._desk, self._session.w
        order = PublishOrder(
            eid=command.eid,
            branch=branch_of(w, desk.settings.branch_prefix),
            base_branch=w.base_branch,
            content=self._session.blob(command.patch),
            message=self._saying.commit_message(),
            scope=scope_here(self._opened),
        )
        return desk.gate.publish(w, order, desk.now())

    def _pull(self, command: PutPull) -> Event:
        desk, w = self._desk, self._session.w
        settings = desk.settings.pull_request
        order = PullOrder(
            repo=RepoName(w.repo),
            branch=branch_of(w, desk.settings.branch_prefix),
            base_branch=w.base_branch,
            title=self._saying.pull_title(),
            body=self._saying.pull_body(command.eid),
            labels=settings.labels,
            reviewers=desk.reviewers,
            draft=settings.draft or w.mode == "request",
            eid=command.eid,
        )
        pull = desk.gate.put_pull(w, order)
        return e.PullPut(
            at=desk.now(),
            eid=command.eid,
            repo=w.repo,
            number=pull.number,
            url=pull.url,
            head=pull.head,
            updated=w.pull is not None and w.pull.number == pull.number,
        )

    def _start_checks(self, command: StartChecks) -> Event:
        desk, w = self._desk, self._session.w
        branch = branch_of(w, desk.settings.branch_prefix)
        run = desk.gate.start_checks(w, command.workflow, branch=branch, head=Sha(command.head))
        return e.ChecksStarted(
            at=desk.now(),
            eid=command.eid,
            repo=w.repo,
            workflow=command.workflow,
            head=command.head,
            run=run,
        )
