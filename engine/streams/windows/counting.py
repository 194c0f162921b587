"""Count windows: so many rows of a key, however long they take."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from engine.errors import ParameterError
from engine.streams.windows.aggregates import Aggregate
from engine.streams.windows.operator import ON_TIME, Pane


@dataclass
class CountWindows:
    """Emits a key's last `size` rows each time `step` new ones have arrived; full windows only.

    Rows count in the order of arrival, so a count window is the one kind whose result depends on that order.

    Parameters
    ----------
    size, step
        Rows in a window, and rows between two windows; step = size gives windows that do not overlap.
    """

    aggregate: Aggregate
    size: int
    step: int | None = None
    taken: int = field(default=0, init=False)
    dropped: int = field(default=0, init=False)
    ahead: int = field(default=0, init=False)
    corrected: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.size <= 0 or (self.step is not None and self.step <= 0):
            raise ParameterError(f"size and step must be positive, got {self.size!r} and {self.step!r}.")
        self._step = self.size if self.step is None else self.step
        self._rows: dict[Hashable, list[tuple[int, Any]]] = {}
        self._skip: dict[Hashable, int] = {}  # rows to pass over when step > size

    @property
    def open_windows(self) -> int:
        """How many keys have a window that is not full yet."""
        return sum(1 for rows in self._rows.values() if rows)

    def add(self, key: Hashable, at: int, value: Any, arrived: int | None = None) -> list[Pane]:
        """Take one row; return the pane of the window that it filled, if any."""
        self.taken += 1
        if self._skip.get(key, 0) > 0:
            self._skip[key] -= 1
            return []
        rows = self._rows.setdefault(key, [])
        rows.append((at, value))
        if len(rows) < self.size:
            return []
        pane = self._pane(key, rows)
        self._skip[key] = max(0, self._step - self.size)
        del rows[: min(self._step, self.size)]
        return [pane]

    def advance_to(self, at: int, key: Hashable = None) -> list[Pane]:
        """Do nothing: time does not fill a count window."""
        return []

    def close(self) -> list[Pane]:
        """End the stream; windows that are not full are not emitted."""
        self._rows.clear()
        return []

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on after a restart, as JSON-ready data; keys must be text."""
        rows = [[key, [[at, value] for at, value in found]] for key, found in self._rows.items()]
        return {"rows": rows, "skip": list(self._skip.items()), "taken": self.taken}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._rows = {
            key: [(at, tuple(v) if isinstance(v, list) else v) for at, v in found] for key, found in state["rows"]
        }
        self._skip = dict(state["skip"])
        self.taken = state["taken"]

    def _pane(self, key: Hashable, rows: list[tuple[int, Any]]) -> Pane:
        content = self.aggregate.create()
        for at, value in rows:
            content = self.aggregate.add(content, at, value)
        times = [at for at, _ in rows]
        return Pane(key, min(times), max(times) + 1, self.aggregate.result(content), ON_TIME, 0)
