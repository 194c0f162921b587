"""What a command that reads a stream says on stderr meanwhile: a broker away and back, and how far it is behind."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.streams.sources.base import Source

EACH_S = 10.0  # between two lines about the records that wait


class Telling:
    """Lines about a source; nothing for one that has nothing to tell, and nothing when `quiet`."""

    def __init__(self, source: Source, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._quiet, self._clock = source, quiet, clock
        self._next = clock() + EACH_S
        if hasattr(source, "say"):
            source.say = self._line

    def look(self) -> None:
        """Say how many records wait at the broker, every ten seconds at most and only when there are some."""
        if self._clock() >= self._next:
            self._next = self._clock() + EACH_S
            if waiting := self._waiting():
                self._line(f"{waiting:,} records wait at the broker.")

    def rest(self) -> str:
        """Return what the closing line says besides."""
        gone = int(getattr(self._source, "gone", 0))
        parts = ((gone, "gone before they were read"), (self._waiting(), "still wait at the broker"))
        return "".join(f", {count:,} {what}" for count, what in parts if count)

    def _waiting(self) -> int:
        behind = getattr(self._source, "behind", None)
        return int(behind()) if behind is not None else 0

    def _line(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)
