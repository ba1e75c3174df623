"""What a step tells the people at the run's page: the summary, and annotations for refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchgate.app.desk import Line, Outcome
from patchgate.core.words.inert import code, line, link
from patchgate.ports import Job

REFUSED = ("refused: ", "WriteGate refused")
"""How journal lines of a refusal begin (app/narrate)."""
MOST_ANNOTATIONS = 8
"""The runner shows ten of a kind for a step; the rest of them is in the summary."""
SHARED_LIMITS = (
    "**Token:** this run used the default `GITHUB_TOKEN`. Its pull requests start no CI (name the "
    "workflow in `pull_request.ci_workflows`, run it by hand on the branch, or pass a GitHub App "
    "or a fine-grained token as `PATCHGATE_TOKEN`), it reaches this repository alone, it has 1,000 "
    "requests an hour, and its account is shared by all workflows: approve in Jira, not on GitHub."
)


@dataclass(slots=True)
class Told:
    """What one step has to say."""

    title: str
    lines: Sequence[Line] = ()
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)
    """Paragraphs of our own words."""
    limits: str = ""
    """What this run's token cannot do; the last word."""
    site: str = ""
    """Address of the Jira site, so that tickets can be linked to; empty, they are not."""

    def ticket(self, key: str) -> str:
        """A ticket's key, as a link where the site is known."""
        return link(key, f"{self.site.rstrip('/')}/browse/{key}") if self.site else line(key)


def summary(told: Told) -> str:
    """The step as Markdown; foreign text in it is inert."""
    parts = [f"## patchgate · {line(told.title)}", *told.notes]
    waits = told.outcome.waits
    if waits:
        rows = [
            f"| {told.ticket(w.key)} | {w.state} | {line(w.what)} | {line(w.whom)} |" for w in waits
        ]
        parts.append(
            "\n".join(["| ticket | state | waits for | from |", "|---|---|---|---|", *rows])
        )
    if told.outcome.goes_on:
        keys = ", ".join(code(k) for k in told.outcome.goes_on)
        parts.append(f"Goes on without a person: {keys}, in a run of its own.")
    if told.lines:
        shown = [f"- {code(x.key)} {line(x.kind)}: {line(x.text, 600)}" for x in told.lines]
        parts.append("\n".join(["### What happened", "", *shown]))
    if told.outcome.heads:
        heads = [f"- {code(stream)} {code(head)}" for stream, head in told.outcome.heads]
        parts.append("\n".join(["### Ledger heads", "", *heads]))
    if told.limits:
        parts.append(told.limits)
    return "\n\n".join(parts)


def annotate_refusals(job: Job, lines: Sequence[Line]) -> int:
    """One annotation for each refusal of the gate or of a person's command; how many."""
    refused = [x for x in lines if x.text.startswith(REFUSED)]
    for one in refused[:MOST_ANNOTATIONS]:
        job.annotate("warning", f"patchgate {one.key}", one.text)
    return len(refused)


def annotate_error(job: Job, said: str, exit_code: int) -> None:
    """The one annotation of a step that failed: the thing, its cure, the exit code."""
    job.annotate("error", f"patchgate (exit code {exit_code})", said)
