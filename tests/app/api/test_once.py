"""Idempotency: one key, one piece of work, also while it is still under way; what is remembered is bounded."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.api.once import Once


def request(key="k", body=b"{}", host="10.0.0.1"):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http", "method": "POST", "path": "/x", "headers": [(b"idempotency-key", key.encode())],
        "client": (host, 1), "route": SimpleNamespace(name="x"), "path_params": {},
    }  # fmt: skip
    return Request(scope, receive)


def test_a_second_one_in_flight_waits_and_gets_the_same_answer():
    async def play():
        once, calls, going = Once(), [], asyncio.Event()

        async def work():
            calls.append(1)
            await going.wait()
            return Response(b"done")

        first, second = (asyncio.create_task(once.answer(request(), work)) for _ in range(2))
        await asyncio.sleep(0)
        going.set()
        return await first, await second, len(calls)

    first, second, calls = asyncio.run(play())

    assert (first.body, second.body, calls) == (b"done", b"done", 1)
    assert second.headers["idempotency-replayed"] == "true"


def test_what_failed_may_be_tried_again_and_who_waited_does_so():
    async def play():
        once, calls = Once(), []

        async def work():
            calls.append(1)
            await asyncio.sleep(0)
            if len(calls) == 1:
                raise RuntimeError("disk full")
            return Response(b"done")

        found = await asyncio.gather(*(once.answer(request(), work) for _ in range(2)), return_exceptions=True)
        return found, len(calls)

    (failed, done), calls = asyncio.run(play())

    assert isinstance(failed, RuntimeError)
    assert (done.body, calls) == (b"done", 2)


def test_memory_is_bounded_in_bytes_and_in_keys():
    async def play(once, sizes):
        async def work(size):
            return Response(b"x" * size)

        for number, size in enumerate(sizes):
            await once.answer(request(str(number)), lambda size=size: work(size))
        return once

    small = asyncio.run(play(Once(most_bytes=10_000), [4000] * 10))
    few = asyncio.run(play(Once(most_keys=3), [10] * 10))

    assert small.bytes <= 10_000
    assert len(small._entries) == 2
    assert len(few._entries) == 3


@pytest.mark.parametrize("other", [{"host": "10.0.0.2"}, {"key": "other"}])
def test_another_client_or_key_is_other_work(other):
    async def play():
        once = Once()

        async def work():
            return Response(b"done")

        await once.answer(request(), work)
        return await once.answer(request(**other), work)

    assert "idempotency-replayed" not in asyncio.run(play()).headers
