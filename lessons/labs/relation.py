"""Experiment kind "relation": two sensors of a machine, the ellipse in which they usually move, and one point."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray

DRAWN = 900
LEVEL = 3.0  # the ellipse that is drawn: Mahalanobis distance 3


class Settings(Strict):
    """The keys of this kind; the chosen point is given in each sensor's own standard deviations.

    With `correlation` the ellipse is the textbook's; without, it is the one of the readings.
    """

    plant: PlantPart = PlantPart()
    inject: tuple[InjectPart, ...] = ()
    sensors: tuple[str, str] = ("power_consumption", "flow_rate")
    across: float = Field(default=2.0, ge=-8, le=8)
    up: float = Field(default=2.0, ge=-8, le=8)
    correlation: float | None = Field(default=None, gt=-1, lt=1)


class RelationLab(LabKind):
    """A scatter of two sensors."""

    name: ClassVar[str] = "relation"
    metrics: ClassVar[tuple[str, ...]] = ("mahalanobis", "correlation", "largest_z")
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Draw the cloud, fit the ellipse, and measure the point."""
        block = Readings(settings.plant, settings.inject, seed).block
        places = [block.sensors.index(name) for name in settings.sensors]
        values = block.values[:, 0, places]
        values = values[np.isfinite(values).all(axis=1)]
        z = (values - values.mean(axis=0)) / values.std(axis=0)
        rho = float(np.corrcoef(z.T)[0, 1]) if settings.correlation is None else settings.correlation
        if settings.correlation is not None:
            z = _cloud(rho, seed)
        metrics = {
            "mahalanobis": distance(settings.across, settings.up, rho),
            "correlation": rho,
            "largest_z": max(abs(settings.across), abs(settings.up)),
        }
        return Outcome(metrics, (_lane(z, rho, settings),))


def distance(x: float, y: float, rho: float) -> float:
    """Return the Mahalanobis distance of (x, y) from 0 for unit variances and correlation rho."""
    return float(np.sqrt((x * x - 2 * rho * x * y + y * y) / (1 - rho * rho)))


def _cloud(rho: float, seed: int) -> FloatArray:
    both = np.random.default_rng([seed, 0xE11]).standard_normal((DRAWN, 2))
    return np.stack([both[:, 0], rho * both[:, 0] + np.sqrt(1 - rho * rho) * both[:, 1]], axis=1)


def _lane(z: FloatArray, rho: float, settings: Settings) -> Lane:
    shown = z[:: max(1, len(z) // DRAWN)]
    angle = np.linspace(0, 2 * np.pi, 121)
    first, second = np.cos(angle), rho * np.cos(angle) + np.sqrt(1 - rho * rho) * np.sin(angle)
    x, y = settings.sensors
    return Lane(
        f"{y.replace('_', ' ')}, σ",
        np.round(shown[:, 0], 3).tolist(),
        np.round(shown[:, 1], 3).tolist(),
        style="points",
        time=False,
        marks=((settings.across, settings.up),),
        curve=tuple(zip((LEVEL * first).round(4).tolist(), (LEVEL * second).round(4).tolist(), strict=True)),
        x_title=f"{x.replace('_', ' ')}, σ",
    )
