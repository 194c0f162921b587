"""The same skill earns the same points: one plan for a class, plants that can be made again, settings that work."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.classroom.boards import BoardLine
from engine.classroom.drawing import DRAWS, Drawn, NotDrawn, draw_plant, shared_out
from engine.classroom.fairness import behind, between, fairness, split_correlation
from engine.classroom.fairness_report import report
from engine.classroom.key import AnswerKey
from engine.classroom.labelers import BEGINNER, CAREFUL
from engine.classroom.playing import sampled
from engine.classroom.rubric import load_rubric
from engine.errors import FileProblemError, LabError
from engine.plant.recipe import Course
from engine.records import TruthEvent
from engine.store.class_records import ClassVault
from engine.store.database import Database
from tests.engine.classroom.room import BOARD_PUMP, Room, key_of, open_room

FOUR = """
version: 1
id: four
title: Four faults
mode: graded
submit: labels
plant: {machines: [MACHINE_001], days: 1.5, rate_hz: 0.0167, events: 4, level: easy}
variants: per_student
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: interval-v1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Two students with plants of their own, not yet released."""
    room = open_room(tmp_path_factory.mktemp("fair"))
    room.join(2)
    room.school.assignments.save(FOUR)
    room.school.make_variants("four")
    yield room
    room.close()


def test_a_class_shares_its_faults_and_a_careful_person_earns_alike(made: Room):
    keys = made.school.assignments.keys("four")

    lists = {tuple(sorted((e.fault, e.severity) for e in key.events if not e.benign)) for key in keys.values()}
    expected = list(made.school.assignments.difficulties("four").values())
    plan = made.school.making.plan("four")
    assert len(keys) == 2
    assert len(lists) == 1
    assert plan is not None
    assert all(value is not None and abs(value - plan.careful) <= 4.0 for value in expected)


def test_data_and_truth_of_a_sealed_variant_belong_together(made: Room):
    """What the plant of the sealed journals says is true is what the key says."""
    person = made.students[0].person
    again = made.school.plants.variant("four", person, made.school.assignments.draw_of("four", person))

    told = {(e.machine, e.fault, e.onset_us, e.end_us) for e in again.key().events}

    assert told == {(e.machine, e.fault, e.onset_us, e.end_us) for e in made.key("four", person).events}


def test_only_a_plant_that_is_as_hard_as_the_others_is_taken_and_the_reason_is_true(made: Room):
    school = made.school
    spec, plan = school.assignments.get("four"), school.making.plan("four")
    assert plan is not None
    seeds = [school.making._seeds("four", "somebody", draw) for draw in range(2)]
    both = [draw_plant(spec, plan, [one], band=90.0) for one in seeds]
    assert all(isinstance(one, Drawn) for one in both)
    second = both[1]
    assert isinstance(second, Drawn)

    like_second = dataclasses.replace(plan, careful=second.careful)
    far = dataclasses.replace(plan, careful=0.0)

    assert draw_plant(spec, like_second, seeds, band=1e-6) == second
    none = draw_plant(spec, far, seeds)
    assert isinstance(none, NotDrawn)
    assert "of 2 draws most failed because a careful person would get too many or too few points" in none.sentence


def test_too_few_faults_are_refused_with_the_chance_they_cost_unless_one_insists(room: Room):
    room.join(1)
    room.school.assignments.save(FOUR)
    room.school.make_variants("four")

    problems = room.school.making.too_few("four")

    assert len(problems) == 1
    assert "With 4 faults a careful person's points move by" in problems[0]
    assert "few_events: true" in problems[0]
    room.school.assignments.save(FOUR.replace("events: 4", "events: 4, few_events: true"))
    assert room.school.making.too_few("four") == ()


def test_a_stopped_making_keeps_what_it_made_goes_on_and_gives_the_same_truth_again(tmp_path: Path, made: Room):
    """The same secret, file and persons give the same truth, in whichever order and process it is made."""
    room = open_room(tmp_path)
    room.join(2)
    room.school.assignments.save(FOUR)
    done: list[int] = []

    with pytest.raises(LabError, match="Stopped after 1 of 2 plants; these are sealed"):
        room.school.make_variants("four", lambda at, of: done.append(at), lambda: bool(done))

    first = room.school.assignments.keys("four")
    assert len(first) == 1
    assert room.school.make_variants("four") == 2
    assert room.school.assignments.keys("four") == made.school.assignments.keys("four")
    room.close()


def test_a_check_can_be_stopped(made: Room):
    with pytest.raises(LabError, match="Stopped after 0 of 2"):
        made.school.check("four", None, lambda: True)


def test_a_class_is_served_before_its_last_plant_is_made(tmp_path: Path):
    """After the release the rest is made by the same plan and measured with its rubric, whatever it is by then."""
    room = open_room(tmp_path)
    room.join(1)
    text = FOUR.replace("events: 4", "events: 4, few_events: true")
    school, desk = room.school, room.school.assignments
    desk.save(text)
    school.make_variants("four")
    desk.checked("four", {"baselines": {}})
    hashed = desk.release("four")
    desk.set_rubric("four", desk.rubric("four").model_copy(update={"settings": {"edges_full": 0.9}}))
    room.join(1)
    late = room.students[1].person

    assert school.make_variants("four") == 2

    first, second = (room.key("four", one.person) for one in room.students)
    assert desk.commitment("four") == hashed
    assert len(desk.variant_of("four", late).commitment) == 64
    assert sorted(e.fault for e in first.events if not e.benign) == sorted(
        e.fault for e in second.events if not e.benign
    )
    room.close()


def test_somebody_late_in_a_class_of_an_older_lab_gets_a_plant_as_that_lab_drew_it(room: Room):
    """No plan is in the vault: what was sealed without one stays, and nobody is refused."""
    room.join(1)
    room.open(FOUR)
    late = room.join(1)[1].person

    room.school.late_joiner("four", late)

    key = room.key("four", late)
    made = room.school.plants.variant("four", late, 0)
    assert room.school.making.plan("four") is None
    assert {e.onset_us for e in key.events} == {e.onset_us for e in made.key().events}
    assert len(room.school.plants.block("four", late, 3600.0)) == 36


def test_named_faults_are_the_ones_that_happen_and_unknown_ones_are_refused(made: Room):
    desk = made.school.assignments
    named = FOUR.replace("id: four", "id: leaks").replace("events: 4", "events: 4, faults: [oil_leak, overheating]")
    desk.save(named)
    made.school.make_variants("leaks")

    faults = {e.fault for key in desk.keys("leaks").values() for e in key.events if not e.benign}
    assert faults <= {"oil_leak", "overheating"}
    with pytest.raises(FileProblemError, match=r"plant\.faults: .*oil_leek"):
        desk.save(named.replace("oil_leak,", "oil_leek,"))
    with pytest.raises(FileProblemError, match=r"plant\.faults: product_change is a normal change"):
        desk.save(named.replace("oil_leak,", "product_change,"))


def test_a_board_shows_the_baselines_it_names_and_refuses_unknown_ones(room: Room):
    room.join(1)
    name = room.open(BOARD_PUMP.replace("step: 0.1", "step: 0.1, baselines: [label_all]"))
    assert room.school.boards.says(name) is None
    room.school.assignments.checked(name, {"baselines": {"random": 0.1, "label_all": 0.2}, "split_says": 0.25})

    lines = room.school.boards.board(name)
    assert room.school.boards.says(name) == 0.25

    assert [line.handle for line in lines if isinstance(line, BoardLine) and line.baseline] == ["label_all"]
    with pytest.raises(FileProblemError, match="no baseline is called 'label_al'"):
        room.school.assignments.save(BOARD_PUMP.replace("step: 0.1", "step: 0.1, baselines: [label_al]"))


def test_old_keys_without_visibility_keep_their_bytes():
    key = key_of(1)

    assert "visibility" not in key.to_json()
    assert AnswerKey.from_json(key.to_json()).to_json() == key.to_json()
    seen = dataclasses.replace(key, events=(dataclasses.replace(key.events[0], visibility=1.5),))
    assert AnswerKey.from_json(seen.to_json()).events[0].visibility == 1.5


def test_a_vault_of_an_older_lab_gets_the_column_for_the_journals(tmp_path: Path):
    database = Database(tmp_path / "vault.duckdb")
    old = (
        "CREATE TABLE vault_keys (assignment VARCHAR NOT NULL, variant VARCHAR NOT NULL, version INTEGER NOT NULL, "
        "salt VARCHAR NOT NULL, key VARCHAR NOT NULL, draw INTEGER NOT NULL DEFAULT 0, difficulty DOUBLE, "
        "reason VARCHAR NOT NULL DEFAULT '', at_us BIGINT NOT NULL, PRIMARY KEY (assignment, variant, version))"
    )
    database.write(lambda cursor: cursor.execute(old) and None)
    row = "INSERT INTO vault_keys VALUES ('a', 'V', 1, 's', '{}', 0, 0.5, '', 1)"
    database.write(lambda cursor: cursor.execute(row) and None)

    found = ClassVault(database).keys.one(assignment="a")

    assert found is not None
    assert not found["recipe"]
    database.close()


def test_parts_of_a_split_are_alike_in_visibility():
    courses = tuple(Course("drift", 0.1, 3600.0, 600.0, "linear", (), float(at)) for at in range(12))

    public, private = shared_out(courses, [1, 2])

    assert (len(public), len(private)) == (4, 8)
    assert np.mean([one.visible for one in public]) == pytest.approx(np.mean([one.visible for one in private]), abs=0.6)


def test_a_large_class_is_sampled_evenly():
    names = [f"V{at:03d}" for at in range(300)]

    assert len(sampled(names)) == 24
    assert sampled(names[:5]) == set(names[:5])


def test_how_often_a_better_person_falls_behind_is_counted_on_own_and_on_shared_plants():
    better, worse = np.array([[10.0, 10.0], [30.0, 30.0]]), np.array([[5.0, 5.0], [20.0, 20.0]])

    assert behind(better, worse) == (0.5, 0.0)


def test_people_between_two_skills_lie_between_them():
    assert between(0.0).half_point == pytest.approx(BEGINNER.half_point)
    assert between(1.0).edge_minutes == pytest.approx(CAREFUL.edge_minutes)
    assert CAREFUL.half_point < between(0.5).half_point < BEGINNER.half_point


def test_unlike_plants_are_called_unfair_and_like_ones_fair():
    rubric = load_rubric("interval-v1")

    def seen(key: AnswerKey, visible: float) -> AnswerKey:
        return dataclasses.replace(key, events=tuple(with_visibility(e, visible) for e in key.events))

    alike = {f"V{at}": seen(key_of(3, events=20), 3.0) for at in range(3)}
    unlike = alike | {"W": seen(key_of(3, events=20), 0.5)}

    like, other = fairness(alike, rubric, days=6), fairness(unlike, rubric, days=6)

    assert like.careful.range < 1.0 < 20.0 < other.careful.range
    assert not other.fair
    lines = report("a", other, {"baselines": {"random": 0.1}, "seconds": {"making": 3.0}}, rubric)
    assert any(line.startswith("NO  range of the careful person") for line in lines)
    assert any("random earns 9.0 points" in line for line in lines)


def with_visibility(event: TruthEvent, visible: float) -> TruthEvent:
    return dataclasses.replace(event, visibility=visible)


def test_a_split_says_how_its_parts_go_together():
    key = dataclasses.replace(key_of(5, events=24), public_events=tuple(range(0, 24, 2)))

    together = split_correlation({"A": key}, load_rubric("interval-v1"), students=20)

    assert together is not None
    assert 0.3 < together <= 1.0
    assert DRAWS > 10
