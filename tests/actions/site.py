"""A consumer's whole site on loopback, driven by nothing but events: each starts runs under act."""

from __future__ import annotations

import functools
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import requests
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from patchgate.standins.demo.driver import environment
from patchgate.standins.github.workflows import Started, Workflows
from patchgate.standins.models import parse_script
from patchgate.standins.world import CONTROL, EVENT_TYPE, LEIGH, REQUIRED_CHECK, Target, World
from tests.actions.act import Order, Played, localise, play, workflow
from tests.e2e.answers import script
from tests.e2e.conftest import git
from tests.e2e.forks import quick_python
from tests.e2e.lives import SEED, Life

ROOT = Path(__file__).resolve().parents[2]
DOUBLES = Path(__file__).parent / "doubles"
EXAMPLE = ROOT / "docs" / "examples" / "patchgate.yml"
PATH = ".github/workflows/patchgate.yml"
PRODUCT = ("step", "src", "prompts", "policies", "requirements", ".github/workflows/patchgate.yml")
"""What of this repository a consumer's run reads."""
ELSEWHERE = "acme/else"
"""Another repository that tickets may be about; anybody may read it."""
APP_MAY = dict.fromkeys(("contents", "pull_requests", "issues"), "write") | dict.fromkeys(
    ("checks", "statuses", "actions"), "read"
)
"""What docs/jira/accounts.md asks for a GitHub App."""
LEVELS = {"none": 0, "read": 1, "write": 2}


@dataclass
class Ran:
    """One run that was played."""

    started: Started
    played: Played

    @property
    def jobs(self) -> dict[str, str]:
        return self.played.jobs


@dataclass
class Site:
    """The world, its queue of runs, and a way to play them."""

    world: World
    workflows: Workflows
    life: Life
    folder: Path
    tools: Path
    uses: dict[str, Path]
    secrets: dict[str, str]
    ran: list[Ran] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def drain(self) -> list[Ran]:
        """Play what waits, and what these runs start, until nothing waits."""
        began = len(self.ran)
        for _ in range(20):
            waiting = self.waiting()
            if not waiting:
                return self.ran[began:]
            for started in waiting:
                self.play(started)
        raise AssertionError("runs start runs without end:\n" + self.ran[-1].played.log())

    def expect(self, *jobs: Mapping[str, str]) -> list[Ran]:
        """Play what waits; exactly these jobs must have finished, run by run."""
        runs = self.drain()
        assert [run.jobs for run in runs] == list(jobs), self.logs()
        return runs

    def logs(self) -> str:
        """What all runs printed."""
        return "\n\n".join(f"── {r.started.event}\n{r.played.log()}" for r in self.ran)

    def ring(self, payload: object) -> None:
        """Whoever holds the doorbell's token rings."""
        answer = requests.post(
            f"{self.world.urls['github']}/api/v3/repos/{CONTROL}/dispatches",
            json={"event_type": EVENT_TYPE, "client_payload": payload},
            headers={"Authorization": f"Bearer {self.world.keys.doorbell}"},
            timeout=10,
        )
        assert answer.status_code == 204

    def waiting(self) -> list[Started]:
        """What events have started so far."""
        self.world.rule.settle()
        return self.workflows.take()

    def together(self, waiting: Sequence[Started]) -> list[Ran]:
        """Play several runs at once."""
        with ThreadPoolExecutor(len(waiting)) as pool:
            return list(pool.map(self.play, waiting))

    def play(self, started: Started, *, cancelled: threading.Event | None = None) -> Ran:
        """Play one run, until it is cancelled; its end is known to GitHub."""
        self.workflows.begin(started.repo, started.run)
        with self.lock:
            number = len(self.ran)
            self.ran.append(Ran(started, Played(0, [], "")))
        order = self._order(started, self.folder / f"run-{number:02}")
        played = play(order, cancelled=cancelled)
        ended = "cancelled" if cancelled else "success" if played.status == 0 else "failure"
        self.workflows.finish(started.repo, started.run, ended)
        ran = Ran(started, played)
        with self.lock:
            self.ran[number] = ran
        return ran

    def _order(self, started: Started, folder: Path) -> Order:
        tree = folder.with_suffix(".tree")
        git(self.folder, "clone", "-q", f"{self.world.github.root}/{started.repo}.git", str(tree))
        env = {
            "GITHUB_SERVER_URL": self.world.urls["github"],
            "GITHUB_API_URL": f"{self.world.urls['github']}/api/v3",
            "GITHUB_REPOSITORY": started.repo,
            "GITHUB_RUN_ID": str(started.run),
            "GITHUB_RUN_ATTEMPT": str(started.attempt),
            "RUNNER_ENVIRONMENT": "github-hosted",
            "DOUBLE_ARTIFACTS": str(self.folder / "artifacts" / str(started.run)),
            "GIT_TERMINAL_PROMPT": "0",
        }
        return Order(
            program=act_program(),
            event=started.event,
            payload=started.payload,
            tree=tree,
            path=started.path,
            folder=folder,
            tools=self.tools,
            uses=self.uses,
            env=env,
            secrets=self.secrets,
        )


def act_program() -> str:
    """The act binary beside this interpreter, or on PATH; empty: there is none."""
    beside = Path(sys.executable).with_name("act")
    return str(beside) if beside.exists() else shutil.which("act") or ""


@functools.cache
def product(folder: Path) -> Path:
    """This repository as a bare git remote, with what a consumer's run reads of it."""
    work = folder / "product"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--", *PRODUCT)
    for name in listed.splitlines():
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "-A", "-f")
    git(work, "commit", "-q", "-m", "Release")
    git(folder, "clone", "-q", "--bare", str(work), str(folder / "product.git"))
    return folder / "product.git"


def prepared_tools(tree: Path, folder: Path, interpreter: Path) -> Path:
    """A tool cache whose environments, under the very keys of the action, are `interpreter`'s.

    That the action can make them itself is proven elsewhere.
    """
    python = subprocess.run(
        ["bash", "-c", "type -P python3"], capture_output=True, text=True, check=True
    ).stdout.strip()
    ask = (
        "import sys; sys.path.insert(0, sys.argv[1]); import prepare\n"
        "print('\\n'.join(sorted({prepare.key_of(p) for p in prepare.PROFILES.values()})))"
    )
    keys = subprocess.run(
        [python, "-I", "-c", ask, str(tree / "step")], capture_output=True, text=True, check=True
    ).stdout.split()
    for key in keys:
        place = folder / "patchgate-environments" / key
        (place / "bin").mkdir(parents=True)
        (place / "patchgate-complete").write_text(key)
        starter = place / "bin" / "python"
        starter.write_text(f'#!/bin/sh\nexec "{interpreter}" "$@"\n')
        starter.chmod(0o755)
    return folder


def consumers_file(world: World, more: Mapping[str, str]) -> str:
    """The workflow that a user pastes, led to this world's services; `more` are further inputs.

    A token of one's own or an App's key is one more secret; where it is none, its value is empty.
    """
    document = workflow(EXAMPLE)
    (job,) = document["jobs"].values()
    job["with"] |= {
        "jira-base-url": world.urls["jira"],
        "anthropic-base-url": world.urls["anthropic"],
        "openai-base-url": f"{world.urls['openai']}/v1",
        **more,
    }
    for name in ("PATCHGATE_TOKEN", "PATCHGATE_APP_PRIVATE_KEY"):
        job["secrets"][name] = f"${{{{ secrets.{name} }}}}"
    return yaml.safe_dump(document, sort_keys=False)


def narrower(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """What both grant: a called workflow can only narrow the caller's token."""
    return {
        name: min(level, other.get(name, "none"), key=lambda word: LEVELS[word])
        for name, level in one.items()
    }


@contextmanager
def site(
    root: Path,
    *answers: Mapping[str, Any],
    settings: Mapping[str, Any],
    credential: Literal["default", "token", "app"] = "default",
    in_propose: str = "",
    interpreter: Path | None = None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Site]:
    """A site whose control repository is also the one that tickets are about, unless routed.

    `credential`: what the rooms write with: the job's own token, a person's as `PATCHGATE_TOKEN`,
    or a GitHub App. `in_propose`: a command that an intruder runs in the checkout of each propose
    job, with that job's token. `interpreter`: what the rooms run in; otherwise a fork of one that
    has everything loaded. `files`: what else lies in the control repository.
    """
    routes = [{"repository": CONTROL, "base_branch": "main", "plan": "none"}]
    said = {"routes": routes, **settings}
    made = parse_script(script(*answers))
    with World(root / "world", target=Target(SEED, ELSEWHERE), script=made, settings=said) as w:
        hub = w.github
        hub.hub.repository(ELSEWHERE).private = False
        app, own = _credential(w, credential)
        seed = {name: text for name, text in SEED.items() if not name.startswith(".github/")}
        begin = {**seed, PATH: consumers_file(w, app), **files}
        hub.as_user(LEIGH.github).push(CONTROL, "main", begin, "Begin")
        hub.protect(CONTROL, "main", required_checks=[REQUIRED_CHECK])
        workflows = Workflows(hub.hub)
        uses = _uses(root, consumers_file(w, app), workflows, _intruder(w, in_propose))
        given = {"JIRA_EMAIL": "ai-runner@acme.test", "JIRA_API_TOKEN": w.keys.jira}
        given |= {"ANTHROPIC_API_KEY": w.keys.anthropic, "OPENAI_API_KEY": w.keys.openai, **own}
        python = interpreter or quick_python()
        tools = prepared_tools(product_tree(root), root / "tools", python)
        life = Life(w, environment(w), root / "rooms")
        yield Site(w, workflows, life, root, tools, uses, given)


def _credential(world: World, kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """Inputs and secrets of what the rooms write with; the job's own token needs none."""
    if kind == "default":
        return {}, {}
    if kind == "token":
        return {}, {"PATCHGATE_TOKEN": world.keys.github}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    app = world.github.register_app(
        "acme-gate",
        public_key=public.decode(),
        repositories=[CONTROL, ELSEWHERE],
        permissions=APP_MAY,
    )
    inputs = {"app-id": str(app.id), "app-installation-id": str(app.installation)}
    return inputs, {"PATCHGATE_APP_PRIVATE_KEY": private.decode()}


def product_tree(root: Path) -> Path:
    """Where the product is checked out for this site."""
    return root / "uses" / "product"


def _uses(root: Path, text: str, workflows: Workflows, intruder: str) -> dict[str, Path]:
    """Every `uses:` of consumer (its file's text) and product, resolved as a runner does."""
    consumer = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - strings only
    (job,) = consumer["jobs"].values()
    reference = (
        str(job["uses"]).partition("/.github/")[0] + "@" + str(job["uses"]).partition("@")[2]
    )
    tree = product_tree(root)
    remote = product(root)
    git(root, "clone", "-q", "--depth", "1", f"file://{remote}", str(tree))
    shutil.rmtree(tree / ".git")
    if intruder:
        _break_in(tree / PATH, intruder)

    def token_for(name: str, permissions: Mapping[str, str]) -> str:
        value = f"ghs_{name}{secrets.token_hex(12)}"
        return workflows.job_token(CONTROL, value, narrower(permissions, job["permissions"]))

    localise(tree, reference, token_for)
    uses = {reference: tree}
    for step in _steps(workflow(tree / PATH)):
        name, _, ref = step.partition("@")
        if name.startswith("actions/"):
            uses[f"{name}@{ref}"] = DOUBLES / name.partition("/")[2]
    return uses


def _intruder(world: World, command: str) -> str:
    """The step of somebody who got into a job; nothing, where nobody did."""
    remote = world.urls["github"].replace("://", "://x-access-token:$TOKEN@")
    step = f"""
      - shell: bash
        env:
          TOKEN: ${{{{ github.token }}}}
        run: |
          cd "$GITHUB_WORKSPACE/checkout"
          REMOTE="{remote}/{CONTROL}.git"
          {command}
"""
    return step if command else ""


def _break_in(path: Path, step: str) -> None:
    """Put a step into the propose job, after its checkout."""
    text = path.read_text("utf-8")
    before, propose, after = text.partition("\n  propose:\n")
    own, mark, rest = after.partition("persist-credentials: false\n")
    path.write_text(before + propose + own + mark.rstrip("\n") + step + rest, "utf-8")


def _steps(document: Mapping[str, Any]) -> Iterator[str]:
    for job in document["jobs"].values():
        for step in job.get("steps", []):
            if "uses" in step:
                yield str(step["uses"])
