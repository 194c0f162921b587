"""Long work has few threads and a queue with an end; the event loop goes on beside it."""

import asyncio
import threading

import pytest
from starlette.exceptions import HTTPException

from app.api.heavy import Heavy


def test_only_so_much_is_done_at_a_time_and_the_loop_goes_on():
    heavy, go, inside, most = Heavy("test", workers=2), threading.Event(), [], []

    def work(number):
        inside.append(number)
        most.append(len(inside))
        go.wait(30)
        inside.remove(number)
        return number

    async def ask():
        asked = [asyncio.ensure_future(heavy.run(work, number)) for number in range(6)]
        while len(inside) < 2:
            await asyncio.sleep(0)  # the loop is free while both threads are busy
        assert heavy.waiting == 6
        go.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(ask()) == list(range(6))
    assert max(most) == 2
    assert heavy.waiting == 0


def test_a_full_queue_says_when_to_come_again():
    heavy, go = Heavy("test", workers=1, most_waiting=2), threading.Event()

    async def ask():
        asked = [asyncio.ensure_future(heavy.run(go.wait, 30)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await heavy.run(go.wait, 30)
        go.set()
        await asyncio.gather(*asked)
        return refused.value

    refused = asyncio.run(ask())

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"


def test_pieces_of_several_answers_take_turns():
    heavy, order = Heavy("test", workers=1), []

    def made(name):
        for number in range(3):
            order.append(name)
            yield f"{name}{number}"

    async def read(name):
        return [piece async for piece in heavy.pieces(made(name))]

    async def ask():
        return await asyncio.gather(read("a"), read("b"))

    assert asyncio.run(ask()) == [["a0", "a1", "a2"], ["b0", "b1", "b2"]]
    assert order[:4] == ["a", "b", "a", "b"]


def test_what_goes_wrong_is_told_to_who_asked():
    heavy = Heavy("test", workers=1)

    def work():
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(heavy.run(work))
    assert heavy.waiting == 0
