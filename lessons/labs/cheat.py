"""Experiment kind "cheat": alarms at random, scored once honestly and once with a trick of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.metrics.arrays import runs
from engine.metrics.pitfalls import pitfall, stage
from engine.metrics.pointwise import point
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import IntArray

TRICKS = ("point_adjust", "contamination_is_truth", "best_threshold", "one_alarm_per_event")
SHOWN = 1500


class Settings(Strict):
    """The keys of this kind.

    `alarm_percent` of the readings alarm, drawn by chance alone; `knows` of them are put where the truth is instead,
    so that 0 is a detector that knows nothing and 1 one that knows everything.
    """

    events_per_day: int = Field(default=8, ge=1, le=100)
    event_minutes: float = Field(default=10, ge=0.1, le=120)
    rate_hz: float = Field(default=1.0, gt=0, le=1)
    days: float = Field(default=1, gt=0, le=7)
    alarm_percent: float = Field(default=0.5, ge=0.001, le=50)
    knows: float = Field(default=0, ge=0, le=1)
    trick: str = Field(default="point_adjust", pattern=f"^({'|'.join(TRICKS)})$")


class CheatLab(LabKind):
    """A detector that throws dice, and a metric that likes it."""

    name: ClassVar[str] = "cheat"
    metrics: ClassVar[tuple[str, ...]] = (
        "f1", "pa_f1", "inflated", "event_precision", "event_recall", "events", "alarms",
    )  # fmt: skip
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return round(settings.days * 86_400 * settings.rate_hz)

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Throw the dice and score them; `event_precision` is the share of alarms (runs) that meet an event."""
        rng = np.random.default_rng([seed, 0xD1CE])
        truth = events_of(settings, self.rows(settings), rng)
        scores = rng.random(len(truth))
        knows = truth.astype(bool) & (rng.random(len(truth)) < settings.knows)
        scores = np.where(knows, scores + 1, scores)
        alarms = (scores > np.quantile(scores, 1 - settings.alarm_percent / 100)).astype(np.int64)
        spans, found = runs(alarms), runs(truth)
        true = sum(bool(truth[a : b + 1].any()) for a, b in spans)
        met = sum(bool(alarms[a : b + 1].any()) for a, b in found)
        played = stage(truth, alarms, scores)
        metrics = {
            "f1": point(truth, alarms)["f1"], "pa_f1": pitfall("point_adjust", played, seed).inflated,
            "inflated": pitfall(settings.trick, played, seed).inflated,
            "event_precision": true / len(spans) if len(spans) else None, "event_recall": met / len(found),
            "events": float(len(found)), "alarms": float(len(spans)),
        }  # fmt: skip
        return Outcome(metrics, lanes_of(settings, truth, alarms))


def events_of(settings: Settings, n: int, rng: np.random.Generator) -> IntArray:
    """Return truth 0/1 (n,): events of equal length, one at a random place in each of as many equal parts."""
    count = max(1, round(settings.events_per_day * settings.days))
    slot, length = n // count, max(1, round(settings.event_minutes * 60 * settings.rate_hz))
    truth = np.zeros(n, np.int64)
    for number in range(count):
        first = number * slot + int(rng.integers(0, max(1, slot - length)))
        truth[first : first + min(length, slot - 1)] = 1
    return truth


def lanes_of(settings: Settings, truth: IntArray, alarms: IntArray) -> tuple[Lane, ...]:
    """Return the alarms, and what point adjustment makes of them, over the hours; events are bands."""
    hours = np.arange(len(truth)) / settings.rate_hz / 3600
    spans = [(float(hours[a]), float(hours[b]), "") for a, b in runs(truth)][:40]
    adjusted = alarms.copy()
    for a, b in runs(truth):
        adjusted[a : b + 1] = int(alarms[a : b + 1].any())
    lanes = []
    for title, rows in (("alarms", alarms), ("after point-adjust", adjusted)):
        edges = np.flatnonzero(np.diff(rows, prepend=0, append=0))[: 2 * SHOWN]
        x = np.repeat(hours[np.minimum(edges, len(hours) - 1)], 2)
        y = np.tile([0.0, 1.0, 1.0, 0.0], len(edges) // 2 + 1)[: len(x)]
        lanes.append(
            Lane(
                title, [0.0, *x.round(5).tolist()], [0.0, *y.tolist()], time=False, spans=tuple(spans), x_title="hours"
            )
        )
    return tuple(lanes)
