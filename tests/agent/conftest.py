"""What the agent's tests share: a scratch worktree, a clock, a brief, scripted models."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from patchgate.adapters.models import AnthropicModel, OpenAIModel, load_prices
from patchgate.agent.task import Worktree
from patchgate.agent.workspace import Workspace
from patchgate.core.proposal import Brief, Limits, ModelChoice, Task
from patchgate.ports import Model
from patchgate.standins.http import Server, StandIn
from patchgate.standins.models import AnthropicMessages, OpenAIResponses, parse_script

KEY = "sk-standin"
MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6-sol"}
Provider = Literal["anthropic", "openai"]


@dataclass
class SteppingClock:
    """A clock that moves by `step` seconds at every look."""

    step: float = 1.0
    at: datetime = field(default_factory=lambda: datetime(2026, 11, 21, tzinfo=UTC))

    def now(self) -> datetime:
        """The moment, which then passes."""
        self.at += timedelta(seconds=self.step)
        return self.at


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "src" / "app.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 1\n")
    (root / "README.md").write_text("# App\n")
    (root / "logo.png").write_bytes(b"\x89PNG\0\0")
    return Workspace(root)


def git(root: Path, *args: str) -> bytes:
    """Git on a scratch repository, without anybody's configuration."""
    env = {
        "PATH": "/usr/bin:/bin",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }
    command = ["git", "-C", str(root), *args]
    return subprocess.run(command, check=True, capture_output=True, env=env).stdout


@pytest.fixture
def worktree(tmp_path: Path) -> Worktree:
    root = tmp_path / "clone"
    root.mkdir()
    (root / "greet.py").write_text('def greet(name):\n    return "Hello " + name\n')
    (root / "test_greet.py").write_text("from greet import greet\n")
    (root / ".gitignore").write_text("*.log\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")

    def diff() -> bytes:
        git(root, "add", "-A", "-f")
        return git(root, "diff", "--cached", "--binary", "--full-index", "--no-renames", "HEAD")

    return Worktree(root, diff)


BriefMaker = Callable[..., Brief]


@pytest.fixture
def make_brief() -> BriefMaker:
    def make(task: Task = Task.IMPLEMENT, provider: Provider = "anthropic", **more: Any) -> Brief:
        limits = Limits(steps=12, max_tokens=4000, micro_dollars=1_000_000, seconds=600)
        values: dict[str, Any] = {
            "task": task,
            "stream": "MWC-2-10002",
            "key": "MWC-2",
            "attempt": 1,
            "repo": "acme/app",
            "base": "a" * 40,
            "start": "a" * 40,
            "summary": "Greet politely",
            "description": "Say good day.",
            "model": ModelChoice(provider=provider, model=MODELS[provider]),
            "limits": limits,
        }
        return Brief(**(values | more))

    return make


@contextmanager
def served(provider: Provider, script: str) -> Iterator[tuple[Model, StandIn]]:
    """The provider's real adapter, in strict validation, on a stand-in with that script."""
    answers = parse_script(script)
    app: StandIn
    app = (AnthropicMessages if provider == "anthropic" else OpenAIResponses)({KEY}, answers)
    with Server(app) as server:
        prices = load_prices()
        model: Model
        if provider == "anthropic":
            model = AnthropicModel(
                KEY, prices, base_url=server.url, max_retries=0, strict_responses=True
            )
        else:
            url = f"{server.url}/v1"
            model = OpenAIModel(KEY, prices, base_url=url, max_retries=0, strict_responses=True)
        yield model, app
