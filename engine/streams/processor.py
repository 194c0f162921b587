"""Windowed processing of readings: panes with statistics, and one alert for each event, as JSON-ready dicts."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from engine.errors import FileProblemError
from engine.params import Choice, Range
from engine.records import SECOND_US, iso_time
from engine.streams.readings import Reading
from engine.streams.windows.alerts import OutlierEvents, WindowAlert
from engine.streams.windows.assigners import Assigner, Hopping, Session, Tumbling
from engine.streams.windows.counting import CountWindows
from engine.streams.windows.operator import Pane, WindowOperator
from engine.streams.windows.statistics import OUTLIER_LIMIT, Statistics, WindowStatistics

KINDS = ("time", "tumbling", "hopping", "session", "count")
LATE_POLICIES = ("drop", "update")


@dataclass(frozen=True)
class WindowSettings:
    """Which windows, and what is done with late rows.

    Parameters
    ----------
    kind
        time (= tumbling), tumbling, hopping, session or count.
    size
        Seconds of event time, or rows for count windows; for session windows the silence that ends one.
    slide
        Seconds or rows from one window to the next for hopping and count; 0 = size.
    out_of_orderness_s
        How far a row may lag behind the newest without being late.
    late_policy
        drop = a late row goes to the counted side output; update = it corrects its window and the pane comes again.
    allowed_lateness_s
        With update: how long a window can still be corrected.
    limit
        Modified z-score from which a reading is an outlier of its window.
    """

    kind: Annotated[str, Choice(KINDS)] = "time"
    size: Annotated[float, Range(0.001, 1e9)] = 60.0
    slide: Annotated[float, Range(0.0, 1e9)] = 0.0
    out_of_orderness_s: Annotated[float, Range(0.0, 1e9, unit="s")] = 0.0
    late_policy: Annotated[str, Choice(LATE_POLICIES)] = "drop"
    allowed_lateness_s: Annotated[float, Range(0.0, 1e9, unit="s")] = 0.0
    limit: Annotated[float, Range(1.0, 1e6)] = OUTLIER_LIMIT
    per_machine_time: bool = True

    def assigner(self) -> Assigner:
        """Return the assigner of a time or session window."""
        size = round(self.size * SECOND_US)
        if self.kind == "session":
            return Session(size)
        if self.kind == "hopping":
            return Hopping(size, round((self.slide or self.size) * SECOND_US))
        return Tumbling(size)


@dataclass
class WindowProcessor:
    """Takes readings and returns what became due: windows and alerts, each once.

    Parameters
    ----------
    sensors
        The sensors that are looked at.
    """

    settings: WindowSettings
    sensors: tuple[str, ...]
    late: list[tuple[str, int]] = field(default_factory=list, init=False)
    panes: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        s = self.settings
        aggregate = Statistics(self.sensors, s.limit)
        self.windows: WindowOperator | CountWindows
        if s.kind == "count":
            self.windows = CountWindows(aggregate, max(1, round(s.size)), round(s.slide) or None)
        else:
            self.windows = WindowOperator(
                s.assigner(),
                aggregate,
                out_of_orderness=round(s.out_of_orderness_s * SECOND_US),
                allowed_lateness=round(s.allowed_lateness_s * SECOND_US) if s.late_policy == "update" else 0,
                per_key_time=s.per_machine_time,
                on_late=lambda key, at, _value: self.late.append((str(key), at)),
            )
        self.alerts = OutlierEvents(gap_us=round((s.size if s.kind != "count" else 60.0) * SECOND_US))

    def add(self, reading: Reading) -> list[dict[str, Any]]:
        """Take one reading; stopped machines are left out of the statistics' outliers by giving no values."""
        values = tuple(math.nan if reading.stopped else reading.values.get(name, math.nan) for name in self.sensors)
        return self._shown(self.windows.add(reading.machine, reading.at_us, values))

    def close(self) -> list[dict[str, Any]]:
        """End the stream and return the last windows."""
        return self._shown(self.windows.close())

    def save(self, path: Path) -> None:
        """Write a checkpoint; the old one stays until the new one is complete."""
        state = {"settings": asdict(self.settings), "sensors": list(self.sensors), "panes": self.panes}
        state |= {"windows": self.windows.state(), "alerts": self.alerts.state()}
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        FileProblemError
            When the file is no checkpoint of a processor with these settings.
        """
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            same = state["settings"] == asdict(self.settings) and tuple(state["sensors"]) == self.sensors
        except (OSError, ValueError, KeyError, TypeError):
            raise FileProblemError(path, "", "this is no checkpoint", "delete it or give another file") from None
        if not same:
            cure = "use the same windows and sensors, or delete the file"
            raise FileProblemError(path, "settings", "it was made with other settings", cure)
        self.panes = state["panes"]
        self.windows.restore(state["windows"])
        self.alerts.restore(state["alerts"])

    def counts(self) -> dict[str, int]:
        """Return rows taken, late and corrected, windows emitted and open, and alerts."""
        w = self.windows
        return {
            "rows": w.taken,
            "late": w.dropped,
            "corrections": w.corrected,
            "windows": self.panes,
            "open": w.open_windows,
            "alerts": self.alerts.raised,
        }

    def _shown(self, panes: list[Pane]) -> list[dict[str, Any]]:
        shown = []
        for pane in panes:
            self.panes += pane.index == 0
            shown.append(_window(pane))
            shown += [_alert(alert) for alert in self.alerts.add(str(pane.key), pane.value.outliers)]
        return shown


def _window(pane: Pane) -> dict[str, Any]:
    value: WindowStatistics = pane.value
    return {
        "kind": "window",
        "machine_id": pane.key,
        "start": iso_time(pane.start),
        "end": iso_time(pane.end),
        "timing": pane.timing,
        "index": pane.index,
        "rows": value.rows,
        "sensors": {name: _plain(asdict(one)) for name, one in value.sensors.items()},
        "outliers": [
            {"timestamp": iso_time(o.at_us), "sensor": o.sensor, "value": o.value, "deviation": round(o.deviation, 3)}
            for o in value.outliers
        ],
    }


def _alert(alert: WindowAlert) -> dict[str, Any]:
    return {
        "kind": "alert",
        "machine_id": alert.machine,
        "timestamp": iso_time(alert.start_us),
        "sensors": list(alert.sensors),
        "value": alert.value,
        "deviation": round(alert.deviation, 3),
    }


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(v, float) and not np.isfinite(v) else round(v, 6) if isinstance(v, float) else v
        for name, v in figures.items()
    }
