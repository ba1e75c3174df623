"""When a person's word is an approval: every condition, each with its reason (law 2).

The same function judges when the word is first seen and again at the moment of the write,
on evidence re-read from the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patchgate.core.events import Evidence, Platform
from patchgate.core.ids import Digest, matches, short
from patchgate.core.rules import Rules
from patchgate.core.state import Publication

SHARED_ACCOUNT = "github-actions[bot]"
"""Every workflow of a repository writes as this account: what it publishes proves nothing."""


@dataclass(frozen=True, slots=True)
class Word:
    """A person's approval as the platform tells it now."""

    evidence: Evidence
    typed: str = ""
    """The digest that was typed; empty for a transition or a bare approval."""
    edited: bool = False


def moment(text: str) -> datetime:
    """A platform's timestamp (ISO 8601, with `Z` or an offset with or without a colon)."""
    return datetime.fromisoformat(text)


def refusal(
    word: Word,
    *,
    subject: Digest,
    shown: Publication | None,
    rules: Rules,
    requester: str = "",
) -> str:
    """Why this word does not approve the subject; empty when it does."""
    who, platform = word.evidence.author, word.evidence.platform
    if platform == "actions" and not word.typed:
        return "an approval by a run that was started by hand names the digest"
    if rules.is_runner(platform, who):
        return "the runner cannot approve its own work"
    if platform == "github" and rules.runner.get("github") == SHARED_ACCOUNT:
        return "the runner has no account of its own on GitHub (default token): approve in Jira"
    name = rules.person(platform, who)
    if not name:
        return f"account {who} is not in `approvers`"
    if rules.separation and requester and _same_person(platform, who, requester, rules):
        return "with `separation: strict` the requester cannot approve"
    if word.edited:
        return "the comment was edited; only an unedited comment counts"
    if word.typed and not matches(word.typed, subject):
        return f"{word.typed} is not what waits for approval; that is {short(subject)}"
    return _timing(word, shown)


def _same_person(platform: Platform, who: str, requester: str, rules: Rules) -> bool:
    """Whether both accounts are one person's, be it on two platforms."""
    name = rules.person(platform, who)
    return who == requester or name in {
        person for (_, account), person in rules.approvers.items() if account == requester
    }


def _timing(word: Word, shown: Publication | None) -> str:
    if shown is None or not shown.at:
        return f"the proposal was not yet published on {shown_on(word.evidence.platform)}"
    if not came_later(word.evidence, shown.at):
        return "it was given before the proposal was published"
    return ""


def shown_on(platform: Platform) -> Platform:
    """Where people read what they approve: a run's page shows no proposal, the ticket does."""
    return "jira" if platform == "actions" else platform


def came_later(evidence: Evidence, published: str) -> bool:
    """Whether the word is younger than that publication, by the platform's clock.

    A run's time has whole seconds and is of another clock; there the digest, which nobody can
    know before, is what proves the order.
    """
    given, shown = moment(evidence.at), moment(published)
    if evidence.platform == "actions":
        return given >= shown.replace(microsecond=0)
    return given > shown
