"""A command given by starting the workflow by hand, read from GitHub's own record of the run.

The inputs of a run cannot be read back; its title can, and `run-name` puts them there. So the
title is what counts: it is fixed when the run is asked for, and shows on the run's page.
"""

from __future__ import annotations

import re
from typing import get_args

from patchgate.core.events import CommandGiven, Evidence, Verb
from patchgate.core.ids import FactId, RepoName
from patchgate.core.wakeup import DIGEST, KEY
from patchgate.ports import ForgeReader, StartedRun

TITLE = re.compile(
    rf"patchgate ({'|'.join(get_args(Verb))}) ({KEY.pattern})(?: ({DIGEST.pattern}))?",
    re.IGNORECASE,
)
RUN_NAME = "run-name: patchgate ${{ inputs.command }} ${{ inputs.issue }} ${{ inputs.digest }}"
"""The line without which a run started by hand can only wake a ticket."""


def given_by_run(
    forge: ForgeReader, control: RepoName, run_id: int, now: str
) -> CommandGiven | str:
    """The command that this run gave when it was asked for; a string says why it gave none."""
    run = forge.started_run(control, run_id)
    amiss = _amiss(run, forge.default_branch(control))
    if amiss:
        return amiss
    said = TITLE.fullmatch(run.title)
    if said is None:
        return f"the title of run {run_id} is no command; the workflow needs `{RUN_NAME}`"
    evidence = Evidence(
        platform="actions",
        kind="dispatch",
        id=str(run_id),
        target=said[2].upper(),
        author=run.actor,
        at=run.at,
    )
    return CommandGiven.model_validate(
        {
            "at": now,
            "fact": FactId(f"actions:run:{run_id}"),
            "evidence": evidence,
            "verb": said[1].lower(),
            "argument": said[3] or "",
            "edited": False,
        }
    )


def _amiss(run: StartedRun, default_branch: str) -> str:
    """Why nothing that this run says counts; empty when it may."""
    if run.event != "workflow_dispatch":
        return f"run {run.id} was started by {run.event}, not by hand"
    if run.attempt == 1 and run.actor.casefold() != run.triggered_by.casefold():
        return f"run {run.id} is {run.actor}'s, but {run.triggered_by} started it"
    if run.branch != default_branch:
        return f"run {run.id} is of branch {run.branch}, not of {default_branch}"
    return ""
