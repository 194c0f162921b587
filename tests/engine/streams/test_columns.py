"""The figures on arrays are those of the row-wise statistics."""

from __future__ import annotations

import numpy as np
import pytest

from engine.records import SECOND_US
from engine.streams.windows.columns import window_columns
from engine.streams.windows.statistics import Statistics


@pytest.mark.parametrize("ticks", [1, 2, 5, 9, 60])
@pytest.mark.parametrize("missing", [0.0, 0.3, 1.0])
def test_array_statistics_equal_row_statistics(ticks: int, missing: float) -> None:
    rng = np.random.default_rng(100 * ticks + int(10 * missing))
    values = rng.normal(50.0, 2.0, (ticks, 4))
    values[:, 3] = 7.0  # a stuck sensor has no spread
    values[ticks // 2, 0] += 80.0
    values[rng.random(values.shape) < missing] = np.nan
    times = np.arange(ticks, dtype=np.int64) * SECOND_US

    ours = window_columns(times, values)
    names = ("a", "b", "c", "d")
    oracle = Statistics(names).result(list(zip(times.tolist(), map(tuple, values.tolist()), strict=True)))

    for k, name in enumerate(names):
        one = oracle.sensors[name]
        found = [ours[figure][k] for figure in ("count", "mean", "std", "min", "max", "trend")]
        wanted = [one.count, one.mean, one.std, one.minimum, one.maximum, one.trend]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
        assert ours["outliers"][k] == sum(outlier.sensor == name for outlier in oracle.outliers)
