"""Where work goes that takes longer than an answer may: few threads of its own, so that it takes nobody else's place.

A long answer is made piece by piece, and each piece queues anew: who downloads a week never keeps others waiting for
more than a piece, and a slow reader keeps nothing but his place in the stream.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

T = TypeVar("T")
WORKERS = 2
MOST_WAITING = 200


class Heavy:
    """A queue before a few threads.

    Parameters
    ----------
    workers
        How much is done at a time.
    most_waiting
        Pieces of work in the queue; who comes after them is told to come again.
    """

    def __init__(self, name: str, workers: int = WORKERS, most_waiting: int = MOST_WAITING) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock, self._waiting, self.most_waiting = threading.Lock(), 0, most_waiting

    @property
    def waiting(self) -> int:
        """How much is queued or being done."""
        return self._waiting

    async def run(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Do the work in its turn; the event loop goes on meanwhile.

        Raises
        ------
        HTTPException
            503 with Retry-After when the queue is full.
        """
        context = contextvars.copy_context()
        with self._lock:
            if self._waiting >= self.most_waiting:
                busy = "The lab is busy with other long answers; try again in 5 s."
                raise HTTPException(503, busy, {"Retry-After": "5"})
            self._waiting += 1
        future = self._pool.submit(context.run, lambda: work(*arguments, **named))
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    async def pieces(self, made: Iterator[T]) -> AsyncIterator[T]:
        """Yield what the iterator makes, each piece made in its turn."""
        while (piece := await self.run(next, made, None)) is not None:
            yield piece

    def _done(self, _: Any) -> None:
        with self._lock:
            self._waiting -= 1


HEAVY = Heavy("faultlab-heavy")  # pieces of files and streams: some hundredths of a second each
SCORING = Heavy("faultlab-scoring", workers=1)  # strangers' series
TRAINING = Heavy("faultlab-training", workers=1)  # takes seconds at a time; others' answers must not queue behind it


async def streamed(made: Iterator[bytes], media_type: str, name: str) -> StreamingResponse:
    """Return an answer that is made while it is sent; what is wrong with the question is told before anything is."""
    first = await HEAVY.run(next, made, b"")

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for piece in HEAVY.pieces(made):
            yield piece

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(body(), media_type=media_type, headers=headers)
