"""What a sweep leaves asleep, and the parent that it wakes for a sub-task it can no longer see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.app.test_subtasks import Story

from patchgate.app.news import News
from patchgate.app.sweep import open_workflows
from patchgate.core.state import State
from patchgate.standins.simulate.scenarios import ONE, TWO
from patchgate.standins.simulate.wire import Line


def test_a_parent_is_woken_when_its_sub_task_ended_without_its_knowing(tmp_path: Path) -> None:
    story = Story(tmp_path, until="first approved")
    desk = story.world.desk(Line("a sweep"))
    flows = {w.key: w for w in open_workflows(desk, [])}

    assert flows[ONE].children[0].key == TWO
    assert not News(desk, flows).wakes(flows[ONE])
    ended = flows | {TWO: replace(flows[TWO], state=State.DONE)}  # and still owes a word
    assert News(desk, ended).wakes(flows[ONE])
    del flows[TWO]  # gathered: the run that ended it died before the parent's stream said so
    assert News(desk, flows).wakes(flows[ONE])
