"""Every trick inflates what it is said to inflate, and the rows that stand still show what that is worth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.errors import UnknownNameError
from engine.metrics.arrays import rows_of, runs
from engine.metrics.pitfalls import OTHERS, TRICKS, pitfall, stage, theatre
from engine.metrics.tricks import halfway, nearest_alarms, remembered, top_share, wide_windows

EVENTS = [(600, 799), (1500, 1699), (2500, 2699), (3300, 3499)]


@pytest.fixture(scope="module")
def random_stage():
    """A detector that knows nothing: every honest number is small, so inflation is plain."""
    rng = np.random.default_rng(11)
    scores = rng.random(4000)
    return stage(rows_of(EVENTS, 4000), scores > 0.98, scores, rng.normal(size=(4000, 2)))


def test_the_theatre_shows_the_eight_tricks_of_the_design(random_stage):
    assert [shown.name for shown in theatre(random_stage)] == list(TRICKS)
    assert len(TRICKS) == 8


@pytest.mark.parametrize("name", sorted(TRICKS))
def test_no_trick_lowers_the_number_of_a_useless_detector(name, random_stage):
    shown = pitfall(name, random_stage)

    assert shown.reason == ""
    assert set(shown.rows) == set(OTHERS)
    if name != "contamination_is_truth":
        assert shown.inflation >= -1e-12


@pytest.mark.parametrize("name", sorted(TRICKS))
def test_the_oracle_gains_nothing_but_what_the_trick_itself_spoils(name, random_stage):
    """One alarm per event throws away the oracle's rows, and wide windows miss the earliest row."""
    honest, inflated = pitfall(name, random_stage).rows["oracle"]

    assert inflated == pytest.approx(TRICKS[name].best, rel=0.1)
    if name != "one_alarm_per_event":
        assert honest == pytest.approx(TRICKS[name].best, rel=0.01)


def test_point_adjust_makes_random_alarms_look_splendid(random_stage):
    shown = pitfall("point_adjust", random_stage)

    assert shown.honest < 0.1
    assert shown.inflated > 0.85


def test_a_memory_fitted_on_the_test_rows_is_perfect_on_noise(random_stage):
    shown = pitfall("in_sample_fit", random_stage)

    assert shown.inflated == 1.0
    assert shown.honest < 0.4


def test_a_constant_score_earns_more_than_half_in_pate(random_stage):
    honest, inflated = pitfall("constant_score", random_stage).rows["always"]

    assert inflated > 0.5
    assert honest == pytest.approx(0.2)


def test_the_right_contamination_helps_when_it_differs_from_the_default():
    truth = rows_of([(100, 119)], 1000)
    scores = np.random.default_rng(0).random(1000) * 0.9 + truth

    shown = pitfall("contamination_is_truth", stage(truth, None, scores))

    assert (shown.honest, shown.inflated) == (pytest.approx(1 / 3), 1.0)


def test_windows_that_open_early_pay_alarms_before_the_fault():
    truth, alarms = rows_of([(500, 509)], 1000), rows_of([(470, 470)], 1000)

    shown = pitfall("early_windows", stage(truth, alarms))

    assert shown.honest < 0
    assert shown.inflated > 50


@pytest.mark.parametrize("fill", [0, 1])
def test_a_stage_with_one_class_is_undefined_with_a_reason(fill):
    shown = pitfall("point_adjust", stage(np.full(50, fill), np.zeros(50)))

    assert (shown.honest, shown.inflated) == (None, None)
    assert shown.reason


def test_an_unknown_trick_offers_the_nearest_name(random_stage):
    with pytest.raises(UnknownNameError, match="point_adjust"):
        pitfall("point_adjusted", random_stage)


def test_the_same_seed_gives_the_same_rows(random_stage):
    assert pitfall("best_threshold", random_stage, 4) == pitfall("best_threshold", random_stage, 4)


def test_top_share_alarms_that_share_and_ties_with_it():
    assert top_share(np.array([1.0, 2.0, 3.0, 4.0]), 0.5).tolist() == [0, 0, 1, 1]
    assert top_share(np.full(4, 2.0), 0.25).tolist() == [1, 1, 1, 1]


def test_halfway_never_cuts_an_event():
    assert halfway(rows_of([(40, 59)], 100)) == 60


def test_wide_windows_hold_a_tenth_of_the_series_and_do_not_overlap():
    truth = rows_of([(200, 209), (230, 239), (800, 801)], 1000)

    windows = wide_windows(truth)

    assert all(a <= e[0] <= b for (a, b), e in zip(windows, runs(truth), strict=True))
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(windows))


def test_nearest_alarms_keep_one_row_per_event():
    truth = rows_of([(20, 29), (70, 79)], 100)

    assert np.flatnonzero(nearest_alarms(truth, rows_of([(0, 40)], 100))).tolist() == [24]


def test_a_memory_answers_with_the_label_of_the_nearest_row():
    known, asked = np.array([[0.0], [10.0]]), np.array([[1.0], [9.0]])

    assert remembered(known, np.array([0, 1]), asked).tolist() == [0, 1]
