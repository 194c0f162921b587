"""What the live stream says, as plain data made from types that hold no truth; encoded once for all viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from engine.catalog import caption

if TYPE_CHECKING:
    from engine.alarming.records import Alarm
    from engine.plant.spec import SensorSpec
    from engine.records import Block, FloatArray

FRESH_TICKS, FRESH_NUMBERS, OLD_NUMBERS = 900, 70_000, 20_000  # of the past: the newest in full, before that thinned


def ticks(block: Block, scores: dict[str, FloatArray], names: tuple[str, ...], most: int) -> dict[str, Any]:
    """Return ticks as columns of a message: t (ms), v[tick][machine][sensor], s[tick][machine][detector], m states.

    When there are more than `most` numbers, every k-th tick is kept, and of the scores the highest since the last.
    """
    n_ticks, width = len(block), block.n_machines * (block.n_sensors + len(names))
    step = max(1, -(-n_ticks * width // most))
    kept = np.arange(n_ticks - 1, -1, -step)[::-1]  # the newest tick is always among them
    shape = (n_ticks, block.n_machines, len(names))
    unscored = np.full(shape[:2], np.nan)
    stacked = np.stack([scores.get(name, unscored) for name in names], axis=-1) if names else np.zeros(shape)
    if step > 1 and n_ticks:
        starts = np.concatenate([[0], kept[:-1] + 1])
        stacked = np.maximum.reduceat(stacked, starts, axis=0)
        return _columns(block, kept, stacked)
    return _columns(block, kept, stacked[kept])


def past(block: Block, scores: dict[str, FloatArray], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the past as two messages' columns: what is old, thinned, then what is fresh."""
    cut = max(0, len(block) - FRESH_TICKS)
    parts = ((0, cut, OLD_NUMBERS), (cut, len(block), FRESH_NUMBERS))
    return [
        ticks(block.ticks(start, stop), {name: values[start:stop] for name, values in scores.items()}, names, most)
        for start, stop, most in parts
    ]


def _columns(block: Block, kept: Any, scores: FloatArray) -> dict[str, Any]:
    return {
        "t": (block.times_us[kept] / 1000.0).tolist(),
        "v": block.values[kept].round(4).astype(np.float32),
        "s": scores.round(3).astype(np.float32),
        "m": block.status[kept].tolist(),
    }


def sensor_facts(sensor: SensorSpec) -> dict[str, Any]:
    """Return what a viewer may know of a sensor: the data sheet."""
    return {
        "name": sensor.name,
        "title": sensor.title,
        "unit": sensor.unit,
        "normal": list(sensor.normal),
        "warning": sensor.warning,
        "critical": sensor.critical,
        "low_side": sensor.low_side,
        "resolution": sensor.resolution,
    }


def detector_facts(name: str, detector: Any) -> dict[str, Any]:
    """Return what a viewer sees of a detector."""
    return {
        "name": name,
        "title": detector.title,
        "caption": caption(type(getattr(detector, "detector", detector))),
        "good_at": detector.good_at,
        "bad_at": detector.bad_at,
    }


def alarm_facts(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as the live page shows it; times in milliseconds."""
    return {
        "id": alarm.number,
        "machine": alarm.machine,
        "detector": alarm.detector,
        "start": alarm.start_us / 1000.0,
        "end": None if alarm.end_us is None else alarm.end_us / 1000.0,
        "state": alarm.state,
        "priority": alarm.priority,
        "peak": alarm.peak_score,
        "sensors": list(alarm.sensors),
    }


def encoded(message: dict[str, Any]) -> bytes:
    """Return the message as JSON; a missing reading (NaN) becomes null."""
    return orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
