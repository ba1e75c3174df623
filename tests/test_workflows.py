"""Least privilege, proven from the YAML itself; and each rule is seen to catch its fault."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests import lint_yaml, workflows
from tests.workflows import RULES, STEP_RULES, Rule, Workflow, composites, parsed, shipped

GOOD = """\
on: [repository_dispatch]
permissions: {}
concurrency:
  group: one
  cancel-in-progress: false
jobs:
  tick:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: write # the ledger
      pull-requests: write # its pull request
    steps:
      - uses: $/step
        with:
          room: tick
          jira-api-token: ${{ secrets.JIRA_API_TOKEN }}
          github-token: ${{ secrets.PATCHGATE_TOKEN }}
          default-token: ${{ github.token }}
  propose:
    needs: tick
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read # to check out
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - uses: $/step
        with:
          room: propose
          anthropic-api-key: ${{ secrets.ANTHROPIC_API_KEY }}
  check:
    needs: propose
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read # to check out again
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - uses: $/step
        with:
          room: check
  tests:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read # to check out
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - env:
          REF: ${{ github.ref }}
        run: make test
  called:
    permissions:
      contents: write # handed on to the called jobs
    uses: acme/pg/.github/workflows/run.yml@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v1
    secrets:
      JIRA_API_TOKEN: ${{ secrets.JIRA_API_TOKEN }}
      ANTHROPIC_API_KEY: ${{ secrets.ANTHROPIC_API_KEY }}
  gate:
    needs: [tick, propose, check, tests, called]
    if: always()
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions: {} # looks at results only
    steps:
      - run: echo done
"""
PROPOSE = "          room: propose\n"
CHECK = "          room: check\n"
KEY = "          anthropic-api-key: ${{ secrets.ANTHROPIC_API_KEY }}\n"
READ = "      contents: read # to check out\n    steps"
AGAIN = "contents: read # to check out again"
RUN = "        run: make test\n"

FAULTS: list[tuple[Rule, str, str, str]] = [
    (workflows.nothing_is_granted_by_default, "permissions: {}\nconc", "conc", "top: "),
    (workflows.nothing_is_granted_by_default, "permissions: {}\nconc",
     "permissions:\n  contents: read\nconc", "top: "),
    (workflows.nothing_is_granted_by_default, "    permissions: {} # looks at results only\n", "",
     "gate: no permissions"),
    (workflows.nothing_is_granted_by_default, "    permissions: {} # looks at results only\n",
     "    permissions: write-all\n", "gate: no permissions"),
    (workflows.every_grant_has_a_reason, " # its pull request", "", "tick: pull-requests"),
    (workflows.every_grant_has_a_reason, "{} # looks at results only", "{}", "gate: permissions"),
    (workflows.every_grant_has_a_reason, ":\n      contents: read # to check out\n",
     ": {contents: read}\n", "propose: contents"),
    (workflows.every_job_has_a_time_out, "    timeout-minutes: 5\n", "", "gate: "),
    (workflows.every_job_has_a_time_out, "timeout-minutes: 5\n", "timeout-minutes: 360\n", "gate:"),
    (workflows.every_foreign_action_is_pinned, " # v6.0.2", "", "actions/checkout"),
    (workflows.every_foreign_action_is_pinned,
     "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6", "@v6 # v6", "actions/checkout@v6"),
    (workflows.every_foreign_action_is_pinned, "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v1",
     "@main # v1", "acme/pg"),
    (workflows.every_foreign_action_is_pinned, "uses: $/step", "uses: docker://alpine:3", "docker"),
    (workflows.checkouts_keep_no_credential, "          persist-credentials: false\n", "",
     "propose: a checkout"),
    (workflows.checkouts_keep_no_credential, "persist-credentials: false",
     "persist-credentials: true", "propose: a checkout"),
    (workflows.no_expression_in_a_script, RUN, "        run: echo ${{ github.head_ref }}\n",
     "tests: "),
    (workflows.no_expression_in_a_script, RUN, RUN + "        shell: ${{ github.ref }} {0}\n",
     "tests: "),
    (workflows.no_dangerous_trigger, "[repository_dispatch]", "pull_request_target",
     "on: pull_request_target"),
    (workflows.no_dangerous_trigger, "[repository_dispatch]", "{pull_request_target: {}}",
     "on: pull_request_target"),
    (workflows.no_dangerous_trigger, "[repository_dispatch]", "[workflow_run]", "on: workflow_run"),
    (workflows.secrets_are_named, "    secrets:\n      JIRA_API_TOKEN: ${{ secrets.JIRA_API_TOKEN "
     "}}\n      ANTHROPIC_API_KEY: ${{ secrets.ANTHROPIC_API_KEY }}\n", "    secrets: inherit\n",
     "called: all secrets"),
    (workflows.secrets_are_named, PROPOSE, PROPOSE + "          all: ${{ toJSON(secrets) }}\n",
     "propose: all secrets"),
    (workflows.secrets_are_named, "jobs:\n", "env:\n  KEY: ${{ secrets.OPENAI_API_KEY }}\njobs:\n",
     "top: OPENAI_API_KEY"),
    (workflows.no_job_thinks_and_writes, READ, READ.replace("read", "write"),
     "propose: a model key and contents: write"),
    (workflows.no_job_thinks_and_writes, READ, READ.replace("  contents", "  issues: write # x\n"
     "      contents"), "propose: a model key and issues: write"),
    (workflows.no_job_thinks_and_writes, KEY, KEY + "          x: ${{ secrets.JIRA_EMAIL }}\n",
     "propose: a model key and JIRA_EMAIL"),
    (workflows.no_job_thinks_and_writes, KEY,
     KEY + "          x: ${{secrets['APP_PRIVATE_KEY']}}\n",
     "propose: a model key and APP_PRIVATE_KEY"),
    (workflows.no_job_thinks_and_writes,
     "          jira-api-token: ${{ secrets.JIRA_API_TOKEN }}\n",
     "          x: ${{ secrets.OPENAI_API_KEY }}\n", "tick: a model key and contents: write"),
    (workflows.repository_code_runs_with_nothing, CHECK, CHECK + "          x: ${{ secrets.X }}\n",
     "check: runs repository code with X"),
    (workflows.repository_code_runs_with_nothing, AGAIN, "actions: write # x",
     "check: runs repository code with actions: write"),
    (workflows.repository_code_runs_with_nothing, RUN,
     RUN + "      - env: {K: '${{ secrets.K }}'}\n"
     "        run: ./deploy\n", "tests: runs repository code with K"),
    (workflows.repository_code_runs_with_nothing, KEY, KEY + "      - run: ./setup\n",
     "propose: runs repository code with ANTHROPIC_API_KEY"),
    (workflows.repository_code_runs_with_nothing, "    timeout-minutes: 30\n    permissions:\n"
     "      contents: read # to check out again",
     "    timeout-minutes: 30\n    environment: prod\n    permissions:\n      contents: read # x",
     "check: runs repository code in an environment"),
    (workflows.rooms_hold_their_own_keys, PROPOSE, "          room: kitchen\n", "is no room"),
    (workflows.rooms_hold_their_own_keys, KEY, "          x: ${{ secrets.JIRA_EMAIL }}\n",
     "propose: the room propose holds JIRA_EMAIL"),
    (workflows.rooms_hold_their_own_keys, CHECK, "          room: seal\n" + KEY,
     "check: the room seal holds ANTHROPIC_API_KEY"),
    (workflows.rooms_hold_their_own_keys, AGAIN, "contents: write # x",
     "check: the room check writes contents"),
    (workflows.runs_that_write_are_not_cancelled, "cancel-in-progress: false",
     "cancel-in-progress: true", "top: a run that writes"),
    (workflows.the_gate_needs_every_job, "tests, called]", "called]", "gate: does not need tests"),
    (workflows.the_gate_needs_every_job, "    if: always()\n", "", "gate: does not run always"),
    (workflows.ci_can_be_left_asleep, "          default-token: ${{ github.token }}\n", "",
     "tick: the room tick lacks the default token"),
    (workflows.ci_can_be_left_asleep, "default-token: ${{ github.token }}",
     "default-token: ${{ secrets.PATCHGATE_TOKEN }}", "tick: the room tick lacks the default"),
]  # fmt: skip


def named(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.covers("S2.36")
@pytest.mark.parametrize("rule", RULES, ids=named)
@pytest.mark.parametrize("workflow", shipped(), ids=lambda workflow: workflow.name)
def test_every_workflow_that_we_ship_or_show_keeps_the_rule(workflow: Workflow, rule: Rule) -> None:
    assert rule(workflow) == []


@pytest.mark.parametrize("rule", STEP_RULES, ids=named)
@pytest.mark.parametrize("action", composites(), ids=lambda action: action.name)
def test_the_composite_actions_keep_the_rules_on_steps(action: Workflow, rule: Rule) -> None:
    assert rule(action) == []


def test_ours_and_the_consumers_workflows_are_among_them() -> None:
    names = {workflow.name for workflow in shipped()}
    assert {f".github/workflows/{name}.yml" for name in ("ci", "release", "patchgate")} <= names
    assert "docs/examples/patchgate.yml" in names


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_good_workflow_passes_every_rule(rule: Rule) -> None:
    assert rule(parsed("good.yml", GOOD)) == []


@pytest.mark.parametrize(("rule", "old", "new", "says"), FAULTS)
def test_a_seeded_fault_is_caught_by_its_rule(rule: Rule, old: str, new: str, says: str) -> None:
    assert GOOD.count(old) >= 1, "the fault was not seeded"
    found = rule(parsed("bad.yml", GOOD.replace(old, new, 1)))
    assert any(says in finding for finding in found), found


def test_every_rule_has_a_seeded_fault() -> None:
    assert {rule for rule, *_ in FAULTS} == set(RULES)


def test_the_final_gate_of_our_ci_needs_every_job() -> None:
    (ci,) = [workflow for workflow in shipped() if workflow.name.endswith("/ci.yml")]
    assert set(ci.jobs["gate"]["needs"]) == set(ci.jobs) - {"gate"}
    script = ci.jobs["gate"]["steps"][0]
    for results, status in [("success success", 0), ("success failure", 1), ("skipped", 1)]:
        run = ["bash", "-e", "-c", script["run"]]
        assert subprocess.run(run, env={"RESULTS": results}).returncode == status


def test_the_only_exception_from_the_audit_is_the_trigger_of_comments() -> None:
    """A comment's text is never run, and its author is judged from the platform's own record."""
    for workflow in [*shipped(), *composites()]:
        for line in workflow.text.splitlines():
            if "zizmor" in line:
                assert "issue_comment:" in line, workflow.name
                assert "ignore[dangerous-triggers]" in line, workflow.name
    assert not list(lint_yaml.ROOT.glob("**/zizmor.y*ml"))


@pytest.mark.parametrize("tool", ["check-jsonschema", "zizmor"])
def test_the_linters_find_nothing_and_are_seen_to_look(tool: str, tmp_path: Path) -> None:
    commands = [c for c in lint_yaml.commands(tmp_path / "shown") if Path(c[0]).name == tool]
    looked_at = {Path(argument).name for command in commands for argument in command}
    assert {"ci.yml", "release.yml", "action.yml", "dependabot.yml"} <= looked_at
    for command in commands:
        done = subprocess.run(command, cwd=lint_yaml.ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    bad = tmp_path / "bad.yml"
    bad.write_text(GOOD.replace("permissions: {}\nconc", "conc").replace("timeout-m", "time-m", 1))
    (first, *_) = [c for c in commands if any("ci.yml" in argument for argument in c)]
    assert subprocess.run([*first, str(bad)], cwd=tmp_path, capture_output=True).returncode != 0


def test_code_of_another_repository_runs_with_a_token_that_cannot_read_this_one() -> None:
    (ours,) = [one for one in shipped() if one.name == ".github/workflows/patchgate.yml"]
    legs = {
        name: job["permissions"]
        for name, job in ours.jobs.items()
        if "elsewhere" in str(job.get("strategy", ""))
    }
    assert legs == {"check-public": {}}


def test_what_is_handed_on_is_what_the_action_and_the_workflow_take() -> None:
    """Examples and our own jobs name no input or secret that is not there."""
    (ours,) = [one for one in shipped() if one.name == ".github/workflows/patchgate.yml"]
    called = ours.tree["on"]["workflow_call"]
    action = yaml.safe_load((lint_yaml.ROOT / "step" / "action.yml").read_text("utf-8"))
    handed = 0
    for workflow in shipped():
        for job in workflow.jobs.values():
            if "/patchgate.yml@" in job.get("uses", ""):
                assert set(job.get("with", {})) <= set(called["inputs"]), workflow.name
                assert set(job["secrets"]) <= set(called["secrets"]), workflow.name
                handed += 1
            for step in job.get("steps", []):
                if step.get("uses") == "$/step":
                    assert set(step["with"]) <= set(action["inputs"]), workflow.name
                    handed += 1
    assert handed >= 6
