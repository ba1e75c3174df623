"""One deterministic commit, pushed onto one branch of ours by compare-and-swap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patchgate.adapters.git.cache import HEADS, GitCache, Tips
from patchgate.adapters.git.judge import LARGEST_PATCH, put_on
from patchgate.adapters.git.process import try_git
from patchgate.adapters.git.scratch import Scratch, scratch
from patchgate.core.ids import Sha
from patchgate.errors import (
    CredentialError,
    LostRaceError,
    MalformedError,
    PatchgateError,
    RefusedError,
    ServiceError,
    TakenError,
)
from patchgate.ports import CommitFacts, CommitOrder


@dataclass(frozen=True, slots=True)
class CommitRules:
    """Who commits, and where alone it may go."""

    name: str
    email: str
    branch_prefix: str = "ai/"
    largest_patch: int = LARGEST_PATCH


def push_commit(cache: GitCache, order: CommitOrder, rules: CommitRules) -> Sha:
    """Commit the patch onto its parent and push it; the same order gives the same commit.

    A branch that holds the commit already is a success, also when people went on from there.
    The one commit that the order drops may be in the way; nothing else is ever taken off a branch.
    RefusedError for a branch that is not ours to write, TakenError when it is elsewhere,
    MalformedError when the patch gives another tree than the order says.
    """
    _check_branch(order, rules)
    tips = cache.tips(order.branch)
    if order.branch == tips.default_branch:
        raise RefusedError(f"{order.branch} is the default branch of {cache.repo}")
    with scratch(cache) as place:
        commit = _commit(place, order, rules)
        if _is_done(cache, order, commit, tips):
            return commit
        try:
            _push(place, order, commit, tips)
        except PatchgateError as error:
            _look_again(cache, order, commit, error)
    return commit


def _check_branch(order: CommitOrder, rules: CommitRules) -> None:
    if not rules.branch_prefix or not order.branch.startswith(rules.branch_prefix):
        raise RefusedError(
            f"branch {order.branch!r} is outside {rules.branch_prefix!r}: nothing is pushed there"
        )
    if try_git(["check-ref-format", HEADS + order.branch]).status != 0:
        raise RefusedError(f"{order.branch!r} is not a branch name")
    if order.expected not in (None, order.parent):
        raise RefusedError(f"the push would drop {order.expected} from {order.branch}")


def _commit(place: Scratch, order: CommitOrder, rules: CommitRules) -> Sha:
    tree = put_on(place, order.parent, order.patch, limit=rules.largest_patch)
    if tree != order.tree:
        raise MalformedError(f"the patch gives tree {tree[:12]}, not {order.tree[:12]}")
    when = _git_date(order.when)
    if "\0" in order.message or not order.message.strip():
        raise MalformedError("the commit message is empty or holds a NUL")
    identity = {
        "GIT_AUTHOR_NAME": rules.name,
        "GIT_AUTHOR_EMAIL": rules.email,
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": rules.name,
        "GIT_COMMITTER_EMAIL": rules.email,
        "GIT_COMMITTER_DATE": when,
    }
    args = ["commit-tree", tree, "-p", order.parent]
    message = order.message.encode(errors="surrogateescape")
    return Sha(place.cache.local(args, env=place.env | identity, stdin=message).decode().strip())


def _git_date(when: str) -> str:
    try:
        moment = datetime.fromisoformat(when)
    except ValueError as exc:
        raise MalformedError(f"{when!r} is not an ISO 8601 time") from exc
    if moment.tzinfo is None:
        raise MalformedError(f"{when!r} names no time zone")
    return f"@{int(moment.timestamp())} +0000"


def _is_done(cache: GitCache, order: CommitOrder, commit: Sha, tips: Tips) -> bool:
    """Whether the push is behind us; TakenError when the branch is not where it was expected."""
    there = tips.branch
    if there == commit:
        return True
    if there == order.expected or (there is not None and there == order.drops):
        return False
    if there is not None and cache.is_ancestor(commit, there):
        return True
    raise _taken(cache, order, there)


def _taken(cache: GitCache, order: CommitOrder, there: Sha | None) -> TakenError:
    if there is None:
        return TakenError(f"branch {order.branch} of {cache.repo} is gone")
    expected = f"at {order.expected[:12]}" if order.expected else "absent"
    return TakenError(
        f"branch {order.branch} of {cache.repo} was expected {expected}, "
        f"and is at {there[:12]} by {author_of(cache, there)}"
    )


def facts_of(raw: bytes, us: CommitRules) -> CommitFacts:
    """A commit object, read; ours are those that `us` authored and committed."""
    head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
    lines = [line.partition(" ") for line in head.splitlines()]
    named = [rest.rpartition(">")[0] for name, _, rest in lines if name in ("author", "committer")]
    return CommitFacts(
        tree=next(Sha(rest) for name, _, rest in lines if name == "tree"),
        parents=tuple(Sha(rest) for name, _, rest in lines if name == "parent"),
        message=message,
        by_us=named == [f"{us.name} <{us.email}"] * 2,
    )


def author_of(cache: GitCache, commit: Sha) -> str:
    """The author's e-mail of a commit."""
    cache.bring(commit)
    out = cache.local(["log", "-1", "--no-show-signature", "--format=%ae", commit])
    return out.decode(errors="replace").strip()


def _push(place: Scratch, order: CommitOrder, commit: Sha, tips: Tips) -> None:
    ref = HEADS + order.branch
    # A parent that is no branch's head any more would be sent whole: ask what the remote has.
    known = order.parent in (tips.default, tips.branch)
    args = [*(() if known else ("-c", "push.negotiate=true")), "push", "--porcelain", "--no-thin"]
    args += ["--no-verify", "--no-signed", "--no-follow-tags"]
    # What was seen is where it was expected, or the commit to drop: `_is_done` went before.
    args += [f"--force-with-lease={ref}:{tips.branch or ''}"]
    place.cache.online([*args, place.cache.url, f"{commit}:{ref}"], env=place.env)


def _look_again(cache: GitCache, order: CommitOrder, commit: Sha, error: PatchgateError) -> None:
    """After a push that broke off: done after all, taken by somebody else, or still to do."""
    if not isinstance(error, (ServiceError, LostRaceError)) or isinstance(error, CredentialError):
        raise error
    tips = cache.tips(order.branch)
    if not _is_done(cache, order, commit, tips):
        raise error
