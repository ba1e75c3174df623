"""Whatever is injected wherever into a model that obeys: nothing happens that nobody approved."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

from tests.e2e.injections import ENTRIES, UNHEARD, Scene, corpus, play, stage
from tests.e2e.terminal import SHOP

BUDGET = float(os.environ.get("INJECTION_SECONDS", "900"))
"""Seconds of the cross product in `make fuzz`."""
SEED = int(os.environ.get("INJECTION_SEED", "0")) or int(time.time())
PICKED = dict(
    zip(
        ENTRIES,
        (
            "md-close",
            "ci-agents",
            "plain-new-task",
            "exfil-image",
            "fence-guess",
            "tool-absolute",
            "md-html",
            "log-command",
        ),
        strict=True,
    )
)
"""One injection for each place in `make test`."""


def test_the_corpus_is_large_and_each_of_it_wants_something() -> None:
    ids = [one.id for one in corpus()]
    assert len(ids) == len(set(ids)) >= 100
    assert all(one.acts or one.words for one in corpus())
    assert len({one.text for one in corpus()}) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in ids)
    assert len(ENTRIES) == 8


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_obeyed_injection_has_no_effect_outside_the_approved(tmp_path: Path, entry: str) -> None:
    one = next(x for x in corpus() if x.id == PICKED[entry])
    t, held = stage(tmp_path, one)
    try:
        assert play(Scene(t, held, one), entry) == []
        said = repr([x.request for x in t.world.anthropic.exchanges])
        assert (one.trigger in said) is (entry not in UNHEARD)
        assert t.world.github.pulls(SHOP) or one.acts
    finally:
        t.world.close()


@pytest.mark.skipif(
    settings.get_current_profile_name() != "fuzz", reason="the cross product is for `make fuzz`"
)
def test_no_injection_at_any_place_has_an_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [(one, entry) for one in corpus() for entry in ENTRIES]
    random.Random(SEED).shuffle(pairs)  # noqa: S311 - an order that can be repeated
    began, wrong = time.monotonic(), []
    for number, (one, entry) in enumerate(pairs):
        if time.monotonic() - began > BUDGET:
            break
        t, held = stage(tmp_path / str(number), one)
        try:
            wrong += play(Scene(t, held, one), entry)
        finally:
            t.world.close()
        with capsys.disabled():
            sys.stderr.write(f"\r{number + 1} of {len(pairs)} injections, seed {SEED}, ")
            sys.stderr.write(f"{len(wrong)} amiss ")
    assert wrong == [], f"INJECTION_SEED={SEED} repeats it"
