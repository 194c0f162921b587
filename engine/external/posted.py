"""What was posted to /api/predict for a plant of ours, as a plant beside it: stored, drawn, with alarms of its own.

The models of single readings score it, so nothing is learned here and the order of times does not matter to a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.external.plant import ExternalPlant, Scores, Work
from engine.external.spec import ExternalSensor, ExternalSpec
from engine.records import Block
from engine.store.pending import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.detectors.base import Detector
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray

SUFFIX = "_posted"


class PostedPlant(ExternalPlant):
    """Readings of one of our plants that came over the API, scored elsewhere."""

    source = "posted"

    def _first_detectors(self) -> dict[str, Detector]:
        return {}

    def _scores_again(self, block: Block) -> Scores:
        """Return the stored scores of the block's ticks, (n_ticks, n_machines); no model is asked again."""
        self._bound = True
        return {}

    def take_scored(
        self,
        machines: Sequence[str],
        times_us: IntArray,
        values: FloatArray,
        scored: tuple[str, Detector, FloatArray],
        blame: Callable[[int], Sequence[str]],
    ) -> Any:
        """Show readings and queue them for the next commit; returns the future that ends when they are on disk.

        Parameters
        ----------
        values
            (n, n_sensors).
        scored
            The detector's name, one of its models, and the scores (n,).
        blame
            Returns the sensors that drive the n-th reading's score.
        """
        name, detector, scores = scored
        places = np.array([self.spec.machines.index(machine) for machine in machines])
        work = Work()
        with self._lock:
            if name not in self.bench.detectors:
                self.bench.add(name, detector)
            fresh = np.flatnonzero(times_us > self.newest_us)
            if len(fresh):
                self._show_fresh(places, times_us, values, (name, scores), fresh, work, blame)
            for place in np.unique(places).tolist():
                mine = np.flatnonzero(places == place)
                work.chunks.append(self._chunk(place, times_us[mine], values[mine], {name: scores[mine]}))
            written = self._commit(work)
        rows, late = len(times_us), len(times_us) - len(fresh)
        written.add_done_callback(lambda done: self._count(done, rows, late))
        return written

    def _count(self, done: Any, rows: int, late: int) -> None:
        if not done.cancelled() and done.exception() is None:
            with self._lock:
                self.accepted += rows
                self.late += late

    def _show_fresh(
        self,
        places: IntArray,
        times_us: IntArray,
        values: FloatArray,
        scored: tuple[str, FloatArray],
        fresh: IntArray,
        work: Work,
        blame: Callable[[int], Sequence[str]],
    ) -> None:
        times, tick = np.unique(times_us[fresh], return_inverse=True)
        shape = (len(times), len(self.spec.machines))
        wide = np.full((*shape, values.shape[1]), np.nan)
        wide[tick, places[fresh]] = values[fresh]
        source = np.full(shape, -1, np.int64)
        source[tick, places[fresh]] = fresh
        block = Block(times, wide, np.zeros(shape, np.uint8), self.spec.machines, self.spec.sensor_names)
        name, scores = scored
        both = self.bench.unscored(block)
        both[name] = np.where(source >= 0, scores[np.maximum(source, 0)], np.nan)
        self._show(block, both, work, lambda _name, at_tick, at: tuple(blame(int(source[at_tick, at]))))

    def _chunk(self, place: int, times: IntArray, values: FloatArray, scores: dict[str, FloatArray]) -> Chunk:
        order = np.argsort(times, kind="stable")
        status = np.zeros((len(times), 1), np.uint8)
        machine = (self.spec.machines[place],)
        block = Block(times[order], values[order][:, None, :], status, machine, self.spec.sensor_names)
        return Chunk(self.run, self.spec.name, block, {name: column[order][:, None] for name, column in scores.items()})


def posted_spec(spec: PlantSpec, machines: Sequence[str]) -> ExternalSpec:
    """Return what the plant of readings posted for `spec` is made of: the same machines, sensors and marks."""
    sensors = tuple(
        ExternalSensor(s.name, s.title, s.unit, s.normal, s.warning, s.critical, s.low_side, s.resolution)
        for s in spec.sensors
    )
    return ExternalSpec(f"{spec.name}{SUFFIX}", f"{spec.title} (posted)", tuple(machines), sensors, ())
