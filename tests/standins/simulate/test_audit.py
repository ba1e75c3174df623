"""The audit's own idea of who approved what: strict, but for what nobody could know."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchgate.core.fold import fold
from patchgate.core.state import State
from patchgate.standins.simulate.approvals import why_unapproved
from patchgate.standins.simulate.audit import Audit, BrokenPromiseError
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.scenarios import ONE, obliging, ticket
from patchgate.standins.simulate.wire import Line, Request
from patchgate.standins.simulate.world import EVE, Configuration, World


def test_a_look_counts_only_where_the_push_follows_at_once(tmp_path: Path) -> None:
    """A gate that pushes on an old look is found, however the text reads by then."""
    world = World.new(Configuration(modes=("request",)))
    audit = Audit(world)

    def old(request: Request) -> None:
        """As if git had worked on, between the gate's last look and its push."""
        world.clock.ms += 150
        if request.service == "git" and request.method == "PUSH":
            audit.sent(way[-1].run, Request("git", "GET", "blobs", request.target))
            world.jira.change(ONE, EVE, "description", "Something else.")

    way: list[Line] = []

    def line(run: str) -> Line:
        way.append(Line(run, passing=old, watch=audit))
        return way[-1]

    runner = Runner(world, obliging, tmp_path, line)
    ticket()(world)
    with pytest.raises(BrokenPromiseError, match="nobody approved"):
        runner.run(ONE)


def test_a_text_rewritten_while_its_push_is_on_the_way_opens_no_pull_request(
    tmp_path: Path,
) -> None:
    """Found in a day of ten thousand tickets, which took it for a write without approval."""
    world = World.new(Configuration(modes=("request",)))
    audit = Audit(world)

    def sky(request: Request) -> None:
        world.clock.ms += 150
        if request.service == "git" and request.method == "PUSH":
            world.jira.change(ONE, EVE, "description", "Something else.")

    runner = Runner(world, obliging, tmp_path, lambda run: Line(run, sky=sky, watch=audit))
    ticket()(world)
    runner.run(ONE)

    ((order, _),) = world.github.written
    assert not world.github.pulls
    (w,) = (fold(s.events) for n, s in world.ledger.live.items() if n.startswith(ONE))
    assert w.state is State.NEEDS_HUMAN
    assert w.parked is not None
    assert "text changed after it was approved" in w.parked.reason
    # One whose run had seen the new text, or never looked, would be amiss.
    assert why_unapproved(world, order, world.clock.last()).startswith("nobody approved")
    assert why_unapproved(world, order).startswith("nobody approved")
