"""What people and tokens do with issues and pull requests, and the events that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from patchgate.standins.github.bare import GitError, Signature
from patchgate.standins.github.history import compare, merged_tree
from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.moves import HEADS, announce, merged, moved
from patchgate.standins.github.refusals import Refusal, invalid
from patchgate.standins.github.shapes import repository, user
from patchgate.standins.github.shapes_talk import comment as comment_shape
from patchgate.standins.github.shapes_talk import issue as issue_shape
from patchgate.standins.github.shapes_talk import label as label_shape
from patchgate.standins.github.shapes_talk import pull_of, simple_pull
from patchgate.standins.github.shapes_talk import review as review_shape
from patchgate.standins.github.state import Comment, Issue, Label, Pull, Repository, Review
from patchgate.standins.github.verdicts import blocked

TITLE_LIMIT, BODY_LIMIT = 256, 65_536
VERDICTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def checked_text(resource: str, title: str | None, body: str | None) -> None:
    """Refuse texts that are too long or a title that is blank."""
    if title is not None and not title.strip():
        raise invalid(resource, "title can't be blank", field="title", code="missing_field")
    if title is not None and len(title) > TITLE_LIMIT:
        raise invalid(resource, f"title is too long (maximum is {TITLE_LIMIT} characters)")
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid(resource, f"body is too long (maximum is {BODY_LIMIT} characters)")


def open_issue(hub: Hub, repo: Repository, actor: Actor, *, title: str, body: str | None) -> Issue:
    """Open an issue."""
    checked_text("Issue", title, body)
    now = hub.now()
    number = repo.next_number()
    issue = Issue(number, hub.world.next_id(), actor.login, title, body, now, now)
    repo.issues[number] = issue
    return issue


@dataclass(frozen=True, slots=True)
class NewPull:
    """A pull request to be opened."""

    head: str
    base: str
    title: str
    body: str | None = None
    draft: bool = False


def open_pull(hub: Hub, repo: Repository, actor: Actor, new: NewPull) -> Issue:
    """Open a pull request, or refuse as the service would."""
    bare = hub.bare(repo)
    shas = {"head": bare.branch(new.head), "base": bare.branch(new.base)}
    for field, sha in shas.items():
        if sha is None:
            raise invalid("PullRequest", f"{field} is invalid", field=field, code="invalid")
    for other in repo.open_pulls():
        if (pull_of(other).head, pull_of(other).base) == (new.head, new.base):
            message = f"A pull request already exists for {repo.owner}:{new.head}."
            raise invalid("PullRequest", message)
    head_sha, base_sha = str(shas["head"]), str(shas["base"])
    compared = compare(bare, base_sha, head_sha)
    if compared is None or not compared.ahead:
        raise invalid("PullRequest", f"No commits between {new.base} and {new.head}")
    checked_text("PullRequest", new.title, new.body)
    issue = open_issue(hub, repo, actor, title=new.title, body=new.body)
    issue.pull = Pull(new.head, new.base, new.draft, head_sha, base_sha)
    announce(hub, repo, actor, issue, "opened")
    return issue


def reopen(hub: Hub, repo: Repository, actor: Actor, issue: Issue) -> None:
    """Open it again, if its branch is still there and it was not merged."""
    if issue.pull:
        sha = hub.bare(repo).branch(issue.pull.head)
        if sha is None or issue.pull.merged_at:
            raise invalid("PullRequest", "state cannot be changed", field="state", code="invalid")
        issue.pull.head_sha = sha
    issue.state, issue.closed_at, issue.updated_at = "open", None, hub.now()
    issue.closed_by = None
    announce(hub, repo, actor, issue, "reopened")


def merge(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, *, method: str, text: tuple[str, str]
) -> str:
    """Merge for real and return the new commit; refuses as the service would.

    `text` is the commit's title and message, each empty for the service's own.
    """
    pull, bare = pull_of(issue), hub.bare(repo)
    base = bare.branch(pull.base)
    tree = merged_tree(bare, base, pull.head_sha) if base else None
    if issue.state != "open" or pull.draft or base is None or tree is None:
        raise Refusal(405, "Pull Request is not mergeable")
    missing = blocked(repo, pull.base, pull.head_sha)
    if missing:
        raise Refusal(405, f'Required status check "{missing}" is expected.')
    if method == "rebase":
        raise Refusal(405, "Rebase merges are not allowed on this repository.")
    squash = method == "squash"
    title = text[0] or (
        f"{issue.title} (#{issue.number})"
        if squash
        else f"Merge pull request #{issue.number} from {repo.owner}/{pull.head}"
    )
    message = f"{title}\n\n{text[1] or ('' if squash else issue.title)}".strip() + "\n"
    parents = [base] if squash else [base, pull.head_sha]
    sha = bare.write_commit(tree, parents, message=message, author=signature(hub, actor.login))
    try:
        bare.update_ref(HEADS + pull.base, sha, old=base)
    except GitError as error:
        raise Refusal(409, "Base branch was modified. Review and try the merge again.") from error
    merged(hub, repo, actor, issue, sha)
    moved(hub, repo, actor, ref=HEADS + pull.base, change=(base, sha))
    return sha


def signature(hub: Hub, login: str) -> Signature:
    """How an account signs its commits, now."""
    email = f"{hub.account(login).id}+{login}@users.noreply.github.com"
    return Signature(login, email, hub.now())


def add_comment(hub: Hub, repo: Repository, actor: Actor, issue: Issue, body: str) -> Comment:
    """Comment on an issue or pull request."""
    if not body.strip():
        raise invalid("IssueComment", "body can't be blank", field="body", code="missing_field")
    checked_text("IssueComment", None, body)
    now = hub.now()
    comment = Comment(hub.world.next_id(), actor.login, body, now, now)
    issue.comments.append(comment)

    def build() -> dict[str, Any]:
        return {
            "action": "created",
            "issue": issue_shape(hub, repo, issue),
            "comment": comment_shape(hub, repo, issue, comment),
            **_where(hub, repo, actor),
        }

    hub.emit("issue_comment", actor, build)
    return comment


def add_review(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, *, verdict: str, body: str
) -> Review:
    """Submit a review: `APPROVE`, `REQUEST_CHANGES` or `COMMENT`."""
    pull = pull_of(issue)
    if verdict not in VERDICTS:
        raise Refusal(422, "Unprocessable Entity", errors=["Event is invalid"])
    if verdict != "COMMENT" and actor.login == issue.login:
        word = "approve" if verdict == "APPROVE" else "request changes on"
        message = f"Can not {word} your own pull request"
        raise Refusal(422, "Unprocessable Entity", errors=[message])
    if verdict != "APPROVE" and not body.strip():
        raise Refusal(422, "Unprocessable Entity", errors=["Body can't be blank"])
    number, now = hub.world.next_id(), hub.now()
    review = Review(number, actor.login, VERDICTS[verdict], body, pull.head_sha, now)
    pull.reviews.append(review)
    if actor.login in pull.reviewers:
        pull.reviewers.remove(actor.login)

    def build() -> dict[str, Any]:
        shown = review_shape(hub, repo, issue, review)
        return {
            "action": "submitted",
            "review": {**shown, "state": review.state.lower()},
            "pull_request": simple_pull(hub, repo, issue),
            **_where(hub, repo, actor),
        }

    hub.emit("pull_request_review", actor, build)
    return review


def request_reviews(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, logins: Iterable[str]
) -> None:
    """Ask collaborators for a review."""
    pull, asked = pull_of(issue), list(logins)
    known = {a.login.lower(): a.login for a in hub.world.accounts.values() if a.collaborator}
    if any(login.lower() == issue.login.lower() for login in asked):
        raise Refusal(422, "Review cannot be requested from pull request author.")
    if any(login.lower() not in known for login in asked):
        raise Refusal(
            422,
            "Reviews may only be requested from collaborators. One or more of the users or teams "
            f"you specified is not a collaborator of the {repo.full_name} repository.",
        )
    for login in (known[login.lower()] for login in asked):
        if login not in pull.reviewers:
            pull.reviewers.append(login)
            shown = user(hub, login)
            announce(hub, repo, actor, issue, "review_requested", requested_reviewer=shown)


def add_labels(
    hub: Hub, repo: Repository, actor: Actor, issue: Issue, names: Iterable[str]
) -> None:
    """Add labels to an issue; unknown ones come into being, as on the service."""
    for name in names:
        label = repo.labels.get(name.lower())
        if label is None:
            label = repo.labels[name.lower()] = Label(hub.world.next_id(), name, "ededed", None)
        if label.name not in issue.labels:
            issue.labels.append(label.name)
            announce(hub, repo, actor, issue, "labeled", label=label_shape(hub, repo, label))


def _where(hub: Hub, repo: Repository, actor: Actor) -> dict[str, Any]:
    return {"repository": repository(hub, repo), "sender": user(hub, actor.login)}
