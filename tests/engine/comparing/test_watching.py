"""A watch beside the running plant gives the scores that one pass over the readings would give."""

from __future__ import annotations

import numpy as np

from engine.comparing.contenders import Contender
from engine.comparing.watching import Watch
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US, time_us

START = time_us("2026-01-05T10:00:00Z")
PLANT = Plant(load_plant("pump_station"), seed=3)


def ticks(first, last):
    return PLANT.block(START + np.arange(first, last, dtype=np.int64) * SECOND_US)


def test_what_comes_in_pieces_is_scored_once_and_in_order():
    whole, pieces = Watch(Contender("ewma")), Watch(Contender("ewma"))
    whole.begin(PLANT, ticks(0, 300))

    pieces.begin(PLANT, ticks(0, 100))
    for last in (150, 150, 260, 300):
        pieces.follow(ticks(50, last))

    assert np.array_equal(whole.block.times_us, pieces.block.times_us)
    np.testing.assert_allclose(pieces.scores, whole.scores)
    np.testing.assert_allclose(pieces.levels, whole.levels)


def test_only_the_newest_seconds_are_kept():
    watch = Watch(Contender("limit"), keep_s=60.0)
    watch.begin(PLANT, ticks(0, 200))

    assert len(watch.block) == len(watch.scores) == 61


def test_the_detector_for_the_inside_view_has_not_learned_the_window():
    """Else a fault in the window would look usual to it."""
    looking = Watch(Contender("ewma"), keep_s=60.0, look_back=True)
    looking.begin(PLANT, ticks(0, 100))
    looking.follow(ticks(100, 200))

    np.testing.assert_allclose(looking.before.score(looking.block), looking.scores)


def test_a_watch_that_cannot_begin_says_why(monkeypatch):
    from engine.errors import LabError

    watch = Watch(Contender("ewma"))

    def refuse(block):
        raise LabError("the library is missing")

    monkeypatch.setattr(watch.detector, "fit", refuse)
    watch.begin(PLANT, ticks(0, 10))

    assert watch.problem == "the library is missing"
