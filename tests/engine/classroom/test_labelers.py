"""People of a fixed skill: the same luck gives the same work, and more skill gives more points."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.labelers import (
    AVERAGE,
    BEGINNER,
    CAREFUL,
    VISIBLE_PER_SEVERITY,
    chance_to_find,
    expected_points,
    label,
    visibility,
)
from engine.classroom.rubric import load_rubric
from tests.engine.classroom.room import key_of

RUBRIC = load_rubric("interval-v1")


def mixed_key(seed: int = 3) -> AnswerKey:
    rng, key = np.random.default_rng(seed), key_of(seed)
    return replace(key, events=tuple(replace(e, severity=float(rng.uniform(0.05, 0.8))) for e in key.events))


def test_the_same_generator_gives_the_same_marks():
    key = mixed_key()

    assert label(key, CAREFUL, np.random.default_rng(5)) == label(key, CAREFUL, np.random.default_rng(5))
    assert label(key, CAREFUL, np.random.default_rng(5)) != label(key, CAREFUL, np.random.default_rng(6))
    assert expected_points(key, CAREFUL, RUBRIC, 8, 1) == expected_points(key, CAREFUL, RUBRIC, 8, 1)


def test_half_of_the_events_at_the_half_point_are_found_and_visible_ones_more_often():
    event = mixed_key().events[0]
    there = replace(event, severity=CAREFUL.half_point / VISIBLE_PER_SEVERITY)

    assert pytest.approx(0.5) == chance_to_find(there, CAREFUL)
    assert chance_to_find(replace(there, severity=there.severity / 4), CAREFUL) < 0.05
    assert chance_to_find(replace(there, severity=there.severity * 4), CAREFUL) > 0.95


def test_measured_visibility_beats_the_estimate_from_severity():
    class Seen:
        severity, visibility = 0.5, 0.3

    assert visibility(Seen()) == 0.3  # type: ignore[arg-type]
    assert visibility(key_of(1).events[0]) == VISIBLE_PER_SEVERITY * 0.5


def test_more_skill_earns_more_points_in_expectation():
    key = mixed_key()

    careful, average, beginner = (expected_points(key, who, RUBRIC, 20).mean for who in (CAREFUL, AVERAGE, BEGINNER))

    assert careful > average + 10 > beginner + 20


def test_a_latin_hypercube_has_a_fraction_of_the_error_of_independent_days():
    """Else the range of a class would be the luck of the simulation."""
    key = mixed_key()
    hypercube = [expected_points(key, CAREFUL, RUBRIC, 15, seed).mean for seed in range(12)]
    days = [Work("labels", label(key, CAREFUL, np.random.default_rng((seed, 1)))) for seed in range(180)]
    alone = np.array([grade(day, key, RUBRIC).points for day in days]).reshape(12, 15).mean(axis=1)

    assert np.std(hypercube) < 0.6 * np.std(alone)
    assert pytest.approx(np.mean(alone), abs=2.5) == np.mean(hypercube)


def test_labels_are_inside_the_data_and_do_not_overlap_though_false_ones_are_many():
    key, busy = mixed_key(), replace(BEGINNER, false_a_day=40.0)

    marks = label(key, busy, np.random.default_rng(2))

    assert all(key.start_us <= m.start_us < m.end_us <= key.end_us for m in marks)
    assert all(a.machine != b.machine or a.end_us <= b.start_us for a, b in itertools.pairwise(marks))


def test_alarms_are_raised_late_and_are_not_merged():
    key, sure = mixed_key(), replace(CAREFUL, half_point=0.01, edge_minutes=0.0, false_a_day=0.0, delay_minutes=7.0)

    marks = label(key, sure, np.random.default_rng(2), "alarms")

    begins = sorted((e.machine, e.detectable_from_us + 7 * 60_000_000) for e in key.events if e.detectable_from_us)
    assert begins == sorted((m.machine, m.start_us) for m in marks)


def test_a_key_without_events_is_labelled_with_false_marks_only():
    key = replace(mixed_key(), events=())

    assert expected_points(key, BEGINNER, RUBRIC, 5).mean == 0.0
