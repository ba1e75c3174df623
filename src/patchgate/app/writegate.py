"""The one door for writes to a repository: the only holder of the ForgeWriter.

The gate trusts nothing that it is told. At the moment of the write it hashes the patch, finds the
approval, reads the evidence again from the platform, judges the tree again under the policy of
that moment, and looks at base and branch. Anything stale, forged, replayed or wider: refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.app.evidence import EvidenceReader
from patchgate.core import events as e
from patchgate.core.approval import refusal
from patchgate.core.events import Approved, Event, PatchProposed
from patchgate.core.ids import Eid, RepoName, Sha, digest_bytes, short
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Policy, Scope, judge
from patchgate.core.rules import Rules
from patchgate.core.state import Workflow
from patchgate.errors import MalformedError, NotFoundError, TakenError
from patchgate.ports import CommitOrder, ForgeReader, ForgeWriter, Pull, PullOrder


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the gate says no: a short code and a sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class PublishOrder:
    """What the tick asks for: the patch, its branch and the words of the commit."""

    eid: Eid
    branch: str
    base_branch: str
    content: bytes
    """The patch, as the ledger's artifact holds it."""
    message: str
    scope: Scope | None
    """Paths of the approved plan; None where there is none."""


class WriteGate:
    """Re-checks everything by itself, then writes."""

    def __init__(
        self,
        writer: ForgeWriter,
        reader: ForgeReader,
        evidence: EvidenceReader,
        *,
        rules: Rules,
        policy: Policy,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._evidence = evidence
        self._rules = rules
        self._policy = policy

    def publish(self, w: Workflow, order: PublishOrder, now: str) -> Event:
        """The approved patch on our branch, or the refusal; both are events to record."""
        patch = w.patch
        if patch is None:
            raise NotFoundError("there is no patch to publish")
        try:
            found = self._check(w, patch, order)
        except MalformedError as error:
            found = Refusal("malformed", error.message)
        if isinstance(found, Refusal):
            return self._refused(order, patch, found, now)
        grant, applied = found
        commit_order = CommitOrder(
            repo=RepoName(patch.repo),
            branch=order.branch,
            parent=Sha(patch.start),
            patch=order.content,
            tree=applied.tree,
            message=order.message,
            when=grant.evidence.at,
            # From its base a patch makes the branch; from our head it goes on there.
            expected=Sha(patch.start) if patch.start != patch.base else None,
        )
        try:
            commit = self._writer.push_commit(commit_order)
        except TakenError as error:
            return self._refused(order, patch, Refusal("taken", error.message), now)
        return e.PatchPublished(
            at=now,
            eid=order.eid,
            repo=patch.repo,
            branch=order.branch,
            commit=commit,
            patch=patch.patch,
        )

    def put_pull(self, w: Workflow, order: PullOrder) -> Pull:
        """Create or update the one pull request; only for the patch that was just published."""
        if w.patch is None or w.published != w.patch.patch or not w.commit:
            raise NotFoundError("no published patch stands behind this pull request")
        head = self._reader.branch_head(order.repo, order.branch)
        if head is None or not self._reader.is_ancestor(order.repo, Sha(w.commit), head):
            raise TakenError(f"branch {order.branch} no longer holds {w.commit[:12]}")
        return self._writer.put_pull(order)

    # ── the checks, one by one ───────────────────────────────────────────────────────────

    def _check(
        self, w: Workflow, patch: PatchProposed, order: PublishOrder
    ) -> tuple[Approved, AppliedPatch] | Refusal:
        if digest_bytes(order.content) != patch.patch:
            return Refusal("digest", f"the artifact is not patch {short(patch.patch)}")
        grant = w.grant_for(patch.patch)
        if grant is None and w.mode != "patchset" and w.cleared:
            grant = w.covering_grant()
        if grant is None:
            return Refusal("no-approval", f"nobody approved {short(patch.patch)}")
        refused = self._grant_holds(w, patch, grant) or self._base_holds(patch, order)
        if refused:
            return refused
        applied = self._reader.apply(RepoName(patch.repo), Sha(patch.start), order.content)
        return self._judged(w, patch, order, applied=applied, grant=grant) or (grant, applied)

    def _grant_holds(self, w: Workflow, patch: PatchProposed, grant: Approved) -> Refusal | None:
        covered = {"patch": patch.patch, "request": w.request, "plan": w.parent_plan}
        if w.plan is not None:
            covered["plan"] = w.plan.plan
        if grant.subject != covered[grant.what]:
            return Refusal("subject", "the approval is for something else")
        if grant.what == "patch" and grant.base != patch.base:
            return Refusal("base", "the approval is for another base")
        proof = self._evidence.reread(w, grant)
        if isinstance(proof, str):
            return Refusal("evidence", proof)
        word, shown = proof
        why = refusal(
            word,
            subject=grant.subject,
            shown=shown,
            rules=self._rules,
            requester=w.requester,
        )
        return Refusal("evidence", why) if why else None

    def _base_holds(self, patch: PatchProposed, order: PublishOrder) -> Refusal | None:
        repo = RepoName(patch.repo)
        head = self._reader.branch_head(repo, order.base_branch)
        if head is None:
            return Refusal("base", f"branch {order.base_branch} is gone")
        if head == patch.base:
            return None
        if self._reader.same_blobs(repo, Sha(patch.base), head, paths=patch.paths):
            return None
        return Refusal(
            "base-moved", f"{order.base_branch} changed files that the approved patch touches"
        )

    def _judged(
        self,
        w: Workflow,
        patch: PatchProposed,
        order: PublishOrder,
        *,
        applied: AppliedPatch,
        grant: Approved,
    ) -> Refusal | None:
        if applied.tree != patch.tree or applied.paths != patch.paths:
            return Refusal("tree", "the patch gives another tree than the one that was shown")
        overrides = frozenset(o.rule for o in w.overrides if self._override_holds(w, o, patch))
        result = judge(applied, self._policy, scope=order.scope, overrides=overrides)
        if result.level != "ACCEPT":
            rules = ", ".join(v.rule for v in result.violations if v.severity != "WARN")
            return Refusal("policy", f"the policy of this moment says {result.level}: {rules}")
        if grant.what != "patch" and result.wider:
            return Refusal("wider", f"the patch goes beyond the approved {grant.what}")
        return None

    def _override_holds(self, w: Workflow, o: e.OverrideGiven, patch: PatchProposed) -> bool:
        if o.subject != patch.patch:
            return False
        found = self._evidence.command(o.evidence)
        if found is None or found.edited or found.verb != "override":
            return False
        who = found.evidence
        approver = self._rules.person(who.platform, who.author)
        named = found.argument.split()[:1] == [o.rule]
        return bool(approver) and named and not self._rules.is_runner(who.platform, who.author)

    def _refused(
        self, order: PublishOrder, patch: PatchProposed, found: Refusal, now: str
    ) -> Event:
        return e.WriteRefused(
            at=now, eid=order.eid, subject=patch.patch, code=found.code, reason=found.reason
        )
