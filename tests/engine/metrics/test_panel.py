"""The panel: every number beside its baselines, its parameters, its interval and its reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.metrics.arrays import rows_of, runs
from engine.metrics.baselines import random_alarms, three_sigma_scores
from engine.metrics.bootstrap import interval_of_mean, resampled_sums
from engine.metrics.names import SPECS
from engine.metrics.numbers import BASELINES
from engine.metrics.panel import ALARM_NAMES, SCORE_NAMES, Settings, over_seeds, panel

EVENTS = [(200, 239), (500, 519), (700, 799), (900, 904)]


def run(seed: int = 5, n: int = 1000):
    rng = np.random.default_rng(seed)
    truth = rows_of(EVENTS, n)
    readings = rng.normal(size=(n, 3)) + 2.0 * truth[:, None]
    return truth, rng.random(n) * 0.7 + 0.5 * truth * rng.random(n), readings


@pytest.fixture(scope="module")
def judged():
    truth, scores, readings = run()
    return panel(truth, None, scores, threshold=0.6, readings=readings, settings=Settings(period_s=60.0, window=20))


def test_every_name_of_the_table_has_one_entry_and_the_panel_uses_the_row_names(judged):
    assert set(judged.numbers) == set(ALARM_NAMES) | set(SCORE_NAMES)
    assert set(judged.numbers) <= set(SPECS)


def test_all_four_baselines_stand_beside_every_number(judged):
    assert set(judged.baselines) == set(BASELINES)
    assert all(set(made) == set(judged.numbers) for made in judged.baselines.values())


def test_skill_is_zero_for_random_and_one_for_perfect(judged):
    truth, _, _ = run()
    perfect = panel(truth, truth, truth.astype(float), settings=Settings(window=20))

    assert perfect.skill("f1") == pytest.approx(1.0)
    assert 0 < judged.skill("pr_auc") < 1
    assert judged.skill("alarms_per_day") is None


def test_silence_has_no_skill_that_is_not_earned():
    """Nothing found, nothing false: event recall must not look better than random."""
    truth, _, _ = run()

    silent = panel(truth, np.zeros(1000), None)

    assert silent["event_recall"] == 0.0
    assert silent["event_precision"] is None
    assert silent.numbers["event_precision"].reason == "there are no alarms"


def test_intervals_over_events_hold_the_value(judged):
    for name in ("event_precision", "event_f1", "precision", "recall", "f1", "false_alarms_per_day"):
        number = judged.numbers[name]
        low, high = number.limits
        assert low <= number.value <= high, name
        assert number.limits_over == "events"


def test_events_that_are_all_alike_give_no_interval(judged):
    """Every event was found at once; with so few of them that proves neither a recall of 1 nor a delay of 0."""
    assert [judged["event_recall"], judged["delay_mean_s"]] == [1.0, 0.0]
    assert judged.numbers["event_recall"].limits is judged.numbers["delay_mean_s"].limits is None


def test_parameters_are_printed_beside_the_numbers(judged):
    assert judged.numbers["vus_pr"].parameters["window"] == 20
    assert judged.numbers["pate"].parameters["e_buffer"] == 20
    assert judged.numbers["nab_standard"].parameters["profile"] == "standard"
    assert judged.numbers["range_f1"].parameters["cardinality"] == "reciprocal"


def test_the_window_follows_the_period_of_the_first_sensor():
    truth, scores, _ = run()
    wave = np.sin(2 * np.pi * np.arange(1000) / 24)

    assert panel(truth, None, scores, readings=wave, baselines=False).numbers["vus_pr"].parameters["window"] == 24
    assert panel(truth, None, scores, baselines=False).numbers["vus_pr"].parameters["window"] == 100


def test_a_missing_baseline_says_why():
    truth, scores, _ = run()

    assert panel(truth, None, scores).missing == {"three_sigma": "no readings were given"}


def test_scores_without_a_threshold_leave_alarm_numbers_undefined():
    truth, scores, _ = run()

    judged = panel(truth, None, scores)

    assert judged["f1"] is None
    assert judged["vus_pr"] is not None
    assert "threshold" in judged.numbers["f1"].reason


def test_the_panel_is_plain_data(judged):
    data = json.loads(json.dumps(judged.to_json()))

    assert {"name", "value", "low", "high", "random", "skill", "parameters", "formula"} <= set(data["numbers"][0])


def test_seeds_give_a_mean_and_an_interval_over_seeds():
    panels = []
    for seed in range(5):
        truth, scores, _ = run(seed)
        panels.append(panel(truth, None, scores, threshold=0.6, settings=Settings(window=20)))

    together = over_seeds(panels)

    values = [p["vus_pr"] for p in panels]
    number = together.numbers["vus_pr"]
    assert number.value == pytest.approx(np.mean(values))
    assert min(values) <= number.limits[0] < number.value < number.limits[1] <= max(values)
    assert (number.limits_over, number.parameters["seeds"]) == ("seeds", 5)
    with pytest.raises(ValueError, match="must not be empty"):
        over_seeds([])


def test_random_alarms_keep_number_and_lengths_of_the_runs():
    alarms = rows_of([(3, 7), (10, 10), (20, 39)], 60)
    rng = np.random.default_rng(2)

    for _ in range(50):
        found = runs(random_alarms(alarms, rng))
        assert sorted(found[:, 1] - found[:, 0] + 1) == [1, 5, 20]


def test_random_alarms_fit_when_no_row_is_spare():
    alarms = rows_of([(0, 4), (6, 9)], 10)

    assert random_alarms(alarms, np.random.default_rng(0)).sum() == 9


def test_three_sigma_learns_from_the_first_rows_only():
    readings = np.concatenate([np.tile([-1.0, 1.0], 50), [8.0, np.nan]])

    scores = three_sigma_scores(readings, training_rows=100)

    assert scores[-2] == 8.0
    assert scores[-1] == 0.0


def test_a_dead_sensor_is_no_alarm_of_three_sigma():
    assert three_sigma_scores(np.full(50, 3.0)).max() == 0.0


def test_bootstrap_covers_the_mean_about_as_often_as_it_says():
    """95 % by name; percentile intervals of 20 values cover a little less."""
    rng = np.random.default_rng(8)

    limits = [interval_of_mean(list(rng.normal(size=20)), seed=k, draws=300) for k in range(200)]

    assert 0.88 <= np.mean([low <= 0 <= high for low, high in limits]) <= 0.99


def test_one_value_has_no_interval():
    assert interval_of_mean([1.0]) is None
    assert interval_of_mean([None, 2.0, None]) is None


def test_values_that_are_all_alike_have_no_interval():
    """Three of three events found is no proof of a recall of exactly 1."""
    assert interval_of_mean([1.0, 1.0, 1.0]) is None
    assert interval_of_mean([0.1, 0.1, 0.1]) is None
    assert interval_of_mean([1.0, 1.0, 0.0]) is not None


def test_many_units_are_resampled_in_blocks_with_the_same_total_on_average():
    units = np.ones((5000, 2))

    assert resampled_sums(units, draws=50)[:, 0] == pytest.approx(5000.0)
