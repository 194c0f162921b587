"""Notices that a broker is away and that it is back: the client itself goes on without a word."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 2.0  # between two looks while nothing comes
REACH_S = 1.0  # the longest that a look at one address takes
log = logging.getLogger(__name__)


class BrokerWatch:
    """Tells once that no broker answers, and once that one answers again.

    Parameters
    ----------
    say
        Who is told; a line each.
    what
        What goes on by itself, such as "reading".
    """

    def __init__(
        self,
        what: str,
        say: Callable[[str], None] = log.warning,
        clock: Callable[[], float] = time.monotonic,
        reaches: Callable[[str], bool] | None = None,
    ) -> None:
        self.say, self.problem = say, ""
        self._what, self._clock, self._reaches = what, clock, reaches or is_reached
        self._next = clock() + LOOK_S

    @property
    def away(self) -> bool:
        """Whether no broker answered the last time."""
        return bool(self.problem)

    def heard(self) -> None:
        """Something came from the broker or was acknowledged by it."""
        self._next = self._clock() + LOOK_S
        if self.problem:
            self.problem = ""
            self.say("The Kafka broker answers again.")

    def look(self, servers: tuple[str, ...]) -> None:
        """Ask the addresses, if the last look was long enough ago."""
        if self._clock() < self._next:
            return
        if any(self._reaches(server) for server in servers):
            self.heard()
            return
        self._next = self._clock() + LOOK_S
        if not self.problem:
            place = ",".join(servers)
            self.problem = f"No Kafka broker answers at {place}; {self._what} goes on by itself once one does."
            self.say(self.problem)


def is_reached(server: str) -> bool:
    """Whether something accepts connections at host:port."""
    host, _, port = server.strip().rpartition(":")
    with contextlib.suppress(OSError, ValueError, OverflowError):
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_S).close()
        return True
    return False
