"""The one door for writes to a repository: the only holder of the ForgeWriter.

The gate trusts nothing that it is told. At the moment of the write it hashes the patch, finds the
approval, reads the evidence again from the platform, judges the tree again under the policy of
that moment, looks at route, base and branch. Anything stale, forged, replayed or wider: refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from patchgate.app.evidence import EvidenceReader
from patchgate.app.leftover import is_left_over
from patchgate.app.settings import Route
from patchgate.core import events as e
from patchgate.core.approval import refusal
from patchgate.core.branch import branch_of
from patchgate.core.events import Approved, Event, Mode, PatchProposed
from patchgate.core.gates import patch_gates, planning_complete, together
from patchgate.core.ids import Eid, RepoName, Sha, digest_bytes, short
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Policy, PolicyResult, Scope, judge
from patchgate.core.rules import Rules
from patchgate.core.state import State, Workflow
from patchgate.core.verdict import Level, Verdict
from patchgate.errors import (
    ConfigError,
    ConflictError,
    MalformedError,
    NotFoundError,
    RefusedError,
    TakenError,
)
from patchgate.ports import CommitOrder, ForgeReader, ForgeWriter, Posted, Pull, PullOrder, Ticket

OPENS: Mapping[Mode, frozenset[str]] = MappingProxyType(
    {
        "patchset": frozenset({"patch"}),
        "plan": frozenset({"patch", "plan"}),
        "request": frozenset({"patch", "request"}),
    }
)
"""What an approval may be of, for a patch to rest on it."""


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


def lines_of(applied: AppliedPatch) -> tuple[int, int]:
    """Lines added and lines removed, as a proposal tells them."""
    changes = applied.changes
    return sum(c.added or 0 for c in changes), sum(c.removed or 0 for c in changes)


def goes_beyond(result: PolicyResult, mode: Mode, scope: Scope | None) -> bool:
    """Whether a patch needs an approval of its own; a plan that names no files bounds nothing."""
    return result.wider or (mode == "plan" and scope is None)


_STOPS = (Level.BLOCK, Level.REFUSE)


def _stopped(gate: Verdict) -> str:
    """The gate and its rules that say no."""
    rules = ", ".join(child.name for child in gate.children if child.level in _STOPS)
    return f"{gate.name} ({rules})"


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
        routed: Callable[[Ticket], Route] | None = None,
        quiet: Callable[[RepoName], ForgeWriter] | None = None,
    ) -> None:
        """`routed` asks the settings where a ticket goes; None: the ledger is believed in that.

        `quiet` gives the writer for what no person has seen, whose pull requests start no CI.
        """
        self._routed = routed
        self._quiet = quiet
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
        except NotFoundError as error:
            found = Refusal("missing", error.message)
        except ConfigError as error:
            found = Refusal("route", error.message)
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
            done = self._pushed(w, commit_order, grant)
        except TakenError as error:
            done = Refusal("taken", error.message)
        if isinstance(done, Refusal):
            return self._refused(order, patch, done, now)
        return e.PatchPublished(
            at=now,
            eid=order.eid,
            repo=patch.repo,
            branch=order.branch,
            commit=done,
            patch=patch.patch,
        )

    def _pushed(self, w: Workflow, order: CommitOrder, grant: Approved) -> Sha | Refusal:
        """The commit, on its branch; a commit that a dead run of ours left there makes room.

        The push names exactly that commit, so that what came in between is never lost; and the
        evidence is read last again, for the look at the commit took time.
        """
        writer = self._writer_for(w)
        try:
            return writer.push_commit(order)
        except TakenError:
            head = self._reader.branch_head(order.repo, order.branch)
            if head is None or not is_left_over(w, head, self._reader):
                raise
            return self._proven(w, grant) or writer.push_commit(replace(order, drops=head))

    def put_pull(self, w: Workflow, order: PullOrder) -> Pull:
        """Create or update the one pull request; only for the patch that was just published."""
        if w.patch is None or w.published != w.patch.patch or not w.commit:
            raise NotFoundError("no published patch stands behind this pull request")
        if order.repo != w.patch.repo:
            raise NotFoundError(f"the patch was published in {w.patch.repo}, not in {order.repo}")
        grant = w.publishing_grant()
        amiss = self._grant_holds(w, w.patch, grant) if grant else None
        if grant is None or amiss:
            raise RefusedError(amiss.reason if amiss else "nobody approved what it would show")
        made = self._reader.commit_facts(order.repo, Sha(w.commit))
        if (made.tree, made.parents) != (w.patch.tree, (w.patch.start,)):
            raise RefusedError(f"{w.commit[:12]} is not the approved patch on its start")
        head = self._reader.branch_head(order.repo, order.branch)
        if head is None or not self._reader.is_ancestor(order.repo, Sha(w.commit), head):
            raise TakenError(f"branch {order.branch} no longer holds {w.commit[:12]}")
        return self._writer_for(w).put_pull(order)

    def start_checks(self, w: Workflow, workflow: str, *, branch: str, head: Sha) -> str:
        """Start that workflow on our branch, for exactly the commit of an approved patch."""
        grant = w.grant_for(w.patch.patch) if w.patch else None
        if w.patch is None or grant is None or w.published != w.patch.patch or w.commit != head:
            raise RefusedError(f"nobody approved what {workflow} would run on")
        amiss = self._grant_holds(w, w.patch, grant)
        if amiss:
            raise RefusedError(amiss.reason)
        repo = RepoName(w.patch.repo)
        if self._reader.branch_head(repo, branch) != head:
            raise ConflictError(f"branch {branch} is no longer at {head[:12]}")
        return self._writer_for(w).start_workflow(repo, workflow, branch=branch, head=head)

    def tell(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        """Say something on our pull request, once: words change no content and need no approval."""
        return self._writer.comment(repo, number, markdown=markdown, eid=eid)

    def _writer_for(self, w: Workflow) -> ForgeWriter:
        """In the modes where no person saw the patch, CI with secrets must not wake by itself."""
        if self._quiet is None or w.mode == "patchset":
            return self._writer
        return self._quiet(RepoName(w.repo))

    # ── the checks, one by one ───────────────────────────────────────────────────────────

    def _check(
        self, w: Workflow, patch: PatchProposed, order: PublishOrder
    ) -> tuple[Approved, AppliedPatch] | Refusal:
        if digest_bytes(order.content) != patch.patch:
            return Refusal("digest", f"the artifact is not patch {short(patch.patch)}")
        grant = w.publishing_grant()
        if grant is None:
            return Refusal("no-approval", f"nobody approved {short(patch.patch)}")
        refused = (
            self._place_holds(w, patch, order)
            or self._covers(w, patch, grant)
            or self._base_holds(patch, order)
        )
        if refused:
            return refused
        applied = self._reader.apply(RepoName(patch.repo), Sha(patch.start), order.content)
        # The evidence is read last: what a person takes back while git works still counts.
        refused = self._judged(w, patch, order, applied=applied, grant=grant) or self._proven(
            w, grant
        )
        return refused or (grant, applied)

    def _place_holds(
        self, w: Workflow, patch: PatchProposed, order: PublishOrder
    ) -> Refusal | None:
        """The right moment, repository and branch; the mode no looser than settings have it."""
        if w.state is not State.APPLYING_PATCHES:
            return Refusal("state", f"in {w.state} nothing is written")
        own = order.branch.rpartition("/")[2] == branch_of(w, "")
        if not own or order.branch == order.base_branch:
            return Refusal("branch", f"{order.branch} is not the branch of {w.key}")
        if patch.repo != w.repo:
            return Refusal("repository", f"the patch is for {patch.repo}, the work for {w.repo}")
        planned = planning_complete(w)
        if not planned.passed:
            return Refusal("plan", f"{planned.name}: {planned.reason}")
        if self._routed is None:
            return None
        to = self._routed(self._evidence.ticket(w))
        base = to.base_branch or self._reader.default_branch(to.repository)
        if (to.repository, base) != (patch.repo, order.base_branch):
            return Refusal("route", f"settings send {w.key} to {to.repository}@{base}")
        if w.mode not in ("patchset", to.approval):
            return Refusal("route", f"settings ask for mode {to.approval}, not {w.mode}")
        return None

    def _grant_holds(self, w: Workflow, patch: PatchProposed, grant: Approved) -> Refusal | None:
        return self._covers(w, patch, grant) or self._proven(w, grant)

    def _covers(self, w: Workflow, patch: PatchProposed, grant: Approved) -> Refusal | None:
        """Whether an approval like this opens this write, as the ledger has it."""
        covered = {"patch": patch.patch, "request": w.request, "plan": w.parent_plan}
        if w.plan is not None:
            covered["plan"] = w.plan.plan
        if grant.what not in OPENS[w.mode] or grant.subject != covered[grant.what]:
            return Refusal("subject", f"an approval of {grant.what} does not open this write")
        if grant.base != (patch.base if grant.what == "patch" else ""):
            return Refusal("base", "the approval is for another base")
        return None

    def _proven(self, w: Workflow, grant: Approved) -> Refusal | None:
        """Whether the word was given and still stands, asked of the platform that has it."""
        proof = self._evidence.reread(w, grant)
        if isinstance(proof, str):
            return Refusal("evidence", proof)
        word, shown = proof
        given_by = self._rules.person(grant.evidence.platform, grant.evidence.author)
        why = refusal(
            word,
            subject=grant.subject,
            shown=shown,
            rules=self._rules,
            requester=w.requester,
        )
        if not why and given_by != grant.approver:
            why = f"it was given by {given_by}, not by {grant.approver}"
        return Refusal("evidence", why) if why else None

    def _base_holds(self, patch: PatchProposed, order: PublishOrder) -> Refusal | None:
        repo = RepoName(patch.repo)
        head = self._reader.branch_head(repo, order.base_branch)
        if head is None:
            return Refusal("base", f"branch {order.base_branch} is gone")
        if head == patch.base:
            return None
        if not self._reader.is_ancestor(repo, Sha(patch.base), head):
            return Refusal("base", f"{order.base_branch} does not hold {patch.base[:12]}")
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
        shown = (patch.tree, patch.paths, patch.added, patch.removed)
        if (applied.tree, applied.paths, *lines_of(applied)) != shown:
            return Refusal("tree", "the patch gives another tree than the one that was shown")
        overrides = frozenset(
            o.rule
            for o in w.overrides
            if o.subject == patch.patch and not self._evidence.why_no_override(w, o)
        )
        result = judge(
            applied, self._policy, scope=order.scope, overrides=overrides, words=patch.summary
        )
        gates = patch_gates(result, self._policy)
        if not together(gates).passed:
            stops = "; ".join(_stopped(gate) for gate in gates if gate.level in _STOPS)
            return Refusal("policy", f"the policy of this moment says {result.level}: {stops}")
        if grant.what != "patch" and goes_beyond(result, w.mode, order.scope):
            return Refusal("wider", f"the patch goes beyond the approved {grant.what}")
        return None

    def _refused(
        self, order: PublishOrder, patch: PatchProposed, found: Refusal, now: str
    ) -> Event:
        return e.WriteRefused(
            at=now, eid=order.eid, subject=patch.patch, code=found.code, reason=found.reason
        )
