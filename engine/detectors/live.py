"""The detectors that watch the live plant by default, trained on its past before the first reading arrives."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import catalog
from engine.detectors.context import Context, OnContext
from engine.records import DAY_US, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.detectors.base import Detector
    from engine.records import Block

# On raw readings the data sheet's limits and the stuck-sensor rule; the others are far better on the context stage.
ON_RAW = ("limit", "flat_line")
ON_CONTEXT = ("z_score", "ewma", "cusum", "mahalanobis", "half_space_trees")
HISTORY_DAYS = 7.0  # a whole week, so that nights and the weekend are in it
HISTORY_STEP_S = 60.0
RECENT_TICKS = 1000  # then the newest readings at the live rate


def live_detectors(spec: Any) -> dict[str, Detector]:
    """Return the default detectors of a plant by name, bound to its data sheet, not yet trained."""
    raw: dict[str, Detector] = {name: catalog.make("detector", name).bind(spec) for name in ON_RAW}
    return raw | {name: OnContext(catalog.make("detector", name)) for name in ON_CONTEXT}


def train(detectors: Mapping[str, Detector], plant: Any, now_us: int, tick_s: float = 1.0) -> str | None:
    """Fit the detectors on the plant's week before `now_us`, then on its newest ticks at the live rate.

    Stages with equal parameters are fitted once and copied. Returns the stage's coverage warning, if there is one.
    """
    step_us, tick_us = int(HISTORY_STEP_S * SECOND_US), max(1, int(tick_s * SECOND_US))
    recent = plant.block(now_us - np.arange(RECENT_TICKS, 0, -1, dtype=np.int64) * tick_us)
    last_us = int(recent.times_us[0])
    history = plant.block(np.arange(last_us - int(HISTORY_DAYS * DAY_US), last_us, step_us, dtype=np.int64))
    stages: list[Context] = []
    for detector in detectors.values():
        if isinstance(detector, OnContext):
            _fit_on_context(detector, history, stages)
        else:
            detector.fit(history)
        detector.learn(recent)
    return stages[0].warning() if stages else None


def _fit_on_context(detector: OnContext, history: Block, stages: list[Context]) -> None:
    for stage in stages:
        if stage == detector.context:  # equal parameters
            detector.context.state = copy.deepcopy(stage.state)
            detector.fit_detector(history)
            return
    detector.fit(history)
    fitted = copy.copy(detector.context)
    fitted.state = copy.deepcopy(detector.context.state)
    stages.append(fitted)
