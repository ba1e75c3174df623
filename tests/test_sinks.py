"""No text leaves but by the one way out, and a new way that somebody adds is seen at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import sinks
from tests.architecture import Tree, source_tree
from tests.test_architecture import SOURCE

RULES: list[Callable[[Tree], list[str]]] = [
    sinks.unnamed_ways_out,
    sinks.unguarded_ports,
    sinks.unguarded_wiring,
    sinks.words_that_skip_the_outlet,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_way_out_is_the_one_way_out(rule: Callable[[Tree], list[str]]) -> None:
    assert rule(source_tree(SOURCE)) == []


def test_the_derivation_sees_what_is_there() -> None:
    tree = source_tree(SOURCE)
    assert len(sinks.sinks_of(tree)) >= len(sinks.ALLOWED) >= 10
    ports = sinks.protocols_of(tree)
    assert set(ports) == {*sinks.GUARD_OF, *sinks.HARMLESS_PORTS}
    assert {"post_comment", "attach"} <= set(ports["Tracker"])


SEEDED = [
    ("patchgate.app.tick", "\nprint('x')\n", "patchgate.app.tick:"),
    ("patchgate.app.tick", "\nimport sys\nsys.stdout.write('x')\n", " write"),
    ("patchgate.app.settle", "\nPath('x').write_text('y')\n", " write_text"),
    ("patchgate.core.decide", "\nopen('x', 'a')\n", " open"),
    ("patchgate.core.decide", "\nopen('x', mode=how)\n", " open"),
    ("patchgate.app.status", "\nimport click\nclick.echo('x')\n", " echo"),
    ("patchgate.app.status", "\nimport subprocess\nsubprocess.run(['mail'])\n", " run"),
    ("patchgate.app.status", "\nimport os\nos.system('mail')\n", " system"),
    ("patchgate.app.status", "\nimport warnings\nwarnings.warn('x')\n", " warn"),
    ("patchgate.app.sweep", "\nimport requests\n", "import requests"),
    ("patchgate.agent.loop", "\nfrom urllib.request import urlopen\n", "import urllib.request"),
    ("patchgate.agent.loop", "\nimport traceback\ntraceback.print_exc()\n", " print_exc"),
]


@pytest.mark.parametrize(("module", "code", "said"), SEEDED)
def test_a_new_way_out_is_named_with_its_place(module: str, code: str, said: str) -> None:
    tree = source_tree(SOURCE)
    (found,) = sinks.unnamed_ways_out({**tree, module: tree[module] + code})
    assert said in found


def broken(tree: Tree, module: str, *changes: tuple[str, str]) -> Tree:
    source = tree[module]
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    return {**tree, module: source}


def test_a_new_method_of_a_port_must_be_guarded() -> None:
    tree = source_tree(SOURCE)
    added = "    def attach(self"
    more = f"    def shout(self, text: str) -> None: ...\n{added}"
    changed = broken(tree, "patchgate.ports.tracker", (added, more))
    assert sinks.unguarded_ports(changed) == ["GuardedTracker lacks shout"]
    passing = "    def shout(self, text: str) -> None:\n        self._inner.shout(text)\n\n"
    careless = broken(changed, sinks.GUARDS, (added, passing + added))
    assert sinks.unguarded_ports(careless) == ["GuardedTracker.shout does not pass the outlet"]


def test_a_new_port_must_have_a_guard() -> None:
    tree = source_tree(SOURCE)
    port = "\nclass Notifier(Protocol):\n    def notify(self, text: str) -> None: ...\n"
    changed = {**tree, "patchgate.ports.clock": tree["patchgate.ports.clock"] + port}
    assert sinks.unguarded_ports(changed) == ["the port Notifier has no guard"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GuardedTracker(tracker_of(env, settings, made), out)", "tracker_of(env, settings, made)"),
        ("GuardedLedger(ledger_of(env, settings, forge, cache), out)", "ledger_of(env)"),
        ("GuardedWriter(forge, out),", "forge,"),
        ("return GuardedModel(models.OpenAIModel(key, prices, base_url=url), redactor(env))",
         "return models.OpenAIModel(key, prices, base_url=url)"),
        ("return GuardedJob(runner, redactor(env))", "return runner"),
    ],
)  # fmt: skip
def test_an_adapter_without_its_guard_is_seen(old: str, new: str) -> None:
    changed = broken(source_tree(SOURCE), sinks.BOOTSTRAP, (old, new))
    assert len(sinks.unguarded_wiring(changed)) == 1


def test_a_printer_without_the_outlet_is_seen() -> None:
    tree = source_tree(SOURCE)
    place = "patchgate.cli.terminal"
    plain = broken(tree, place, ("redactor(Environment.from_os()).terminal(text)", "text"))
    assert sinks.words_that_skip_the_outlet(plain) == ["say prints without the outlet"]
    shout = tree["patchgate.cli.runs"] + "\nfrom patchgate.cli.terminal import command\n"
    deaf = broken(tree, "patchgate.cli", ("hear_libraries()", "None"))
    assert sinks.words_that_skip_the_outlet(deaf) == ["what libraries log goes past the outlet"]
    raw = {**tree, "patchgate.cli.runs": shout}
    assert sinks.words_that_skip_the_outlet(raw) == ["patchgate.cli.runs takes `command`"]
