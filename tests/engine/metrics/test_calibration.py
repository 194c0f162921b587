"""Stated confidences against what came true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.arrays import InputError
from engine.metrics.calibration import brier, calibration_table


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=40))
def test_brier_is_reliability_minus_resolution_plus_uncertainty(pairs):
    found = brier([c / 10 for c, _ in pairs], [r for _, r in pairs])

    assert found["brier"] == pytest.approx(found["reliability"] - found["resolution"] + found["uncertainty"])


def test_the_sure_and_right_score_zero_and_the_sure_and_wrong_one():
    assert brier([1.0, 0.0], [1, 0])["brier"] == 0.0
    assert brier([1.0, 0.0], [0, 1])["brier"] == 1.0


def test_no_confidence_is_undefined_and_a_percentage_is_refused():
    assert brier([], [])["brier"] is None
    with pytest.raises(InputError, match="from 0 to 1"):
        brier([90.0], [1])


def test_the_table_holds_every_label_once():
    rng = np.random.default_rng(2)
    stated = rng.random(100)

    table = calibration_table(stated, rng.random(100) < stated)

    assert sum(row["labels"] for row in table) == 100
    assert all(0 <= row["right"] <= 1 for row in table)
