"""Stretches: readings to judge, and what came before them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.comparing.contenders import Contender
from engine.comparing.labelled import labelled_events
from engine.comparing.stretches import Stretch, plant_stretch, readings_of, scenario_stretch
from engine.errors import ParameterError
from engine.records import SECOND_US, block_of


def test_what_is_learned_from_ends_where_what_is_judged_begins(played):
    stretch = played.stretch

    assert stretch.history.times_us[-1] < stretch.recent.times_us[0]
    assert stretch.recent.times_us[-1] < stretch.judged.times_us[0] == stretch.span.start_us
    assert stretch.recent.times_us[-1] == stretch.judged.times_us[0] - stretch.step_us


def test_the_same_seed_gives_the_same_readings():
    first, second = (scenario_stretch("wind_easy", seed=4, hours=1.0, rate=0.01) for _ in range(2))

    assert np.array_equal(first.judged.values, second.judged.values)
    assert readings_of([first]) == 36 * first.judged.n_machines


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(ParameterError, match="must lie before"):
        plant_stretch("x", None, 10, 10)


def test_a_batch_model_without_a_past_learns_from_the_first_part_only():
    values = np.random.default_rng(0).normal(size=(400, 2))
    block = block_of(np.arange(400, dtype=np.int64) * SECOND_US, values)
    model = Stretch("file", block).prepared(Contender("ecod").make())

    assert len(model.state["sorted_columns"]) <= 60


def test_labelled_rows_become_events_with_whole_ends():
    block = block_of(np.arange(10, dtype=np.int64) * 5 * SECOND_US, np.zeros((10, 1)))
    labels = np.array([0, 1, 1, 0, 0, 0, 1, 0, 0, 0], bool)

    events = labelled_events(Stretch("file", block), labels)

    assert [(e.onset_us // SECOND_US, e.end_us // SECOND_US) for e in events] == [(5, 15), (30, 35)]
