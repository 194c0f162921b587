"""Opening the engine on imported data: the recording is played at its own step, quick enough to watch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engine.clock import Clock
from engine.importing.recording import load_recording
from engine.importing.replay import START_US, RecordedPlant
from engine.records import SECOND_US
from engine.runner import Limits, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.detectors.base import Detector
    from engine.store.store import Store

log = logging.getLogger(__name__)
TICKS_A_SECOND, FASTEST = 5, 10_000.0
WARM_UP_TICKS, KEPT_TICKS, LEAST_KEPT_S = 600, 4000, 4 * 3600.0


def replay_runner(store: Store, plant: RecordedPlant, detectors: Mapping[str, Detector], speed: float | None) -> Runner:
    """Return a runner that plays a recording from the end of its history on.

    Parameters
    ----------
    speed
        None = five readings a second.
    """
    step_s = plant.step_us / SECOND_US
    limits = Limits(warm_up_s=WARM_UP_TICKS * step_s, keep_s=max(LEAST_KEPT_S, KEPT_TICKS * step_s))
    pace = min(FASTEST, max(1.0, TICKS_A_SECOND * step_s)) if speed is None else speed
    return Runner(plant, store, detectors, Clock(speed=pace, start_us=START_US), step_s, limits=limits)


def recorded_plant(folder: Path, name: str) -> RecordedPlant:
    """Return an imported plant by name."""
    return RecordedPlant(load_recording(folder, name))


def fit_on_history(detectors: Mapping[str, Detector], plant: Any) -> dict[str, Detector]:
    """Fit detectors on the recording's first part; one that cannot learn from it is left out, and the log says so."""
    history, fitted = plant.recorded_history, {}
    for name, detector in detectors.items():
        try:
            detector.fit(history)
        except Exception as problem:  # somebody else's data may be too short or too flat for a method
            log.warning("%s cannot learn from this recording and is left out: %s", name, problem)
            continue
        fitted[name] = detector
    return fitted
