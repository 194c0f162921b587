"""produced = delivered + dropped + queued, at every moment and under every policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ParameterError
from engine.running.tick_queue import POLICIES, TickQueue
from tests.engine.running.test_ring import block_of_ticks


@given(st.sampled_from(POLICIES), st.lists(st.integers(-3, 12), max_size=60))
def test_no_tick_is_unaccounted_for_and_the_order_stays(policy, moves):
    """A move of n > 0 produces n ticks, others deliver one piece."""
    queue, first, seen = TickQueue(20, policy), 0, []
    for move in moves:
        if move > 0 and (queue.room is None or queue.room >= move):
            queue.put(block_of_ticks(first, move))
            first += move
        elif (piece := queue.get()) is not None:
            seen += piece.block.values[:, 0, 0].tolist()
        assert queue.produced == queue.delivered + queue.dropped + queue.queued
        assert queue.queued <= 20
    while (piece := queue.get()) is not None:
        seen += piece.block.values[:, 0, 0].tolist()

    assert seen == list(range(first))
    assert queue.produced == queue.delivered + queue.dropped == first
    assert policy != "block" or queue.dropped == 0


def test_drop_oldest_keeps_the_newest_and_drop_newest_the_oldest():
    kept = {}
    for policy in ("drop_oldest", "drop_newest"):
        queue = TickQueue(2, policy)
        for first in range(4):
            queue.put(block_of_ticks(first, 1))
        pieces = [queue.get() for _ in range(4)]
        kept[policy] = [int(piece.block.values[0, 0, 0]) for piece in pieces if piece.scored]

    assert kept == {"drop_oldest": [2, 3], "drop_newest": [0, 1]}


def test_an_unknown_policy_is_refused():
    with pytest.raises(ParameterError, match="policy must be one of"):
        TickQueue(10, "drop_some")
