"""Commands that try a policy out: check, explain, test, replay. None needs a key or a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from patchgate.cli.terminal import FILE, FOLDER, say

POLICY_HELP = "A shipped pack or the path of a policy file."
REPO_HELP = "The repository; it is only read."
REPO = click.option("--repo", type=FOLDER, default=Path(), show_default="here", help=REPO_HELP)
SECRETS_HELP = "A rule file for secrets in place of the one that the repository's settings name."
SECRETS = click.option("--secret-rules", "secrets", type=FILE, help=SECRETS_HELP)
POLICY = click.option("--policy", "name", default="standard", show_default=True, help=POLICY_HELP)


@click.group()
def policy() -> None:
    """Try a policy: on a diff, on commits, on its golden verdicts, on history."""


@policy.command("check")
@click.argument("what", metavar="DIFF|RANGE")
@POLICY
@REPO
@click.option("--onto", default="HEAD", show_default=True, help="The commit that a DIFF is for.")
@click.option("--words", default="", help="What the proposal says of itself.")
@SECRETS
def policy_check(what: str, name: str, **where: Any) -> None:
    """Judge a diff file, a commit, or a range A..B as one change; exit code 0 for ACCEPT alone."""
    from patchgate.app.trial import Trial
    from patchgate.app.trial_report import check_lines

    for line in check_lines(name, what, Trial(**where)):
        say(line)


@policy.command("explain")
@click.argument("rule", required=False)
@POLICY
def policy_explain(rule: str | None, name: str) -> None:
    """Say what a rule looks at and what to do about it; without RULE, list them all."""
    from patchgate.app.trial_report import explain_lines

    for line in explain_lines(name, rule):
        say(line)


@policy.command("test")
@click.argument("name", metavar="POLICY", default="standard")
@click.option("--verdicts", type=FILE, help="Default: POLICY.verdicts.yml beside the policy.")
def policy_test(name: str, verdicts: Path | None) -> None:
    """Hold a policy against the golden verdicts that lie beside it."""
    from patchgate.app.trial_report import golden_lines

    for line in golden_lines(name, verdicts):
        say(line)


@policy.command("replay")
@click.argument("spec", metavar="[BRANCH|A..B]", default="HEAD")
@click.option("--policy", "name", required=True, help=f"The changed policy. {POLICY_HELP}")
@click.option("--against", default="standard", show_default=True, help="The policy in force.")
@click.option("--since", default="", help="Only commits after this date, as git reads dates.")
@REPO
@SECRETS
def policy_replay(spec: str, name: str, against: str, since: str, **where: Any) -> None:
    """List the commits on which a changed policy would decide otherwise; merges count whole."""
    from patchgate.app.trial import Trial
    from patchgate.app.trial_report import replay_lines

    for line in replay_lines(name, against, Trial(**where), spec=spec, since=since):
        say(line)
