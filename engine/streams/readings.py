"""Rows that came in from outside: checked, and put together to blocks by event time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.errors import LabError
from engine.plant.features import GUIDE_FEATURES
from engine.records import MAINTENANCE, OPERATIONAL, STATUS_WORDS, Block, time_us
from engine.streams.rows import KEY_COLUMNS, LABEL_COLUMNS

BEFORE_ALL_TIME = -(1 << 62)
# Columns that are never a sensor; above all a detector must never see a label.
NOT_SENSORS = frozenset((*KEY_COLUMNS, *LABEL_COLUMNS, *GUIDE_FEATURES, "is_anomaly", "score", "alarm"))


class RowError(LabError):
    """A row that is no reading; the text says why."""


@dataclass(frozen=True)
class Reading:
    """One machine's readings at one event time; a missing reading is NaN."""

    machine: str
    at_us: int
    values: dict[str, float]
    stopped: bool = False


def reading_of(row: Any, sensors: tuple[str, ...] | None = None) -> Reading:
    """Return a row as a reading, its labels and derived columns left out.

    Parameters
    ----------
    sensors
        The sensors to take; None = every number that is no known other column.

    Raises
    ------
    RowError
        When the row has no machine or time, or a reading is no number.
    """
    if not isinstance(row, dict):
        raise RowError(f"A row must be a JSON object, got {type(row).__name__}.")
    machine, stamp = row.get("machine_id"), row.get("timestamp")
    if not isinstance(machine, str) or not machine:
        raise RowError(f"machine_id must be a name, got {machine!r}.")
    try:
        at = time_us(stamp)  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError):
        raise RowError(f"timestamp must be an ISO 8601 time, got {stamp!r}.") from None
    names = sensors if sensors is not None else tuple(name for name in row if _is_sensor(name, row[name]))
    values = {name: _number(name, row.get(name)) for name in names}
    return Reading(machine, at, values, row.get("maintenance_status") == STATUS_WORDS[MAINTENANCE])


def _is_sensor(name: str, value: Any) -> bool:
    known = name in NOT_SENSORS or any(mark in name for mark in ("_rolling", "_zscore", "_z_score", "_mean", "_std"))
    return not known and (value is None or (isinstance(value, int | float) and not isinstance(value, bool)))


def _number(name: str, value: Any) -> float:
    if value is None or value == "":
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # an int of 400 digits, too
        raise RowError(f"{name} must be a number, got {str(value)[:40]!r}.") from None
    if isinstance(value, bool) or math.isinf(number):
        raise RowError(f"{name} must be a finite number, got {value!r}.")
    return number


@dataclass
class BlockAssembler:
    """Puts readings of single machines together to blocks with one tick for each event time.

    A tick is complete when every machine has sent it or a newer one, since each machine's readings come in order. It
    waits no longer than until `wait_ticks` newer event times have been seen, or for `wait_s`; who has not sent by then
    is NaN in it, and what comes later still is counted as late.

    Parameters
    ----------
    machines, sensors
        Names along the axes; empty = those of the first tick, more machines are then refused and counted.
    wait_ticks
        How many newer event times an incomplete tick waits for.
    wait_s
        How long it waits by the clock; None = however long.
    clock
        Seconds.
    """

    machines: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    wait_ticks: int = 3
    wait_s: float | None = None
    clock: Callable[[], float] = time.monotonic
    late: int = field(default=0, init=False)
    strangers: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._waiting: dict[int, dict[str, Reading]] = {}
        self._since: dict[int, float] = {}  # when the first reading of a tick came
        self._newest: dict[str, int] = {}
        self._done_until = BEFORE_ALL_TIME

    @classmethod
    def for_partitions(cls, machines: tuple[str, ...] = (), sensors: tuple[str, ...] = ()) -> BlockAssembler:
        """Return one for a topic, whose partitions may be read far apart while a backlog is worked off."""
        return cls(machines, sensors, wait_ticks=5000, wait_s=2.0)

    def add(self, reading: Reading) -> Block | None:
        """Take a reading; return the ticks that are complete now, as one block."""
        if self.machines and reading.machine not in self.machines:
            self.strangers += 1
            return None
        if reading.at_us <= self._done_until:
            self.late += 1
            return None
        tick = self._waiting.setdefault(reading.at_us, {})
        if reading.machine in tick:
            self.repeated += 1
        tick.setdefault(reading.machine, reading)
        self._since.setdefault(reading.at_us, self.clock() if self.wait_s is not None else 0.0)
        self._newest[reading.machine] = max(reading.at_us, self._newest.get(reading.machine, BEFORE_ALL_TIME))
        until = self._ripe_until()
        return self._release(sorted(at for at in self._waiting if at <= until)) if until > BEFORE_ALL_TIME else None

    def rest(self) -> Block | None:
        """Return what still waits, at the end of the stream."""
        return self._release(sorted(self._waiting))

    def _ripe_until(self) -> int:
        """Return the event time up to which ticks wait no longer."""
        until = BEFORE_ALL_TIME
        if self.machines:
            until = min(self._newest.get(machine, BEFORE_ALL_TIME) for machine in self.machines)
        if len(self._waiting) > self.wait_ticks:
            until = max(until, sorted(self._waiting)[-self.wait_ticks - 1])
        if self.wait_s is not None:
            first = next(iter(self._since))  # the one that waits longest, since entries are in order of arrival
            if self._since[first] <= self.clock() - self.wait_s:
                until = max(until, first)
        return until

    def _release(self, times: list[int]) -> Block | None:
        if not times:
            return None
        ticks = [self._waiting.pop(at) for at in times]
        for at in times:
            del self._since[at]
        if not self.machines:
            self.machines = tuple(sorted({machine for tick in ticks for machine in tick}))
        if not self.sensors:
            self.sensors = tuple(next(iter(ticks[0].values())).values)
        shape = (len(times), len(self.machines), len(self.sensors))
        values = np.full(shape, np.nan)
        status = np.full(shape[:2], OPERATIONAL, np.uint8)
        for i, tick in enumerate(ticks):
            for m, machine in enumerate(self.machines):
                if (found := tick.get(machine)) is not None:
                    values[i, m] = [found.values.get(sensor, math.nan) for sensor in self.sensors]
                    status[i, m] = MAINTENANCE if found.stopped else OPERATIONAL
        self._done_until = times[-1]
        return Block(np.array(times, np.int64), values, status, self.machines, self.sensors)
