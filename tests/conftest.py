"""The house rules of the suite: no real keys, every exchange checked, skips that CI refuses."""

from __future__ import annotations

import gc
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from patchgate.app.environment import VARIABLES
from tests.contracts import ContractBook, contracts_folder
from tests.exchanges import MAX_SHOWN, judged
from tests.requirements_trace import DOCUMENT, requirements
from tests.scheduling import ByStage, turn

TOOLS_OF_CI = re.compile(
    r"\bact\b|bwrap|bubblewrap|\bgit\b|PATCHGATE_CONTRACTS|zizmor|check-jsonschema"
)
"""What a skip's reason may not name in CI: a machine that runs it has these."""
EXCHANGES = "STANDIN_EXCHANGES"

settings.register_profile(
    "house",
    deadline=None,  # two cores, several workers
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.register_profile("few", settings.get_profile("house"), max_examples=20)
settings.register_profile("fuzz", settings.get_profile("house"), max_examples=3_000)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the tests marked `soak` too")


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(10_000, 20, 20)
    for variable in VARIABLES:
        os.environ.pop(variable.name, None)
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(SuiteReport(), "suite-report")


def pytest_collection_finish() -> None:
    """What was loaded until here stays: no time is spent to look through it for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # the mutants do without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStage:
    return ByStage(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid))
    if config.getoption("--soak"):
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        ids = {i for marker in item.iter_markers("covers") for i in marker.args}
        report.user_properties.append(("covers", sorted(ids)))
    return report


class SuiteReport:
    """What only the controlling process does: collect, judge, report."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="patchgate-exchanges-"))
        os.environ[EXCHANGES] = str(self.folder)  # inherited by the workers
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skips: list[str] = []
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.skips.append(f"{report.nodeid}: {report.longrepr[2]}")
        ids: set[str] = set()
        for key, found in report.user_properties:
            if key == "covers" and isinstance(found, list):
                ids |= set(found)
            elif key == "told" and report.when == "call":
                self.lines.append(str(found))
        if report.when == "call" and report.passed:
            self.passed |= ids
        elif report.failed:
            self.failed |= ids

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.getoption("collectonly"):
            return
        for name, problem in [
            ("every exchange is as the vendors describe it", self._contract_findings()),
            ("CI has every tool", self._refused_skips()),
        ]:
            if problem:
                self._fail(session, name, problem)
        self.lines.append(self._requirements_line())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.lines:
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _contract_findings(self) -> str:
        contracts = contracts_folder()
        if contracts is None:
            named = os.environ.get("PATCHGATE_CONTRACTS")
            if named or os.environ.get("CI"):
                return f"no vendor descriptions in PATCHGATE_CONTRACTS={named or ''}"
            self.lines.append("contracts: skipped, PATCHGATE_CONTRACTS not set")
            return ""
        count, wrong = judged(self.folder, ContractBook(contracts).findings)
        self.lines.append(f"contracts: {count} exchanges checked, {len(wrong)} findings")
        more = [f"… and {len(wrong) - MAX_SHOWN} more"] if len(wrong) > MAX_SHOWN else []
        return "\n".join(wrong[:MAX_SHOWN] + more)

    def _refused_skips(self) -> str:
        if not os.environ.get("CI"):
            return ""
        return "\n".join(skip for skip in self.skips if TOOLS_OF_CI.search(skip.split(": ", 1)[1]))

    def _requirements_line(self) -> str:
        rows = requirements(DOCUMENT.read_text("utf-8"))
        behaviours = {row.id for row in rows if row.is_behaviour}
        proven = behaviours & (self.passed - self.failed)
        return (
            f"requirements proven by passing tests: {len(proven)} of {len(behaviours)} behaviours"
        )

    def _fail(self, session: pytest.Session, name: str, problem: str) -> None:
        """Add a failure that pytest's own summary counts."""
        report = pytest.TestReport(
            nodeid=name,
            location=("tests/conftest.py", None, name),
            keywords={},
            outcome="failed",
            longrepr=problem,
            when="teardown",
        )
        session.config.hook.pytest_runtest_logreport(report=report)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
