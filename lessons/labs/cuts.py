"""Experiment kind "cuts": a detector's scores, calibration data without labels, and a rule that sets the threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.catalog import make, part
from engine.detectors.context import with_context
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import DAY_US, HOUR_US, iso_time, time_us
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.detector import DRAWN, ScoredReadings, confirmed, judged
from lessons.labs.plant_part import InjectPart, PlantPart, journal_of
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, FloatArray, TruthEvent

RULES = ("gaussian", "default", "quantile", "spot", "conformal")
LEAST_TRAINING = 50  # scores that the rules of the engine want at least


class Settings(Strict):
    """The keys of this kind.

    `budget` is the number of alarming readings per machine and day that the rule is asked for; `gaussian` takes mean
    and standard deviation of the calibration scores for those of a normal distribution, `default` is the detector's
    own cut, the others are the engine's rules. `faults_in_calibration` hides faults of the first kind of `inject`
    in the calibration data.
    """

    plant: PlantPart = PlantPart(rate_hz=0.05, days=3, history_hours=72)
    inject: tuple[InjectPart, ...] = ()
    detector: str = "mahalanobis"
    rule: str = Field(default="quantile", pattern=f"^({'|'.join(RULES)})$")
    budget: float = Field(default=1.0, ge=0.001, le=1000)
    calibration_hours: float = Field(default=72, ge=0.5, le=24 * 14)
    faults_in_calibration: int = Field(default=0, ge=0, le=40)


class CutsLab(LabKind):
    """A threshold without labels."""

    name: ClassVar[str] = "cuts"
    metrics: ClassVar[tuple[str, ...]] = (
        "false_alarms_per_day", "event_recall", "event_precision", "delay_p50_minutes", "alarms", "events",
        "threshold", "smallest_p", "calibration_readings",
    )  # fmt: skip
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run, calibration included."""
        extra = settings.calibration_hours * 3600 * settings.plant.rate_hz * len(settings.plant.machines)
        return settings.plant.rows + round(extra)

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Fit on old history, set the cut on the calibration data, then judge the days that follow."""
        stretch = _stretch(settings.model_copy(update={"rule": "default", "budget": 1.0}).model_dump_json(), seed)
        cuts = cuts_of(settings, stretch.calibration, stretch.times_per_day)
        alarms = confirmed(stretch.scores >= cuts, 1)
        scored = ScoredReadings(stretch.block, stretch.scores, alarms, float(np.median(cuts)))
        readings = len(stretch.calibration)
        metrics = {name: value for name, value in judged(scored, stretch.truth).items() if name in self.metrics}
        metrics |= {
            "threshold": float(cuts[0]) if np.isfinite(cuts[0]) else None,  # the drawn machine's; each has its own
            "smallest_p": 1.0 / (readings + 1), "calibration_readings": float(readings),
        }  # fmt: skip
        return Outcome(metrics, lanes_of(stretch, scored, float(cuts[0])))


@dataclass(frozen=True)
class Stretch:
    """Scores of calibration (n, n_machines) and of the judged block, with the truth of the latter."""

    calibration: FloatArray
    scores: FloatArray
    block: Block
    truth: tuple[TruthEvent, ...]
    times_per_day: float


@lru_cache(maxsize=4)
def _stretch(settings: str, seed: int) -> Stretch:
    """Scores do not depend on the rule, so a student who moves the cut need not wait for the plant again."""
    return stretch_of(Settings.model_validate_json(settings), seed)


def stretch_of(settings: Settings, seed: int) -> Stretch:
    """Return the scores of a detector that was fitted on the history before the calibration data."""
    plant, seed = settings.plant, settings.plant.the_seed(seed)
    start = time_us(plant.start)
    early = start - round(settings.calibration_hours * HOUR_US)
    journal = list(journal_of(plant, settings.inject, seed))
    if settings.faults_in_calibration:
        journal += _hidden(settings, early, seed)
    whole = Plant(load_plant(plant.name), seed, Journal(tuple(journal)), plant.machines)
    step = round(1e6 / plant.rate_hz)
    history = np.arange(early - round(plant.history_hours * HOUR_US), early, step, dtype=np.int64)
    between, times = np.arange(early, start, step, dtype=np.int64), plant.times()[1]
    model = make("detector", settings.detector, {})
    model.bind(whole.spec)
    model = with_context(model)
    model.fit(whole.block(history))
    calibration = model.score_then_learn(whole.block(between))
    block = whole.block(times)
    scores = model.score_then_learn(block)
    truth = tuple(e for e in whole.truth(start, start + plant.span_us) if not e.benign and e.onset_us >= start)
    return Stretch(calibration, scores, block, truth, DAY_US / step)


def _hidden(settings: Settings, early: int, seed: int) -> list[object]:
    """Return faults that lie in the calibration data, drawn like the others."""
    before = settings.plant.model_copy(
        update={"start": iso_time(early), "hours": settings.calibration_hours, "days": None}
    )
    entry = settings.inject[0].model_copy(update={"count": settings.faults_in_calibration, "at_minutes": None})
    return [replace(found, id=f"calibration-{found.id}") for found in journal_of(before, (entry,), seed + 1)]


def cuts_of(settings: Settings, calibration: FloatArray, times_per_day: float) -> FloatArray:
    """Return one cut per machine (n_machines,) from the calibration scores alone."""
    share = min(0.5, settings.budget / times_per_day)
    if settings.rule == "default":
        return np.full(calibration.shape[1], part("detector", settings.detector).default_threshold)
    if settings.rule == "gaussian":
        from statistics import NormalDist

        cut: FloatArray = calibration.mean(axis=0) + NormalDist().inv_cdf(1 - share) * calibration.std(axis=0)
        return cut
    readings = max(LEAST_TRAINING, len(calibration))
    parameters = {
        "quantile": {"share": share, "training": readings},
        "spot": {"risk": min(share, 0.01), "training": readings},
        "conformal": {"p": max(share, 1e-5), "window": readings},
    }[settings.rule]
    rule = make("threshold", settings.rule, parameters)
    rule.levels(calibration, np.arange(len(calibration), dtype=np.int64))
    level: FloatArray = rule.peek(calibration[-1:], np.array([len(calibration)], dtype=np.int64))[0]
    return level


def lanes_of(stretch: Stretch, scored: ScoredReadings, cut: float) -> tuple[Lane, ...]:
    """Return the first machine's calibration scores by rank, and its judged scores over time."""
    ranked = np.sort(stretch.calibration[:, 0])
    place = np.unique(np.linspace(0, len(ranked) - 1, min(400, len(ranked))).astype(int))
    place = np.union1d(place, np.arange(max(0, len(ranked) - 40), len(ranked)))
    finite = cut if np.isfinite(cut) else None
    tail = Lane(
        "calibration, sorted", (100 * (place + 1) / len(ranked)).tolist(), ranked[place].round(4).tolist(),
        "points", time=False, limit=finite, x_title="share of the calibration scores, %",
    )  # fmt: skip
    size = max(1, len(scored.block) // DRAWN)
    peaks = [round(float(scored.scores[i : i + size, 0].max()), 4) for i in range(0, len(scored.block), size)]
    x = (scored.block.times_us[::size][: len(peaks)] / 1000).tolist()
    name = scored.block.machines[0]
    marks = tuple((run.start_us / 1000, finite or 0.0) for run in scored.runs() if run.machine == name)[:300]
    return tail, Lane("score, judged days", x, peaks, limit=finite, marks=marks)
