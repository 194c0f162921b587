"""The records that every part of the engine passes around.

Time is event time in UTC as int64 microseconds since the epoch; ISO 8601 with offset appears only at the edges.
Truth is never part of a block: code on a student's path takes types that have no field for it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    StatusArray = NDArray[np.uint8]
    BoolArray = NDArray[np.bool_]

OPERATIONAL, MAINTENANCE = 0, 1
STATUS_WORDS = ("operational", "maintenance")
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3600 * SECOND_US
DAY_US = 86_400 * SECOND_US


@dataclass(frozen=True)
class Block:
    """Readings of a span as arrays; one live tick is a block with one tick.

    Parameters
    ----------
    times_us
        int64 (n_ticks,), event time in microseconds, ascending.
    values
        float64 (n_ticks, n_machines, n_sensors) in the sensors' units; NaN = no reading.
    status
        uint8 (n_ticks, n_machines): OPERATIONAL or MAINTENANCE.
    machines, sensors
        Names along the second and third axis.
    """

    times_us: IntArray
    values: FloatArray
    status: StatusArray
    machines: tuple[str, ...]
    sensors: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = (len(self.times_us), len(self.machines), len(self.sensors))
        if self.values.shape != shape:
            raise ValueError(f"values must have shape {shape}, got {self.values.shape}.")
        if self.status.shape != shape[:2]:
            raise ValueError(f"status must have shape {shape[:2]}, got {self.status.shape}.")

    def __len__(self) -> int:
        return len(self.times_us)

    @property
    def n_machines(self) -> int:
        return len(self.machines)

    @property
    def n_sensors(self) -> int:
        return len(self.sensors)

    def ticks(self, start: int, stop: int) -> Block:
        """Return the ticks start ≤ i < stop as a block (views, no copy)."""
        part = slice(start, stop)
        return replace(self, times_us=self.times_us[part], values=self.values[part], status=self.status[part])

    def machine(self, name: str) -> Block:
        """Return the readings of one machine as a block with one machine."""
        at = self.machines.index(name)
        return replace(self, values=self.values[:, at : at + 1], status=self.status[:, at : at + 1], machines=(name,))


def block_of(
    times_us: IntArray,
    values: FloatArray,
    machines: tuple[str, ...] | None = None,
    sensors: tuple[str, ...] | None = None,
    status: StatusArray | None = None,
) -> Block:
    """Return a block; `values` (n_ticks, n_sensors) stands for one machine; names and status are filled in."""
    if values.ndim == 2:
        values = values[:, None, :]
    n_ticks, n_machines, n_sensors = values.shape
    return Block(
        times_us=np.asarray(times_us, dtype=np.int64),
        values=np.asarray(values, dtype=np.float64),
        status=np.zeros((n_ticks, n_machines), np.uint8) if status is None else status,
        machines=machines or tuple(f"machine_{i + 1}" for i in range(n_machines)),
        sensors=sensors or tuple(f"sensor_{i + 1}" for i in range(n_sensors)),
    )


def join_blocks(blocks: list[Block]) -> Block:
    """Return the blocks one after the other as one block; they must have the same machines and sensors."""
    if not blocks:
        raise ValueError("blocks must not be empty, got [].")
    first = blocks[0]
    return replace(
        first,
        times_us=np.concatenate([b.times_us for b in blocks]),
        values=np.concatenate([b.values for b in blocks]),
        status=np.concatenate([b.status for b in blocks]),
    )


@dataclass(frozen=True)
class TruthEvent:
    """A fault that really was there. Only instructors' code paths may hold one.

    `detectable_from_us` is the first time a likelihood-ratio test against the counterfactual twin could know;
    None when the fault never becomes detectable. `benign` marks changes that are normal (no alarm is owed).
    `visibility` says how big it is to the eye, in natural SDs (`engine.plant.visibility`); None = not measured.
    """

    machine: str
    fault: str
    sensors: tuple[str, ...]
    severity: float
    onset_us: int
    detectable_from_us: int | None
    end_us: int
    benign: bool = False
    visibility: float | None = None

    def plain(self) -> dict[str, Any]:
        """Return the fields for JSON; what was not measured is left out, so that older truth keeps its bytes."""
        fields = asdict(self)
        return fields if self.visibility is not None else {k: v for k, v in fields.items() if k != "visibility"}


@dataclass(frozen=True)
class Label:
    """An interval that a person marked on one machine; `fault` and `confidence` may be left out."""

    machine: str
    start_us: int
    end_us: int
    fault: str = ""
    confidence: float | None = None
    sensors: tuple[str, ...] = ()
    note: str = ""


def time_us(text: str) -> int:
    """Return ISO 8601 text as microseconds since the epoch; text without an offset is taken as UTC.

    Raises
    ------
    ValueError
        When the text is no ISO 8601 time.
    """
    moment = datetime.fromisoformat(text.strip())
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND_US + moment.microsecond


def iso_time(at_us: int, *, seconds_only: bool = False) -> str:
    """Return microseconds since the epoch as ISO 8601 in UTC, such as 2026-01-05T00:00:00.000000+00:00."""
    moment = datetime.fromtimestamp(at_us // SECOND_US, UTC).replace(microsecond=at_us % SECOND_US)
    return moment.isoformat(timespec="seconds" if seconds_only or at_us % SECOND_US == 0 else "microseconds")


def iso_times(times_us: IntArray, whole: bool | None = None, *, naive: bool = False) -> list[str]:
    """Return times as ISO 8601 in UTC for one column: all in one form, so that every reader parses all of them.

    Parameters
    ----------
    times_us
        (n,), microseconds since the epoch.
    whole
        True = whole seconds, False = six digits of a second; None = whole seconds where all of these are.
        Who writes a column piece by piece says it, so that the pieces agree.
    naive
        Without the offset.
    """
    if whole is None:
        whole = not np.any(np.asarray(times_us) % SECOND_US)
    stamps = np.datetime_as_string(np.asarray(times_us, "datetime64[us]"), unit="s" if whole else "us").tolist()
    return stamps if naive else [f"{stamp}+00:00" for stamp in stamps]
