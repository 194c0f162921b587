"""What each light detector is good at, as its file claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from engine import catalog
from engine.detectors.covariance import chi2_limit
from engine.detectors.cusum import Cusum
from engine.detectors.ewma import Ewma
from engine.detectors.flat_line import FlatLine
from engine.detectors.hampel import Hampel
from engine.detectors.hotelling_t2 import HotellingT2
from engine.detectors.limit import Limit
from engine.detectors.mahalanobis import Mahalanobis
from engine.detectors.mewma import Mewma
from engine.detectors.oracle import Oracle
from engine.detectors.page_hinkley import PageHinkley
from engine.detectors.pca_spe import PcaSpe
from engine.detectors.range_rule import RangeRule
from engine.detectors.z_score import ZScore
from engine.records import MAINTENANCE, SECOND_US, TruthEvent, block_of


@dataclass
class _Sensor:
    name: str
    normal: tuple
    warning: float | None
    critical: float | None
    low_side: bool = False
    resolution: float = 0.1


class _Sheet:
    sensors = (_Sensor("heat", (60, 80), None, 100), _Sensor("oil", (70, 90), None, 60, low_side=True))


def _block(values, **parts):
    values = np.asarray(values, dtype=np.float64)
    return block_of(np.arange(len(values), dtype=np.int64) * 10 * SECOND_US, values, **parts)


def _noise(n_ticks=3000, n_sensors=3, seed=1):
    return np.random.default_rng(seed).normal(size=(n_ticks, n_sensors))


def test_limit_is_one_at_the_critical_mark_on_either_side():
    """The oil level is dangerous when low, the temperature when high."""
    block = _block([[70, 80], [100, 80], [90, 80], [70, 60], [70, 65], [np.nan, np.nan]], sensors=("heat", "oil"))

    scores = Limit().bind(_Sheet()).score_then_learn(block)[:, 0]

    np.testing.assert_allclose([0.0, 1.0, 0.5, 1.0, 0.5, 0.0], scores)


def test_limit_learns_its_range_when_no_data_sheet_is_bound():
    """Uploaded data have none; the range then comes from the first readings only."""
    values = _noise(600, 1)
    values[400:] += 20.0

    scores = Limit(warm_up=300).score_then_learn(_block(values))[:, 0]

    assert not scores[:300].any()
    assert scores[400:].min() > 1.0


def test_range_rule_alarms_at_the_edge_of_the_normal_range():
    """Half a degree outside is outside."""
    block = _block([[80, 80], [80.5, 80], [100, 80]], sensors=("heat", "oil"))

    scores = RangeRule().bind(_Sheet()).score_then_learn(block)[:, 0]

    np.testing.assert_allclose([0.0, 1.025, 2.0], scores)


def test_the_oracle_says_only_what_it_was_told():
    """It is marked as peeking, ignores benign events, and starts where the fault can be known."""
    block = _block(np.zeros((100, 2)))
    event = TruthEvent("machine_1", "bearing", (), 1.0, 100 * SECOND_US, 300 * SECOND_US, 500 * SECOND_US)
    benign = TruthEvent("machine_1", "season", (), 1.0, 700 * SECOND_US, 700 * SECOND_US, 900 * SECOND_US, benign=True)

    told = Oracle().tell([event, benign]).score_then_learn(block)[:, 0]

    assert Oracle.peeks
    assert list(range(30, 50)) == np.flatnonzero(told).tolist()
    assert not Oracle().score_then_learn(block).any()


def test_only_the_oracle_peeks():
    """Anything else that peeks would be a cheat."""
    assert [name for name, cls in catalog.parts("detector").items() if cls.peeks] == ["oracle"]


@pytest.mark.parametrize("detector", [Ewma(), Cusum(), Mewma()])
def test_charts_with_memory_find_a_shift_that_the_z_score_misses(detector):
    """Three standard deviations for 500 readings."""
    values = _noise()
    values[2000:2500, 0] += 3.0

    found = detector.score_then_learn(_block(values))[:, 0] >= detector.default_threshold
    missed = ZScore().score_then_learn(_block(values))[:, 0] >= ZScore.default_threshold

    assert found[2000:2500].mean() > 0.5
    assert not found[:2000].any()
    assert missed[2000:2500].mean() < 0.02


def test_cusum_starts_anew_after_maintenance():
    """A serviced machine does not carry its old ladder."""
    values = _noise(1000)
    values[500:600] += 5.0
    status = np.zeros((1000, 1), np.uint8)
    status[600:610] = MAINTENANCE

    scores = Cusum().score_then_learn(_block(values, status=status))[:, 0]

    assert scores[599] > 40.0
    assert not scores[600:610].any()
    assert scores[615] < 10.0


def test_readings_that_wander_by_themselves_do_not_fill_the_cusum():
    """Correlation in time is learned; the textbook ladder would stand at its ceiling."""
    rng = np.random.default_rng(5)
    values = np.zeros((20_000, 1))
    for i in range(1, len(values)):
        values[i] = 0.9 * values[i - 1] + rng.normal()

    alarms = Cusum().score_then_learn(_block(values))[10_000:] >= Cusum.default_threshold

    assert alarms.mean() < 0.002


def test_page_hinkley_tells_a_change_once_and_accepts_the_new_level():
    """That is what tells it from CUSUM."""
    values = _noise(6000, 1)
    values[3000:] += 3.0
    detector = PageHinkley(memory=10_000_000)

    scores = detector.score_then_learn(_block(values))[:, 0]

    assert not (scores[:3000] >= detector.default_threshold).any()
    assert (scores[3000:3200] >= detector.default_threshold).any()
    assert scores[5500:].max() < detector.default_threshold


def test_hampel_equals_its_definition():
    """Against NumPy's median, window by window."""
    values = np.random.default_rng(3).normal(size=(300, 1))
    detector = Hampel(window=31, warm_up=10, least=0.001)
    deviations = ZScore(warm_up=10)
    block = _block(values)
    deviations.state = deviations.start(1, 1)
    z = deviations.deviations(block)[:, 0, 0]

    scores = detector.score_then_learn(block)[:, 0]

    for tick in (40, 100, 299):
        window = z[max(10, tick - 31) : tick]
        middle = np.median(window)
        spread = 1.4826 * np.median(np.abs(window - middle))
        assert abs(z[tick] - middle) / spread == pytest.approx(scores[tick], rel=1e-9)


def test_flat_line_sees_a_stuck_sensor_and_not_a_set_point():
    """Frozen at a perfectly normal value; the third sensor never moved at all."""
    values = _noise(1000)
    values[:, 2] = 7.0
    values[600:700, 0] = values[600, 0]

    detector = FlatLine()
    scores = detector.score_then_learn(_block(values))[:, 0]

    assert (scores[616:700] >= 1.0).all()
    assert scores[:600].max() < 1.0
    assert not scores[702:].any()


@pytest.mark.parametrize("detector", [Mahalanobis(), HotellingT2(), PcaSpe(kept=0.8)])
def test_relations_that_break_are_seen_though_each_reading_is_harmless(detector):
    """Two sensors that always go together, going apart by 2 standard deviations each."""
    rng = np.random.default_rng(8)
    common = rng.normal(size=(3000, 1))
    values = common + 0.1 * rng.normal(size=(3000, 2))
    values[2500:2510] = [[2.0, -2.0]]

    scores = detector.score_then_learn(_block(values))[:, 0]

    assert (scores[2500:2510] >= detector.default_threshold).all()
    assert (scores[:2500] >= detector.default_threshold).mean() < 0.002


def test_t2_keeps_its_false_alarm_rate():
    """A limit for one reading in a thousand is passed by about one in a thousand."""
    detector = HotellingT2(alpha=1e-3)
    values = np.random.default_rng(4).normal(size=(60_000, 5))

    share = (detector.score_then_learn(_block(values))[10_000:] >= 1.0).mean()

    assert 0.6e-3 < share < 1.6e-3


def test_the_chi_squared_limit_is_near_the_tables():
    """Tables: 14.07 for 7 degrees at 5 %, 24.32 at 0.1 %."""
    assert chi2_limit(7, 0.05) == pytest.approx(14.07, rel=0.01)
    assert chi2_limit(7, 0.001) == pytest.approx(24.32, rel=0.01)


def test_a_missing_sensor_is_filled_from_the_others_and_raises_no_alarm():
    """The other sensor says where it would be."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(3000, 1)) + 0.1 * rng.normal(size=(3000, 2))
    values[2000:2500, 0] = np.nan

    scores = Mahalanobis().score_then_learn(_block(values))[2000:2500, 0]

    assert scores.max() < Mahalanobis.default_threshold


@pytest.mark.parametrize("name", ["z_score", "ewma", "cusum", "mahalanobis", "hampel", "rate_of_change", "loda"])
def test_blame_names_the_sensor(name):
    """One sensor of four is off by 12 standard deviations."""
    values = _noise(1500, 4)
    values[1400:, 2] += 12.0
    detector = catalog.make("detector", name)
    detector.score_then_learn(_block(values[:1400]))

    blame = detector.blame(_block(values[1400:1405]))

    assert blame[0, 0].argmax() == 2


@pytest.mark.parametrize(
    "name", ["z_score", "ewma", "cusum", "mahalanobis", "half_space_trees", "loda", "pca_spe", "limit"]
)
def test_the_inside_view_is_plain_data(name):
    """The X-ray page and the API show it as JSON."""
    import json

    detector = catalog.make("detector", name)
    detector.score_then_learn(_block(_noise(1500, 4)))

    view = detector.explain(_block(_noise(5, 4, seed=9)))

    assert view["kind"]
    assert len(json.dumps(view)) < 100_000
