"""Who approved a commit, read from Jira and GitHub alone: the audit's own idea of law 2.

Nothing here uses what decides in the product. A commit may stand when its time is that of a
person's word, given by an approver, unedited, after our own comment showed the thing, for exactly
this patch (or the plan that it stays inside, or the text of the request).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from patchgate.ports import Comment, CommitOrder, Ticket
from patchgate.standins.simulate.github import BOT
from patchgate.standins.simulate.jira import RUNNER, Issue
from patchgate.standins.simulate.world import GITHUB, World

SHOWN = re.compile(r"^#+ .*·\W*([0-9a-f]{12})\W*$")
SAID = re.compile(r"^/approve(?:\s+`?([0-9a-fA-F]{8,64})`?)?\s*$")


def key_of(order: CommitOrder) -> str:
    """The ticket that the commit is for, by its branch."""
    return re.sub(r"^ai/([A-Z]+-\d+)(?:-\d+)?$", r"\1", order.branch)


def why_unapproved(world: World, order: CommitOrder, looked: str = "") -> str:
    """Why nobody's word covers this commit; empty when somebody's does.

    `looked`: when the run that made it saw the ticket, with nothing in between. No run can know
    what is rewritten between that and the arrival of its push; what was rewritten before, it must.
    """
    if not order.branch.startswith("ai/") or order.branch == "main":
        return "this branch is not ours to write"
    issue = world.jira.issue(key_of(order))
    mode = _mode(world, issue.ticket)
    name = hashlib.sha256(order.patch).hexdigest()[:12]
    if order.when in set(_words_for(world, issue, order, name)):
        return ""
    if mode == "plan" and order.when in set(_plan_words(world, issue, order)):
        return ""
    if mode == "request" and order.when in set(_request_words(issue, looked)):
        return ""
    return f"nobody approved {name} at {order.when} (mode {mode})"


def _mode(world: World, ticket: Ticket) -> str:
    where = world.configuration
    return where.modes[where.projects.index(ticket.project)]


def _words_for(world: World, issue: Issue, order: CommitOrder, name: str) -> Iterator[str]:
    """Times of the comments by which approvers approved what our comments show under that name.

    They stand on the ticket, or on a pull request of the very branch.
    """
    yield from _approvals(issue.comments, frozenset(GITHUB), RUNNER, name)
    logins = frozenset(GITHUB.values())
    for number in world.github.of_branch.get((order.repo, order.branch), ()):
        said = world.github.talk.get((order.repo, number), ())
        yield from _approvals(said, logins, BOT, name)


def _approvals(
    said: Sequence[Comment], approvers: frozenset[str], ours: str, name: str
) -> Iterator[str]:
    shown: list[str] = []
    for comment in said:
        first = comment.body.strip().splitlines()[0].strip() if comment.body.strip() else ""
        if comment.author == ours:
            found = SHOWN.match(first.replace("\\", ""))
            shown += [found[1]] if found else []
            continue
        word = SAID.match(first)
        if word is None or comment.author not in approvers or comment.edited or name not in shown:
            continue
        typed = (word[1] or "").lower()
        if (typed and _begins(name, typed)) or (not typed and shown[-1] == name):
            yield comment.at


def _begins(name: str, typed: str) -> bool:
    return name.startswith(typed[:12]) and len(typed) >= 8


def _plan_words(world: World, issue: Issue, order: CommitOrder) -> Iterator[str]:
    """Times at which an approver approved a plan of ours that names all paths of the patch."""
    home = world.jira.issue(issue.ticket.parent) if issue.ticket.parent else issue
    paths = list(json.loads(order.patch))
    shown: list[tuple[str, str]] = []
    for comment in home.comments:
        found = SHOWN.match(comment.body.strip().splitlines()[0].strip())
        if comment.author == RUNNER and found and "plan" in comment.body[:80].lower():
            shown.append((comment.at, found[1]))
    for _, name in shown:
        if not all(_named_in_plan(world, name, path) for path in paths):
            continue
        yield from _approvals(home.comments, frozenset(GITHUB), RUNNER, name)
        for change in home.changes:
            moved = (change.field, change.before, change.after)
            wanted = ("status", "Plan Review", "In Progress")
            latest = [n for when, n in shown if when < change.at]
            if moved == wanted and change.author in GITHUB and latest[-1:] == [name]:
                yield change.at


def _named_in_plan(world: World, name: str, path: str) -> bool:
    """Whether the plan of that digest (an artifact that hashes to it) names the path."""
    digest = world.ledger.shown.get(name)
    if digest is None:
        return False
    plan = json.loads(world.ledger.blobs[digest])
    globs = [f["path"] for f in plan["files"]]
    globs += [g for item in plan["items"] for g in item["files"]]
    return any(fnmatchcase(path, glob) for glob in globs)


def _request_words(issue: Issue, looked: str) -> Iterator[str]:
    """Times at which an approver gave this text to the runner, or said `/approve` to it."""
    known = [c for c in issue.changes if not looked or c.at <= looked]
    texts = [c.at for c in known if c.field in ("summary", "description")]
    since = texts[-1] if texts else ""
    for change in issue.changes:
        given = change.field == "assignee" and change.after == RUNNER
        if given and change.author in GITHUB and change.at > since:
            yield change.at
    for comment in issue.comments:
        said = comment.author in GITHUB and not comment.edited and comment.at > since
        if said and SAID.match(comment.body.strip().splitlines()[0]):
            yield comment.at
    ticket = issue.ticket
    if ticket.reporter in GITHUB and not since and not issue.changes:
        yield ticket.created
