"""One real bare repository: refs, objects and commits through git's plumbing."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ZERO = "0" * 40
NOBODY = "GitHub", "noreply@github.com"


def hermetic_environment() -> dict[str, str]:
    """An environment in which git sees nothing of this machine's or user's settings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": NOBODY[0],
        "GIT_AUTHOR_EMAIL": NOBODY[1],
        "GIT_COMMITTER_NAME": NOBODY[0],
        "GIT_COMMITTER_EMAIL": NOBODY[1],
    }


class GitError(Exception):
    """Git said no; the message is its own."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as a commit records it."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as git stores it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


SHA = re.compile(r"[0-9a-f]{40}")
FORMAT = "%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%ad%x1f%cn%x1f%ce%x1f%cd%x1f%B%x1e"
DATES = "--date=format-local:%Y-%m-%dT%H:%M:%SZ"


class BareRepository:
    """Reads and writes one bare repository; every method is a git command or two."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, default_branch: str) -> BareRepository:
        """Make an empty one that serves partial clones."""
        path.mkdir(parents=True)
        bare = cls(path)
        bare.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
        with (path / "config").open("a", encoding="ascii") as config:
            config.write(
                "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"
                "[receive]\n\tadvertisePushOptions = false\n\tautogc = false\n"
                "[gc]\n\tauto = 0\n[core]\n\tlogAllRefUpdates = false\n"
            )
        return bare

    def run_bytes(
        self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> bytes:
        """Standard output of one git command; GitError when it fails."""
        done = subprocess.run(
            ["git", f"--git-dir={self.path}", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=hermetic_environment() | dict(extra or {}),
        )
        if done.returncode:
            raise GitError(done.stderr.decode("utf-8", "replace").strip() or arguments[0])
        return done.stdout

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """The same as text."""
        return self.run_bytes(*arguments, stdin=stdin).decode("utf-8", "replace").strip()

    def settled(self, *arguments: str) -> bytes:
        """The same as bytes, for a command that names all it reads by full hashes.

        Content under a hash never changes, so git is asked once: whoever asks has seen that this
        repository has the objects.
        """
        return _settled(_Question(self, arguments))

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """All refs that begin with the prefix, as `{full name: sha}`."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def branch(self, name: str) -> str | None:
        """What a branch points to, or None; reads the files themselves, for speed."""
        loose = self.path / "refs" / "heads" / name
        if loose.is_file():
            return loose.read_text("ascii").strip()
        packed = self.path / "packed-refs"
        if packed.is_file():
            for line in packed.read_text("utf-8").splitlines():
                sha, _, ref = line.partition(" ")
                if ref == f"refs/heads/{name}":
                    return sha
        return None

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or (abbreviated) sha means, or None.

        GitHub takes no branch and no tag that looks like a full sha.
        """
        named = (f"refs/heads/{revision}", f"refs/tags/{revision}")
        for candidate in (revision,) if SHA.fullmatch(revision) else (*named, revision):
            try:
                return self.run(
                    "rev-parse",
                    "--verify",
                    "--quiet",
                    "--end-of-options",
                    f"{candidate}^{{commit}}",
                )
            except GitError:
                continue
        return None

    def kind(self, sha: str) -> str | None:
        """`commit`, `tree`, `blob`, `tag`, or None where there is no such object."""
        try:
            return self.run("cat-file", "-t", sha)
        except GitError:
            return None

    def commits(self, *revisions: str) -> list[Commit]:
        """The commits that `git log` gives for full shas and options, newest first."""
        out = self.settled("log", DATES, f"--format={FORMAT}", *revisions, "--")
        records = out.decode("utf-8", "replace").split("\x1e")
        return [_commit(r.lstrip("\n")) for r in records if r.strip()]

    def commit(self, sha: str) -> Commit:
        """One commit."""
        return self.commits("-1", sha)[0]

    def entries(self, commit: str, path: str = "", *, recursive: bool = False) -> list[Entry]:
        """The tree of a commit (or a folder in it)."""
        options = ["-r"] if recursive else []
        where = f"{commit}:{path}" if path else commit
        out = self.run_bytes("ls-tree", "-z", "--long", *options, where)
        return [_entry(line) for line in out.decode("utf-8", "replace").split("\0") if line]

    def entry(self, commit: str, path: str) -> Entry | None:
        """What lies at a path of a commit, or None."""
        out = self.run_bytes("ls-tree", "-z", "--long", commit, "--", path)
        lines = [line for line in out.decode("utf-8", "replace").split("\0") if line]
        return _entry(lines[0]) if lines else None

    def blob(self, sha: str) -> bytes:
        """The bytes of a blob."""
        return self.run_bytes("cat-file", "blob", sha)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `older` is reachable from `newer`."""
        return self.merge_base(older, newer) == older

    def merge_base(self, one: str, two: str) -> str | None:
        """The best common ancestor of two commits, or None where there is none."""
        try:
            return self.settled("merge-base", one, two).decode("ascii").strip()
        except GitError:
            return None

    def update_ref(self, ref: str, new: str, *, old: str) -> None:
        """Move a ref from `old` (ZERO: must not exist) to `new` (ZERO: delete), or GitError."""
        if new == ZERO:
            self.run("update-ref", "-d", ref, old)
        else:
            self.run("update-ref", ref, new, old)

    def write_tree(self, base: str | None, files: Mapping[str, str | bytes | None]) -> str:
        """The tree of a commit with some files replaced, added or (None) removed."""
        index = {"GIT_INDEX_FILE": str(self.path / f"index-{os.urandom(6).hex()}")}
        try:
            if base:
                self.run_bytes("read-tree", base, extra=index)
            shas = self._blobs([_bytes(c) for c in files.values() if c is not None])
            lines = []
            for path, content in files.items():
                mode, sha = ("0", ZERO) if content is None else ("100644", shas.pop(0))
                lines.append(f"{mode} {sha}\t{path}\0")
            stdin = "".join(lines).encode("utf-8")
            self.run_bytes("update-index", "-z", "--index-info", stdin=stdin, extra=index)
            return self.run_bytes("write-tree", extra=index).decode().strip()
        finally:
            Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)

    def write_commit(
        self, tree: str, parents: Sequence[str], *, message: str, author: Signature
    ) -> str:
        """Store a commit; the author commits too."""
        extra = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_DATE": author.date,
        }
        above = [word for parent in parents for word in ("-p", parent)]
        stdin = message.encode("utf-8")
        return (
            self.run_bytes("commit-tree", tree, *above, stdin=stdin, extra=extra).decode().strip()
        )

    def _blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Store blobs in one go."""
        if not contents:
            return []
        lines = [b"blob\ndata %d\n%s\n" % (len(c), c) for c in contents]
        marked = b"".join(
            line.replace(b"blob\n", b"blob\nmark :%d\n" % n, 1) for n, line in enumerate(lines, 1)
        )
        asked = b"".join(b"get-mark :%d\n" % n for n in range(1, len(lines) + 1))
        out = self.run_bytes("fast-import", "--quiet", "--cat-blob-fd=1", stdin=marked + asked)
        return out.decode("ascii").split()


@dataclass(frozen=True)
class _Question:
    """A question to git, the same one whichever repository is asked."""

    bare: BareRepository = field(compare=False)
    arguments: tuple[str, ...]


@functools.lru_cache(maxsize=512)
def _settled(question: _Question) -> bytes:
    return question.bare.run_bytes(*question.arguments)


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def _entry(line: str) -> Entry:
    facts, _, path = line.partition("\t")
    mode, kind, sha, size = facts.split()
    return Entry(mode, kind, sha, int(size) if size.isdigit() else None, path)


def _commit(record: str) -> Commit:
    sha, tree, parents, *people, message = record.split("\x1f", 9)
    return Commit(
        sha,
        tree,
        tuple(parents.split()),
        Signature(*people[:3]),
        Signature(*people[3:]),
        message.rstrip("\n"),
    )
