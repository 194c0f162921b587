"""A recording as a plant: the app plays it like any other, at any speed, with pause and seek; nothing is simulated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import LabError
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import LineSpec, PlantSpec, SensorSpec
from engine.records import Block

if TYPE_CHECKING:
    from engine.importing.recording import Recording, Track
    from engine.records import FloatArray, IntArray, TruthEvent

HISTORY_SHARE = 0.2  # the first part of each recording is what detectors may learn from before the play begins
LEAST_HISTORY, MOST_HISTORY = 50, 5000  # readings
START_US = (
    1_767_600_000_000_000  # 2026-01-05T08:00Z, when every play begins: machines recorded in other years play together
)


class RecordedPlant(Plant):
    """A plant whose readings were recorded; it has no truth here, and nothing can be injected.

    Each machine's recording is moved in time so that its history ends where the play begins.

    Parameters
    ----------
    recording
        What is played. A reading stands for one and a half of the recording's usual steps; later it is missing.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.spec, self.seed, self.machines = spec_of(recording), 0, recording.machines
        self.journal = Journal()
        self.auto_faults_per_machine_hour, self.scheduled_maintenance_interval_s = 0.0, None
        self.step_us = recording.step_us
        self._hidden = frozenset()
        self._splits = tuple(_split(track) for track in recording.tracks)
        self._prepare()

    @property
    def recorded_history(self) -> Block:
        """The part before the play, tick by tick at the recording's step; detectors are fitted on it."""
        longest = max(self._splits)
        times = START_US + np.arange(-min(longest, MOST_HISTORY), 0, dtype=np.int64) * self.step_us
        return self.block(times)

    @property
    def end_us(self) -> int:
        """Plant time at which the last machine's recording is over."""
        lengths = [t.times_us[-1] - t.times_us[s] for t, s in zip(self.recording.tracks, self._splits, strict=True)]
        return START_US + int(max(lengths)) + self.step_us

    def block(self, times_us: IntArray) -> Block:
        """Return the readings at those plant times (n,), NaN before, after and in the gaps of the recording."""
        times = np.asarray(times_us, np.int64)
        values = np.full((len(times), len(self.machines), len(self.spec.sensors)), np.nan)
        tracks = dict(zip(self.recording.machines, zip(self.recording.tracks, self._splits, strict=True), strict=True))
        for at, machine in enumerate(self.machines):
            track, split = tracks[machine]
            values[:, at] = _at(track, times - START_US + track.times_us[split], self.step_us * 3 // 2)
        return Block(times, values, np.zeros(values.shape[:2], np.uint8), self.machines, self.spec.sensor_names)

    def prepare(self, at_us: int) -> None:
        """Nothing needs to be computed ahead."""

    def with_journal(self, journal: Journal) -> Plant:
        """Return itself for an empty journal; what was recorded cannot be broken."""
        if len(journal) == 0:
            return self
        raise LabError("This plant is a recording: its machines cannot be broken or repaired.")

    def twin(self, without: str | None = None) -> Plant:
        """Return itself: what would have been is not known."""
        return self

    def only(self, *machines: str) -> Plant:
        """Return the plant with those machines only."""
        for name in machines:
            self.spec.require_machine(name)
        return self._like(machines=tuple(machines))

    def truth(self, start_us: int, end_us: int) -> tuple[TruthEvent, ...]:
        """Return nothing: labels of real data stay in the instructors' file."""
        return ()


def spec_of(recording: Recording) -> PlantSpec:
    """Return what the recording is made of; normal ranges come from its first part, never from the rest."""
    first = np.concatenate([track.values[: _split(track)] for track in recording.tracks])
    units = recording.units or ("",) * len(recording.sensors)
    sensors = [_sensor(n, units[at], first[:, at]) for at, n in enumerate(recording.sensors)]
    origin = recording.origin
    return PlantSpec(
        name=recording.name,
        title=recording.title,
        physics="recording",
        company=f"Recorded data: {origin.folder} ({origin.kind})",
        facility=f"Licence: {origin.licence}",
        lines=tuple(LineSpec(name=name) for name in recording.machines),
        sensors=tuple(sensors),
        automatic=(),
    )


def _sensor(name: str, unit: str, values: FloatArray) -> SensorSpec:
    """Return a sensor with the 1 % to 99 % range of its first readings, widened by a quarter."""
    there = values[np.isfinite(values)]
    low, high = (float(q) for q in np.quantile(there, [0.01, 0.99])) if len(there) else (0.0, 1.0)
    margin = (high - low) / 4 or max(abs(high), 1.0) / 100
    low, high = low - margin, high + margin
    digits = min(9, max(0, 4 - math.floor(math.log10(high - low))))
    return SensorSpec(
        name=name,
        title=name.replace("_", " ").capitalize(),
        unit=unit,
        normal=(low, high),
        resolution=10.0**-digits,
        noise=max(float(there.std()) if len(there) else 0.0, 1e-9),
        limits=(-math.inf, math.inf),
        measures={"recorded": 1.0},
        meaning="as recorded",
    )


def _split(track: Track) -> int:
    """Return how many readings of a track are history."""
    n = len(track.times_us)
    return min(max(int(n * HISTORY_SHARE), min(LEAST_HISTORY, n // 2)), MOST_HISTORY, max(0, n - 1))


def _at(track: Track, times: IntArray, holds_us: int) -> FloatArray:
    """Return the newest reading of a track at each time (n,), NaN when it is older than `holds_us`."""
    place = np.searchsorted(track.times_us, times, side="right") - 1
    known = place >= 0
    age = times - track.times_us[np.maximum(place, 0)]
    values = track.values[np.maximum(place, 0)].astype(np.float64, copy=True)
    values[~known | (age >= holds_us)] = np.nan
    return values
