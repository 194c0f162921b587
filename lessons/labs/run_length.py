"""Experiment kind "run_length": how many readings pass until Shewhart, EWMA and CUSUM charts give their first alarm.

The charts are the engine's own kernels, fed with many machines' worth of noise at once; each machine is one trial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from engine.detectors.cusum import LOOK_BACK, cusum_kernel
from engine.detectors.smoothing import new_smoothing, smooth
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray

CHARTS = ("shewhart", "ewma", "cusum")
TITLES = {"shewhart": "Shewhart", "ewma": "EWMA", "cusum": "CUSUM"}
TRIALS, LONGEST = 400, 6000  # a run that is longer counts as LONGEST; the notes say so when that happens
TAUGHT = 20_000  # readings of ordinary noise from which the correction for memory is learned
BEFORE, AFTER = 150, 350  # readings drawn before and after the shift
NO_CEILING = 1e9


class Settings(Strict):
    """The keys of this kind: `shift` in σ, `memory` is the correlation of neighbouring readings (AR(1)).

    `corrected` divides by the inflation of averages that the engine's detectors learn from the noise itself.
    """

    chart: Literal["shewhart", "ewma", "cusum"] = "ewma"
    shift: float = Field(default=1.0, ge=0, le=6)
    memory: float = Field(default=0.0, ge=0, le=0.95)
    corrected: bool = False
    shewhart_limit: float = Field(default=3.0, gt=0, le=10)
    weight: float = Field(default=0.2, gt=0, le=1)
    ewma_limit: float = Field(default=2.86, gt=0, le=20)
    slack: float = Field(default=0.5, ge=0, le=3)
    cusum_limit: float = Field(default=4.77, gt=0, le=100)  # ARL₀ 369, as the other two charts
    seed: str = "fresh"

    def limit_of(self, chart: str) -> float:
        """Return the alarm limit of a chart."""
        return {"shewhart": self.shewhart_limit, "ewma": self.ewma_limit, "cusum": self.cusum_limit}[chart]


class RunLengthLab(LabKind):
    """Control charts on noise with and without a shift."""

    name: ClassVar[str] = "run_length"
    metrics: ClassVar[tuple[str, ...]] = ("arl0", "arl1")
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of all trials, as far as they usually go."""
        return TRIALS * LONGEST

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Measure both run lengths of the chosen chart and draw one stream through all three."""
        seed = seed if settings.seed == "fresh" else int(settings.seed.removeprefix("fixed-"))
        rng = np.random.default_rng([seed, 0xA41])
        lengths = {}
        for name, shift in (("arl0", 0.0), ("arl1", settings.shift)):
            noise = noise_of(rng, LONGEST, TRIALS, settings.memory)
            lengths[name] = run_lengths(noise + shift, settings.chart, settings)
        metrics: dict[str, Number] = {name: float(runs.mean()) for name, runs in lengths.items()}
        cut = max(float((runs == LONGEST).mean()) for runs in lengths.values())
        notes = (f"{cut:.0%} of the runs were cut at {LONGEST:,} readings.",) if cut > 0.01 else ()
        return Outcome(metrics, _lanes(rng, settings), notes)


def noise_of(rng: np.random.Generator, readings: int, trials: int, memory: float) -> FloatArray:
    """Return normal noise of mean 0 and spread 1, (readings, trials); neighbours correlate by `memory`."""
    noise: FloatArray = rng.standard_normal((readings, trials))
    if memory == 0.0:
        return noise
    fresh = np.sqrt(1.0 - memory**2)
    for i in range(1, readings):
        noise[i] = memory * noise[i - 1] + fresh * noise[i]
    return noise


def run_lengths(values: FloatArray, chart: str, settings: Settings) -> FloatArray:
    """Return the reading of the first alarm of each trial, counted from 1; (trials,)."""
    over = chart_scores(values, chart, settings) >= settings.limit_of(chart)
    return np.where(over.any(axis=0), over.argmax(axis=0) + 1, len(values)).astype(float)


def chart_scores(values: FloatArray, chart: str, settings: Settings) -> FloatArray:
    """Return the chart's statistic at each reading, (readings, trials); an alarm is statistic ≥ limit."""
    z = np.ascontiguousarray(values[:, :, None])
    working = np.ones(values.shape, dtype=bool)
    if chart == "shewhart":
        return np.abs(values)
    divisor = _inflation(chart, settings)
    if chart == "ewma":
        averages, _ = smooth(z, working, settings.weight, TAUGHT, new_smoothing(settings.weight, values.shape[1], 1))
        return np.asarray(np.abs(averages[:, :, 0]) * ((2 - settings.weight) / settings.weight) ** 0.5 / divisor)
    up, down = np.empty(z.shape), np.empty(z.shape)
    ladders = np.zeros((2, values.shape[1], 1))
    inflation = np.full(z.shape, divisor)
    cusum_kernel(z, inflation, working, settings.slack, NO_CEILING, ladders[0], ladders[1], up, down)
    return np.asarray(np.maximum(up, down)[:, :, 0])


def _inflation(chart: str, settings: Settings) -> float:
    """Return how much wider averages of this noise spread than independent readings would make them, at least 1."""
    if not settings.corrected or settings.memory == 0.0:
        return 1.0
    noise = noise_of(np.random.default_rng(0x1F1A), TAUGHT, 1, settings.memory)[:, :, None]
    weight = settings.weight if chart == "ewma" else LOOK_BACK
    _, inflation = smooth(noise, np.ones((TAUGHT, 1), bool), weight, TAUGHT, new_smoothing(weight, 1, 1))
    return float(inflation[-1, 0, 0])


def _lanes(rng: np.random.Generator, settings: Settings) -> tuple[Lane, ...]:
    """Return one stream and the three charts over it; the shift begins at reading 0."""
    values = noise_of(rng, BEFORE + AFTER, 1, settings.memory)
    values[BEFORE:] += settings.shift
    x = np.arange(-BEFORE, AFTER).astype(float).tolist()
    shift = ((0.0, float(AFTER), "shifted"),) if settings.shift else ()
    lanes = [Lane("reading, σ", x, np.round(values[:, 0], 3).tolist(), time=False, spans=shift)]
    for chart in CHARTS:
        scores, limit = chart_scores(values, chart, settings)[:, 0], settings.limit_of(chart)
        marks = tuple((x[i], float(scores[i])) for i in np.flatnonzero(scores >= limit))
        drawn = np.round(scores, 3).tolist()
        lanes.append(
            Lane(TITLES[chart], x, drawn, time=False, limit=limit, marks=marks, x_title="readings since the shift")
        )
    return tuple(lanes)
