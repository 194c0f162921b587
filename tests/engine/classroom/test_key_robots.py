"""Robots on made keys: lazy ones earn nothing, the truth everything, and the gate says why it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from engine.classroom import proving
from engine.classroom.gate import play_gate
from engine.classroom.key import AnswerKey
from engine.classroom.key_robots import (
    CAREFUL,
    TRUTH,
    _lazy_problems,
    _row,
    _Table,
    careful_marks,
    play_robots,
    truth_marks,
)
from engine.classroom.pipelines import check_setting, intervals_of, play_pipelines, setting_alarms
from engine.classroom.rubric import load_rubric
from engine.detectors.scorable import scorable_detectors
from engine.errors import LabError
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, block_of
from tests.engine.classroom.room import MACHINES, START, key_of

LABELS, ALARMS = load_rubric("interval-v2"), load_rubric("alarms-v2")
KEYS = {f"V{at}": key_of(at) for at in range(4)}


def crowded_key() -> AnswerKey:
    """Four faults of two hours in twelve hours of one machine."""
    events = []
    for at, one in enumerate(key_of(1).events[:4]):
        onset = START + at * 3 * HOUR_US
        event = replace(one, machine="A", onset_us=onset, detectable_from_us=onset, end_us=onset + 2 * HOUR_US)
        events.append(event)
    return AnswerKey(START, START + 12 * HOUR_US, ("A",), tuple(events), families=key_of(1).families)


@pytest.mark.parametrize("rubric", [LABELS, ALARMS, load_rubric("params-v2")], ids=lambda r: r.name)
def test_on_a_class_with_room_no_lazy_robot_passes_17_of_90_and_skill_earns(rubric):
    robots = play_robots(rubric, KEYS, games=12)

    assert robots.problems == ()
    assert robots.row(TRUTH).mean == pytest.approx(rubric.automatic_points)
    assert robots.row(CAREFUL).mean >= 0.8 * rubric.automatic_points
    assert robots.worst_lazy is not None
    assert robots.worst_lazy.p95 <= 17 / 90 * rubric.automatic_points
    assert sum(row.lazy for row in robots.rows) >= 16


def test_a_crowded_class_is_refused_with_the_robot_its_points_and_a_cure():
    """Who throws dice hits some."""
    key = crowded_key()

    gate = play_gate(LABELS, {"V": key}, {"V": truth_marks(key)}, {"V": 0.5})

    assert any("Without looking" in problem and "more days or more machines" in problem for problem in gate.problems)
    assert not gate.passed


def test_the_first_edition_is_refused_where_the_truth_does_not_earn_everything():
    long = {
        name: replace(key, events=tuple(replace(e, end_us=e.onset_us + 6 * HOUR_US) for e in key.events))
        for name, key in KEYS.items()
    }

    assert any(
        "the exact truth earns" in problem for problem in play_robots(load_rubric("interval-v1"), long, 4).problems
    )
    assert not any("the exact truth" in problem for problem in play_robots(LABELS, long, 4).problems)


def test_a_careful_person_misses_the_smallest_fault_and_none_of_three():
    key = key_of(3)
    events = tuple(replace(e, severity=0.1 if at == 5 else 0.5) for at, e in enumerate(key.events))
    rng = np.random.default_rng(1)

    marks = careful_marks(replace(key, events=events), rng)

    smallest = events[5]
    assert len(marks) == 11
    assert not any(m.machine == smallest.machine and abs(m.end_us - smallest.end_us) < HOUR_US // 2 for m in marks)
    assert len(careful_marks(replace(key, events=events[:3]), rng)) == 3


def test_the_same_class_gives_the_same_table():
    assert play_robots(LABELS, KEYS, games=4) == play_robots(LABELS, dict(reversed(KEYS.items())), games=4)


def test_no_robot_plays_a_quiz():
    assert play_robots(load_rubric("answers-v1"), KEYS).rows == ()


# pipelines


def test_detectors_that_are_told_the_truth_neither_play_nor_are_taken():
    assert "oracle" not in scorable_detectors()
    with pytest.raises(LabError, match="told the truth"):
        check_setting("oracle", {})
    with pytest.raises(LabError, match="threshold must be"):
        check_setting("z_score", {"threshold": -1})


def test_a_short_alarm_of_a_setting_is_an_alarm():
    """Runs under five minutes vanished without a word."""
    values = np.zeros((600, 1, 1))
    values[:, 0, 0] = np.sin(np.arange(600))
    values[400] = 500.0
    block = block_of(np.arange(600) * MINUTE_US, values, ("M",), ("temperature",))
    plant = load_plant("pump_station")
    setting = {"detector": "z_score", "threshold": 8.0}

    alarms, before = setting_alarms(setting, block, plant, 2), setting_alarms(setting, block, plant, 1)

    assert [a.start_us for a in alarms] == [400 * MINUTE_US]
    assert before == ()


def test_every_honest_detector_plays_and_the_best_comes_first(monkeypatch: pytest.MonkeyPatch):
    plant = load_plant("pump_station")
    block = Plant(plant, 3, Journal(()), MACHINES).block(np.arange(START, START + 12 * HOUR_US, 5 * MINUTE_US))
    monkeypatch.setattr("engine.classroom.pipelines.scorable_detectors", lambda: ["never", "always", "z_score"])
    key = replace(key_of(2), end_us=START + 12 * HOUR_US)
    key = replace(key, events=tuple(e for e in key.events if e.end_us < key.end_us))

    played = play_pipelines(LABELS, {"V": (block, key)}, plant)

    assert {one.name for one in played} == {"never", "always", "z_score"}
    assert [one.mean for one in played] == sorted((one.mean for one in played), reverse=True)


def test_gaps_up_to_half_an_hour_are_joined():
    flags = np.zeros((120, 1), bool)
    flags[[10, 11, 30, 100]] = True
    block = block_of(np.arange(120) * MINUTE_US, np.zeros((120, 1, 1)), ("M",), ("x",))

    spans = [(x.start_us // MINUTE_US, x.end_us // MINUTE_US) for x in intervals_of(block, flags, 0)]

    assert spans == [(10, 31), (100, 101)]


# the proof


@pytest.mark.parametrize("rubric", proving.played_rubrics())
def test_an_assignment_is_proven_or_refused_with_a_reason(rubric: str):
    shape = proving.Shape("pump_station", "easy", 7, 12, 2)

    proven, refused = (proving.judge(shape, rubric, keys, games=12) for keys in (KEYS, {"V": crowded_key()}))

    assert proven.outcome == "passed", str(proven)
    assert refused.outcome == "refused", str(refused)
    assert proving.reason_of(refused.said) in proving.REASONS.values()


def test_a_small_class_of_a_shape_is_made_the_same_way_again():
    """A small piece of `python -m engine grade prove`; the whole of it is a slow test."""
    shape, said = proving.Shape("pump_station", "easy", 1, 4, 2), list[str]()

    assert proving.made_keys(shape, 1) == proving.made_keys(shape, 1) != {}
    assert proving.prove_assignments([], said.append) == proving.Proven()
    assert said == []


def test_refusals_are_counted_by_their_reason_also_where_no_class_can_be_made():
    shape, said = proving.Shape("pump_station", "easy", 1, 60, 1), list[str]()

    found = proving.prove_assignments([shape], said.append, workers=0)

    assert (found.passed, found.refused, found.failed) == (0, len(proving.played_rubrics()), 0)
    assert found.reasons == {"so many faults do not fit": found.refused}
    assert all(line.startswith("refused") and "take at most" in line for line in said)


def test_a_robot_that_other_dice_could_bring_over_the_limit_is_refused():
    """With 80 games one of 80 classes hid a robot that earned 30 points on the next throw."""
    points = {"lucky": [0.0] * 385 + [30.0] * 15, "poor": [1.0] * 400}
    rows = [_row(name, True, values) for name, values in points.items()]

    (said,) = _lazy_problems(rows, points, 17.0)

    assert rows[0].p95 <= 17.0
    assert "'lucky' earns 0 points in one of twenty cases" in said
    assert "with other throws of its dice" in said
    assert _lazy_problems(rows[1:], points, 17.0) == []


def test_robots_that_pass_the_limit_once_play_many_games_and_others_few():
    key = crowded_key()

    class Counted(_Table):
        def _played(self, play, first, last):
            return [30.0 if play is near and run == 7 else 0.0 for run in range(first, last)]

    def near(key, rng, ghosts):
        return ()

    def far(key, rng, ghosts):
        return ()

    table = Counted(LABELS, {"V": key}, ["V"], ["V"])
    played = [len(table.lazy(dice, play, 80)) for dice, play in ((True, near), (True, far), (False, far))]

    assert played == [400, 80, 1]


def test_the_proof_covers_at_least_200_assignments():
    count = sum(1 for _ in islice(proving.shapes(), 10_000)) * len(proving.played_rubrics())

    assert count >= 200


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_fifth_generated_assignment_is_proven_or_refused_with_a_reason():
    """All of them take six minutes on two quiet cores: `python -m engine grade prove`."""
    said: list[str] = []
    some = list(proving.shapes())[::5]

    found = proving.prove_assignments(some, said.append)

    assert found.failed == 0, [line for line in said if line.startswith("failed")]
    assert found.passed + found.refused == len(some) * len(proving.played_rubrics())
    assert found.passed >= 10
