"""The outside world behind the one way out: every write of a port passes the room's outlet.

Each class plays the port of the adapter that it stands before. Reading is handed on; what is
written is redacted, made inert and cut (words), or refused whole (content). `bootstrap` gives the
rooms nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Literal

from patchgate.core.events import Event
from patchgate.core.ids import AccountId, Digest, Eid, RepoName, Sha, StreamId, TicketKey, canonical
from patchgate.core.outlet import GITHUB_BODY, GITHUB_TITLE, JIRA_COMMENT, STEP_SUMMARY, Outlet
from patchgate.core.proposal import Usage
from patchgate.errors import LedgerError, PatchgateError
from patchgate.ports import (
    CommitOrder,
    Created,
    ForgeWriter,
    Job,
    Ledger,
    Look,
    Model,
    Posted,
    Pull,
    PullOrder,
    Query,
    Stream,
    Touched,
    Tracker,
    Turn,
    Wanted,
)
from patchgate.ports.job import Level

ON_THE_LEDGER = "The whole is on the ledger: `patchgate ledger show`."
IN_JIRA, ON_GITHUB = JIRA_COMMENT - 1_000, GITHUB_BODY - 1_000
"""Characters of ours; the rest is for the mark of the effect and the platform's own markup."""
SUMMARY, LABEL, FILE, ANNOTATION = 255, 255, 200, 4_000


class GuardedTracker:
    """Jira, with every text that goes there passed through the outlet."""

    def __init__(self, inner: Tracker, outlet: Outlet) -> None:
        self._inner = inner
        self._outlet = outlet

    def myself(self) -> AccountId:
        """Our own account."""
        return self._inner.myself()

    def look(self, key: TicketKey) -> Look:
        """The ticket, its changes and comments."""
        return self._inner.look(key)

    def search(self, projects: Sequence[str], updated_minutes: int) -> list[TicketKey]:
        """Keys that may want attention."""
        return self._inner.search(projects, updated_minutes)

    def find_comment(self, key: TicketKey, eid: Eid, *, since: str = "") -> Posted | None:
        """Our own comment of that effect."""
        return self._inner.find_comment(key, eid, since=since)

    def find_subtask(self, parent: TicketKey, eid: Eid) -> Created | None:
        """The sub-task of that effect."""
        return self._inner.find_subtask(parent, eid)

    def post_comment(self, key: TicketKey, markdown: str, *, eid: Eid) -> Posted:
        """Post a comment, inert and of a length that Jira takes."""
        text = self._outlet.markdown(markdown, IN_JIRA, ON_THE_LEDGER)
        return self._inner.post_comment(key, text, eid=eid)

    def create_subtask(
        self,
        parent: TicketKey,
        *,
        summary: str,
        description: str,
        assignee: AccountId,
        eid: Eid,
    ) -> Created:
        """Create a sub-task; its texts are words."""
        return self._inner.create_subtask(
            parent,
            summary=self._outlet.line(summary, SUMMARY),
            description=self._outlet.markdown(description, IN_JIRA, ON_THE_LEDGER),
            assignee=assignee,
            eid=eid,
        )

    def move(self, key: TicketKey, status: str) -> None:
        """Transition to a status of the settings."""
        self._inner.move(key, self._outlet.line(status, SUMMARY))

    def edit(
        self,
        key: TicketKey,
        *,
        assignee: AccountId | Literal["unchanged"] | None = "unchanged",
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        """Set assignee and labels."""
        labels = [self._outlet.line(label, LABEL) for label in add_labels]
        self._inner.edit(
            key, assignee=assignee, add_labels=tuple(labels), remove_labels=remove_labels
        )

    def attach(self, key: TicketKey, name: str, content: bytes) -> str:
        """Attach a file, whole or not at all."""
        self._outlet.content(content, f"the attachment {name}")
        return self._inner.attach(key, self._outlet.line(name, FILE), content)

    def touched(self, issue_ids: Sequence[str]) -> dict[str, Touched]:
        """Many tickets by id."""
        return self._inner.touched(issue_ids)

    def set_anchor(self, key: TicketKey, head: str, *, seen: str = "") -> None:
        """Keep the ledger head, and what was seen until now, in the issue property."""
        out = self._outlet
        self._inner.set_anchor(key, out.line(head, SUMMARY), seen=out.line(seen, SUMMARY))


class GuardedWriter:
    """GitHub's writing half behind the outlet; only the write gate is handed it."""

    def __init__(self, inner: ForgeWriter, outlet: Outlet) -> None:
        self._inner = inner
        self._outlet = outlet

    def push_commit(self, order: CommitOrder) -> Sha:
        """Push the approved patch: content whole, words of the message clean."""
        self._outlet.content(order.patch, "the patch")
        self._outlet.content(order.branch.encode(), "the branch's name")
        return self._inner.push_commit(replace(order, message=self._outlet.message(order.message)))

    def put_pull(self, order: PullOrder) -> Pull:
        """Create or update the pull request; its title and text are words."""
        self._outlet.content(order.branch.encode(), "the branch's name")
        shown = replace(
            order,
            title=self._outlet.line(order.title, GITHUB_TITLE),
            body=self._outlet.markdown(order.body, ON_GITHUB, ON_THE_LEDGER),
            labels=tuple(self._outlet.line(label, 50) for label in order.labels),
        )
        return self._inner.put_pull(shown)

    def comment(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        """Comment once, inert and of a length that GitHub takes."""
        text = self._outlet.markdown(markdown, ON_GITHUB, ON_THE_LEDGER)
        return self._inner.comment(repo, number, markdown=text, eid=eid)

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        """Start a workflow of the settings on our branch."""
        self._outlet.content(f"{workflow} {branch}".encode(), "the workflow's start")
        return self._inner.start_workflow(repo, workflow, branch=branch, head=head)


class GuardedLedger:
    """The ledger behind the outlet: a fact or an artifact with a secret in it is refused."""

    def __init__(self, inner: Ledger, outlet: Outlet) -> None:
        self._inner = inner
        self._outlet = outlet

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        """The ticket's stream."""
        return self._inner.read(key, issue_id)

    def read_together(self, tickets: Sequence[tuple[TicketKey, str]]) -> list[Stream | None]:
        """Several tickets' streams."""
        return self._inner.read_together(tickets)

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        """An empty stream, not yet pushed."""
        return self._inner.open(key, issue_id)

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        """Append facts and artifacts, all of them or none."""
        for event in events:
            raw = canonical(event.model_dump(mode="json"))
            self._outlet.content(raw, f"the event {event.kind}")
        for digest, content in blobs.items():
            self._outlet.content(content, f"the artifact {digest[:19]}")
        return self._inner.append(stream, events, blobs)

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        """An artifact by digest."""
        return self._inner.blob(stream, digest)

    def open_streams(self) -> list[StreamId]:
        """Streams that have a live branch."""
        return self._inner.open_streams()

    def gather(self, stream: Stream) -> None:
        """Move an ended stream: what it holds was let out before."""
        self._inner.gather(stream)

    def read_open(self, wanted: Wanted) -> dict[StreamId, Stream | LedgerError]:
        """The open streams that are wanted."""
        return self._inner.read_open(wanted)

    def gather_all(self, streams: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        """Move many ended streams; those that were not moved, with the reason."""
        return self._inner.gather_all(streams)


class GuardedModel:
    """A model behind the outlet: a question with a secret of this room in it is not asked."""

    def __init__(self, inner: Model, outlet: Outlet) -> None:
        self.provider = inner.provider
        self._inner = inner
        self._outlet = outlet

    def query(self, query: Query) -> Turn:
        """Ask once, with all that was said before."""
        for text in (query.system, *(said for m in query.messages for said in _texts(m))):
            self._outlet.content(text.encode("utf-8", "surrogatepass"), "the request to the model")
        return self._inner.query(query)

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of that usage."""
        return self._inner.cost(model, usage)


class GuardedJob:
    """The Actions job behind the outlet; only `mask` is told a secret, so that it can hide it."""

    def __init__(self, inner: Job, outlet: Outlet) -> None:
        self._inner = inner
        self._outlet = outlet

    def output(self, name: str, value: str) -> None:
        """Set an output, whole or not at all."""
        self._outlet.content(value.encode(), f"the output {name}")
        self._inner.output(name, value)

    def summarise(self, markdown: str) -> None:
        """Add to the summary; its adapter knows how much there is room for."""
        self._inner.summarise(self._outlet.markdown(markdown, STEP_SUMMARY, ON_THE_LEDGER))

    def annotate(self, level: Level, title: str, text: str) -> None:
        """Show one line on the run's page."""
        clean = self._outlet
        self._inner.annotate(level, clean.line(title, SUMMARY), clean.line(text, ANNOTATION))

    def mask(self, secret: str) -> None:
        """Have the runner hide a value."""
        self._inner.mask(secret)

    def foreign(self) -> AbstractContextManager[None]:
        """While this lasts, what is printed is text."""
        return self._inner.foreign()


def _texts(message: object) -> list[str]:
    """What one message says: a text, a turn, or results of tools."""
    if isinstance(message, str):
        return [message]
    if isinstance(message, Turn):
        return [message.text, *(json.dumps(dict(call.input)) for call in message.calls)]
    return [result.text for result in message] if isinstance(message, tuple) else []
