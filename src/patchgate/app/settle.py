"""Proposals → events. Nothing in them is trusted: names, digests and forms are checked here."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from patchgate.app.briefs import plan_json
from patchgate.app.desk import RunFolder
from patchgate.app.session import Session
from patchgate.app.writegate import lines_of
from patchgate.core import events as e
from patchgate.core.events import AttemptReserved
from patchgate.core.gates import reproducible
from patchgate.core.ids import Digest, RepoName, Sha, canonical, digest_bytes, digest_json
from patchgate.core.outlet import Outlet
from patchgate.core.proposal import CheckLevel, Evidence, Outcome, Proposal, RunRecord, Task
from patchgate.errors import MalformedError, PatchgateError, RefusedError, ServiceError

PROPOSAL_BYTES = 4_000_000
PATCH_BYTES = 20_000_000
EVIDENCE_BYTES = 4_000_000


def arrive(session: Session, folder: RunFolder) -> bool:
    """Record what the run brought for this stream's reservation; False when it brought nothing."""
    reserved = session.w.reservation
    if reserved is None or not (folder.proposal(reserved.eid) / "proposal.json").is_file():
        return False
    try:
        proposal = _read_proposal(folder.proposal(reserved.eid), reserved, session.desk.clean)
        _record(session, proposal, folder, reserved)
    except ServiceError:
        raise
    except PatchgateError as error:
        session.record(_failed(session, reserved, error.message))
    return True


def _read_proposal(folder: Path, reserved: AttemptReserved, clean: Outlet) -> Proposal:
    raw = clean.content(_read(folder / "proposal.json", PROPOSAL_BYTES), "the proposal")
    try:
        proposal = Proposal.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise MalformedError(f"the proposal is malformed at {place}: {first['msg']}") from error
    if proposal.brief != reserved.brief or proposal.task != reserved.task:
        raise MalformedError("the proposal answers another brief than the reserved one")
    gate = reproducible(proposal.run, brief=reserved.brief)
    if not gate.passed:
        raise MalformedError(f"{gate.name}: {gate.reason}")
    _plausible(proposal)
    return proposal


def _plausible(proposal: Proposal) -> None:
    """Nothing costs less than nothing, and what the ledger cannot hold does not get that far."""
    run = proposal.run
    counts = (run.micro_dollars or 0, run.duration_ms, run.steps, *run.usage.model_dump().values())
    if min(counts) < 0:
        raise MalformedError("the proposal tells of costs below nothing")
    try:
        canonical(proposal.model_dump(mode="json"))
    except ValueError as error:
        raise MalformedError("the proposal has no canonical JSON form") from error


def _read(path: Path, limit: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise MalformedError(f"{path.name} is missing, or not a plain file")
    if path.stat().st_size > limit:
        raise MalformedError(f"{path.name} is larger than {limit} bytes")
    return path.read_bytes()


def _record(
    session: Session, proposal: Proposal, folder: RunFolder, reserved: AttemptReserved
) -> None:
    answer = _answer_events(session, proposal, folder, reserved)
    session.record(_finished(session, proposal.run, reserved, proposal.questions), *answer)


def _finished(
    session: Session,
    run: RunRecord,
    reserved: AttemptReserved,
    questions: tuple[str, ...] = (),
) -> e.RunFinished:
    answered = run.outcome in (Outcome.ANSWERED, Outcome.QUESTION)
    charged = reserved.micro_dollars if run.micro_dollars is None else run.micro_dollars
    signature = "" if answered else f"{run.outcome}: {_signature(run.detail)}"
    return e.RunFinished(
        at=session.desk.now(),
        eid=reserved.eid,
        task=reserved.task,
        attempt=reserved.attempt,
        record=run,
        charged=charged,
        signature=signature,
        questions=questions[:10] if run.outcome is Outcome.QUESTION else (),
    )


def _signature(detail: str) -> str:
    """The first line of a failure: what is compared to see the same failure again."""
    return detail.strip().splitlines()[0][:200] if detail.strip() else "no detail"


def _failed(session: Session, reserved: AttemptReserved, why: str) -> e.RunFinished:
    """A run whose proposal cannot be used: charged in full, the attempt failed."""
    record = RunRecord(
        role="unknown",
        provider="unknown",
        model="unknown",
        prompt_digest=digest_json(None),
        context_digest=reserved.brief,
        outcome=Outcome.INVALID,
        detail=why[:2000],
    )
    return _finished(session, record, reserved)


def _answer_events(
    session: Session, proposal: Proposal, folder: RunFolder, reserved: AttemptReserved
) -> list[e.Event]:
    if proposal.run.outcome is not Outcome.ANSWERED:
        return []
    match proposal.task:
        case Task.TRIAGE:
            return [_triaged(session, proposal, reserved)]
        case Task.PLAN:
            return [_planned(session, proposal, reserved)]
        case Task.ANSWER:
            return [_answered(session, proposal, reserved)]
        case Task.REVIEW:
            return _reviewed(session, proposal)
        case Task.IMPLEMENT:
            return _patched(session, proposal, folder, reserved)


def _triaged(session: Session, proposal: Proposal, reserved: AttemptReserved) -> e.Event:
    if proposal.triage is None:
        raise MalformedError("the answer holds no triage decision")
    answer = proposal.triage
    return e.Triaged(
        at=session.desk.now(),
        eid=reserved.eid,
        decision=answer.decision,
        reason=answer.reason,
        question=answer.question,
        wake_on=answer.wake_on,
    )


def _planned(session: Session, proposal: Proposal, reserved: AttemptReserved) -> e.Event:
    if proposal.plan is None:
        raise MalformedError("the answer holds no plan")
    digest = session.keep(plan_json(proposal.plan))
    files = tuple(dict.fromkeys(f.path for f in proposal.plan.files))
    return e.PlanProposed(
        at=session.desk.now(),
        eid=reserved.eid,
        plan=digest,
        items=tuple(item.title for item in proposal.plan.items),
        files=files,
        supersedes=session.w.plan.plan if session.w.plan else None,
    )


def _answered(session: Session, proposal: Proposal, reserved: AttemptReserved) -> e.Event:
    asked = [q for q in session.w.questions if not q.answered]
    if not proposal.summary.strip() or not asked:
        raise MalformedError("the answer is empty, or nobody asked")
    digest = session.keep(proposal.summary.encode())
    return e.AnswerGiven(
        at=session.desk.now(), eid=reserved.eid, question=asked[0].fact, answer=digest
    )


def _reviewed(session: Session, proposal: Proposal) -> list[e.Event]:
    patch, review = session.w.patch, proposal.review
    if review is None:
        raise MalformedError("the answer holds no review")
    if patch is None:
        return []
    levels = [finding.severity for finding in review.findings]
    first = next((f for f in review.findings if f.severity == "blocking"), None)
    reviewer = _who(proposal.run)
    wrote = [x for x in session.events if isinstance(x, e.RunFinished) and x.task is Task.IMPLEMENT]
    found = e.PatchReviewed(
        at=session.desk.now(),
        patch=patch.patch,
        verdict=review.verdict,
        reviewer=reviewer,
        own=bool(wrote) and _who(wrote[-1].record) == reviewer,
        review=session.keep(canonical(review.model_dump(mode="json"))),
        blocking=levels.count("blocking"),
        warnings=levels.count("warning"),
        notes=levels.count("note"),
        first=" ".join(first.message.split())[:300] if first else "",
    )
    return [found]


def _who(run: RunRecord) -> str:
    return f"{run.provider} {run.model}"


def _patched(
    session: Session, proposal: Proposal, folder: RunFolder, reserved: AttemptReserved
) -> list[e.Event]:
    content = _read(folder.proposal(reserved.eid) / "patch.diff", PATCH_BYTES)
    session.desk.clean.content(content, "the patch")
    digest = digest_bytes(content)
    if digest != proposal.patch:
        raise MalformedError("the patch is not the one that the proposal names")
    w = session.w
    applied = session.desk.forge.apply(RepoName(w.repo), Sha(reserved.start), content)
    session.keep(content)
    added, removed = lines_of(applied)
    proposed = e.PatchProposed(
        at=session.desk.now(),
        eid=reserved.eid,
        repo=w.repo,
        base=reserved.base,
        start=reserved.start,
        patch=digest,
        tree=applied.tree,
        paths=applied.paths,
        summary=proposal.summary,
        added=added,
        removed=removed,
        attempt=reserved.attempt,
        supersedes=w.patch.patch if w.patch else None,
    )
    return [proposed, *_checked(session, folder, reserved, digest)]


def _checked(
    session: Session, folder: RunFolder, reserved: AttemptReserved, patch: Digest
) -> list[e.Event]:
    path = folder.evidence(reserved.eid)
    if not path.is_symlink() and not path.exists():
        return []
    try:
        raw = session.desk.clean.content(_read(path, EVIDENCE_BYTES), "the evidence")
        evidence = Evidence.model_validate_json(raw)
    except (ValidationError, MalformedError, RefusedError):
        evidence = Evidence(
            patch=patch, level=CheckLevel.UNKNOWN, reason="the evidence cannot be read"
        )
    if evidence.patch != patch:
        evidence = Evidence(
            patch=patch, level=CheckLevel.UNKNOWN, reason="the evidence is for another patch"
        )
    digest = session.keep(evidence.model_dump_json().encode())
    return [
        e.EvidenceReceived(
            at=session.desk.now(),
            patch=patch,
            evidence=digest,
            level=evidence.level,
            reason=evidence.reason[:500],
        )
    ]
