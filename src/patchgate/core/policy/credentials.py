"""Credentials in added lines, by the rules that the policy was given for them."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.patch import ABSENT
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule


def secrets(rule: Rule, case: Case) -> Iterator[Found]:
    """Each credential in an added line or the name of an added file, masked; that name is not told.

    Without rules nothing was looked for: it raises.
    """
    finder = case.secrets
    if finder is None:
        raise LookupError("no rules for secrets were loaded")
    names = "\n".join(change.path for change in case.changes(rule) if change.old_mode == ABSENT)
    for spotted in finder.find(names) if names else ():
        yield "", f"adds a file whose name looks like {spotted.rule}: {spotted.evidence}"
    for file in case.lines(rule):
        for spotted in finder.find(file.text, file.path):
            yield file.path, f"adds what looks like {spotted.rule}: {spotted.evidence}"
