"""How hard data is: the event-F1 of the best one-line rule, found with hindsight.

A rule gives each reading a score; its threshold is the best one there is for this very data. Scores are judged by
events: an event is found when a reading between onset and end reaches the threshold; each half hour of normal time
of one machine in which a reading does so counts as one false alarm, so that one alarm over everything does not
pass for one hit. Stops and the hour after an event, while the machine cools, count as neither. Event-F1 is
2·TP / (2·TP + FP + FN).

References
----------
Wu, R., Keogh, E. (2021). Current time series anomaly detection benchmarks are flawed and are creating the illusion of
progress. IEEE TKDE (one-liners: a data set that one line of code solves measures nothing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US, OPERATIONAL, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from engine.plant.spec import PlantSpec
    from engine.records import Block, FloatArray, TruthEvent

CAPS = {"easy": 0.85, "medium": 0.60, "hard": 0.40, "demo": 0.85}
_FALSE_ALARM_US = 30 * MINUTE_US
_AFTERWARDS_US = HOUR_US
_MOVING_S = 1800.0
_MOST_TICKS = 20_000  # longer data is judged on every k-th tick


def best_one_liner(block: Block, truth: Iterable[TruthEvent], spec: PlantSpec | None = None) -> tuple[str, float]:
    """Return the name and the event-F1 of the one-line rule that does best on the data.

    Parameters
    ----------
    truth
        The events; benign ones are normal time.
    spec
        The plant, for the rule on normal ranges; None = its plant is found by its sensors, or the rule is left out.
    """
    judge = Judge(_thinned(block), truth)
    found = {name: judge.best(score) for name, score in one_liners(judge.block, spec or _spec_of(block))}
    name = max(found, key=lambda rule: found[rule])
    return name, round(found[name], 4)


def range_rule(block: Block, truth: Iterable[TruthEvent], spec: PlantSpec) -> float:
    """Return the event-F1 of the plain rule "some sensor is outside its normal range"."""
    judge = Judge(block, truth)
    return round(judge.at(_outside(block, spec), 1.0 + 1e-9), 4)


def require_level(level: str, event_f1: float, what: str) -> None:
    """Raise LabError when the best one-liner does better than the level allows."""
    cap = CAPS[level]
    if event_f1 > cap:
        raise LabError(
            f"{what} is too easy for level {level!r}: a one-line rule reaches event-F1 {event_f1:.2f}, "
            f"and the cap is {cap:.2f}; lower the severities or add benign changes."
        )


class Judge:
    """Scores against events, prepared once for many rules."""

    def __init__(self, block: Block, truth: Iterable[TruthEvent]) -> None:
        self.block = block
        self._spans: list[tuple[int, int, int]] = []
        normal = block.status == OPERATIONAL
        for event in truth:
            if event.benign or event.machine not in block.machines:
                continue
            m = block.machines.index(event.machine)
            edges = (event.onset_us, event.end_us, event.end_us + _AFTERWARDS_US)
            first, last, after = np.searchsorted(block.times_us, edges)
            normal[first:after, m] = False
            if first < last:
                self._spans.append((m, int(first), int(last)))
        self._normal = normal
        bins = block.times_us // _FALSE_ALARM_US
        self._bin_starts = np.flatnonzero(np.diff(bins, prepend=bins[:1] - 1))

    @property
    def n_events(self) -> int:
        return len(self._spans)

    def _maxima(self, score: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the highest score of each event and of each normal half hour."""
        score = np.where(np.isnan(score), -np.inf, score)
        events = np.array([score[first:last, m].max() for m, first, last in self._spans])
        quiet = np.where(self._normal, score, -np.inf)
        bins = np.maximum.reduceat(quiet, self._bin_starts, axis=0).ravel()
        return events, np.sort(bins[np.isfinite(bins)])

    def best(self, score: FloatArray) -> float:
        """Return the best event-F1 over all thresholds on the score (n_ticks, n_machines)."""
        if not self._spans:
            return 0.0
        events, bins = self._maxima(score)
        thresholds = np.unique(events[np.isfinite(events)])
        return max((self._f1(events, bins, threshold) for threshold in thresholds), default=0.0)

    def at(self, score: FloatArray, threshold: float) -> float:
        """Return the event-F1 of `score ≥ threshold`."""
        return self._f1(*self._maxima(score), threshold) if self._spans else 0.0

    def _f1(self, events: FloatArray, bins: FloatArray, threshold: float) -> float:
        hits = int((events >= threshold).sum())
        false = len(bins) - int(np.searchsorted(bins, threshold, side="left"))
        return 2.0 * hits / (hits + false + len(events))


def one_liners(block: Block, spec: PlantSpec | None) -> Iterator[tuple[str, FloatArray]]:
    """Yield name and score (n_ticks, n_machines) of each one-line rule."""
    if spec is not None:
        yield "range", _outside(block, spec)
    middle = np.asarray(np.nanmedian(block.values, axis=0))
    centred: FloatArray = block.values - middle
    z = np.abs(centred) / _scale(centred)
    yield "three_sigma", _over_sensors(z)
    step = np.abs(np.diff(block.values, axis=0, prepend=block.values[:1]))
    yield "difference", _over_sensors(step / _scale(step))
    length = max(2, round(_MOVING_S * SECOND_US / _spacing_us(block)))
    yield "moving_mean", _over_sensors(np.abs(_moving_mean(centred, length)) / _scale(centred))
    spread = _moving_mean(np.nan_to_num(step), length)
    usual: FloatArray = np.asarray(np.median(spread, axis=0))
    yield "moving_spread", _over_sensors(spread / np.maximum(usual, 1e-9))
    yield "moving_calm", _over_sensors(usual / np.maximum(spread, 1e-9))
    missing = np.asarray(np.isnan(block.values).any(axis=2), dtype=np.float64)
    yield "missing", missing
    for k, sensor in enumerate(block.sensors):
        reading: FloatArray = block.values[..., k]
        yield f"level {sensor} high", reading
        yield f"level {sensor} low", -reading
        yield f"level {sensor} above usual", centred[..., k]
        yield f"level {sensor} below usual", -centred[..., k]
        yield f"moving_maximum {sensor}", _moving_max(centred[..., k], length)
        yield f"moving_minimum {sensor}", _moving_max(-centred[..., k], length)


def _outside(block: Block, spec: PlantSpec) -> FloatArray:
    """Return how far the worst sensor is from the middle of its normal range, in half ranges (1 = at the edge)."""
    normal = np.array([spec.sensor(name).normal for name in block.sensors])
    middle, half = normal.mean(axis=1), np.diff(normal, axis=1)[:, 0] / 2
    return _over_sensors(np.abs(block.values - middle) / half)


def _over_sensors(score: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.isnan(score), -np.inf, score).max(axis=2))


def _scale(values: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(np.nanstd(values, axis=0), 1e-9))


def _moving_mean(values: FloatArray, length: int) -> FloatArray:
    total = np.cumsum(np.nan_to_num(values), axis=0)
    total[length:] -= total[:-length].copy()
    count = np.minimum(np.arange(1, len(values) + 1), length).reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(total / count)


def _moving_max(values: FloatArray, length: int) -> FloatArray:
    """Return the maximum of the last `length` ticks."""
    padded = np.concatenate([np.full((length - 1, *values.shape[1:]), -np.inf), np.nan_to_num(values, nan=-np.inf)])
    view: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, length, axis=0)
    return np.asarray(view.max(axis=-1))


def _spacing_us(block: Block) -> float:
    return float(np.median(np.diff(block.times_us))) if len(block) > 1 else float(SECOND_US)


def _thinned(block: Block) -> Block:
    from dataclasses import replace

    step = -(-len(block) // _MOST_TICKS)
    if step == 1:
        return block
    return replace(block, times_us=block.times_us[::step], values=block.values[::step], status=block.status[::step])


def _spec_of(block: Block) -> PlantSpec | None:
    from engine.plant.spec import load_plant, plant_names

    specs = [load_plant(name) for name in plant_names()]
    return next((spec for spec in specs if set(block.sensors) <= set(spec.sensor_names)), None)
