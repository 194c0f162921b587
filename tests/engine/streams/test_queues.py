"""Queues: every row is accounted for under every policy."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ParameterError
from engine.streams.queues import BLOCK, DROP_NEWEST, DROP_OLDEST, POLICIES, SAMPLE, BoundedQueue


@pytest.mark.parametrize("policy", POLICIES)
@given(moves=st.lists(st.one_of(st.integers(1, 5), st.just(0)), max_size=80), capacity=st.integers(1, 12))
@settings(max_examples=80, deadline=None)
def test_produced_is_taken_dropped_refused_or_waiting(policy: str, moves: list[int], capacity: int) -> None:
    """A number puts a batch of that many rows, 0 takes one."""
    queue: BoundedQueue[list[int]] = BoundedQueue(capacity, policy, keep_every=2)
    took: list[list[int]] = []
    for number, rows in enumerate(moves):
        if rows:
            queue.put([number] * rows, timeout_s=0.0)
        elif (batch := queue.take()) is not None:
            took.append(batch)
        assert queue.counters.balanced

    counters = queue.counters
    assert counters.put == sum(moves)
    assert counters.taken == sum(len(batch) for batch in took)
    assert took == sorted(took)
    assert counters.most_waiting <= max(capacity, 5)


def test_drop_oldest_keeps_the_newest_and_drop_newest_the_oldest() -> None:
    kept = {}
    for policy in (DROP_OLDEST, DROP_NEWEST):
        queue: BoundedQueue[list[int]] = BoundedQueue(3, policy)
        for number in range(10):
            queue.put([number])
        kept[policy] = [batch[0] for batch in queue.peek()]

    assert kept == {DROP_OLDEST: [7, 8, 9], DROP_NEWEST: [0, 1, 2]}


def test_sampling_begins_when_the_queue_is_half_full() -> None:
    queue: BoundedQueue[list[int]] = BoundedQueue(10, SAMPLE, keep_every=5)
    for number in range(20):
        queue.put([number])

    assert [batch[0] for batch in queue.peek()] == [0, 1, 2, 3, 4, 9, 14, 19]


def test_a_full_blocking_queue_makes_the_producer_wait_for_the_consumer() -> None:
    """Backpressure: the producer is never ahead by more than the capacity."""
    queue: BoundedQueue[list[int]] = BoundedQueue(4, BLOCK)

    def produce() -> None:
        for number in range(200):
            queue.put([number])
        queue.close()

    producer = threading.Thread(target=produce)
    producer.start()
    took = []
    while not queue.closed:
        if (batch := queue.take(1.0)) is not None:
            took += batch
    producer.join()

    assert list(range(200)) == took
    assert queue.counters.most_waiting <= 4
    assert queue.counters.dropped + queue.counters.refused == 0


def test_many_producers_and_consumers_lose_nothing() -> None:
    queue: BoundedQueue[list[int]] = BoundedQueue(7, BLOCK)
    took: list[int] = []

    def produce(number: int) -> None:
        for i in range(300):
            queue.put([number * 1000 + i])

    def consume() -> None:
        while not queue.closed:
            if (batch := queue.take(1.0)) is not None:
                took.extend(batch)

    producers = [threading.Thread(target=produce, args=(i,)) for i in range(3)]
    consumers = [threading.Thread(target=consume) for _ in range(2)]
    for thread in [*producers, *consumers]:
        thread.start()
    for thread in producers:
        thread.join()
    queue.close()
    for thread in consumers:
        thread.join()

    assert sorted(n * 1000 + i for n in range(3) for i in range(300)) == sorted(took)
    assert queue.counters.balanced


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ParameterError, match="policy must be one of"):
        BoundedQueue(3, "shrug")
