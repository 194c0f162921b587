"""The far end of the pipeline lab: a store that can be asked what it holds against the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.streams.windows.operator import Pane

Content = list[tuple[int, float]]


@dataclass(frozen=True)
class Tally:
    """Aggregate of the lab's windows: how many rows; `unique` = rows with the same event time count once."""

    unique: bool

    def create(self) -> Content:
        return []

    def add(self, content: Content, at: int, value: float) -> Content:
        content.append((at, value))
        return content

    def merge(self, left: Content, right: Content) -> Content:
        return left + right

    def result(self, content: Content) -> int:
        return len({at for at, _ in content}) if self.unique else len(content)

    def dump(self, content: Content) -> Any:
        return list(content)

    def load(self, data: Any) -> Content:
        return [(at, value) for at, value in data]


@dataclass
class LabStore:
    """Rows, alarms and windows as they were written.

    Parameters
    ----------
    upsert
        Rows, alarms and windows are keyed, so that writing them again changes nothing.
    """

    upsert: bool
    first: dict[tuple[int, int], float] = field(default_factory=dict, init=False)
    rows: int = field(default=0, init=False)
    folded: int = field(default=0, init=False)
    alarms: int = field(default=0, init=False)
    alarmed: set[tuple[int, int]] = field(default_factory=set, init=False)
    late: set[tuple[int, int]] = field(default_factory=set, init=False)
    windows: dict[tuple[int, int], int] = field(default_factory=dict, init=False)

    @property
    def doubled(self) -> int:
        """How many stored rows are copies of others."""
        return self.rows - len(self.first)

    def add(self, key: tuple[int, int], value: float, *, alarmed: bool) -> None:
        """Write a row, and its alarm if there is one."""
        if self.upsert and key in self.first:
            self.folded += 1
            return
        self.first.setdefault(key, value)
        self.rows += 1
        if alarmed:
            self.alarms += 1
            self.alarmed.add(key)

    def put_window(self, pane: Pane) -> None:
        """Write a window's result; a correction takes the place of what was there."""
        self.windows[int(str(pane.key)), pane.start] = pane.value

    def note_late(self, key: tuple[int, int]) -> None:
        """Note a row that no window took."""
        self.late.add(key)
