"""What tabs keep between their runs and may be large: on one shelf for all of them, with one budget in bytes.

A tab's session holds the key. What was looked at longest ago is let go first, so that no number of tabs fills the
memory, whoever opened them.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Any

MOST_BYTES = 256 << 20


class Shelf:
    """Things by key, the oldest let go when all together pass the budget.

    Parameters
    ----------
    most_bytes
        The budget; one thing that is larger than all of it is not kept at all.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def put(self, thing: Any, size: int, instead_of: str = "") -> str:
        """Keep a thing of so many bytes, in place of an older one; returns its key."""
        key = secrets.token_hex(8)
        with self._lock:
            self._drop(instead_of)
            self._kept[key] = (thing, size)
            self.bytes += size
            while self.bytes > self.most_bytes:
                self._drop(next(iter(self._kept)))
        return key

    def get(self, key: str) -> Any:
        """Return the thing, or None when it was let go."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def _drop(self, key: str) -> None:
        _, size = self._kept.pop(key, (None, 0))
        self.bytes -= size
