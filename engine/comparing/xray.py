"""The inside view of one detector on one window: what it was fed, what it says, whom it blames, why."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.context import OnContext
from engine.detectors.standard import StandardisedDetector

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.records import Block, FloatArray


@dataclass(frozen=True)
class Look:
    """What an X-ray shows of one machine.

    Parameters
    ----------
    scores
        (n_ticks,) of the window, as if it came next.
    at
        Tick of the window that is looked at; `inside` speaks of the last tick of `fed`, which is that one.
    fed
        What the detector judged, up to and with the tick: raw readings, or residuals of the context stage.
    z
        (n_ticks, n_sensors) deviations in standard deviations, where the method works on them; else None.
    blame, blame_is
        (n_sensors,) ≥ 0, and how it was found.
    inside
        What the detector's `explain` says.
    """

    machine: str
    at: int
    scores: FloatArray = field(repr=False)
    fed: Block = field(repr=False)
    z: FloatArray | None = field(repr=False)
    blame: FloatArray = field(repr=False)
    blame_is: str = ""
    inside: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors along blame and z."""
        return self.fed.sensors


CONTRIBUTIONS, HIDING = "contributions of the method", "how far the score falls when the sensor is hidden"


def look(detector: Detector, window: Block, machine: str, at: int | None = None) -> Look:
    """Return the inside view on a window that follows what the detector has learned; the detector stays as it was.

    Parameters
    ----------
    at
        Tick of the window to look at; None = where the score is highest.

    Raises
    ------
    ValueError
        When the window is empty.
    """
    if len(window) == 0:
        raise ValueError("window must not be empty, got 0 ticks.")
    m = window.machines.index(machine)
    scores = detector.score(window)[:, m]
    tick = int(scores.argmax()) if at is None else min(max(int(at), 0), len(window) - 1)
    part = window.ticks(0, tick + 1)
    inner, fed = _inner(detector, part)
    blame, how = blame_of(detector, part, m)
    return Look(machine, tick, scores, fed, _deviations(inner, fed, m), blame, how, inner.explain(fed))


def blame_of(detector: Detector, part: Block, m: int) -> tuple[FloatArray, str]:
    """Return how much each sensor drives the score of machine number m at the last tick, and how that was found."""
    shares = copy.deepcopy(detector).blame(part)
    if shares is not None:
        return np.nan_to_num(shares[-1, m]), CONTRIBUTIONS
    full = float(detector.score(part)[-1, m])
    falls = [full - float(detector.score(_hidden(part, m, k))[-1, m]) for k in range(part.n_sensors)]
    return np.maximum(falls, 0.0), HIDING


def _hidden(part: Block, m: int, sensor: int) -> Block:
    values = part.values.copy()
    values[:, m, sensor] = np.nan
    return replace(part, values=values)


def _inner(detector: Detector, part: Block) -> tuple[Detector, Block]:
    """Return a copy of the detector that judges, and what it is fed."""
    own = copy.deepcopy(detector)
    if not isinstance(own, OnContext):
        return own, part
    if own.state is not None:
        own.context.state, own.detector.state = own.state["context"], own.state["detector"]
    return own.detector, own.context.residuals(part)


def _deviations(inner: Detector, fed: Block, m: int) -> FloatArray | None:
    if not isinstance(inner, StandardisedDetector) or inner.state is None:
        return None
    own = copy.deepcopy(inner)
    return own.deviations(fed)[:, m]
