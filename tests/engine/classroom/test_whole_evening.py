"""A whole assignment on real plants, from variants to gradebook, with honest, lazy, copying and broken students."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.classroom.label_files import write_labels
from engine.errors import FileProblemError
from engine.records import Label
from tests.engine.classroom.room import Room, honest, open_room, perfect
from tests.engine.classroom.test_threats import SMALL

NAMES = ("Ana Ruiz", "Bo, the 2nd", '"Q" Quote', "محمد علي", "Zoë 🙂", "=SUM(A1)", "Li", "O'Neil")
TEXT = SMALL.replace("split: {public: 0.5, by: seed}\n", "").replace("id: small", "id: evening")
TEXT = TEXT.replace("[MACHINE_001, MACHINE_002], days: 2", "[MACHINE_001], days: 3")


@pytest.mark.slow
def test_the_whole_evening(tmp_path: Path):
    room = open_room(tmp_path)
    school = room.school
    for name in NAMES:
        room.join(1, name=name, email=f"{len(room.students)}@uni.example")
    students = school.people.students()
    school.assignments.save(TEXT)
    assert school.make_variants("evening") == len(students)
    gate = school.check("evening")
    assert gate.passed, gate.problems
    school.assignments.release("evening")

    outcomes = _hand_in(room, [p.person for p in students])
    room.clock.at("2026-03-12 20:00")
    results = {r.person.person: r for r in school.grading.results("evening")}
    points = [results[p.person].points for p in students]

    assert points[0] == 90.0
    assert all(points[at] is not None and points[at] > 30 for at in (1, 2))
    assert points[3] is not None
    assert points[3] <= 17
    assert points[4] is not None
    assert points[4] <= 30  # six events: a copy may meet one or two by luck
    assert results[students[5].person].status == "missing"
    assert outcomes == ["broken"]
    fits = school.evidence.seed_fits("evening")
    copied = school.assignments.variant_of("evening", students[0].person).variant
    assert (fits[0].variant, fits[0].other_fit) == (copied, 1.0)
    assert fits[0].submission == results[students[4].person].submission

    school.regrades.publish(school.regrades.dry_run("evening"))
    school.regrades.release("evening")
    page = school.feedback.page("evening", students[1].person)
    assert "What you may have seen" in page or "Other intervals" not in page
    canvas = school.gradebook.write("evening", "canvas")
    assert canvas.count("\n") == len(NAMES) + 2
    assert school.audit.broken_at() is None
    room.close()


def _hand_in(room: Room, persons: list[str]) -> list[str]:
    """Perfect, honest, honest, everything, copied from the first, broken, missing, perfect."""
    send, key = room.school.submissions.submit_labels, lambda at: room.key("evening", persons[at])
    send(persons[0], "evening", _owed(key(0)))
    for at in (1, 2):
        owed = len(key(at).owed)
        send(persons[at], "evening", honest(_only_owed(key(at)), at, owed - 1, 1))
    whole = key(3)
    send(persons[3], "evening", tuple(Label(m, whole.start_us, whole.end_us) for m in whole.machines))
    send(persons[4], "evening", _owed(key(0)))
    with pytest.raises(FileProblemError):
        room.school.submissions.submit_file(persons[5], "evening", write_labels([Label("PUMP", 0, 1)]).encode())
    send(persons[7], "evening", _owed(key(7)))
    return ["broken"]


def _only_owed(key):
    from dataclasses import replace

    return replace(key, events=tuple(key.events[at] for at in key.owed))


def _owed(key) -> tuple[Label, ...]:
    return perfect(_only_owed(key))
