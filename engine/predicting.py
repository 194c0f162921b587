"""Scores for single readings: one fitted model for each machine, all sensors used, the same answer at any time.

Streaming detectors judge a reading by those before it; a client that posts readings one by one wants an answer that
depends on nothing but the reading. So the models here are fitted once on the plant's own past, kept as versions on
disk, and never learn from what is posted.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import make, part
from engine.detectors.scorable import scorable_detectors
from engine.detectors.windowed import Windowed
from engine.errors import LabError, ParameterError
from engine.models import Models
from engine.records import DAY_US, MINUTE_US, block_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.plant.simulator import Plant
    from engine.plant.spec import PlantSpec
    from engine.records import Block, FloatArray
    from engine.store.store import Store

DEFAULT_DETECTOR = "isolation_forest"
HISTORY_US, STEP_US = 7 * DAY_US, MINUTE_US  # a whole week, so that nights and the weekend are in it
# Trees know nothing beyond the readings they were grown from: 118 dB falls into the leaf of the loudest normal one.
# So a sensor this many standard deviations from the machine's centre is strange whatever the model says; a normal
# plant swings by three with hour and load.
FAR_SD = 6.0
MOST_BLAMED, SMALLEST_SHARE = 3, 0.5  # as for alarms: at least half of the greatest share


@dataclass(frozen=True)
class LineModel:
    """The model of one machine: a fitted detector, its version and the score from which on a reading is strange.

    The score is the model's, or the distance of the farthest sensor from the machine's centre where that is greater.
    """

    machine: str
    detector: Windowed
    version: int
    threshold: float

    def scores(self, values: FloatArray) -> FloatArray:
        """Return the scores of readings (n, n_sensors), one each; nothing is learned."""
        rows = self.detector.standardised(values[:, None, :])[:, 0, :]
        scores = self.detector.calibrated(self.detector.raw_scores(self.detector.state or {}, rows))
        greater: FloatArray = np.maximum(scores, self._far(rows).max(axis=1))
        return greater

    def blamed(self, values: FloatArray, sensors: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return for each reading (n, n_sensors) the sensors that drive its score, the strongest first."""
        block = block_of(np.arange(len(values), dtype=np.int64), values, (self.machine,), sensors)
        far = self._far(self.detector.standardised(values[:, None, :])[:, 0, :])
        shares = self.detector.blame(block)
        known = np.zeros(values.shape) if shares is None else shares[:, 0, :]
        beyond = far.max(axis=1, keepdims=True) >= self.threshold
        rows = np.where(beyond, far, known)
        return [_strongest(row, sensors) for row in rows]

    def _far(self, rows: FloatArray) -> FloatArray:
        """Return how far standardised readings (n, n_sensors) lie from the centre; the threshold at `FAR_SD`."""
        far: FloatArray = np.abs(rows) * (self.threshold / FAR_SD)
        return far


class Predictors:
    """The models of one plant by detector; fitted or loaded when first asked for.

    Parameters
    ----------
    folder
        Where versions are kept.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._models = store, Models(folder)
        self._lock = threading.Lock()
        self._ready: dict[tuple[str, int, str], dict[str, LineModel]] = {}

    def ready(self, plant: Plant, detector: str = DEFAULT_DETECTOR) -> dict[str, LineModel] | None:
        """Return the models by machine when they are in memory; None = `of` will take a second."""
        return self._ready.get((plant.spec.name, plant.seed, detector))

    def of(self, plant: Plant, run: int, now_us: int, detector: str = DEFAULT_DETECTOR) -> dict[str, LineModel]:
        """Return the models by machine: from memory, from disk, or fitted on the plant's week before `now_us`.

        Raises
        ------
        LabError
            When the detector is unknown or judges a reading by the ones before it.
        """
        require_single(detector)
        key = (plant.spec.name, plant.seed, detector)
        with self._lock:
            if key not in self._ready:
                self._ready[key] = self._opened(plant, run, now_us, detector)
            return self._ready[key]

    def renew(self, plant: Plant, run: int, now_us: int, detector: str = DEFAULT_DETECTOR) -> dict[str, LineModel]:
        """Fit the models anew on the week before `now_us`, put the new versions in charge and return them."""
        require_single(detector)
        with self._lock:
            made = self._fitted(plant, run, now_us, detector, plant.machines)
            for machine, model in made.items():
                self._models.promote(model_name(plant.spec.name, machine, detector), model.version)
            self._ready[plant.spec.name, plant.seed, detector] = made
            return made

    def forget(self) -> None:
        """Read the versions in charge again when next asked (after a promotion or a roll-back)."""
        with self._lock:
            self._ready.clear()

    def _opened(self, plant: Plant, run: int, now_us: int, detector: str) -> dict[str, LineModel]:
        runs = {record.run for record in self._store.runs(plant.spec.name) if record.seed == plant.seed}
        found = {machine: self._loaded(plant.spec, machine, detector, runs) for machine in plant.machines}
        missing = tuple(machine for machine, model in found.items() if model is None)
        fitted = self._fitted(plant, run, now_us, detector, missing) if missing else {}
        for machine, model in fitted.items():
            self._models.promote(model_name(plant.spec.name, machine, detector), model.version)
        return {machine: model or fitted[machine] for machine, model in found.items()}

    def _loaded(self, spec: PlantSpec, machine: str, detector: str, runs: set[int]) -> LineModel | None:
        """Return the version in charge when it was fitted on this very plant (same seed) and its sensors."""
        name = model_name(spec.name, machine, detector)
        if name not in self._models.names():
            return None
        version = self._models.version(name)
        run = version.note.removeprefix("run ")
        if not run.isdigit() or int(run) not in runs or tuple(version.sensors) != spec.sensor_names:
            return None
        try:
            found = self._models.load(name)
        except LabError:
            return None  # a changed file: fit anew
        return _line_model(machine, found, version.version)

    def _fitted(
        self, plant: Plant, run: int, now_us: int, detector: str, machines: tuple[str, ...]
    ) -> dict[str, LineModel]:
        history = plant.recorded_history
        if history is None:
            history = plant.block(np.arange(now_us - HISTORY_US, now_us, STEP_US, dtype=np.int64))
        return {machine: self._fit_one(plant.spec, history.machine(machine), run, detector) for machine in machines}

    def _fit_one(self, spec: PlantSpec, history: Block, run: int, detector: str) -> LineModel:
        model = make("detector", detector, {"refit_every": 0})
        model.bind(spec).fit(history)
        machine = history.machines[0]
        saved = self._models.save(model_name(spec.name, machine, detector), model, history, note=f"run {run}")
        return _line_model(machine, model, saved.version)


def single_detectors() -> tuple[str, ...]:
    """Return the detectors that can judge a reading by itself."""
    return tuple(name for name, cls in scorable_detectors().items() if _is_single(cls))


def require_single(detector: str) -> None:
    """Refuse a detector that needs the readings before."""
    if not _is_single(part("detector", detector)):
        raise ParameterError(
            f"Detector {detector!r} judges a reading by the ones before it; post a stream to /api/v1/plants or take "
            f"one of: {', '.join(single_detectors())}."
        )


def model_name(plant: str, machine: str, detector: str) -> str:
    """Return the name under which a machine's model is kept."""
    plain = "".join(c if c.isalnum() else "-" for c in f"{plant}-{machine}-{detector}".lower())
    return plain.strip("-")[:60]


def _is_single(cls: Any) -> bool:
    return issubclass(cls, Windowed) and cls.advance is Windowed.advance and cls._scores is Windowed._scores


def _line_model(machine: str, detector: Any, version: int) -> LineModel:
    return LineModel(machine, detector, version, float(detector.default_threshold))


def _strongest(shares: FloatArray, sensors: tuple[str, ...]) -> tuple[str, ...]:
    order = np.argsort(-shares, kind="stable")[:MOST_BLAMED]
    best = float(shares[order[0]]) if len(order) else 0.0
    return tuple(sensors[i] for i in order if best > 0.0 and shares[i] >= SMALLEST_SHARE * best)
