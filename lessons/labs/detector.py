"""Experiment kind "detector": a plant, injected faults, one detector with a threshold, and how well it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field, field_validator

from engine.catalog import make, part
from engine.detectors.base import Detector
from engine.detectors.context import with_context
from engine.errors import LabError
from engine.metrics.intervals import match_intervals
from engine.records import DAY_US, MINUTE_US, Label
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, BoolArray, FloatArray, TruthEvent

DRAWN = 1500
FLOOD = 10  # alarms in ten minutes above which an operator is flooded (ISA-18.2, EEMUA 191)
TOLERANCE_S = 120.0


class DetectorPart(Strict):
    """`detector:` of lab.yaml."""

    name: str
    threshold: float | None = None
    confirm: int = Field(default=1, ge=1, le=600)
    input: str = Field(default="raw", pattern="^(raw|context)$")
    sensors: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, float] = Field(default_factory=dict)  # parameters of the context stage, such as baseline_h

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            part("detector", name)
        except LabError as problem:
            raise ValueError(str(problem)) from None
        return name


class Settings(Strict):
    """The keys of this kind."""

    plant: PlantPart = PlantPart()
    inject: tuple[InjectPart, ...] = ()
    detector: DetectorPart
    show: tuple[str, ...] = ()
    machine: str | None = None


class DetectorLab(LabKind):
    """A detector on a plant."""

    name: ClassVar[str] = "detector"
    metrics: ClassVar[tuple[str, ...]] = (
        "false_alarms_per_day", "event_recall", "event_precision", "delay_p50_minutes", "delay_p90_minutes",
        "alarms_per_day", "alarms_10min_max", "alarm_minutes_per_day", "flood_share", "tiou_mean", "roc_auc",
        "pr_auc", "f1", "pa_f1", "events", "alarms", "threshold", "mean", "sd",
    )  # fmt: skip
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Generate, learn from the history, score, alarm, and measure against the truth."""
        readings = Readings(settings.plant, settings.inject, seed)
        scored = scored_readings(readings, settings.detector)
        metrics = judged(scored, readings.truth)
        shown = settings.show or scored.block.sensors[:1]
        at = scored.block.machines.index(settings.machine or scored.block.machines[0])
        first = scored.block.values[:, at, scored.block.sensors.index(shown[0])]
        metrics |= {"mean": float(np.nanmean(first)), "sd": float(np.nanstd(first)), "threshold": scored.threshold}
        return Outcome(metrics, lanes_of(scored, shown, at))


@dataclass(frozen=True)
class ScoredReadings:
    """Readings of a lesson's plant with scores (n_ticks, n_machines) and alarms of the same shape."""

    block: Block
    scores: FloatArray
    alarms: BoolArray
    threshold: float

    @property
    def step_us(self) -> int:
        """Microseconds between ticks."""
        return int(self.block.times_us[1] - self.block.times_us[0])

    def runs(self) -> list[Label]:
        """Return the alarms as intervals, machine by machine."""
        found = []
        for place, machine in enumerate(self.block.machines):
            on = np.concatenate(([False], self.alarms[:, place], [False]))
            starts, ends = np.flatnonzero(on[1:] & ~on[:-1]), np.flatnonzero(on[:-1] & ~on[1:])
            for a, b in zip(starts, ends, strict=True):
                start, end = int(self.block.times_us[a]), int(self.block.times_us[b - 1]) + self.step_us
                found.append(Label(machine, start, end))
        return found


def scored_readings(readings: Readings, detector: DetectorPart) -> ScoredReadings:
    """Return scores and alarms; the detector learns from the history first."""
    history, block = readings.history, readings.block
    model: Detector = make("detector", detector.name, detector.parameters)
    if hasattr(model, "bind"):
        model.bind(readings.plant.spec)
    if detector.sensors:
        model = OfSensors(model, detector.sensors)
    if detector.input == "context":
        model = with_context(model, **detector.context)
    if len(history):
        model.fit(history)
    scores = model.score_then_learn(block)
    threshold = part("detector", detector.name).default_threshold if detector.threshold is None else detector.threshold
    alarms = confirmed(scores >= threshold, detector.confirm)
    return ScoredReadings(readings.block, scores, alarms, float(threshold))


@dataclass
class OfSensors(Detector):
    """A detector that sees some of the sensors only; put between it and what feeds it."""

    detector: Detector
    sensors: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.detector
        self.__dict__.update(
            name=inner.name, title=inner.title, family=inner.family, online=inner.online,
            multivariate=inner.multivariate, default_threshold=inner.default_threshold, peeks=inner.peeks,
        )  # fmt: skip

    def start(self, n_machines: int, n_sensors: int) -> dict[str, Any]:
        """Return the inner detector's state for the chosen sensors."""
        return {"inner": self.detector.start(n_machines, len(self.sensors))}

    def fit(self, block: Block) -> None:
        """Fit the inner detector on the chosen sensors."""
        self.detector.fit(of_sensors(block, self.sensors))
        self.state = {"inner": self.detector.state}

    def advance(self, block: Block) -> FloatArray:
        """Score the chosen sensors."""
        return self.detector.score_then_learn(of_sensors(block, self.sensors))


def of_sensors(block: Block, names: tuple[str, ...]) -> Block:
    """Return the block with these sensors only."""
    places = [block.sensors.index(name) for name in names]
    return replace(block, values=block.values[:, :, places], sensors=tuple(names))


def confirmed(over: BoolArray, points: int) -> BoolArray:
    """Return where the last `points` readings in a row were over the threshold, (n_ticks, n_machines)."""
    if points == 1:
        return over
    counts = np.cumsum(np.vstack([np.zeros((1, over.shape[1]), np.int64), over]), axis=0)
    result = np.zeros_like(over)
    result[points - 1 :] = counts[points:] - counts[:-points] == points
    return result


def judged(scored: ScoredReadings, truth: tuple[TruthEvent, ...]) -> dict[str, Number]:
    """Return every number of this kind; None where it is undefined."""
    runs = scored.runs()
    matching = match_intervals(truth, runs, tolerance_s=TOLERANCE_S)
    days = len(scored.block) * scored.step_us / DAY_US
    machine_days = days * scored.block.n_machines
    found, owed = len(matching.pairs), len(matching.pairs) + len(matching.missed)
    false = len(matching.false)
    delays = np.array([pair.delay_s / 60 for pair in matching.pairs])
    return {
        "events": float(owed),
        "alarms": float(len(runs)),
        "false_alarms_per_day": false / machine_days,
        "event_recall": found / owed if owed else None,
        "event_precision": (len(runs) - false) / len(runs) if runs else None,
        "delay_p50_minutes": float(np.quantile(delays, 0.5)) if found else None,
        "delay_p90_minutes": float(np.quantile(delays, 0.9)) if found else None,
        "tiou_mean": float(np.mean([pair.tiou for pair in matching.pairs])) if found else None,
        **load(runs, scored, days),
        **pointwise(scored, truth),
    }


def load(runs: list[Label], scored: ScoredReadings, days: float) -> dict[str, Number]:
    """Return how much the alarms ask of an operator, all machines together."""
    starts = np.sort(np.array([run.start_us for run in runs], dtype=np.int64))
    bins = np.bincount((starts - scored.block.times_us[0]) // (10 * MINUTE_US)) if len(starts) else np.zeros(1)
    minutes = sum(run.end_us - run.start_us for run in runs) / MINUTE_US
    return {
        "alarms_per_day": len(runs) / days,
        "alarms_10min_max": float(bins.max()),
        "flood_share": float((bins > FLOOD).sum() / max(1.0, days * 144)),
        "alarm_minutes_per_day": minutes / days / scored.block.n_machines,
    }


def pointwise(scored: ScoredReadings, truth: tuple[TruthEvent, ...]) -> dict[str, Number]:
    """Return ranking and point-wise figures over all readings; None where one class is missing."""
    from engine.metrics.adjusted import pa_k
    from engine.metrics.pointwise import point
    from engine.metrics.ranking import ranking
    from engine.metrics.sweep import sweep

    labels = np.zeros(scored.scores.shape, np.int64)
    for event in truth:
        place = scored.block.machines.index(event.machine)
        times = scored.block.times_us
        labels[(times >= event.onset_us) & (times < event.end_us), place] = 1
    flat, scores, alarms = labels.T.ravel(), scored.scores.T.ravel(), scored.alarms.T.ravel()
    if not flat.any() or flat.all():
        return {"roc_auc": None, "pr_auc": None, "f1": None, "pa_f1": None}
    ranks = ranking(sweep(flat, scores))
    return {
        "roc_auc": ranks.values["roc_auc"],
        "pr_auc": ranks.values["average_precision"],
        "f1": point(flat, alarms).values["f1"],
        "pa_f1": pa_k(flat, alarms, 0).values["f1"],
    }


def lanes_of(scored: ScoredReadings, shown: tuple[str, ...], at: int) -> tuple[Lane, ...]:
    """Return the shown sensors and the score of one machine as lanes; no truth is drawn."""
    block = scored.block
    place = np.unique(np.linspace(0, len(block) - 1, min(DRAWN, len(block))).astype(int))
    x = (block.times_us[place] / 1000).tolist()
    lanes = [Lane(name, x, _numbers(block.values[place, at, block.sensors.index(name)])) for name in shown]
    size = max(1, len(block) // DRAWN)
    peaks = np.array([scored.scores[i : i + size, at].max() for i in range(0, len(block), size)])
    px = (block.times_us[::size][: len(peaks)] / 1000).tolist()
    name = block.machines[at]
    marks = tuple((run.start_us / 1000, scored.threshold) for run in scored.runs() if run.machine == name)[:500]
    return (*lanes, Lane("score", px, _numbers(peaks), limit=scored.threshold, marks=marks))


def _numbers(values: FloatArray) -> list[Number]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
