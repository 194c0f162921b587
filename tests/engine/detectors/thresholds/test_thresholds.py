"""What every threshold rule owes, and what each one promises."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from engine import catalog
from engine.detectors.contract import example_block, shortened
from engine.detectors.thresholded import Thresholded
from engine.detectors.thresholds.alarm_budget import AlarmBudget
from engine.detectors.thresholds.conformal import Conformal
from engine.detectors.thresholds.dspot import Dspot
from engine.detectors.thresholds.quantile import Quantile
from engine.detectors.thresholds.rolling_quantile import RollingQuantile
from engine.detectors.thresholds.spot import Spot
from engine.records import DAY_US, SECOND_US

NAMES = sorted(catalog.parts("threshold"))


def _scores(n_ticks=3000, n_machines=3, seed=2):
    return np.abs(np.random.default_rng(seed).normal(size=(n_ticks, n_machines)))


def _times(n_ticks, step_s=10):
    return np.arange(n_ticks, dtype=np.int64) * step_s * SECOND_US


def test_the_catalogue_has_the_seven_rules():
    """A list that drives tests must not be empty by accident."""
    expected = ["alarm_budget", "conformal", "dspot", "fixed", "quantile", "rolling_quantile", "spot"]

    assert expected == NAMES


@pytest.mark.parametrize("size", [1, 7, 500])
@pytest.mark.parametrize("name", NAMES)
def test_pieces_of_any_size_give_the_same_levels(name, size):
    """Live and batch must agree."""
    scores, times = _scores(), _times(3000)
    whole, pieces = catalog.make("threshold", name), catalog.make("threshold", name)

    expected = whole.levels(scores, times)
    found = [pieces.levels(scores[i : i + size], times[i : i + size]) for i in range(0, 3000, size)]

    np.testing.assert_array_equal(expected, np.concatenate(found))


@pytest.mark.parametrize("name", NAMES)
def test_later_scores_do_not_change_earlier_levels(name):
    """A level is known before the score that meets it."""
    scores, times = _scores(), _times(3000)
    changed = scores.copy()
    changed[2000:] *= 50.0

    expected = catalog.make("threshold", name).levels(scores, times)
    found = catalog.make("threshold", name).levels(changed, times)

    np.testing.assert_array_equal(expected[:2001], found[:2001])


@pytest.mark.parametrize("name", NAMES)
def test_machines_do_not_influence_each_other(name):
    """A noisy machine must not raise the level of a quiet one."""
    scores, times = _scores(), _times(3000)
    alone = scores[:, :1].copy()
    scores[:, 1] *= 100.0

    expected = catalog.make("threshold", name).levels(alone, times)
    found = catalog.make("threshold", name).levels(scores, times)

    np.testing.assert_array_equal(expected[:, 0], found[:, 0])


@pytest.mark.parametrize("name", NAMES)
def test_levels_stay_above_zero_whatever_the_scores(name):
    """A score of 0.0 is never an alarm, also when a detector gave nothing but 0.0 or was out of order."""
    times = _times(3000)
    silent, gaps = np.zeros((3000, 1)), _scores(n_machines=1)
    gaps[::3] = np.nan

    assert not catalog.make("threshold", name).alarms(silent, times).any()
    assert (catalog.make("threshold", name).levels(gaps, times) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_peek_teaches_nothing(name):
    """Pages ask for levels while the rule runs."""
    rule = catalog.make("threshold", name)
    rule.levels(_scores(2500), _times(2500))
    before = copy.deepcopy(rule.state)

    rule.peek(_scores(100, seed=9), _times(100))

    for key, value in before.items():
        np.testing.assert_array_equal(value, rule.state[key])


def test_the_quantile_is_that_of_the_training_scores():
    """Type 7 of Hyndman and Fan, as NumPy computes it."""
    scores = _scores(1000, 1)

    level = Quantile(share=0.01, training=400).levels(scores, _times(1000))[-1, 0]

    assert np.quantile(scores[:400, 0], 0.99) == pytest.approx(level, abs=1e-12)


def test_the_rolling_quantile_is_that_of_the_newest_scores():
    """The sorted window must lose exactly the oldest score, ties included."""
    scores = np.round(_scores(1500, 1), 1) + 0.1

    levels = RollingQuantile(share=0.05, window=200, training=100).levels(scores, _times(1500))

    for tick in (100, 150, 500, 1499):
        newest = scores[max(0, tick - 200) : tick, 0]
        assert np.quantile(newest, 0.95) == pytest.approx(levels[tick, 0], abs=1e-12)


def test_conformal_alarms_exactly_when_the_p_value_is_small():
    """Against the definition, score by score."""
    scores = np.round(_scores(600, 1), 2) + 0.01
    alarms = Conformal(p=0.02, window=200).alarms(scores, _times(600))[:, 0]

    for tick in range(100, 600):
        window = scores[max(0, tick - 200) : tick, 0]
        p_value = (1 + (window >= scores[tick, 0]).sum()) / (len(window) + 1)
        assert alarms[tick] == (p_value <= 0.02 + 1e-12)


def test_conformal_keeps_its_promise_on_any_distribution():
    """Exchangeable scores: at most p of them alarm, up to chance."""
    heavy = np.random.default_rng(4).lognormal(size=(40_000, 4))

    share = Conformal(p=0.01).alarms(heavy, _times(40_000))[2000:].mean()

    assert 0.008 < share < 0.0115


def _false_alarms(rule, draw):
    scores = draw(np.random.default_rng(11), (60_000, 8))
    return rule.alarms(scores, _times(60_000))[rule.training :].mean()


def _half_normal(rng, shape):
    return np.abs(rng.normal(size=shape))


def _log_normal(rng, shape):
    return rng.lognormal(size=shape)


@pytest.mark.parametrize("draw", [_half_normal, _log_normal])
@pytest.mark.parametrize("rule", [Spot, Dspot])
def test_capped_feedback_keeps_the_false_alarm_rate_near_the_risk(rule, draw):
    """The promise of the rule is its risk; 1.6 times is what 1,000 training scores allow."""
    rate = _false_alarms(rule(risk=1e-3), draw)

    assert 0.6e-3 < rate < 1.6e-3


@pytest.mark.parametrize("draw", [_half_normal, _log_normal])
def test_textbook_feedback_overshoots_the_risk_several_times(draw):
    """The reason why capped feedback is the default: leaving alarms out cuts off the tail that is being fitted."""
    textbook = _false_alarms(Spot(risk=1e-3, feedback="textbook"), draw)

    assert textbook > 3e-3


def test_dspot_still_sees_a_spike_after_a_drift_that_blinds_spot():
    """Scores that sink from 60 to 0 leave SPOT with a level that no spike of 10 reaches."""
    scores = _scores(20_000, 2) + np.linspace(60.0, 0.0, 20_000)[:, None]
    scores[-1] += 10.0

    spot, dspot = (rule(risk=1e-3).alarms(scores, _times(20_000)) for rule in (Spot, Dspot))

    assert not spot[-1].any()
    assert dspot[-1].all()
    assert dspot[2000:].mean() < 0.003


def test_a_sustained_alarm_does_not_become_normal():
    """An hour of fault must not lift the level over the fault."""
    scores = _scores(4000, 1)
    scores[2000:] += 8.0

    alarms = Spot().alarms(scores, _times(4000))

    assert alarms[2000:].mean() > 0.95


def test_the_budget_is_kept_in_the_long_run():
    """Two alarms per machine and day were asked for; the scores are smooth so that an alarm lasts a while."""
    n_ticks, step_s = 60 * 1440, 60
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(n_ticks, 4))
    scores = np.abs(np.cumsum(noise, axis=0) - np.cumsum(np.roll(noise, 30, axis=0), axis=0)) / 30 + 0.01
    times = _times(n_ticks, step_s)

    alarms = AlarmBudget(alarms_per_day=2.0).alarms(scores, times)
    starts = (np.diff(alarms.astype(int), axis=0) > 0).sum(axis=0)
    days = (times[-1] - times[0]) / DAY_US

    assert (np.abs(starts / days - 2.0) < 0.5).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_detector_measured_against_a_rule_keeps_the_score_contract(name):
    """1.0 is the level on every machine, so the alarm desk needs one number only."""
    block = example_block()
    make = shortened(catalog.part("detector", "z_score"))

    whole = Thresholded(make(), shortened(catalog.part("threshold", name))()).score_then_learn(block)
    live = Thresholded(make(), shortened(catalog.part("threshold", name))())
    ticks = np.concatenate([live.score_then_learn(block.ticks(i, i + 1)) for i in range(len(block))])

    assert np.isfinite(whole).all()
    np.testing.assert_allclose(whole, ticks, rtol=1e-9, atol=1e-9)
