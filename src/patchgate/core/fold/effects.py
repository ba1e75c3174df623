"""Intents and results of outside effects."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.commands import PublishPatch
from patchgate.core.events import Event
from patchgate.core.fold.moving import enter
from patchgate.core.ids import Eid
from patchgate.core.replacing import replace
from patchgate.core.state import Publication, Pull, State, Trouble, View, Workflow


def fold_effect(w: Workflow, event: Event) -> Workflow | None:
    """The workflow with that intent or result; None when the event is none."""
    match event:
        case e.Intended():
            return _intended(w, event)
        case e.EffectFailed():
            return _failed(_released(w, event.eid), event)
        case e.StatusUnreachable():
            return _unreachable(_released(w, event.eid), event)
        case e.WriteRefused():
            return replace(_released(w, event.eid), refused=event)
        case (
            e.CommentPosted()
            | e.PatchAttached()
            | e.TicketShown()
            | e.SubtaskCreated()
            | e.PatchPublished()
            | e.PullPut()
            | e.ChecksStarted()
        ):
            return _result(replace(_released(w, event.eid), done=w.done | {event.eid}), event)
        case _:
            return None


def _intended(w: Workflow, x: e.Intended) -> Workflow:
    announced = {i.eid: x.run for i in x.effects}
    claims = tuple((dict(w.claims) | announced).items())
    w = replace(w, intended=w.intended | set(announced), claims=claims)
    commits = any(i.effect == PublishPatch.effect for i in x.effects)
    if not commits or w.patch is None or w.patch in w.unrecorded:
        return w
    return replace(w, unrecorded=(*w.unrecorded, w.patch))


def _released(w: Workflow, eid: Eid) -> Workflow:
    return replace(w, claims=tuple(c for c in w.claims if c[0] != eid))


def _result(w: Workflow, event: Event) -> Workflow:
    match event:
        case e.CommentPosted():
            return _commented(w, event)
        case e.TicketShown():
            return _shown(w, event)
        case e.SubtaskCreated():
            return _subtask(w, event)
        case e.PatchPublished():
            return _published(w, event)
        case e.PullPut():
            return _pull_put(w, event)
        case _:
            return w


def _failed(w: Workflow, x: e.EffectFailed) -> Workflow:
    before = w.trouble_with(x.eid)
    trouble = Trouble(x.eid, before.times + 1 if before else 1, x)
    others = tuple(t for t in w.troubles if t.eid != x.eid)
    return replace(w, troubles=(*others, trouble), trouble=x)


def _unreachable(w: Workflow, x: e.StatusUnreachable) -> Workflow:
    reason = f"no way to {x.status}" + (f": {x.why}" if x.why else "")
    failed = e.EffectFailed(
        at=x.at, eid=x.eid, effect="show", code="status", reason=reason, final=True
    )
    w = _failed(w, failed)
    return replace(w, unreachable=(*w.unreachable, (x.status, x.available)))


def _commented(w: Workflow, x: e.CommentPosted) -> Workflow:
    if not x.subject:
        return w
    shown = Publication(x.platform, x.comment, x.posted, x.subject)
    return replace(w, publications=(*w.publications, shown))


def _shown(w: Workflow, x: e.TicketShown) -> Workflow:
    return replace(
        w,
        shown=View(x.view, x.status, x.assignee, x.labels),
        shows=w.shows + 1,
        drift_seen=x.drift or w.drift_seen,
        drift_reasserted=w.drift_reasserted or x.drift is not None,
    )


def _subtask(w: Workflow, x: e.SubtaskCreated) -> Workflow:
    children = tuple(
        replace(c, key=x.key, issue_id=x.issue_id) if c.ordinal == x.ordinal else c
        for c in w.children
    )
    return replace(w, children=children)


def _published(w: Workflow, x: e.PatchPublished) -> Workflow:
    pull = replace(w.pull, head=x.commit) if w.pull and w.pull.state == "open" else w.pull
    return replace(w, published=x.patch, commit=x.commit, unrecorded=(), pull=pull, checks=None)


def _pull_put(w: Workflow, x: e.PullPut) -> Workflow:
    same = w.pull is not None and w.pull.number == x.number
    seen = w.pull.seen if same and w.pull else 0
    w = replace(w, pull=Pull(x.repo, x.number, x.url, x.head, seen=seen), checks=None)
    return enter(w, State.PR_OPEN) if w.place is State.APPLYING_PATCHES else w
