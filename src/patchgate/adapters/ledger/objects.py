"""Git objects without a work tree: trees and blobs of a repository on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.git.process import run_git, try_git
from patchgate.adapters.git.reader import ObjectReader
from patchgate.adapters.git.standing import LARGEST, Standing
from patchgate.core.ids import Sha
from patchgate.errors import LedgerError

TREE, FILE = "040000", "100644"
WRITER = {
    "GIT_AUTHOR_NAME": "patchgate",
    "GIT_AUTHOR_EMAIL": "ledger@patchgate.invalid",
    "GIT_COMMITTER_NAME": "patchgate",
    "GIT_COMMITTER_EMAIL": "ledger@patchgate.invalid",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    oid: Sha


Tree = dict[str, Entry]


class Objects:
    """The objects of one git directory, read and written by name.

    A name fixes its content, so what was seen here once is not asked of git again.
    """

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir.absolute()
        self._here: set[Sha] = set()
        self._trees: dict[Sha, Tree] = {}
        self._reader = ObjectReader(self.git_dir)
        self._tree_writer = Standing(["mktree", "-z", "--missing", "--batch"], self.git_dir)

    def bring_commit(self, commit: Sha, *, filtered: str) -> None:
        """See that a commit is here, less what a filter leaves out: here is all there is."""

    def bring(self, oids: Iterable[Sha]) -> None:
        """See that trees and blobs are here: here is all there is."""

    def has(self, oids: Iterable[Sha]) -> dict[Sha, bool]:
        """Which objects are here already."""
        wanted = list(dict.fromkeys(oids))
        asked = self._reader.has(oid for oid in wanted if oid not in self._here)
        self._here |= {Sha(oid) for oid, here in asked.items() if here}
        return {oid: oid in self._here for oid in wanted}

    def tree(self, oid: Sha) -> Tree:
        """The entries of a tree, or of a commit's root tree, that is here."""
        if oid not in self._trees:
            (content,) = self._reader.contents([f"{oid}^{{tree}}"], "tree")
            self._trees[oid] = _parse_raw_tree(content, len(oid) // 2)
        return dict(self._trees[oid])

    def blobs(self, oids: Sequence[Sha]) -> list[bytes]:
        """The contents of blobs that are here, in order."""
        return self._reader.contents(oids, "blob")

    def write_blobs(self, contents: Sequence[bytes]) -> list[Sha]:
        """Store blobs and return their ids, in order."""
        if not contents:
            return []
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / str(number) for number in range(len(contents))]
            for path, content in zip(paths, contents, strict=True):
                path.write_bytes(content)
            names = "".join(f"{path}\n" for path in paths).encode()
            out = self._local(["hash-object", "-w", "--no-filters", "--stdin-paths"], names)
        return [Sha(line) for line in out.decode().split()]

    def write_tree(self, tree: Tree) -> Sha:
        """Store a tree; what it names need not be here."""
        records = b"".join(
            f"{entry.mode} {'tree' if entry.mode == TREE else 'blob'} {entry.oid}\t".encode()
            + name.encode(errors="surrogateescape")
            + b"\0"
            for name, entry in tree.items()
        )
        oid = self._write_tree(records)
        self._trees[oid] = dict(sorted(tree.items(), key=_in_git_s_order))
        self._here.add(oid)
        return oid

    def _write_tree(self, records: bytes) -> Sha:
        if len(records) >= LARGEST:
            return Sha(self._local(["mktree", "-z", "--missing"], records).decode().strip())
        with self._tree_writer.asked(records + b"\0") as answer:
            return Sha(answer.line().decode())

    def write_commit(self, tree: Sha, message: str, *, parent: Sha | None) -> Sha:
        """Store a commit."""
        parents = ["-p", parent] if parent else []
        out = run_git(
            ["commit-tree", tree, *parents],
            git_dir=self.git_dir,
            env=WRITER,
            stdin=message.encode(),
        )
        oid = Sha(out.decode().strip())
        if tree in self._trees:
            self._trees[oid] = self._trees[tree]
        self._here.add(oid)
        return oid

    def same_tree(self, one: Sha, two: Sha) -> bool:
        """Whether two commits hold exactly the same files."""
        trees = self._local(["rev-parse", f"{one}^{{tree}}", f"{two}^{{tree}}"]).split()
        return trees[0] == trees[1]

    def local_refs(self, prefix: str) -> dict[str, Sha]:
        """This directory's own refs below a prefix, by full name."""
        out = self._local(["for-each-ref", "--format=%(objectname) %(refname)", prefix]).decode()
        pairs = (line.split(" ", 1) for line in out.splitlines())
        return {name: Sha(oid) for oid, name in pairs}

    def walk(self, commit: Sha) -> Tree:
        """Every file below a commit, by path."""
        return _parse_tree(self._local(["ls-tree", "-r", "-z", commit]))

    def _local(self, args: Sequence[str], stdin: bytes = b"") -> bytes:
        answer = try_git(args, git_dir=self.git_dir, stdin=stdin)
        if answer.status != 0:
            raise LedgerError(f"git {args[0]} on the ledger's objects: {answer.err.strip()}")
        return answer.out


def _in_git_s_order(named: tuple[str, Entry]) -> bytes:
    name, entry = named
    return name.encode(errors="surrogateescape") + (b"/" if entry.mode == TREE else b"")


def _parse_raw_tree(content: bytes, size: int) -> Tree:
    """A tree object as it is stored: mode, name and the id's `size` bytes, entry by entry."""
    tree: Tree = {}
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        oid = Sha(content[end + 1 : end + 1 + size].hex())
        tree[name.decode(errors="surrogateescape")] = Entry(mode.decode().zfill(6), oid)
        at = end + 1 + size
    return tree


def _parse_tree(listing: bytes) -> Tree:
    tree: Tree = {}
    for record in listing.split(b"\0")[:-1]:
        meta, _, name = record.partition(b"\t")
        mode, _, oid = meta.decode().split(" ")
        tree[name.decode(errors="surrogateescape")] = Entry(mode, Sha(oid))
    return tree


def oid_lines(oids: Iterable[str]) -> bytes:
    """Object names as git reads them from its standard input."""
    return "".join(f"{oid}\n" for oid in oids).encode()
