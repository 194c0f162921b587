"""One message to many viewers: encoded once, a bounded queue for each, the oldest dropped when a viewer is slow."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUEUE_LENGTH = 64  # messages: 6 s at 10 Hz; a viewer further behind than that misses the oldest


class Viewing:
    """One viewer's place in the hub; messages come out with `async for`, which ends when the hub closes."""

    def __init__(self, hub: Hub, length: int) -> None:
        self._hub = hub
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(length)
        self.dropped = 0

    def put(self, message: bytes | None) -> None:
        """Add a message (None ends the stream); runs on the viewer's event loop."""
        if self.queue.full():
            self.queue.get_nowait()
            self.dropped += 1
            self._hub.dropped += 1
        self.queue.put_nowait(message)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self.queue.get()) is not None:
            yield message


class Hub:
    """Hands each published message to every viewer; the publisher never waits for anybody."""

    def __init__(self, queue_length: int = QUEUE_LENGTH) -> None:
        self._viewings: set[Viewing] = set()
        self._lock = threading.Lock()
        self._queue_length = queue_length
        self._closed = False
        self.published = 0
        self.dropped = 0

    @property
    def viewers(self) -> int:
        """How many are watching now."""
        return len(self._viewings)

    def subscribe(self) -> Viewing:
        """Return a place for the running event loop's caller; a closed hub ends it at once."""
        viewing = Viewing(self, self._queue_length)
        with self._lock:
            self._viewings.add(viewing)
        if self._closed:
            viewing.put(None)
        return viewing

    def unsubscribe(self, viewing: Viewing) -> None:
        """Take the viewer out; may be called twice."""
        with self._lock:
            self._viewings.discard(viewing)

    def publish(self, message: bytes | None) -> None:
        """Send a message from any thread: one hop to each event loop, whatever the number of viewers."""
        self.published += message is not None
        with self._lock:
            viewings = tuple(self._viewings)
        for loop in {viewing.loop for viewing in viewings}:
            there = [viewing for viewing in viewings if viewing.loop is loop]
            try:
                loop.call_soon_threadsafe(_hand_out, there, message)
            except RuntimeError:  # that loop is closed, its viewers are gone
                continue

    def close(self) -> None:
        """End every viewer's stream; those who come later get an ended one."""
        self._closed = True
        self.publish(None)


def _hand_out(viewings: list[Viewing], message: bytes | None) -> None:
    for viewing in viewings:
        viewing.put(message)
