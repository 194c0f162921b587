"""Ticks at an exact mean rate: absolute deadlines, so that the time a tick takes does not slow the stream."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator


def deadlines(
    rate: float,
    ticks: int | None,
    stop: threading.Event,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] | None = None,
) -> Iterator[int]:
    """Yield 0, 1, 2 … each at its deadline start + i / rate, until `ticks` or `stop`.

    A producer that was held up (backpressure) catches up by at most one second; the rest is given up, so that a
    blocked stream does not answer with a burst.
    """
    pause = stop.wait if wait is None else wait
    start = clock()
    at = 0
    while (ticks is None or at < ticks) and not stop.is_set():
        late = clock() - (start + at / rate)
        if late < 0:
            pause(-late)
        elif late > 1.0:
            start += late - 1.0
        if stop.is_set():
            return
        yield at
        at += 1
