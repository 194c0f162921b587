"""History for charts: exact extremes from raw readings and roll-ups alike."""

import numpy as np
import pytest

from engine.errors import LabError
from engine.records import HOUR_US, SECOND_US
from engine.store.retention import Retention
from tests.engine.store.samples import START_US, block, small_store


def test_buckets_keep_the_extremes_of_every_span():
    store, sent = small_store(), block(600)
    store.append(1, "demo", sent)
    store.flush()

    got = store.buckets("demo", "M1", "temperature", START_US, START_US + 600 * SECOND_US, buckets=10)

    values = np.round(sent.values[:, 0, 0], 2).reshape(10, 60)
    assert np.allclose(values.min(axis=1), got["min"])
    assert np.allclose(values.max(axis=1), got["max"])
    assert np.allclose(values.mean(axis=1), got["mean"])
    assert got["ticks"].tolist() == [60] * 10


def test_rolling_up_does_not_change_extremes_or_means():
    """A chart over last week must not lose its spikes because the raw readings are gone."""
    store = small_store()
    for first in range(0, 3 * 3600, 600):
        store.append(1, "demo", block(600, first), {"ewma": np.full((600, 2), first / 100.0)})
    store.flush()
    span = (START_US, START_US + 3 * HOUR_US)
    before = store.buckets("demo", "M2", "Flow Rate", *span, buckets=12)

    store.retain("demo", Retention(raw_hours=1.0))
    after = store.buckets("demo", "M2", "Flow Rate", *span, buckets=12)

    assert store.count_readings("demo") == 2 * 3660
    assert np.array_equal(before["min"], after["min"])
    assert np.array_equal(before["max"], after["max"])
    assert np.allclose(before["mean"], after["mean"], atol=0.01)
    assert store.buckets("demo", "M2", "ewma", *span, buckets=1)["max"][0] == 102.0


def test_sensor_history_is_the_newest_first():
    store = small_store()
    store.append(1, "demo", block(100))
    store.flush()

    got = store.sensor_history("demo", "M1", "temperature", seconds=10)

    assert len(got["value"]) == 10
    assert got["time_us"][0] == START_US + 99 * SECOND_US


def test_an_unknown_series_is_refused():
    with pytest.raises(LabError, match="sensor or detector"):
        small_store().buckets("demo", "M1", "temprature", 0, 10)
