"""Verification without a network: every stream of a clone or cache, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.names import Address, Branches, parse_stream
from patchgate.adapters.ledger.objects import FILE, Objects, Tree
from patchgate.core.chain import Finding, Link
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError

PLACES = ("refs/heads/", "refs/remotes/origin/")
"""Where a bare mirror and a clone keep the remote's branches."""
BATCH = 500
"""How many gathered streams are read at once."""

Chains = dict[StreamId, tuple[Link, ...]]


def verify_repository(
    git_dir: Path, *, branches: Branches | None = None, only: StreamId | None = None
) -> list[Finding]:
    """Check the chains, tips, index and artifacts of all streams (or of one) in a repository.

    An empty list means that everything there fits together; truncation and rewriting of events
    with their tip show only against anchors. LedgerError when there is no ledger branch.
    """
    objects, names = Objects(git_dir), branches or Branches()
    ledger = _branch(objects, names.ledger)
    if ledger is None:
        raise LedgerError(
            f"{git_dir} has no ledger branch {names.ledger}", "Fetch it, or name another clone."
        )
    findings, chains = _verify_ledger(objects, ledger, only)
    for name, commit in sorted(_lives(objects, names).items()):
        if only in (None, name):
            findings += _verify_live(objects, name, commit, held=chains.get(StreamId(name), ()))
    known = {finding.stream for finding in findings} | set(chains) | set(_lives(objects, names))
    if only is not None and only not in known:
        findings.append(Finding(only, 0, "there is no such stream"))
    return findings


def _branch(objects: Objects, name: str) -> Sha | None:
    for place in PLACES:
        if commit := objects.local_refs(f"{place}{name}").get(f"{place}{name}"):
            return commit
    return None


def _lives(objects: Objects, names: Branches) -> dict[str, Sha]:
    for place in PLACES:
        prefix = f"{place}{names.live}/"
        if refs := objects.local_refs(prefix):
            return {ref.removeprefix(prefix): commit for ref, commit in refs.items()}
    return {}


def _verify_live(
    objects: Objects, name: str, commit: Sha, *, held: tuple[Link, ...]
) -> list[Finding]:
    stream = StreamId(name)
    if parse_stream(name) is None:
        return [Finding(stream, 0, "the live branch has no stream's name")]
    tree = live.load(objects, stream, commit)
    if isinstance(tree, Finding):
        return [tree]
    whole = live.join(stream, tree, held)
    findings = [whole] if isinstance(whole, Finding) else []
    bad = live.bad_blob(objects, stream, tree.blobs)
    return findings + ([bad] if bad else [])


def _verify_ledger(
    objects: Objects, commit: Sha, only: StreamId | None
) -> tuple[list[Finding], Chains]:
    files = objects.walk(commit)
    homes, findings = _homes(files)
    chains: Chains = {}
    wanted = [home for home in homes if only in (None, home.stream)]
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        oids = [files[path].oid for home in part for path in (home.events_path, home.index_path)]
        contents = iter(objects.blobs(oids))
        for home, data, tip in zip(part, contents, contents, strict=False):
            links = archive.judge(home, data, tip)
            if isinstance(links, Finding):
                findings.append(links)
            else:
                chains[home.stream] = links
    chosen = [one for one in findings if only in (None, one.stream)]
    return chosen + _bad_blobs(objects, files, wanted), chains


def _homes(files: Tree) -> tuple[list[Address], list[Finding]]:
    """Streams that have both file and index, and everything that is not in its place."""
    homes = [
        home
        for path in files
        if path.endswith(".jsonl")
        and (home := parse_stream(path.rpartition("/")[2].removesuffix(".jsonl"))) is not None
        and home.events_path == path
    ]
    placed = {path for home in homes for path in (home.events_path, home.index_path)}
    folders = {home.blobs_path for home in homes}
    findings = [
        Finding(home.stream, 0, "it has a file on the ledger branch but no index")
        for home in homes
        if home.index_path not in files
    ]
    findings += [
        Finding(StreamId(path), 0, "this file of the ledger branch belongs to no stream")
        for path, entry in files.items()
        if (path not in placed and path.rpartition("/")[0] not in folders) or entry.mode != FILE
    ]
    return [home for home in homes if home.index_path in files], findings


def _bad_blobs(objects: Objects, files: Tree, homes: list[Address]) -> list[Finding]:
    by_folder: dict[str, Tree] = {}
    for path, entry in files.items():
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder, {})[name] = entry
    found = (
        live.bad_blob(objects, home.stream, by_folder.get(home.blobs_path, {})) for home in homes
    )
    return [finding for finding in found if finding is not None]
