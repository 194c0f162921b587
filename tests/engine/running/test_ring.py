"""The ring holds the newest ticks, whatever sizes they come in."""

import random

import numpy as np
import pytest

from engine.records import SECOND_US, Block
from engine.running.ring import Ring


def block_of_ticks(first: int, count: int) -> Block:
    """Return ticks whose value is their number."""
    numbers = np.arange(first, first + count)
    values = np.repeat(numbers[:, None, None], 2, axis=1).astype(float)
    return Block(numbers.astype(np.int64) * SECOND_US, values, np.zeros((count, 2), np.uint8), ("M1", "M2"), ("a",))


@pytest.mark.parametrize("seed", range(20))
def test_the_ring_agrees_with_a_list(seed):
    rng, ring, first = random.Random(seed), Ring(("M1", "M2"), ("a",), keep_s=300.0), 0
    for _ in range(60):
        count = rng.choice([0, 1, 3, 50, 700])
        block = block_of_ticks(first, count)
        ring.append(block, {"ewma": block.values[:, :, 0]})
        first += count
        kept = list(range(max(0, first - 301), first))

        got, scores = ring.recent(1000.0)

        assert got.values[:, 1, 0].tolist() == kept
        assert not kept or np.array_equal(scores["ewma"], got.values[:, :, 0])


def test_memory_bounds_it_before_time_does():
    ring = Ring(("M1", "M2"), ("a",), keep_s=1e9, most_bytes=100_000)
    for first in range(0, 5000, 500):
        ring.append(block_of_ticks(first, 500), {})

    assert len(ring) == ring.most_ticks < 1000
    assert len(ring._times) <= 2 * ring.most_ticks


def test_a_block_larger_than_the_ring_leaves_its_end():
    ring = Ring(("M1", "M2"), ("a",), keep_s=1e9, most_bytes=1)
    block = block_of_ticks(0, 1000)

    ring.append(block, {"ewma": block.values[:, :, 0]})

    got, scores = ring.last(10)
    assert got.values[:, 0, 0].tolist() == list(range(990, 1000))
    assert scores["ewma"][:, 0].tolist() == list(range(990, 1000))


def test_scores_of_a_detector_that_came_later_are_nan_before():
    ring = Ring(("M1", "M2"), ("a",))
    ring.append(block_of_ticks(0, 3), {})
    ring.append(block_of_ticks(3, 2), {"late": np.ones((2, 2))})
    ring.append(block_of_ticks(5, 1), {})

    _, scores = ring.recent(100)

    assert np.isnan(scores["late"][[0, 1, 2, 5]]).all()
    assert (scores["late"][3:5] == 1).all()


def test_what_was_handed_out_does_not_change_any_more():
    ring = Ring(("M1", "M2"), ("a",))
    ring.append(block_of_ticks(0, 3), {})
    got, _ = ring.recent(100)
    for first in range(3, 3000, 3):
        ring.append(block_of_ticks(first, 3), {})

    assert got.values[:, 0, 0].tolist() == [0.0, 1.0, 2.0]
