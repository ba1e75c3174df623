"""`python -m benchmarks`: one table, with ratios; `--write FILE` puts it into a document."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import jobs, ledger, life, policy, prompt, secrets, wakeup

BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
SIZES = (1_000, 100_000)
Row = tuple[str, str, str, str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of each timed thing (default 9)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, a ledger of 10,000 events")
    parser.add_argument("--write", type=Path, help="a document with the two `measured` marks")
    given = parser.parse_args()
    rounds = 3 if given.quick else given.rounds
    sizes = (SIZES[0], SIZES[1] // 10) if given.quick else SIZES
    with tempfile.TemporaryDirectory(prefix="patchgate-bench-") as place:
        root = Path(place)
        rows = [
            *_wakeup(wakeup.measure(root / "wakeup", rounds)),
            *_life(life.measure(root / "life")),
            *_jobs(jobs.measure(root / "jobs")),
            *_prompt(prompt.measure(root / "prompt")),
            *_policy(policy.measure(rounds)),
            *_ledger(ledger.measure(root / "ledger", sizes, rounds)),
            *_secrets(secrets.measure(rounds)),
        ]
    table = _table(rows)
    sys.stdout.write(table)
    if given.write:
        put(given.write, table)


def _wakeup(found: wakeup.Wakeups) -> list[Row]:
    sent = ", ".join(f"{count} {name}" for name, count in found.requests.items())
    loaded = ", ".join(found.loaded) or "none"
    ground = f"{_ms(found.imports)} for `import github, jira`"
    return [
        ("no-op wake-up", _ms(found.warm), ground, _ratio(found.warm, found.imports)),
        ("the same, empty cache", _ms(found.cold), ground, _ratio(found.cold, found.imports)),
        ("the interpreter alone", _ms(found.bare), ground, _ratio(found.bare, found.imports)),
        ("client libraries that it loads", loaded, "jira", ""),
        ("requests that it sends", sent, "", ""),
        ("pushes that it makes", str(found.pushes), "0", ""),
    ]


def _jobs(found: dict[str, jobs.Spent]) -> list[Row]:
    """A run in Actions against the one that finds nothing to do."""
    idle = found.get("nothing to do")
    return [
        (
            f"run in Actions: {name}",
            f"{spent.seconds:.1f} s, {spent.jobs} job{'s' * (spent.jobs > 1)}",
            f"{spent.jira} jira, {spent.github} github, {spent.git // 2} git exchanges",
            _ratio(spent.seconds, idle.seconds) if idle else "",
        )
        for name, spent in found.items()
    ]


def _life(found: dict[str, life.Spent]) -> list[Row]:
    whole = found["life"]
    acts = {name: found[name] for name in life.ACTS}
    pushes = ", ".join(f"{spent.pushes} {name}" for name, spent in acts.items())
    return [
        ("Jira requests of one life", str(whole.jira), "60", _ratio(whole.jira, 60)),
        ("GitHub REST requests of one life", str(whole.github), "60", _ratio(whole.github, 60)),
        ("git requests of one life", f"{whole.git} ({whole.git // 2} exchanges)", "", ""),
        ("pushes of one life", f"{whole.pushes} ({pushes})", "", ""),
    ]


def _prompt(found: prompt.Prompt) -> list[Row]:
    parts = f"{found.system} system + {found.tools} tools"
    same = "yes" if found.identical else "no"
    return [
        (
            "fixed tokens of an implement task",
            f"{found.total} ({parts})",
            "1,500",
            _ratio(found.total, 1_500),
        ),
        ("its answer's schema besides", str(found.schema), "", ""),
        ("same first bytes for every ticket", same, "yes", ""),
    ]


def _policy(found: policy.Policies) -> list[Row]:
    speed, parse = f"{found.verdict:.1f} MB/s", f"{found.parse:.1f} MB/s for unidiff's parse"
    size = f"{found.megabytes:.1f} MB of diff"
    rows = [(f"full verdict of the policy on {size}", speed, parse,
             _ratio(found.verdict, found.parse))]  # fmt: skip
    for at, name in enumerate(("median", "99th percentile")) if found.commits else ():
        what = f"judging a commit, {name} of {found.commits}"
        alone = f"{_ms(found.applied[at])} for `git apply --cached`"
        ratio = _ratio(found.judged[at], found.applied[at])
        rows.append((what, _ms(found.judged[at]), alone, ratio))
    return rows


def _ledger(found: list[ledger.Grown]) -> list[Row]:
    small, large = found[0], found[-1]
    sizes = f"{large.events:,} events against {small.events:,}"
    pairs = {
        f"gathered stream, empty cache, {sizes}": (large.read, small.read),
        "one event appended to it": (large.append, small.append),
        "open stream, empty cache": (large.live, small.live),
    }
    return [(what, _ms(a), _ms(b), _ratio(a, b)) for what, (a, b) in pairs.items()]


def _secrets(found: secrets.Searched) -> list[Row]:
    what, ours = "search for secrets, processor time", f"{found.megabytes / found.ours:.1f} MB/s"
    if found.other is None:
        return [(what, ours, "skipped: detect-secrets is not installed", "")]
    other = f"{found.megabytes / found.other:.2f} MB/s for detect-secrets"
    return [(what, ours, other, _ratio(found.other, found.ours))]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}"


def _table(rows: list[Row]) -> str:
    head = ("what", "measured", "against", "ratio")
    lines = [head, ("---",) * 4, *rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{body}\n\n{machine()}\n"


def machine() -> str:
    """Where this was measured, in a few words."""
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return f"Python {platform.python_version()} on {where}."


def put(document: Path, table: str) -> None:
    """Replace what stands between the two marks of a document."""
    text = document.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
