"""One alert for each event: outliers of a machine that follow each other closely are one event, not many."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from engine.streams.windows.statistics import Outlier


@dataclass(frozen=True)
class WindowAlert:
    """An event of outliers on one machine, raised at its first outlier."""

    machine: str
    start_us: int
    sensors: tuple[str, ...]
    value: float
    deviation: float


@dataclass
class OutlierEvents:
    """Turns the outliers of windows into alerts, each raised once.

    Parameters
    ----------
    gap_us
        Outliers of a machine at most this far apart belong to one event; overlapping windows that show the same
        reading again therefore raise nothing new.
    """

    gap_us: int
    raised: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._events: dict[str, list[tuple[int, int]]] = {}  # machine -> spans (first, last outlier) seen

    def add(self, machine: str, outliers: tuple[Outlier, ...]) -> list[WindowAlert]:
        """Return the alerts for outliers that belong to no event yet."""
        alerts = []
        for at in sorted({outlier.at_us for outlier in outliers}):
            if self._joins(machine, at):
                continue
            here = [outlier for outlier in outliers if outlier.at_us == at]
            worst = max(here, key=lambda outlier: abs(outlier.deviation))
            sensors = tuple(outlier.sensor for outlier in here)
            alerts.append(WindowAlert(machine, at, sensors, worst.value, worst.deviation))
        self.raised += len(alerts)
        return alerts

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on after a restart, as JSON-ready data."""
        return {
            "events": {machine: [list(s) for s in spans] for machine, spans in self._events.items()},
            **asdict(self),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._events = {machine: [(s[0], s[1]) for s in spans] for machine, spans in state["events"].items()}
        self.raised = state["raised"]

    def _joins(self, machine: str, at: int) -> bool:
        spans = self._events.setdefault(machine, [])
        near = [span for span in spans if span[0] - self.gap_us <= at <= span[1] + self.gap_us]
        merged = (min([at, *(span[0] for span in near)]), max([at, *(span[1] for span in near)]))
        kept = [span for span in spans if span not in near]
        self._events[machine] = sorted([*kept, merged])[-16:]  # old events can meet no outlier any more
        return bool(near)
