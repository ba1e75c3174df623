"""Paths below a commit: looked up level by level, and replaced without touching their siblings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from patchgate.adapters.ledger.objects import TREE, Entry, Objects, Tree
from patchgate.core.ids import Sha


def find(objects: Objects, commit: Sha, paths: Iterable[str]) -> dict[str, Entry | None]:
    """The entries at these paths; one exchange at most for each level, whatever their number."""
    trees: dict[str, Tree] = {"": objects.tree(commit)}
    found: dict[str, Entry | None] = {}
    waiting = {path: path.split("/") for path in paths}
    level = 0
    while waiting:
        needed: dict[str, Sha] = {}
        for path, parts in list(waiting.items()):
            entry = trees["/".join(parts[:level])].get(parts[level])
            if level + 1 == len(parts) or entry is None or entry.mode != TREE:
                found[path] = entry if level + 1 == len(parts) else None
                del waiting[path]
            else:
                needed["/".join(parts[: level + 1])] = entry.oid
        objects.bring(needed.values())
        trees.update({folder: objects.tree(oid) for folder, oid in needed.items()})
        level += 1
    return found


def graft(objects: Objects, base: Sha | None, changes: Mapping[str, Entry]) -> Sha:
    """The tree `base` with entries put at paths; trees on the way are made where need be."""
    if base is not None:
        objects.bring([base])
    tree = dict(objects.tree(base)) if base is not None else {}
    below: dict[str, dict[str, Entry]] = {}
    for path, entry in changes.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = entry
        else:
            tree[name] = entry
    for name, inner in below.items():
        old = tree.get(name)
        kept = old.oid if old is not None and old.mode == TREE else None
        tree[name] = Entry(TREE, graft(objects, kept, inner))
    return objects.write_tree(tree)
