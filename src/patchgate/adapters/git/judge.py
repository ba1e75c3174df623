"""A patch put on a commit in a scratch place, and the tree that it gives.

The text of a patch is never judged: names in it can be quoted, doubled or absolute. Git applies
it to a scratch index, and from then on only the tree counts. Nothing is written but scratch.
"""

from __future__ import annotations

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.process import classify
from patchgate.adapters.git.scratch import Scratch, scratch
from patchgate.adapters.git.trees import (
    changes,
    clashes,
    cross_check,
    entries,
    rendered,
    said_first,
)
from patchgate.core.ids import Sha, digest_bytes
from patchgate.core.patch import AppliedPatch
from patchgate.errors import MalformedError

LARGEST_PATCH = 4 * 1024 * 1024
"""Bytes; the policy is stricter, this keeps nonsense away from git."""
PREFETCHED = 500
"""Paths of a patch whose contents are fetched in one go; more come one by one."""
NOT_FETCHED = "fatal: could not fetch "


def applied_patch(
    cache: GitCache, start: Sha, patch: bytes, *, limit: int = LARGEST_PATCH
) -> AppliedPatch:
    """The tree that the patch gives on the start commit, and how the two differ.

    MalformedError when the patch is empty, longer than `limit` bytes, refused by git, too much for
    it, without effect, or when its diff reads differently to a second reader.
    """
    with scratch(cache) as place:
        tree = put_on(place, start, patch, limit=limit)
        found = changes(place, start, tree)
        diff = rendered(place, start, tree)
        same = clashes(place, tree, found)
    if not found:
        raise MalformedError("the patch changes nothing")
    cross_check(diff, found)
    return AppliedPatch(
        start=start,
        tree=tree,
        patch=digest_bytes(patch),
        patch_size=len(patch),
        changes=found,
        rendered=diff.decode(errors="backslashreplace"),
        collisions=same,
    )


def put_on(place: Scratch, start: Sha, patch: bytes, *, limit: int) -> Sha:
    """Apply the patch to the start commit in the scratch index; the tree, kept in scratch."""
    if not patch.strip():
        raise MalformedError("the patch is empty")
    if len(patch) > limit:
        raise MalformedError(f"the patch has {len(patch)} bytes; at most {limit} are read")
    place.cache.bring(start)
    if place.cache.is_partial:
        _prefetch(place, start, patch)
    place.cache.begin_index(start, place.env)
    args = ["apply", "--cached", "--binary", "--whitespace=nowarn", "-"]
    answer = place.try_online(args, patch)
    if answer.status != 0:
        if any(line.startswith(NOT_FETCHED) for line in answer.err.splitlines()):
            raise classify(args, answer)
        raise MalformedError(f"git does not take the patch: {said_first(answer.err)}")
    return Sha(place.local(["write-tree", "--missing-ok"]).decode().strip())


def _prefetch(place: Scratch, start: Sha, patch: bytes) -> None:
    """Fetch the files that the patch names in one exchange: for speed, it decides nothing."""
    answer = place.try_online(["apply", "--numstat", "-z", "-"], patch)
    records = answer.out.split(b"\0")[:-1] if answer.status == 0 else []
    paths = [record.split(b"\t", 2)[-1] for record in records[:PREFETCHED]]
    named = {path.decode(errors="surrogateescape") for path in paths}
    if named:
        here = entries(place.cache, start)
        place.cache.bring_blobs(e.oid for e in here if e.path in named and e.is_blob)
