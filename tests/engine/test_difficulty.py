import numpy as np
import pytest

from engine.difficulty import Judge, best_one_liner, range_rule, require_level
from engine.errors import LabError
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MAINTENANCE, MINUTE_US, TruthEvent, block_of

PUMPS = load_plant("pump_station")
N = 24 * 60


def event(start_h, end_h, machine="machine_1", benign=False):
    return TruthEvent(machine, "drift", ("sensor_1",), 0.5, int(start_h * HOUR_US), None, int(end_h * HOUR_US), benign)


def noisy(seed=1):
    rng = np.random.default_rng(seed)
    return block_of(np.arange(N, dtype=np.int64) * MINUTE_US, rng.normal(50, 1, (N, 1)))


def test_an_event_that_stands_out_is_solved_by_one_line():
    block = noisy()
    block.values[300:360] += 30

    rule, event_f1 = best_one_liner(block, [event(5, 6)])

    assert event_f1 == 1.0
    assert rule in ("three_sigma", "level sensor_1 high", "moving_mean", "difference")


def test_an_event_of_which_nothing_shows_is_not():
    assert best_one_liner(noisy(), [event(5, 6)])[1] < 0.5


def test_an_alarm_over_everything_is_one_false_alarm_for_each_normal_half_hour():
    """Otherwise labelling all would be one perfect alarm."""
    judge = Judge(noisy(), [event(5, 6)])

    # 48 half hours of the day, less two of the event and two of the hour after it.
    assert judge.at(np.ones((N, 1)), 0.5) == pytest.approx(2 * 1 / (2 * 1 + 44))


def test_an_alarm_over_nothing_scores_zero():
    assert Judge(noisy(), [event(5, 6)]).at(np.zeros((N, 1)), 0.5) == 0.0


def test_event_f1_counts_events_not_readings():
    score = np.zeros((N, 1))
    score[330] = 1.0  # one reading inside one of two events
    score[1200:1210] = 1.0  # ten readings of one false alarm

    assert Judge(noisy(), [event(5, 6), event(10, 11)]).at(score, 0.5) == pytest.approx(2 / (2 + 1 + 1))


def test_the_best_threshold_is_at_least_as_good_as_any_other():
    rng = np.random.default_rng(4)
    score = rng.random((N, 1))
    score[300:330] += 0.3
    judge = Judge(noisy(), [event(5, 6), event(10, 11)])

    best = judge.best(score)

    assert best == pytest.approx(max(judge.at(score, t) for t in np.unique(score)))


def test_stops_and_benign_changes_are_no_events_and_stops_no_false_alarms():
    block = noisy()
    block.status[600:660] = MAINTENANCE
    score = np.zeros((N, 1))
    score[600:660] = 1.0

    assert Judge(block, [event(5, 6), event(10, 11, benign=True)]).n_events == 1
    assert Judge(block, [event(5, 6)]).at(np.maximum(score, (np.arange(N) == 310)[:, None]), 0.5) == 1.0


def test_missing_readings_are_tolerated():
    block = noisy()
    block.values[100:200] = np.nan

    assert 0 <= best_one_liner(block, [event(5, 6)])[1] <= 1


def test_data_without_an_event_has_event_f1_zero():
    assert best_one_liner(noisy(), [])[1] == 0.0


def test_the_range_rule_is_perfect_on_data_clipped_into_its_range():
    """The forerunner's data, the reason for this measure."""
    rng = np.random.default_rng(2)
    middle = np.array([np.mean(s.normal) for s in PUMPS.sensors])
    half = np.array([np.ptp(s.normal) / 2 for s in PUMPS.sensors])
    values = middle + half * np.clip(rng.normal(0, 0.5, (N, 7)), -1, 1)
    values[300:360, 0] = 86.0
    block = block_of(np.arange(N, dtype=np.int64) * MINUTE_US, values, sensors=PUMPS.sensor_names)

    assert range_rule(block, [event(5, 6)], PUMPS) == 1.0
    assert best_one_liner(block, [event(5, 6)])[1] == 1.0


def test_a_level_has_a_cap():
    require_level("hard", 0.40, "It")
    with pytest.raises(LabError, match="too easy for level 'hard'"):
        require_level("hard", 0.41, "It")
