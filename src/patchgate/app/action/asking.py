"""The rooms without keys to Jira or GitHub: propose, seal and check, from artifact to artifact."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from patchgate.app.action.parcels import arrived, named, opened
from patchgate.app.action.work import Work, same_repository
from patchgate.app.desk import RunFolder
from patchgate.app.environment import Room
from patchgate.app.rooms import CheckInput, check_room, propose_room, read_brief, read_order
from patchgate.core.proposal import Brief
from patchgate.errors import MalformedError, NotFoundError

PRIVATE = (
    "is not known to be public, and the check job holds no secret; the required checks of its "
    "pull request decide"
)


def propose(work: Work) -> None:
    """One model task; what it leaves is named by its digest before anything else sees it."""
    eid, env = work.inputs.brief, work.env
    work.told.title = f"propose · {eid}"
    brief, path = _brief(work)
    work.told.title = f"propose · {brief.key} · {brief.task}"
    env.admit(Room.PROPOSE, brief.model.provider)
    checkout = _checkout(work, brief)
    left = work.inputs.left
    try:
        key, proposal = propose_room(env, path, checkout, left)
        said = f"{proposal.task}: {proposal.run.outcome} in {proposal.run.steps} steps"
        work.journal.note(key, "model", said)
        work.job.output("outcome", proposal.run.outcome.value)
    finally:
        if (left / "proposal.json").is_file():
            work.job.output("parcel", named(f"proposal-{eid}", left))


def seal(work: Work) -> None:
    """Fix each proposal's digest before any code of a repository runs."""
    work.told.title = "seal"
    work.env.admit(Room.CHECK)
    briefs = RunFolder(opened(work.inputs.given, _wanted(work, "briefs")))
    public = {name.casefold() for name in read_order(briefs.checks).public}
    sealed: list[str] = []
    matrix: list[dict[str, str]] = []
    elsewhere: list[dict[str, str]] = []
    for eid, name in sorted(arrived(work.inputs.given, "proposal").items()):
        folder = opened(work.inputs.given, name)
        sealed.append(name)
        if not (folder / "patch.diff").is_file():
            continue
        brief = read_brief(briefs.brief(eid))
        own = same_repository(brief.repo, work.env)
        if own or brief.repo.casefold() in public:
            leg = {"eid": eid, "proposal": name, "repo": brief.repo, "start": brief.start}
            (matrix if own else elsewhere).append(leg)
            work.journal.note(brief.key, "check", f"to be checked as it is now: {name}")
        else:
            work.journal.note(brief.key, "check", f"no check: {brief.repo} {PRIVATE}")
    work.job.output("sealed", json.dumps(sealed))
    work.job.output("matrix", json.dumps(matrix))
    work.job.output("elsewhere", json.dumps(elsewhere))


def check(work: Work) -> None:
    """The repository's own commands on one proposal; what they say is advice."""
    eid = work.inputs.brief
    work.told.title = f"check · {eid}"
    work.env.admit(Room.CHECK)
    brief, path = _brief(work)
    work.told.title = f"check · {brief.key}"
    shutil.rmtree(path.parent)  # code of a repository need not read what people wrote on tickets
    given = CheckInput(
        proposal=opened(work.inputs.given, _wanted(work, f"proposal-{eid}")),
        checkout=_checkout(work, brief),
        order=RunFolder(path.parent.parent).checks,
    )
    evidence = check_room(work.env, given, work.inputs.left / "evidence.json")
    work.journal.note(brief.key, "check", f"{evidence.level}: {evidence.reason}")
    work.job.output("outcome", evidence.level.value)
    work.job.output("parcel", named(f"evidence-{eid}", work.inputs.left))


def _wanted(work: Work, kind: str) -> str:
    """The name of the expected parcel of that kind."""
    for name in work.inputs.expect:
        if name.rpartition("-")[0] == kind:
            return name
    raise NotFoundError(
        f"input `expect` names no {kind} artifact", "Pass the outputs of the jobs before this one."
    )


def _brief(work: Work) -> tuple[Brief, Path]:
    """The brief that this leg works on, and its file."""
    folder = RunFolder(opened(work.inputs.given, _wanted(work, "briefs")))
    path = folder.brief(work.inputs.brief)
    if not path.is_file():
        raise NotFoundError(
            f"there is no brief {work.inputs.brief} in the artifact",
            "It is another ticket's, or another run's: start the ticket again.",
        )
    return read_brief(path), path


def _checkout(work: Work, brief: Brief) -> Path:
    """The work tree beside us, which must be of the commit that the brief starts from."""
    checkout = work.inputs.checkout
    try:
        head = (checkout / ".git" / "HEAD").read_text("ascii", "replace").strip()
    except OSError as error:
        raise NotFoundError(
            f"there is no checkout of {brief.repo} in {checkout.name}/",
            "Check out the brief's commit there (`path: checkout`) before this step.",
        ) from error
    if head != brief.start:
        raise MalformedError(
            f"the checkout is at {head[:60]!r}, the brief starts from {brief.start[:12]}",
            "Check out exactly that commit (`ref:` of the matrix).",
        )
    return checkout
