"""Our own commit that no run lived to record, found on the branch when it is no longer wanted.

A run can die between its push and the record of it, and the approval can be void by then. Nobody
records that commit any more, and it stands where the next patch has to go. It is known by what the
ledger announced before the push: exactly that tree on exactly that start, by our name, with a
message that names that patch. Whatever differs in one of these is somebody else's and stays.
"""

from __future__ import annotations

from patchgate.core import words
from patchgate.core.ids import RepoName, Sha
from patchgate.core.state import Workflow
from patchgate.ports import ForgeReader


def is_left_over(w: Workflow, head: Sha, forge: ForgeReader) -> bool:
    """Whether that head of our branch is a commit of ours that was announced and not recorded."""
    if not w.unrecorded:
        return False
    found = forge.commit_facts(RepoName(w.repo), head)
    return found.by_us and any(
        (found.tree, found.parents) == (patch.tree, (patch.start,))
        and words.is_message_of(found.message, patch.patch)
        for patch in w.unrecorded
        if patch.repo == w.repo
    )
