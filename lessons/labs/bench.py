"""Experiment kind "bench": four detectors without names on one plant, each with a cut, and what their alarms cost."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from engine.catalog import make
from engine.detectors.context import with_context
from engine.economics import Prices, alarm_cost
from engine.metrics.intervals import match_intervals
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.labs.detector import TOLERANCE_S, ScoredReadings, judged
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, FloatArray

# What stands behind the letters; students see the letters alone.
DETECTORS = {
    "A": ("z_score", "raw"), "B": ("mahalanobis", "context"), "C": ("cusum", "context"), "D": ("hotelling_t2", "raw"),
}  # fmt: skip
BUDGET = "budget, alarming readings a day"
BUDGETS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FITTED = 0.6  # share of the history on which a detector is fitted; the rest sets its cut
MONEY = ("miss", "false_alarm", "delay_per_hour", "unplanned_hours")


class PricesPart(Strict):
    """`prices:` of lab.yaml: what the engine's economics take for a miss and for a call-out in vain."""

    miss: float = Field(default=600, ge=0, le=1e6)
    false_alarm: float = Field(default=250, ge=0, le=1e6)
    delay_per_hour: float = Field(default=100, ge=0, le=1e6)
    unplanned_hours: float = Field(default=2, ge=0, le=1000)


class Settings(Strict):
    """The keys of this kind; the cut is the score that `budget` readings a day of the old data exceeded."""

    plant: PlantPart = PlantPart(machines=("MACHINE_001", "MACHINE_002"), rate_hz=0.0166667, days=6, history_hours=120)
    inject: tuple[InjectPart, ...] = ()
    detector: str = Field(default="A", pattern="^[ABCD]$")
    budget: float = Field(default=1.0)
    prices: PricesPart = PricesPart()


class BenchLab(LabKind):
    """Four detectors, one bill."""

    name: ClassVar[str] = "bench"
    metrics: ClassVar[tuple[str, ...]] = (
        "cost_per_day", "cost_over_best", "event_recall", "event_precision", "false_alarms_per_day",
        "delay_p50_minutes", "roc_auc", "pr_auc", "events", "alarms",
    )  # fmt: skip
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Judge the chosen detector and cut, and every other choice, so that the best possible one is known."""
        shared = settings.model_dump(exclude={"detector", "budget"}, mode="json")
        table = _table(json.dumps(shared, sort_keys=True), settings.plant.the_seed(seed))
        budget = min(BUDGETS, key=lambda value: abs(value - settings.budget))
        mine = dict(table[settings.detector, budget])
        best = min(entry["cost_per_day"] or 0.0 for entry in table.values())
        mine["cost_over_best"] = (mine["cost_per_day"] or 0.0) / best if best else None
        bills = [table[settings.detector, each]["cost_per_day"] for each in BUDGETS]
        mark = (budget, mine["cost_per_day"] or 0.0)
        title = f"detector {settings.detector}: cost per day"
        return Outcome(mine, (Lane(title, list(BUDGETS), bills, time=False, marks=(mark,), x_title=BUDGET),))


@lru_cache(maxsize=256)
def _table(shared: str, seed: int) -> dict[tuple[str, float], dict[str, Number]]:
    """Return the figures of every detector and budget on the plant of that seed."""
    settings = Settings.model_validate_json(shared)
    readings = Readings(settings.plant, settings.inject, seed)
    return {
        (letter, budget): figures
        for letter in DETECTORS
        for budget, figures in _of_detector(letter, readings, settings).items()
    }


def _of_detector(letter: str, readings: Readings, settings: Settings) -> dict[float, dict[str, Number]]:
    name, fed = DETECTORS[letter]
    model: Any = make("detector", name, {})
    model.bind(readings.plant.spec)
    if fed == "context":
        model = with_context(model)
    history, block = readings.history, readings.block
    half = round(FITTED * len(history))
    model.fit(_part(history, 0, half))
    old, scores = model.score_then_learn(_part(history, half, len(history))), model.score_then_learn(block)
    per_day = 86_400e6 / float(block.times_us[1] - block.times_us[0])
    return {budget: _figures(old, scores, block, readings, budget / per_day, settings) for budget in BUDGETS}


def _part(block: Block, first: int, stop: int) -> Block:
    span = slice(first, stop)
    return replace(block, times_us=block.times_us[span], values=block.values[span], status=block.status[span])


def _figures(
    old: FloatArray, scores: FloatArray, block: Block, readings: Readings, share: float, settings: Settings
) -> dict[str, Number]:
    cut = np.maximum(np.quantile(old, 1 - share, axis=0), 1e-6)
    scored = ScoredReadings(block, scores, scores >= cut, float(np.median(cut)))
    runs, truth = scored.runs(), readings.truth
    matching = match_intervals(truth, runs, tolerance_s=TOLERANCE_S)
    prices = Prices(**{name: getattr(settings.prices, name) for name in MONEY})
    bill = alarm_cost(truth, runs, matching, settings.plant.span_us, prices)
    figures = judged(scored, truth) | {"cost_per_day": bill.per_day}
    return {name: figures[name] for name in BenchLab.metrics if name in figures}
