"""What is said about plans and questions: to be read, corrected and approved by a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from patchgate.core.globs import compile_glob
from patchgate.core.ids import Digest, short
from patchgate.core.plan import Plan, WorkItem
from patchgate.core.words.inert import code, inert, line
from patchgate.core.words.shape import bullets, comment, count, what_next

MOST_FILES, MOST_POINTS = 60, 30


def plan_comment(
    plan: Plan,
    digest: Digest,
    *,
    revision: int,
    reviewer: str,
    move: str = "Plan Review → In Progress",
) -> str:
    """The plan as its reviewer reads it; `move` is the Jira transition that approves it."""
    heading = f"Plan for review · `{short(digest)}`"
    if revision > 1:
        heading = f"Plan for review, revision {revision} · `{short(digest)}`"
    approve = f"/approve {short(digest)}"
    ending = what_next(
        f"{line(reviewer) or 'The reviewer'} decides. Nothing is written to the repository yet.",
        [
            (approve, f"(or move the ticket {line(move)}) starts the work as planned"),
            ("/changes what should be different", "has the plan revised"),
            ("/ask your question", "gets an answer and changes nothing"),
            ("/reject why", "ends the work on this ticket"),
        ],
    )
    whole = f"The whole plan is on the ledger as {code(digest)}."
    return comment(heading, _sections(plan), ending=ending, whole=whole)


def question_comment(questions: Sequence[str]) -> str:
    """What has to be known before the work can go on."""
    asked = [f"{at}. {line(question, 1_500)}" for at, question in enumerate(questions[:20], 1)]
    heading = "One question before I go on" if len(asked) == 1 else "Questions before I go on"
    ending = what_next(
        "The ticket waits; nothing is charged meanwhile. Answer in a comment of your own, then:",
        [("/resume", "goes on with your answers"), ("/reject why", "ends the work here")],
    )
    return comment(heading, ["\n".join(asked)], ending=ending)


def answer_comment(question: str, answer: str) -> str:
    """The answer to a person's `/ask`."""
    ending = what_next("An answer changes nothing: the ticket stands where it stood.")
    return comment("Your question", [f"You asked: {line(question)}", inert(answer)], ending=ending)


def _sections(plan: Plan) -> Iterator[str]:
    yield inert(plan.approach)
    yield _titled("Expected files", _files(plan), unit="files")
    yield _warning(plan)
    criteria = [f"**{item.id}** {line(item.text, 1_000)}" for item in plan.acceptance]
    yield _titled("Acceptance criteria", criteria, unit="criteria")
    for title, points in (
        ("Risks", plan.risks),
        ("Unknowns", plan.unknowns),
        ("Not part of it", plan.non_goals),
    ):
        yield _titled(title, [line(point, 1_000) for point in points], unit="points")
    if plan.items:
        yield f"**{count(len(plan.items), 'sub-task')}**, one after the other:"
    for number, item in enumerate(plan.items, 1):
        yield _item(number, item)


def _files(plan: Plan) -> list[str]:
    return [
        f"{code(file.path)} {file.action}" + (f": {line(file.reason)}" if file.reason else "")
        for file in plan.files
    ]


def _warning(plan: Plan) -> str:
    """A pattern that begins with stars bounds nothing, and whoever approves it should know."""
    globs = [file.path for file in plan.files] + [g for item in plan.items for g in item.files]
    broad = [glob for glob in dict.fromkeys(globs) if _names_everything(glob)]
    if not broad:
        return ""
    named = ", ".join(code(glob) for glob in broad[:5])
    return f"⚠ {named} names files in any folder: approving it allows changes to all of them."


def _names_everything(pattern: str) -> bool:
    try:
        return compile_glob(pattern).names_everything
    except ValueError:
        return False


def _item(number: int, item: WorkItem) -> str:
    facts = [
        f"Files: {', '.join(code(path) for path in item.files[:15])}" if item.files else "",
        f"Meets: {', '.join(line(one, 20) for one in item.acceptance[:50])}"
        if item.acceptance
        else "",
    ]
    parts = [f"#### {number}. {line(item.title, 200)}", inert(item.description, 1_500), *facts]
    return "\n\n".join(filter(None, parts))


def _titled(title: str, items: Sequence[str], *, unit: str) -> str:
    if not items:
        return ""
    most = MOST_FILES if unit == "files" else MOST_POINTS
    return f"**{title}**\n\n{bullets(items, most=most, unit=unit)}"
