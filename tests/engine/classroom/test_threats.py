"""The threats to hidden truth, one test for each that the engine can stop, on variants made from real plants."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.classroom.assignment_files import Variant
from engine.classroom.feedback import Counts
from engine.classroom.grade import Work
from engine.classroom.pipelines import intervals_of
from engine.errors import AccessError, ParameterError
from engine.records import Block, Label, time_us
from tests.engine.classroom.room import Room, open_room

SMALL = """
version: 1
id: small
title: Small
mode: graded
submit: labels
plant: {machines: [MACHINE_001, MACHINE_002], days: 2, rate_hz: 0.0167, events: 6, few_events: true, level: easy}
variants: per_student
split: {public: 0.5, by: seed}
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: interval-v1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A class of three whose variants come from real plants."""
    room = open_room(tmp_path_factory.mktemp("class"))
    room.join(3)
    room.school.assignments.save(SMALL)
    room.school.make_variants("small")
    yield room
    room.close()


def test_1_the_role_comes_from_the_login_alone(made: Room):
    """There is no argument by which a caller could ask for another role."""
    with pytest.raises(AccessError):
        made.school.people.by_token("fl_instructor")
    assert {p.role for p in made.school.people.all()} == {"student"}


def test_2_and_3_what_a_student_gets_has_no_field_for_truth():
    """A figure or a table cannot send what its type does not hold."""
    names = {f.name for cls in (Block, Variant, Counts) for f in dataclasses.fields(cls)}

    assert not names & {"events", "truth", "key", "seed", "zones", "onset_us", "detectable_from_us", "salt", "draw"}


def test_4_truth_and_student_data_come_from_different_calls(made: Room):
    block = made.school.plants.block("small", made.students[0].person)

    assert isinstance(block, Block)


def test_5_every_student_has_a_plant_of_its_own_and_no_seed_is_written_anywhere(made: Room):
    plants, desk = made.school.plants, made.school.assignments
    blocks = [plants.block("small", p.person).values for p in made.students]
    keys = [made.key("small", p.person) for p in made.students]
    seeds = [
        desk.seed("small", p.person, draw, part)
        for p in made.students
        for draw in range(12)
        for part in ("public", "private")
    ]

    assert not np.array_equal(blocks[0], blocks[1])
    assert {e.onset_us for e in keys[0].events}.isdisjoint({e.onset_us for e in keys[1].events})
    assert np.array_equal(blocks[0], plants.block("small", made.students[0].person).values, equal_nan=True)
    written = b"".join(Path(str(d.path)).read_bytes() for d in made.databases)
    assert not any(str(seed).encode() in written for seed in seeds)
    assert not any(str(seed) in "\n".join(map(str, made.school.audit.entries())) for seed in seeds)


def test_5b_the_public_and_the_private_part_have_seeds_of_their_own(made: Room):
    person = made.students[0].person
    key = made.key("small", person)

    assert key.public_machines is not None
    assert len(key.public_machines) == 1
    assert {e.machine for e in key.part("public").events} == set(key.public_machines)
    assert {e.machine for e in key.part("private").events}.isdisjoint(key.public_machines)


def test_6_errors_carry_no_truth(made: Room):
    key = made.key("small", made.students[0].person)
    with pytest.raises(AccessError) as problem:
        made.school.assignments.proof("small", made.school.assignments.variants("small")[0].variant)

    assert not any(str(e.onset_us) in str(problem.value) for e in key.events)


def test_7_a_tree_on_the_formatting_of_the_data_is_at_chance(made: Room):
    """Decimals, last digits, gaps and seconds of one student's file say nothing about the faults of another's."""
    from sklearn.metrics import roc_auc_score
    from sklearn.tree import DecisionTreeClassifier

    files = [_formatting(made, p.person) for p in made.students]
    tree = DecisionTreeClassifier(max_depth=5, min_samples_leaf=50, class_weight="balanced", random_state=7)

    chances = [
        roc_auc_score(hidden, tree.fit(train, seen).predict_proba(test)[:, 1])
        for (train, seen), (test, hidden) in itertools.permutations(files, 2)
    ]

    assert 0.4 < np.mean(chances) < 0.6  # one pair alone moves by 0.06 with its handful of events


def _formatting(made: Room, person: str) -> tuple[np.ndarray, np.ndarray]:
    key = made.key("small", person)
    rows = list(csv.DictReader(io.StringIO(made.school.plants.csv("small", person))))
    sensors = [name for name in rows[0] if name not in ("variant", "timestamp", "machine_id", "status")]
    features = [
        [
            f(row[s])
            for s in sensors
            for f in (lambda x: len(x.partition(".")[2]), lambda x: int(x[-1:] or 0), lambda x: x == "")
        ]
        + [int(row["timestamp"][17:19])]
        for row in rows
    ]
    inside = [_in_event(key, row["machine_id"], time_us(row["timestamp"])) for row in rows]
    return np.array(features, dtype=float), np.array(inside)


def _in_event(key, machine: str, at_us: int) -> bool:
    return any(e.machine == machine and e.onset_us <= at_us < e.end_us and not e.benign for e in key.events)


def test_8_the_download_holds_no_truth(made: Room):
    person = made.students[0].person
    text = made.school.plants.csv("small", person, 600)
    header = text.splitlines()[0].split(",")

    assert header[:4] == ["variant", "timestamp", "machine_id", "status"]
    assert not {"label", "anomaly", "is_anomaly", "fault", "onset", "seed"} & set(header)
    assert made.school.plants.parquet("small", person, 600)[:4] == b"PAR1"


def test_8_data_comes_in_pieces_and_no_denser_than_it_was_measured(made: Room):
    """How often was measured is a part of the difficulty."""
    person, plants = made.students[0].person, made.school.plants
    least = 1 / made.school.assignments.get("small").plant.rate_hz

    with pytest.raises(ParameterError, match="at least"):
        plants.csv("small", person, least / 2)

    assert plants.csv("small", person, 600).encode() == b"".join(plants.csv_parts("small", person, 600))


def test_9_readings_do_not_depend_on_the_future(made: Room):
    """The first day is the same whether or not the second one was asked for."""
    owner = made.students[0].person
    variant = made.school.plants.variant("small", owner, made.school.assignments.draw_of("small", owner))
    times = variant.times_us()
    half = len(times) // 2

    early = variant.plants[0].block(times[:half]).values
    whole = variant.plants[0].block(times).values[:half]

    assert np.array_equal(early, whole, equal_nan=True)


def test_10_counts_while_open_never_say_where(made: Room):
    assert not {"start_us", "machine", "events", "false_intervals"} & {f.name for f in dataclasses.fields(Counts)}


def test_11_right_answers_stay_in_the_vault(made: Room):
    name = made.school.conductor.ask("Which?", ["this", "that"], "that")

    public = made.databases[0].read().execute("SELECT document FROM class_rounds WHERE round = ?", [name]).fetchone()

    assert public is not None
    assert '"right"' not in public[0]


def test_the_lab_database_holds_no_event_of_any_key(made: Room):
    tables = made.databases[0].read().execute("SELECT table_name FROM information_schema.tables").fetchall()
    keys = [made.key("small", p.person) for p in made.students]
    dump = "".join(str(made.databases[0].read().execute(f"SELECT * FROM {t}").fetchall()) for (t,) in tables)  # noqa: S608

    assert not any(str(e.onset_us) in dump for key in keys for e in key.events)


def test_the_robots_play_real_variants_and_open_the_release(made: Room):
    """Reference beats chance; a careful person earns as much on every plant, and that is shown as a histogram."""
    gate = made.school.check("small")

    assert gate.passed, gate.problems
    assert made.school.assignments.state("small") == "checked"
    assert sum(count for _, count in gate.histogram()) == 3
    checks = made.school.assignments.checks("small")
    assert {"random", "label_all", "reference", "shewhart_3s"} == set(checks["baselines"])
    assert checks["careful"][1] - checks["careful"][0] <= 10.0


def test_a_variant_that_nobody_could_solve_is_refused(made: Room):
    from engine.classroom.gate import play_gate
    from engine.classroom.rubric import load_rubric

    keys = {"A": dataclasses.replace(made.key("small", made.students[0].person), events=())}

    gate = play_gate(load_rubric("interval-v1"), keys, {}, {"A": 0.5})

    assert not gate.passed
    assert "no event that could be found" in gate.problems[0]


def test_variants_on_which_one_skill_earns_unlike_points_are_refused(made: Room):
    from engine.classroom.gate import play_gate
    from engine.classroom.rubric import load_rubric

    key = made.key("small", made.students[0].person)
    marks = tuple(Label(e.machine, e.onset_us, e.end_us) for e in key.events if not e.benign)

    gate = play_gate(load_rubric("interval-v1"), {"A": key, "B": key}, {"A": marks, "B": marks}, {"A": 42.0, "B": 61.0})

    assert [p for p in gate.problems if "from 42 points (A) to 61 (B)" in p]


def test_flagged_time_becomes_intervals_without_blips():
    minute = 60_000_000
    times = np.arange(0, 200 * minute, minute, dtype=np.int64)
    block = Block(times, np.zeros((200, 1, 1)), np.zeros((200, 1), np.uint8), ("M",), ("s",))
    flags = np.zeros((200, 1), dtype=bool)
    flags[10:20] = flags[30:35] = flags[120] = True

    assert intervals_of(block, flags) == [Label("M", 10 * minute, 35 * minute)]


def test_parameters_are_played_on_the_hidden_plant_by_the_lab(tmp_path: Path):
    """The answer is a setting: a deaf one raises no alarm, a nervous one many."""
    room = open_room(tmp_path)
    text = SMALL.replace("submit: labels", "submit: params").replace("interval-v1", "alarms-v1")
    room.join(2)
    room.school.assignments.save(text.replace("split: {public: 0.5, by: seed}\n", ""))
    room.school.make_variants("small")
    play = room.school.plants.run_parameters
    variant = room.school.assignments.variants("small")[0].variant

    silent = play(Work("params", parameters=(("detector", "never"),)), "small", variant)
    nervous = play(Work("params", parameters=(("detector", "always"),)), "small", variant)

    assert silent.marks == ()
    assert {mark.machine for mark in nervous.marks} == {"MACHINE_001", "MACHINE_002"}
    room.close()
