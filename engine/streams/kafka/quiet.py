"""Keeps the client's log short: with a broker away it would write thousands of lines a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

MOST, EACH_S = 5, 10.0
TALKATIVE = (
    "kafka.client",
    "kafka.conn",
    "kafka.consumer.fetcher",
    "kafka.coordinator",
    "kafka.coordinator.heartbeat",
    "kafka.net.manager",
    "kafka.producer.sender",
)


class Sparse(logging.Filter):
    """Lets a few records pass in each span of time and says how many it kept back."""

    def __init__(self, most: int = MOST, each_s: float = EACH_S, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most, self._each_s, self._clock = most, each_s, clock
        self._since, self._passed, self._kept_back = clock(), 0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        now = self._clock()
        if now - self._since >= self._each_s:
            if self._kept_back:
                record.msg = f"{record.getMessage()} ({self._kept_back} more since then)"
                record.args = ()
            self._since, self._passed, self._kept_back = now, 0, 0
        self._passed += 1
        if self._passed <= self._most:
            return True
        self._kept_back += 1
        return False


def quieten_client() -> None:
    """Put a filter on each talkative logger of the client; one on their common parent would not see their records."""
    for name in TALKATIVE:
        log = logging.getLogger(name)
        if not any(isinstance(found, Sparse) for found in log.filters):
            log.addFilter(Sparse())
