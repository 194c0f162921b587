"""What a plant that others feed is made of, as they describe it; checked before anything is made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.scorable import make_scorable
from engine.errors import ParameterError
from engine.store.names import column_names, plant_name

if TYPE_CHECKING:
    from engine.records import Block

MOST_MACHINES, MOST_SENSORS, MOST_DETECTORS = 200, 100, 6
DEFAULT_DETECTORS = ("z_score",)


@dataclass(frozen=True)
class ExternalSensor:
    """One sensor of a plant that others feed; `normal` None = taken from its first readings."""

    name: str
    title: str = ""
    unit: str = ""
    normal: tuple[float, float] | None = None
    warning: float | None = None
    critical: float | None = None
    low_side: bool = False
    resolution: float = 0.0


@dataclass(frozen=True)
class ExternalSpec:
    """What such a plant is made of, and which detectors watch it."""

    name: str
    title: str
    machines: tuple[str, ...]
    sensors: tuple[ExternalSensor, ...]
    detectors: tuple[str, ...] = DEFAULT_DETECTORS

    @property
    def sensor_names(self) -> tuple[str, ...]:
        return tuple(sensor.name for sensor in self.sensors)


def check_spec(spec: ExternalSpec) -> None:
    """Refuse what cannot be a plant: LabError with the place."""
    plant_name(spec.name)
    column_names(spec.sensor_names)
    for what, names, most in (
        ("machines", spec.machines, MOST_MACHINES),
        ("sensors", spec.sensor_names, MOST_SENSORS),
        ("detectors", spec.detectors, MOST_DETECTORS),
    ):
        if not 1 <= len(names) <= most or len(set(names)) != len(names):
            raise ParameterError(f"{what} must be 1 to {most} different names, got {len(names)}.")
    if any(not name.strip() or len(name) > 80 or not name.isprintable() for name in spec.machines):
        raise ParameterError("A machine's name must be 1 to 80 printable characters.")
    for name in spec.detectors:
        make_scorable(name)
    for sensor in spec.sensors:
        if sensor.normal is not None and not sensor.normal[0] < sensor.normal[1]:
            raise ParameterError(f"normal of {sensor.name} must rise from low to high, got {list(sensor.normal)}.")


def with_normals(spec: ExternalSpec, block: Block | None) -> ExternalSpec:
    """Return the spec with a normal range for each sensor: given, or the block's 1 % to 99 % widened by a quarter."""
    found = []
    for at, sensor in enumerate(spec.sensors):
        normal = sensor.normal or (0.0, 1.0)
        if sensor.normal is None and block is not None and not np.isnan(block.values[:, :, at]).all():
            low, high = (float(q) for q in np.nanquantile(block.values[:, :, at], [0.01, 0.99]))
            margin = (high - low) / 4 or max(abs(high), 1.0) / 100
            normal = (low - margin, high + margin)
        found.append(replace(sensor, normal=normal, title=sensor.title or sensor.name))
    return replace(spec, sensors=tuple(found))


def spec_to_json(spec: ExternalSpec) -> dict[str, Any]:
    """Return plain data that JSON can hold."""
    return asdict(spec)


def spec_from_json(kept: dict[str, Any]) -> ExternalSpec:
    """Return the spec that `spec_to_json` gave."""
    sensors = tuple(
        ExternalSensor(**{**sensor, "normal": None if sensor["normal"] is None else tuple(sensor["normal"])})
        for sensor in kept["sensors"]
    )
    return ExternalSpec(kept["name"], kept["title"], tuple(kept["machines"]), sensors, tuple(kept["detectors"]))
