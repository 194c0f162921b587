"""The window operator: keyed windows over event time with a watermark, allowed lateness and a late output.

References
----------
Akidau, T. et al. (2015). The dataflow model. PVLDB 8(12), 1792-1803. The firing rules are Apache Flink's: a window
fires when the watermark reaches its last instant, fires again for each late row within the allowed lateness, and is
forgotten after that. With lateness 0 the rules are those of Kafka Streams with a grace of `out_of_orderness`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from engine.streams.windows.aggregates import Aggregate
from engine.streams.windows.assigners import Assigner, Span

BEFORE_ALL_TIME = -(1 << 62)
END_OF_TIME = 1 << 61
ON_TIME, LATE = "on_time", "late"


@dataclass(frozen=True)
class Pane:
    """The result of one window of one key: `index` 0 is the answer on time, higher ones are corrections."""

    key: Hashable
    start: int
    end: int
    value: Any
    timing: str
    index: int


@dataclass
class _Window:
    """What is kept of one open window; `fired` is the index of the last pane, -1 before the first."""

    content: Any
    fired: int = -1


def _nowhere(_key: Hashable, _at: int, _value: Any) -> None:
    """Take a late row and do nothing; the operator has counted it."""


@dataclass
class WindowOperator:
    """Puts rows into windows by event time and emits each window's result when its time has come.

    Parameters
    ----------
    assigner
        Which windows a row belongs to.
    aggregate
        What is computed of a window's rows.
    out_of_orderness
        How far a row may lag behind the newest one without being late; the watermark is newest - this - 1.
    allowed_lateness
        How long after its firing a window is kept to be corrected; 0 = a late row goes to the late output.
    max_ahead
        A row dated more than this after `arrived` is refused, so that one wrong clock cannot make everybody late;
        None = no limit.
    per_key_time
        Each key has a watermark of its own (Quix Streams); otherwise one for all keys (Flink, Kafka Streams).
    on_late
        Called with (key, event time, value) of each row that no window takes any more.
    """

    assigner: Assigner
    aggregate: Aggregate
    out_of_orderness: int = 0
    allowed_lateness: int = 0
    max_ahead: int | None = None
    per_key_time: bool = False
    on_late: Callable[[Hashable, int, Any], None] = _nowhere
    taken: int = field(default=0, init=False)
    dropped: int = field(default=0, init=False)
    ahead: int = field(default=0, init=False)
    corrected: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._newest: dict[Hashable, int] = {}
        self._windows: dict[Hashable, dict[Span, _Window]] = {}
        self._due: dict[Hashable, int] = {}  # watermark at which a scope next has something to fire or forget

    def watermark(self, key: Hashable = None) -> int:
        """Return the event time before which nothing more is expected (of the key, when time is per key)."""
        return self._newest.get(self._scope(key), BEFORE_ALL_TIME) - self.out_of_orderness - 1

    @property
    def open_windows(self) -> int:
        """How many windows are kept in memory."""
        return sum(len(windows) for windows in self._windows.values())

    def add(self, key: Hashable, at: int, value: Any, arrived: int | None = None) -> list[Pane]:
        """Take one row and return the panes that it made due, earliest end first.

        A row counts as dropped when it is late for each of its windows; one late for some only is in the others.
        """
        if self.max_ahead is not None and arrived is not None and at > arrived + self.max_ahead:
            self.ahead += 1
            self.on_late(key, at, value)
            return []
        put = self._merge_in if self.assigner.merging else self._put
        panes: list[Pane] = []
        kept = 0
        for span in self.assigner.assign(at):
            kept += put(key, span, at, value, panes)
        if kept:
            self.taken += 1
        else:
            self.dropped += 1
            self.on_late(key, at, value)
        return panes + self._advance(self._scope(key), at)

    def advance_to(self, at: int, key: Hashable = None) -> list[Pane]:
        """Move event time on without a row, for a source that is idle; return the panes due."""
        return self._advance(self._scope(key), at)

    def close(self) -> list[Pane]:
        """End the stream: fire every window that has not fired, and forget all."""
        scopes = list(self._windows) if self.per_key_time else [None]
        return [pane for scope in scopes for pane in self._advance(scope, END_OF_TIME)]

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on after a restart, as JSON-ready data; keys must be text."""
        windows = [
            [key, start, end, window.fired, self.aggregate.dump(window.content)]
            for key, spans in self._windows.items()
            for (start, end), window in spans.items()
        ]
        counters = {name: getattr(self, name) for name in ("taken", "dropped", "ahead", "corrected")}
        return {"newest": list(self._newest.items()), "windows": windows, **counters}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned, in place of anything held now."""
        self._newest = dict(state["newest"])
        self._windows = {}
        for key, start, end, fired, content in state["windows"]:
            self._windows.setdefault(key, {})[(start, end)] = _Window(self.aggregate.load(content), fired)
        for name in ("taken", "dropped", "ahead", "corrected"):
            setattr(self, name, state[name])
        self._due = dict.fromkeys(self._newest, BEFORE_ALL_TIME)  # look again at the next row

    def _scope(self, key: Hashable) -> Hashable:
        return key if self.per_key_time else None

    def _is_over(self, span: Span, key: Hashable) -> bool:
        return span[1] - 1 + self.allowed_lateness <= self.watermark(key)

    def _put(self, key: Hashable, span: Span, at: int, value: Any, panes: list[Pane]) -> int:
        if self._is_over(span, key):
            return 0
        windows = self._windows.setdefault(key, {})
        window = windows.get(span)
        if window is None:
            window = windows[span] = _Window(self.aggregate.create())
        window.content = self.aggregate.add(window.content, at, value)
        self._fire_again_when_late(key, span, window, panes)
        return 1

    def _merge_in(self, key: Hashable, span: Span, at: int, value: Any, panes: list[Pane]) -> int:
        windows = self._windows.setdefault(key, {})
        touching = sorted(other for other in windows if other[0] <= span[1] and span[0] <= other[1])
        start = min([span[0], *(other[0] for other in touching)])
        end = max([span[1], *(other[1] for other in touching)])
        if self._is_over((start, end), key):
            return 0
        merged = _Window(self.aggregate.create())
        for other in touching:
            old = windows.pop(other)
            merged = _Window(self.aggregate.merge(merged.content, old.content), max(merged.fired, old.fired))
        merged.content = self.aggregate.add(merged.content, at, value)
        windows[(start, end)] = merged
        self._fire_again_when_late(key, (start, end), merged, panes)
        return 1

    def _fire_again_when_late(self, key: Hashable, span: Span, window: _Window, panes: list[Pane]) -> None:
        if span[1] - 1 <= self.watermark(key):
            self.corrected += 1
            panes.append(self._fired(key, span, window, LATE))
        scope = self._scope(key)
        due = span[1] - 1 + (self.allowed_lateness if window.fired >= 0 else 0)
        self._due[scope] = min(self._due.get(scope, END_OF_TIME), due)

    def _fired(self, key: Hashable, span: Span, window: _Window, timing: str) -> Pane:
        window.fired += 1
        return Pane(key, span[0], span[1], self.aggregate.result(window.content), timing, window.fired)

    def _advance(self, scope: Hashable, at: int) -> list[Pane]:
        if at <= self._newest.get(scope, BEFORE_ALL_TIME):
            return []
        self._newest[scope] = at
        if self._due.get(scope, BEFORE_ALL_TIME) > self.watermark(scope):
            return []
        keys = [scope] if self.per_key_time else list(self._windows)
        panes = [pane for key in keys for pane in self._fire_due(key)]
        self._due[scope] = self._next_due(keys)
        return sorted(panes, key=lambda pane: (pane.end, pane.start, str(pane.key)))

    def _fire_due(self, key: Hashable) -> list[Pane]:
        watermark, windows, panes = self.watermark(key), self._windows.get(key, {}), []
        for span in sorted(windows, key=lambda span: (span[1], span[0])):
            if span[1] - 1 <= watermark and windows[span].fired < 0:
                panes.append(self._fired(key, span, windows[span], ON_TIME))
        for span in [span for span in windows if self._is_over(span, key)]:
            del windows[span]
        return panes

    def _next_due(self, keys: list[Hashable]) -> int:
        return min(
            (
                end - 1 + (self.allowed_lateness if window.fired >= 0 else 0)
                for key in keys
                for (_, end), window in self._windows.get(key, {}).items()
            ),
            default=END_OF_TIME,
        )
