"""Git over HTTP: git's own server programs behind the stand-in's tokens and branch protection.

They are run as `git http-backend` would run them, without that program in between; and what
`upload-pack` offers is asked once for each way that a repository is set up, since in version 2 of
the protocol it says nothing of the repository's content.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import tempfile
from pathlib import Path

from werkzeug.wrappers import Request, Response

from patchgate.standins.github.access import LEVELS, NOBODY, git_token, is_integration
from patchgate.standins.github.bare import ZERO, hermetic_environment
from patchgate.standins.github.hub import PRIVATE_FOLDER, Actor, Hub
from patchgate.standins.github.moves import moved
from patchgate.standins.github.refusals import Refusal
from patchgate.standins.github.state import Repository, Token

Done = subprocess.CompletedProcess[bytes]
UPLOAD, RECEIVE = "git-upload-pack", "git-receive-pack"
PROBE = b"0000"
"""What git posts before a large push, to see whether it may."""

PRE_RECEIVE = f"""#!/bin/sh
refuse() {{ echo "$1"; exit 1; }}
among() {{ case " $2 " in *" $1 "*) return 0;; esac; return 1; }}
while read -r old new ref; do
  if among "$ref" "$STANDIN_CLOSED_REFS"; then
    refuse "error: GH006: Protected branch update failed for $ref."
  fi
  if among "$ref" "$STANDIN_PROTECTED_REFS" && [ "$old" != {ZERO} ]; then
    [ "$new" != {ZERO} ] || refuse "error: GH006: Cannot delete the protected branch $ref."
    git merge-base --is-ancestor "$old" "$new" ||
      refuse "error: GH006: Cannot force-push to the protected branch $ref."
  fi
  if [ -n "$STANDIN_NO_WORKFLOWS" ] && [ "$new" != {ZERO} ]; then
    touched=$(git log --format= --name-only --full-history -c "$new" --not --all \\
      -- .github/workflows) || exit 1
    [ -z "$touched" ] || refuse "refusing to allow $STANDIN_NO_WORKFLOWS to create or update \
workflow \\`$(echo "$touched" | head -n 1)\\` without \\`workflows\\` permission"
  fi
done
"""
POST_RECEIVE = '#!/bin/sh\nexec cat > "$STANDIN_REPORT"\n'


class SmartHttp:
    """Answers git's requests; the lock is held only before and after git works."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._folder = hub.root / PRIVATE_FOLDER
        self._offers: dict[bytes, Done] = {}
        hooks = self._folder / "hooks"
        hooks.mkdir(exist_ok=True)
        for name, text in (("pre-receive", PRE_RECEIVE), ("post-receive", POST_RECEIVE)):
            (hooks / name).write_text(text, encoding="ascii")
            (hooks / name).chmod(0o755)

    def answer(self, request: Request, owner: str, name: str, leaf: str) -> Response:
        """Serve one of `info/refs`, `git-upload-pack`, `git-receive-pack`."""
        service = request.args.get("service", "") if leaf == "info/refs" else leaf
        if service not in (UPLOAD, RECEIVE):
            return _plain(403, "Please upgrade your git client.")
        with self._hub.lock:
            try:
                token = git_token(self._hub, request)
            except Refusal as refusal:
                return _plain(refusal.code or 401, refusal.message)
            repo = self._hub.find(owner, name)
            refused = _refused(repo, token, service)
            if refused or repo is None:
                return refused or _plain(404, "Repository not found.")
            environment = self._environment(request, repo, token)
        path = self._hub.root / f"{repo.full_name}.git"
        if leaf == "info/refs":
            return self._offered(service, path, environment)
        if service == UPLOAD:
            return _served(service, path, environment, request)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="push-") as report:
            environment["STANDIN_REPORT"] = report.name
            response = _served(service, path, environment, request)
            updates = Path(report.name).read_text("utf-8").splitlines()
        if updates:
            self._record(repo, Actor(token.login, token.default), updates)
        return response

    def _offered(self, service: str, path: Path, environment: dict[str, str]) -> Response:
        """The answer to `info/refs`."""
        if not _is_version_2(environment) or service != UPLOAD:
            return _answer(f"{service}-advertisement", _advertise(service, path, environment))
        setup = (path / "config").read_bytes()
        if setup not in self._offers:
            self._offers[setup] = _advertise(service, path, environment)
        return _answer(f"{service}-advertisement", self._offers[setup])

    def _record(self, repo: Repository, actor: Actor, updates: list[str]) -> None:
        with self._hub.lock:
            for update in updates:
                old, new, ref = update.split(" ", 2)
                moved(self._hub, repo, actor, ref=ref, change=(old, new))

    def _environment(self, request: Request, repo: Repository, token: Token) -> dict[str, str]:
        """What git is told about the request, and what the hooks are to refuse."""
        own = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.hooksPath",
            "GIT_CONFIG_VALUE_0": str(self._folder / "hooks"),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "STANDIN_NO_WORKFLOWS": "" if token.workflow else _bearer_kind(token),
        }
        held = repo.protections
        protected = [f"refs/heads/{name}" for name in held]
        closed = [f"refs/heads/{name}" for name, rule in held.items() if not rule.direct_pushes]
        own["STANDIN_PROTECTED_REFS"] = " ".join(protected)
        own["STANDIN_CLOSED_REFS"] = " ".join(closed)
        return hermetic_environment() | own


def _is_version_2(environment: dict[str, str]) -> bool:
    return "version=2" in environment["GIT_PROTOCOL"].split(":")


def is_push(request: Request) -> bool:
    """Whether the request pushes for real (not the probe before a large push)."""
    return (
        request.method == "POST" and request.path.endswith(RECEIVE) and request.get_data() != PROBE
    )


def is_git(request: Request) -> bool:
    """Whether the request speaks git's protocol."""
    return request.path.endswith((f"/{UPLOAD}", f"/{RECEIVE}", ".git/info/refs")) or (
        request.path.endswith("/info/refs") and "service" in request.args
    )


def _refused(repo: Repository | None, token: Token, service: str) -> Response | None:
    """The answer to a bearer who may not; private repositories are hidden from strangers."""
    if token is NOBODY and (repo is None or repo.private or service == RECEIVE):
        challenge = _plain(401, "Authentication required")
        challenge.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return challenge
    if repo is None:
        return _plain(404, "Repository not found.")
    level = LEVELS[token.level(repo.full_name, "contents")]
    if service == UPLOAD and (level >= LEVELS["read"] or not repo.private):
        return None
    if service == RECEIVE and level >= LEVELS["write"]:
        return None
    if repo.private and token.level(repo.full_name, "metadata") == "none":
        return _plain(404, "Repository not found.")
    return _plain(403, f"Permission to {repo.full_name}.git denied to {token.login}.")


def _bearer_kind(token: Token) -> str:
    return "a GitHub App" if is_integration(token) else "a Personal Access Token"


def _plain(status: int, message: str) -> Response:
    return Response(f"{message}\n", status, mimetype="text/plain")


def _advertise(service: str, path: Path, environment: dict[str, str]) -> Done:
    """What a service offers of a repository: in the older protocol, its refs."""
    done = _git(service, "--http-backend-info-refs", path, environment=environment, body=b"")
    if done.stdout and not _is_version_2(environment):
        line = f"# service={service}\n"
        done.stdout = f"{len(line) + 4:04x}{line}0000".encode() + done.stdout
    return done


def _served(service: str, path: Path, environment: dict[str, str], request: Request) -> Response:
    """A service's answer to one request."""
    body = request.get_data()
    if request.headers.get("Content-Encoding") in ("gzip", "x-gzip"):
        body = gzip.decompress(body)
    return _answer(f"{service}-result", _git(service, path, environment=environment, body=body))


def _git(service: str, *arguments: str | Path, environment: dict[str, str], body: bytes) -> Done:
    program = service.removeprefix("git-")
    return subprocess.run(
        ["git", program, "--stateless-rpc", *arguments],
        input=body,
        capture_output=True,
        check=False,
        env=environment,
    )


def _answer(kind: str, done: Done) -> Response:
    if done.returncode and not done.stdout:
        return _plain(500, os.fsdecode(done.stderr))
    headers = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
    return Response(done.stdout, 200, headers, content_type=f"application/x-{kind}")
