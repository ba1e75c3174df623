"""REST operations on git: refs, commits, comparisons, contents, branches and their protection."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Response

from patchgate.standins.github.bare import ZERO, Entry, GitError
from patchgate.standins.github.call import REPO, Call, Operation
from patchgate.standins.github.history import compare
from patchgate.standins.github.moves import HEADS, moved
from patchgate.standins.github.refusals import Refusal, not_found, unprocessable
from patchgate.standins.github.shapes import page_url, repository_url
from patchgate.standins.github.shapes_git import (
    branch,
    commit,
    file_change,
    git_commit,
    reference,
    required_status_checks,
    short_branch,
)
from patchgate.standins.http import json_response

LARGEST_INLINE = 1_000_000
SHOWN_COMMITS, SHOWN_FILES = 250, 300


def get_ref(call: Call, ref: str) -> Response:
    """One ref."""
    full = f"refs/{ref.removeprefix('refs/')}"
    sha = call.bare.refs(full).get(full)
    if sha is None:
        raise not_found()
    return json_response(reference(call.hub, call.repo, full, sha))


def matching_refs(call: Call, ref: str) -> Response:
    """All refs that begin so."""
    found = sorted(call.bare.refs(f"refs/{ref}").items())
    return call.paged(found, lambda pair: reference(call.hub, call.repo, *pair))


def create_ref(call: Call) -> Response:
    """A new ref at a commit that is there."""
    ref, sha = call.text("ref"), call.text("sha")
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise unprocessable("Reference name is invalid")
    if call.bare.kind(sha) is None:
        raise unprocessable("Object does not exist")
    _move(call, ref, ZERO, sha, "Reference already exists")
    return json_response(reference(call.hub, call.repo, ref, sha), 201)


def update_ref(call: Call, ref: str) -> Response:
    """Move a ref, forward only unless forced."""
    full, sha = f"refs/{ref}", call.text("sha")
    old = call.bare.refs(full).get(full)
    if old is None:
        raise unprocessable("Reference does not exist")
    if call.bare.kind(sha) is None:
        raise unprocessable("Object does not exist")
    forced = call.body().get("force") is True and ref.removeprefix("heads/") not in (
        call.repo.protections
    )
    if not forced and not call.bare.is_ancestor(old, sha):
        raise unprocessable("Update is not a fast forward")
    _move(call, full, old, sha, "Reference cannot be updated")
    return json_response(reference(call.hub, call.repo, full, sha))


def delete_ref(call: Call, ref: str) -> Response:
    """Delete a ref; the default branch stays."""
    full = f"refs/{ref}"
    old = call.bare.refs(full).get(full)
    if old is None:
        raise unprocessable("Reference does not exist")
    name = ref.removeprefix("heads/")
    if name == call.repo.default_branch or name in call.repo.protections:
        raise unprocessable("Cannot delete this branch")
    _move(call, full, old, ZERO, "Reference cannot be deleted")
    return json_response(None, 204)


def get_git_commit(call: Call, sha: str) -> Response:
    """A commit object, by its full sha."""
    if call.bare.kind(sha) != "commit":
        raise not_found()
    return json_response(git_commit(call.hub, call.repo, call.bare.commit(sha)))


def get_commit(call: Call, ref: str) -> Response:
    """A commit with its files, by branch, tag or sha."""
    found = call.bare.commit(call.commit(ref))
    return json_response(commit(call.hub, call.repo, found, files=True))


def list_commits(call: Call) -> Response:
    """The history of a branch or commit."""
    start = call.request.args.get("sha", call.repo.default_branch)
    sha = call.bare.resolve(start)
    if sha is None:
        raise not_found()
    return call.paged(call.bare.commits(sha), lambda one: commit(call.hub, call.repo, one))


def get_comparison(call: Call, basehead: str) -> Response:
    """What head has that base has not."""
    base, dots, head = basehead.partition("...")
    one, other = call.bare.resolve(base), call.bare.resolve(head.rpartition(":")[2])
    compared = compare(call.bare, one, other) if dots and one and other else None
    if compared is None or one is None or other is None:
        raise not_found()
    url = f"{repository_url(call.hub, call.repo)}/compare/{quote(basehead)}"
    page = f"{page_url(call.hub, call.repo)}/compare/{quote(basehead)}"
    ahead, behind = len(compared.ahead), compared.behind
    ways = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    shown = compared.ahead[-SHOWN_COMMITS:]
    return json_response(
        {
            "url": url,
            "html_url": page,
            "permalink_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": commit(call.hub, call.repo, call.bare.commit(one)),
            "merge_base_commit": commit(call.hub, call.repo, call.bare.commit(compared.merge_base)),
            "status": ways.get((ahead > 0, behind > 0), "diverged"),
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [commit(call.hub, call.repo, one) for one in shown],
            "files": [
                file_change(call.hub, call.repo, f, other) for f in compared.files[:SHOWN_FILES]
            ],
        }
    )


def get_contents(call: Call, path: str = "") -> Response:
    """A file with its content, or the entries of a folder."""
    ref = call.request.args.get("ref") or call.repo.default_branch
    sha = call.bare.resolve(ref)
    path = path.strip("/")
    entry = call.bare.entry(sha, path) if sha and path else None
    if sha is None or (path and entry is None):
        raise not_found()
    if entry is None or entry.kind == "tree":
        listed = call.bare.entries(sha, path)
        below = f"{path}/" if path else ""
        return json_response([_content(call, e, below + e.path, ref) for e in listed])
    shown = _content(call, entry, path, ref)
    if entry.kind == "blob":
        data = call.bare.blob(entry.sha)
        if "raw" in request_accepts(call):
            return Response(data, mimetype="application/vnd.github.raw")
        inline = len(data) <= LARGEST_INLINE
        shown["encoding"] = "base64" if inline else "none"
        shown["content"] = base64.encodebytes(data).decode("ascii") if inline else ""
    return json_response(shown)


def request_accepts(call: Call) -> str:
    """The Accept header."""
    return call.request.headers.get("Accept", "")


def list_branches(call: Call) -> Response:
    """All branches."""
    found = sorted(call.bare.refs(HEADS).items())
    return call.paged(
        found,
        lambda pair: short_branch(call.hub, call.repo, pair[0].removeprefix(HEADS), pair[1]),
    )


def get_branch(call: Call, branch_name: str) -> Response:
    """A branch, its head and a summary of its protection."""
    sha = call.bare.branch(branch_name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    return json_response(branch(call.hub, call.repo, branch_name, call.bare.commit(sha)))


def get_protection(call: Call, branch_name: str) -> Response:
    """The protection of a branch, for administrators."""
    url, held = _protection(call, branch_name)
    off = {"enabled": False}
    shown: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": False},
        "required_linear_history": off,
        "allow_force_pushes": off,
        "allow_deletions": off,
    }
    if held.required_checks:
        shown["required_status_checks"] = required_status_checks(url, held)
    return json_response(shown)


def get_required_checks(call: Call, branch_name: str) -> Response:
    """The required status checks of a branch, for administrators."""
    url, held = _protection(call, branch_name)
    if not held.required_checks:
        raise Refusal(404, "Required status checks not enabled")
    return json_response(required_status_checks(url, held))


def get_rules(call: Call, branch_name: str) -> Response:
    """The ruleset rules that are active on a branch; classic protection is not among them."""
    held = call.repo.protections.get(branch_name)
    rules: list[dict[str, Any]] = []
    if held and held.by_ruleset:
        source = {
            "ruleset_source_type": "Repository",
            "ruleset_source": call.repo.full_name,
            "ruleset_id": call.repo.id,
        }
        rules = [{"type": "deletion", **source}, {"type": "non_fast_forward", **source}]
        if held.required_checks:
            parameters = {
                "required_status_checks": [{"context": n} for n in held.required_checks],
                "strict_required_status_checks_policy": held.strict,
            }
            rules.append({"type": "required_status_checks", "parameters": parameters, **source})
    return call.paged(rules, lambda rule: rule)


def _move(call: Call, ref: str, old: str, new: str, refusal: str) -> None:
    """Move a ref by compare-and-swap, and let the world know."""
    held = call.repo.protections.get(ref.removeprefix(HEADS))
    if held and not held.direct_pushes:
        raise unprocessable("Changes must be made through a pull request.")
    try:
        call.bare.update_ref(ref, new, old=old)
    except GitError as error:
        raise unprocessable(refusal) from error
    moved(call.hub, call.repo, call.actor, ref=ref, change=(old, new))


def _protection(call: Call, branch_name: str) -> tuple[str, Any]:
    held = call.repo.protections.get(branch_name)
    if held is None or held.by_ruleset:
        raise Refusal(404, "Branch not protected")
    name = quote(branch_name, safe="")
    return f"{repository_url(call.hub, call.repo)}/branches/{name}/protection", held


def _content(call: Call, entry: Entry, path: str, ref: str) -> dict[str, Any]:
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.kind, "file")
    url, page = repository_url(call.hub, call.repo), page_url(call.hub, call.repo)
    own = f"{url}/contents/{quote(path)}?ref={quote(ref)}"
    git = f"{url}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    web = f"{page}/{'tree' if kind == 'dir' else 'blob'}/{quote(ref)}/{quote(path)}"
    return {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": own,
        "git_url": git,
        "html_url": web,
        "download_url": f"{page}/raw/{quote(ref)}/{quote(path)}" if kind == "file" else None,
        "_links": {"self": own, "git": git, "html": web},
    }


def operations() -> list[Operation]:
    """This module's operations."""
    read, write, admin = "contents:read", "contents:write", "administration:read"
    branches = f"{REPO}/branches/<path:branch_name>"
    return [
        ("GET", f"{REPO}/git/ref/<path:ref>", read, get_ref),
        ("GET", f"{REPO}/git/refs/<path:ref>", read, get_ref),
        ("GET", f"{REPO}/git/matching-refs/<path:ref>", read, matching_refs),
        ("POST", f"{REPO}/git/refs", write, create_ref),
        ("PATCH", f"{REPO}/git/refs/<path:ref>", write, update_ref),
        ("DELETE", f"{REPO}/git/refs/<path:ref>", write, delete_ref),
        ("GET", f"{REPO}/git/commits/<sha>", read, get_git_commit),
        ("GET", f"{REPO}/commits", read, list_commits),
        ("GET", f"{REPO}/commits/<path:ref>", read, get_commit),
        ("GET", f"{REPO}/compare/<path:basehead>", read, get_comparison),
        ("GET", f"{REPO}/contents", read, get_contents),
        ("GET", f"{REPO}/contents/<path:path>", read, get_contents),
        ("GET", f"{REPO}/branches", read, list_branches),
        ("GET", branches, read, get_branch),
        ("GET", f"{branches}/protection", admin, get_protection),
        ("GET", f"{branches}/protection/required_status_checks", admin, get_required_checks),
        ("GET", f"{REPO}/rules/branches/<path:branch_name>", "metadata:read", get_rules),
    ]
