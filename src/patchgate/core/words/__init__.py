"""Everything that people read from us, as Markdown for Jira and GitHub alike.

Pure functions of facts. Each comment is short, ends with what happens next and with the exact
command to type, and holds foreign text only through `inert`, `line`, `code` or `fence`.
"""

from __future__ import annotations

from patchgate.core.characters import visible
from patchgate.core.words.ends import ChildFacts, done_comment, ended_comment, final_summary
from patchgate.core.words.inert import clip, code, dollars, fence, inert, line, link
from patchgate.core.words.patches import PatchFacts, patch_comment
from patchgate.core.words.plans import answer_comment, plan_comment, question_comment
from patchgate.core.words.pulls import (
    PullFacts,
    checks_sentence,
    commit_message,
    is_message_of,
    pull_body,
    pull_comment,
)
from patchgate.core.words.reviews import ReviewFacts
from patchgate.core.words.shape import COMMENT_LIMIT
from patchgate.core.words.stops import (
    deferred_comment,
    drift_comment,
    near_miss_comment,
    parked_comment,
    refused_comment,
    rework_comment,
    stopped_comment,
)

__all__ = [
    "COMMENT_LIMIT",
    "ChildFacts",
    "PatchFacts",
    "PullFacts",
    "ReviewFacts",
    "answer_comment",
    "checks_sentence",
    "clip",
    "code",
    "commit_message",
    "deferred_comment",
    "dollars",
    "done_comment",
    "drift_comment",
    "ended_comment",
    "fence",
    "final_summary",
    "inert",
    "is_message_of",
    "line",
    "link",
    "near_miss_comment",
    "parked_comment",
    "patch_comment",
    "plan_comment",
    "pull_body",
    "pull_comment",
    "question_comment",
    "refused_comment",
    "rework_comment",
    "stopped_comment",
    "visible",
]
