"""Which room a step plays, and what every step has in common: masks, errors, summary."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.action.inputs import Step, load
from patchgate.app.action.tell import Told, annotate_error, annotate_refusals, summary
from patchgate.app.action.work import Work
from patchgate.app.desk import Journal, Line
from patchgate.app.environment import Environment
from patchgate.app.mishap import told as told_of
from patchgate.app.redact import redactor
from patchgate.core.words.inert import line
from patchgate.ports import Job

Say = Callable[[str], None]


def play(env: Environment, say: Say, command: Say) -> None:
    """One room; errors leave one annotation, a summary that says so, and go on to the caller.

    `say` prints words, `command` what the runner itself is to read.
    """
    job, clean = bootstrap.job(env, command), redactor(env)
    for form in clean.forms:
        job.mask(form)

    def tell(entry: Line) -> None:
        text = clean(entry.text).replace("\n", "⏎")
        say(f"{entry.key:<12} {entry.kind:<7} {text}")

    journal = Journal(tell)
    told = Told(env.patchgate_room or "no room")
    try:
        inputs = load(env)
        inputs.left.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="patchgate-") as place, job.foreign():
            _room(Work(env, inputs, job, journal, Path(place), told))
    except Exception as error:
        _fail(job, told, error, clean)
        raise
    finally:
        told.lines = [Line(x.key, x.kind, clean(x.text)) for x in journal.lines]
        annotate_refusals(job, told.lines)
        job.summarise(summary(told))


def _fail(job: Job, told: Told, error: Exception, clean: Callable[[str], str]) -> None:
    lines, code = told_of(error, clean)
    said, advice = lines[-2].removeprefix("patchgate: "), lines[-1].strip()
    annotate_error(job, f"{said}; {advice}", code)
    told.notes.append(f"**Stopped** (exit code {code}): {line(said, 1000)}")
    told.notes.append(f"**Next:** {line(advice.removeprefix('next: '), 1000)}")


def _room(work: Work) -> None:
    """The rooms are loaded here: each job has only what its own room uses."""
    match work.inputs.step:
        case Step.TICK | Step.SETTLE:
            from patchgate.app.action.ticking import settle, tick

            (settle if work.inputs.step is Step.SETTLE else tick)(work)
        case Step.PROPOSE:
            from patchgate.app.action.asking import propose

            propose(work)
        case Step.SEAL:
            from patchgate.app.action.asking import seal

            seal(work)
        case Step.CHECK:
            from patchgate.app.action.asking import check

            check(work)
