"""Write commands with their identities: the same effect has the same `eid` however often asked for.

An `eid` says what the effect is, never which run does it. What answers a fact from outside is
named by that fact; what shows a patch by the attempt that made the patch; what shows a state by
how often the ticket was shown before.
"""

from __future__ import annotations

from dataclasses import replace

from patchgate.core.branch import branch_of
from patchgate.core.commands import (
    AttachPatch,
    Command,
    PostComment,
    Propose,
    PublishPatch,
    PutPull,
    ShowTicket,
    StartChecks,
    Topic,
)
from patchgate.core.events import PatchProposed
from patchgate.core.ids import Digest, Eid, FactId, effect_id
from patchgate.core.proposal import Task
from patchgate.core.state import View, Workflow


def eid_for(
    w: Workflow, kind: str, target: str, *, attempt: int | None = None, ordinal: int = 0
) -> Eid:
    """The identity of an effect of this generation; of the present attempt unless told."""
    return effect_id(
        w.stream,
        w.generation,
        attempt=w.attempt if attempt is None else attempt,
        kind=kind,
        target=target,
        ordinal=ordinal,
    )


def comment(
    w: Workflow,
    topic: Topic,
    *,
    subject: Digest | None = None,
    attempt: int = 0,
    ordinal: int = 0,
) -> PostComment:
    """A comment on the ticket: one for each topic, subject, attempt and ordinal."""
    target = str(subject or w.stream)
    eid = eid_for(w, f"comment:{topic}", target, attempt=attempt, ordinal=ordinal)
    return PostComment(eid, topic, w.key, subject)


def on_pull(post: PostComment, w: Workflow) -> PostComment | None:
    """The same comment on our open pull request, for those who work there; None without one."""
    if w.pull is None or w.pull.state != "open":
        return None
    place = f"{w.pull.repo}#{w.pull.number}"
    eid = eid_for(w, f"comment:{post.topic}:{place}", post.eid, attempt=0)
    return replace(post, eid=eid, target=place, platform="github")


def response(w: Workflow, topic: Topic, fact: FactId) -> PostComment:
    """A comment that answers a fact from outside, where it came from: one ever."""
    eid = effect_id(w.stream, 0, attempt=0, kind=f"comment:{topic}", target=fact)
    if fact.startswith("github:") and w.pull is not None:
        place = f"{w.pull.repo}#{w.pull.number}"
        return PostComment(eid, topic, place, about=fact, platform="github")
    return PostComment(eid, topic, w.key, about=fact)


def show_ticket(w: Workflow, view: View, drift: FactId | None) -> ShowTicket:
    """Let Jira show this view; another view, or the same one later, is another effect."""
    target = "|".join((w.stream, w.state, view.status, view.assignee, *view.labels, drift or ""))
    eid = eid_for(w, "show", target, attempt=0, ordinal=w.shows)
    return ShowTicket(eid, w.key, w.state, view.status, view.assignee, view.labels, drift)


def attach_patch(w: Workflow, patch: PatchProposed) -> AttachPatch:
    """Hang the whole patch on the ticket: once for each patch."""
    eid = eid_for(w, "attach", patch.patch, attempt=patch.attempt)
    return AttachPatch(eid, w.key, patch.patch)


def publish_patch(w: Workflow, patch: PatchProposed) -> PublishPatch:
    """The approved patch as a commit; one for each patch, whatever happens in between."""
    branch = f"{patch.repo}:{branch_of(w)}"
    eid = eid_for(w, "commit", f"{branch}@{patch.patch}", attempt=patch.attempt)
    return PublishPatch(eid, branch, patch.patch)


def put_pull(w: Workflow, patch: PatchProposed) -> PutPull:
    """The pull request that shows that patch."""
    branch = f"{patch.repo}:{branch_of(w)}"
    eid = eid_for(w, "pull", f"{branch}@{patch.patch}", attempt=patch.attempt)
    return PutPull(eid, branch, patch.patch)


def start_checks(w: Workflow, workflow: str, head: str) -> StartChecks:
    """One start of that workflow for each head, whatever becomes of its run."""
    branch = f"{w.repo}:{branch_of(w)}"
    eid = eid_for(w, "ci-start", f"{branch}@{head}:{workflow}", attempt=0)
    return StartChecks(eid, branch, workflow, head)


def propose(w: Workflow, task: Task, micro_dollars: int, question: FactId | None = None) -> Propose:
    """Ask a model; each run of a stream has its own identity."""
    eid = eid_for(w, f"propose:{task}", question or w.stream, ordinal=w.money.runs)
    return Propose(eid, task, w.attempt, micro_dollars, question)


def is_due(w: Workflow, command: Command) -> bool:
    """Whether it was not done before, and trying again is not known to be vain."""
    eid: Eid | None = getattr(command, "eid", None)
    if eid is None:
        return True
    trouble = w.trouble_with(eid)
    return eid not in w.done and not (trouble is not None and trouble.is_final)
