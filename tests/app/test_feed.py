"""From frames to messages, and from one message to many viewers."""

from __future__ import annotations

import asyncio
import json

import numpy as np

from app.hub import Hub
from app.messages import past, ticks
from engine.records import block_of


def block(n_ticks, n_machines=2, n_sensors=3):
    rng = np.random.default_rng(7)
    return block_of(np.arange(n_ticks, dtype=np.int64) * 1_000_000, rng.normal(size=(n_ticks, n_machines, n_sensors)))


def test_a_message_holds_every_tick_while_there_are_few():
    columns = ticks(block(10), {"a": np.ones((10, 2))}, ("a",), most=1000)

    assert columns["t"] == [i * 1000.0 for i in range(10)]
    assert columns["v"].shape == (10, 2, 3)
    assert columns["s"].shape == (10, 2, 1)


def test_thinning_keeps_the_newest_tick_and_the_highest_score():
    scores = np.zeros((1000, 2))
    scores[123, 1] = 9.0

    columns = ticks(block(1000), {"a": scores}, ("a",), most=400)

    assert len(columns["t"]) <= 50
    assert columns["t"][-1] == 999_000.0
    assert columns["s"].max() == 9.0


def test_a_detector_without_scores_gives_null():
    columns = ticks(block(2), {}, ("late",), most=100)

    assert np.isnan(columns["s"]).all()


def test_no_ticks_give_empty_columns():
    columns = ticks(block(0), {"a": np.zeros((0, 2))}, ("a",), most=100)

    assert columns["t"] == []


def test_the_past_is_in_order_and_fresh_ticks_are_whole():
    old, fresh = past(block(3000), {"a": np.zeros((3000, 2))}, ("a",))

    assert len(fresh["t"]) == 900
    times = old["t"] + fresh["t"]
    assert times == sorted(set(times))


def test_every_viewer_gets_the_same_encoded_message():
    async def run():
        hub = Hub()
        first, second = hub.subscribe(), hub.subscribe()
        hub.publish(b"x")
        await asyncio.sleep(0)
        return first.queue.get_nowait(), second.queue.get_nowait(), b"x"

    first, second, sent = asyncio.run(run())

    assert first is second is sent or first == second == sent


def test_a_slow_viewer_loses_the_oldest_and_holds_nobody_up():
    async def run():
        hub = Hub(queue_length=3)
        slow = hub.subscribe()
        for number in range(10):
            hub.publish(b"%d" % number)
        await asyncio.sleep(0)
        return [slow.queue.get_nowait() for _ in range(slow.queue.qsize())], slow.dropped, hub.dropped

    kept, dropped, all_dropped = asyncio.run(run())

    assert kept == [b"7", b"8", b"9"]
    assert (dropped, all_dropped) == (7, 7)


def test_a_closed_hub_ends_every_stream_even_a_full_one():
    async def run():
        hub = Hub(queue_length=2)
        viewing = hub.subscribe()
        for _ in range(5):
            hub.publish(b"x")
        hub.close()
        return [message async for message in viewing], [message async for message in hub.subscribe()]

    before, after = asyncio.run(run())

    assert before == [b"x"]
    assert after == []


def test_new_detectors_are_told_with_a_new_hello(running, wall):
    """Charts of a detector that came later would otherwise show another one's scores."""
    from engine import catalog

    async def run():
        viewing = running.hub.subscribe()
        running.runner.add_detector("second_limit", catalog.make("detector", "limit"))
        wall.now += 0.2
        running.runner.step_once()
        await asyncio.sleep(0)
        return [json.loads(viewing.queue.get_nowait()) for _ in range(viewing.queue.qsize())]

    messages = asyncio.run(run())

    hello = [message for message in messages if message["kind"] == "hello"][-1]
    assert "second_limit" in [detector["name"] for detector in hello["detectors"]]


def test_a_paused_plant_is_told_too(running, wall):
    """Nothing ticks then, but viewers must see that it is so."""

    async def run():
        viewing = running.hub.subscribe()
        running.runner.pause()
        running.feed.beat()
        await asyncio.sleep(0)
        return json.loads(viewing.queue.get_nowait())

    message = asyncio.run(run())

    assert message["paused"]
    assert message["t"] == []
