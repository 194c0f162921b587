"""What is shipped can be released as it is: every assignment's plants can be made, and the gate lets them through."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.classroom.key_robots import TRUTH
from engine.classroom.spec import load_spec
from tests.engine.classroom.room import Room

SHIPPED = sorted(Path("data/assignments").glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_assignment_passes_the_gate_as_shipped(room: Room, path: Path):
    room.join(3)
    text = path.read_text("utf-8")
    name = room.school.assignments.save(text).id

    assert room.school.make_variants(name) == (1 if load_spec(text).variants == "shared" else 3)
    gate = room.school.check(name)

    assert gate.problems == ()
    assert room.school.assignments.state(name) == "checked"
    truth = next(row for row in gate.robots if row.name == TRUTH)
    assert truth.mean == pytest.approx(room.school.assignments.rubric(name).automatic_points)
    assert max(gate.careful) - min(gate.careful) <= 10.0
