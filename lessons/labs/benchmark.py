"""Experiment kind "benchmark": a benchmark with one of four well-known flaws, and one-line rules that exploit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.plant.journal import Injection, Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, time_us
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray

# The four flaws that Wu and Keogh found in published benchmarks.
FLAWS = ("triviality", "unrealistic density", "mislabelled truth", "run-to-failure bias")
RULES = ("three_sigma", "difference", "flat", "last_tenth", "always")
START, HOURS, STEP_S, PARTS = time_us("2026-01-05T00:00:00Z"), 12, 20, 8


class Settings(Strict):
    """The keys of this kind; `benchmark` is one of the flaws by number, hidden from the student behind a letter."""

    benchmark: str = Field(default="A", pattern="^[ABCD]$")
    rule: str = Field(default="three_sigma", pattern=f"^({'|'.join(RULES)})$")
    flaw: str = Field(default=FLAWS[0])


@dataclass(frozen=True)
class Series:
    """One series of a benchmark: readings and truth by row."""

    values: FloatArray
    truth: BoolArray


class BenchmarkLab(LabKind):
    """Eight short series and a line of code."""

    name: ClassVar[str] = "benchmark"
    metrics: ClassVar[tuple[str, ...]] = ("f1", "type_accuracy", "events", "event_recall")
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return PARTS * HOURS * 3600 // STEP_S

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Make the benchmark, apply the rule to every series, and score its rows."""
        series = series_of(settings.benchmark, seed)
        alarms = [alarmed(settings.rule, one.values) for one in series]
        hits = sum(int((a & one.truth).sum()) for a, one in zip(alarms, series, strict=True))
        alarmed_rows, true_rows = sum(int(a.sum()) for a in alarms), sum(int(one.truth.sum()) for one in series)
        found = np.mean([bool((a & one.truth).any()) for a, one in zip(alarms, series, strict=True)])
        metrics = {
            "f1": 2 * hits / (alarmed_rows + true_rows), "event_recall": float(found), "events": float(len(series)),
            "type_accuracy": float(settings.flaw == flaw_of(settings.benchmark)),
        }  # fmt: skip
        return Outcome(metrics, tuple(_lane(number, one) for number, one in enumerate(series[:3], start=1)))


def flaw_of(benchmark: str) -> str:
    """Return the flaw behind a letter."""
    return dict(zip("ABCD", (FLAWS[3], FLAWS[0], FLAWS[1], FLAWS[2]), strict=True))[benchmark]


def series_of(benchmark: str, seed: int) -> list[Series]:
    """Return eight series of twelve hours of temperature, each with the fault that the benchmark's flaw asks for."""
    rng = np.random.default_rng([seed, ord(benchmark)])
    entries, spans = [], []
    for number in range(PARTS):
        begin = START + number * 2 * HOURS * HOUR_US
        fault, minutes, offset, values = _course(benchmark, rng)
        onset = begin + round(offset * MINUTE_US)
        entries.append(
            Injection(
                id=f"series-{number}", machine="MACHINE_001", fault=fault, severity=1.0, start_us=onset, ramp_s=0.0,
                duration_s=minutes * 60, shape="sudden", sensors=("temperature",), values=values,
            )
        )  # fmt: skip
        # Mislabelled truth: the label lies an hour and a half behind the fault.
        late = 90 * MINUTE_US if flaw_of(benchmark) == "mislabelled truth" else 0
        spans.append((onset + late, onset + late + round(minutes * MINUTE_US)))
    spec = load_plant("pump_station")
    plant = Plant(spec, seed, Journal(tuple(entries)), ("MACHINE_001",))
    at = spec.sensor_names.index("temperature")
    found = []
    for number, (first, last) in enumerate(spans):
        times = START + number * 2 * HOURS * HOUR_US + np.arange(0, HOURS * 3600, STEP_S, dtype=np.int64) * 1_000_000
        found.append(Series(plant.block(times).values[:, 0, at], (times >= first) & (times < last)))
    return found


def _course(benchmark: str, rng: np.random.Generator) -> tuple[str, float, float, tuple[tuple[str, float], ...]]:
    """Return fault, minutes, offset of the onset in minutes, and the fault's parameters."""
    whole = HOURS * 60.0
    flaw = flaw_of(benchmark)
    if flaw == "run-to-failure bias":  # a faint fault, always at the end
        return "drift", whole / 10, whole * 0.9, (("size", 2.0),)
    if flaw == "triviality":  # one jump that towers over everything
        return "drift", 20.0, float(rng.uniform(60, whole - 120)), (("size", 90.0),)
    if flaw == "unrealistic density":  # more fault than health
        return "drift", whole * 0.75, float(rng.uniform(10, whole * 0.2)), (("size", 2.0),)
    return "drift", 60.0, float(rng.uniform(60, whole - 240)), (("size", 8.0),)


def alarmed(rule: str, values: FloatArray) -> BoolArray:
    """Return the rows (n,) that a one-line rule alarms."""
    n = len(values)
    if rule == "always":
        return np.ones(n, dtype=bool)
    if rule == "last_tenth":
        return np.arange(n) >= 0.9 * n
    if rule == "three_sigma":
        return np.asarray(np.abs(values - values.mean()) > 3 * values.std())
    step = np.abs(np.diff(values, prepend=values[0]))
    return np.asarray(step == 0) if rule == "flat" else np.asarray(step > 10 * np.median(step))


def _lane(number: int, one: Series) -> Lane:
    hours = np.arange(len(one.values)) * STEP_S / 3600
    rows = np.flatnonzero(one.truth)
    spans = ((float(hours[rows[0]]), float(hours[rows[-1]]), "labelled"),) if len(rows) else ()
    return Lane(
        f"series {number}",
        hours.round(4).tolist(),
        one.values.round(3).tolist(),
        time=False,
        spans=spans,
        x_title="hours",
    )
