"""Experiment kind "release": a champion, two releases that shadow it, and rules that promote and roll back.

Version 1 is a limit on raw readings. The good release looks at the context. The bad release is the same with better
numbers in the lab, and reads a field that the gateway delivers in °F from some hour on: its shadow looked healthy.
The rules see scores and alarms only; truth is not among their inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from engine.catalog import make
from engine.detectors.context import with_context
from engine.records import HOUR_US
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, BoolArray, FloatArray, IntArray

COMPARED = ("alarms alone", "the old version in shadow")
GOOD_AT_H, BAD_AT_H = 2.0, 20.0
OLD, GOOD, BAD = 1, 2, 3
BIN_MINUTES = 10
GRACE_H = 8.0  # from then on version 1 is the wrong one


class Settings(Strict):
    """The keys of this kind.

    A release is promoted after `shadow_hours` when it was in alarm at most `promote_percent` of the time. An active
    version is rolled back, for good, when it was in alarm for more than `rollback_minutes` of the last hour, or, with
    `compare` = the old version, for so much longer than the version before it, which goes on in shadow.
    """

    plant: PlantPart = PlantPart(rate_hz=0.0333333, hours=48, history_hours=72)
    inject: tuple[InjectPart, ...] = ()
    unit_change_hours: float = Field(default=8, ge=0, le=24)
    shadow_hours: float = Field(default=4, ge=0.5, le=24)
    promote_percent: float = Field(default=5, ge=0, le=100)
    rollback_minutes: float = Field(default=20, ge=1, le=60)
    compare: str = Field(default=COMPARED[0], pattern=f"^({'|'.join(COMPARED)})$")


@dataclass(frozen=True)
class Watch:
    """Minutes in alarm of each version per ten minutes, (n_bins,)."""

    minutes: dict[int, FloatArray]
    broken_from: int


class ReleaseLab(LabKind):
    """Promote the good one, roll back the bad one."""

    name: ClassVar[str] = "release"
    metrics: ClassVar[tuple[str, ...]] = ("right_version_share", "rollback_minutes", "flips", "alarm_minutes_per_day")
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Score all three versions, then let the rules decide bin by bin."""
        watch, times = watched(settings, seed)
        active = decided(settings, watch)
        n = len(active)
        judged = np.arange(n) >= _bin(GOOD_AT_H + GRACE_H)
        broken = (active == BAD) & (np.arange(n) >= watch.broken_from)
        shown = [watch.minutes[int(version)][at] for at, version in enumerate(active)]
        metrics = {
            "right_version_share": float(np.mean((active != OLD)[judged] & ~broken[judged])),
            "rollback_minutes": float(broken.sum() * BIN_MINUTES),
            "flips": float(np.count_nonzero(np.diff(active))),
            "alarm_minutes_per_day": float(np.sum(shown) / (n * BIN_MINUTES / 1440)),
        }
        x = (times / 1000).tolist()
        lanes = [Lane("version in charge", x, [float(v) for v in active])]
        for version, title in ((OLD, "version 1"), (GOOD, "release 2"), (BAD, "release 3")):
            lanes.append(Lane(f"alarm min, {title}", x, watch.minutes[version].round(2).tolist()))
        return Outcome(metrics, tuple(lanes))


def _bin(hours: float) -> int:
    return round(hours * 60 / BIN_MINUTES)


def watched(settings: Settings, seed: int) -> tuple[Watch, IntArray]:
    """Return the minutes in alarm of the three versions in each ten minutes, and the bins' times."""
    readings = Readings(settings.plant, settings.inject, seed)
    history, block = readings.history, readings.block
    change_h = BAD_AT_H + settings.unit_change_hours
    alarms = {
        OLD: _alarmed("z_score", False, history, block, 3.0),
        GOOD: _alarmed("mahalanobis", True, history, block, 2.4),
        BAD: _alarmed("mahalanobis", True, history, in_fahrenheit(block, change_h), 2.5),
    }
    per_bin = round(BIN_MINUTES * 60 * settings.plant.rate_hz)
    n = len(block) // per_bin
    minutes = {
        version: rows[: n * per_bin].reshape(n, per_bin).mean(axis=1) * BIN_MINUTES for version, rows in alarms.items()
    }
    return Watch(minutes, _bin(change_h)), block.times_us[: n * per_bin : per_bin]


def _alarmed(name: str, context: bool, history: Block, block: Block, threshold: float) -> BoolArray:
    model: Any = make("detector", name, {})
    model = with_context(model) if context else model
    model.fit(history)
    return np.asarray(model.score_then_learn(block)[:, 0] >= threshold)


def in_fahrenheit(block: Block, from_h: float) -> Block:
    """Return the block with the temperature in °F from that hour on: what the release reads from the new field."""
    values = block.values.copy()
    late = block.times_us >= block.times_us[0] + round(from_h * HOUR_US)
    at = block.sensors.index("temperature")
    values[late, :, at] = values[late, :, at] * 9 / 5 + 32
    return replace(block, values=values)


def decided(settings: Settings, watch: Watch) -> IntArray:
    """Return the version in charge in each bin (n_bins,), from what the rules could have known by then."""
    n = len(watch.minutes[OLD])
    active = np.full(n, OLD, np.int64)
    now, before, barred = OLD, OLD, set[int]()
    promoted_at = 0
    for at in range(n):
        hour = slice(max(promoted_at, at - _bin(1.0)), at)
        spent = float(watch.minutes[now][hour].sum())
        if settings.compare == COMPARED[1]:
            spent -= float(watch.minutes[before][hour].sum())
        if now != OLD and spent > settings.rollback_minutes:
            barred.add(now)
            now, before = before, OLD
        for version, start_h in ((GOOD, GOOD_AT_H), (BAD, BAD_AT_H)):
            ready = _bin(start_h + settings.shadow_hours)
            if version > now and version not in barred and at >= ready:
                shadow = watch.minutes[version][at - _bin(settings.shadow_hours) : at]
                if 100 * float(shadow.mean()) / BIN_MINUTES <= settings.promote_percent:
                    now, before, promoted_at = version, now, at
        active[at] = now
    return active
