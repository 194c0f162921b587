"""What every failure pattern owes: a kind, a default course, and its effect on physics, sensor or delivery.

Four sorts of pattern share one base:

- a *machine* fault moves damage variables of the physics (`effects`), the sensors follow by themselves;
- a *sensor* fault distorts what one sensor shows (`SensorFault.distort`), the machine is healthy;
- some sensor faults act on the way of a reading only (`DeliveryFault.delivered`): late, twice, with a wrong clock;
- a *benign* change is normal: no alarm is owed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from engine.plant.noise import KeyArray
    from engine.plant.physics import Physics
    from engine.records import FloatArray, IntArray


@dataclass(frozen=True)
class Fault:
    """A failure pattern; its fields are parameters, its class attributes the usual course.

    `effects` names variables of the physics and how far the pattern moves them at level 1; variables that a plant's
    physics does not have are left out, and a pattern is available where at least one remains.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[str] = "machine"  # machine, sensor or benign
    effects: ClassVar[dict[str, float]] = {}
    stops_machine: ClassVar[bool] = False
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 900.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"

    @classmethod
    def suits(cls, physics: Physics) -> bool:
        """Return whether the pattern can act on machines of that physics."""
        return not cls.effects or any(variable in physics.variables for variable in cls.effects)


@dataclass(frozen=True)
class SensorView:
    """What a sensor fault gets to see and may distort: the faulty sensors of one machine while the fault lasts.

    Parameters
    ----------
    times_us
        int64 (n,).
    values
        (n, k) readings before this fault, not yet rounded.
    level
        (n,) severity times onset shape.
    onset_us
        Event time at which the fault begins.
    noise
        (k,) standard deviation of each sensor's noise.
    keys
        Name → chance of this very injection, uint64 (k, 2).
    read
        Event times → readings (m, k) of the same sensors without sensor faults.
    """

    times_us: IntArray
    values: FloatArray
    level: FloatArray
    onset_us: int
    noise: FloatArray
    keys: Callable[[str], KeyArray]
    read: Callable[[IntArray], FloatArray]


@dataclass(frozen=True)
class SensorFault(Fault):
    """A fault of the measuring, not of the machine."""

    kind: ClassVar[str] = "sensor"
    ramp_s: ClassVar[float] = 60.0
    duration_s: ClassVar[float] = 3600.0
    shape: ClassVar[str] = "sudden"
    whole_machine: ClassVar[bool] = False  # acts on every sensor of the machine, such as a wrong clock

    def distort(self, view: SensorView) -> FloatArray:
        """Return what the sensors show instead, (n, k)."""
        return view.values


@dataclass(frozen=True)
class Delivery:
    """What happens to readings on their way: extra delay, copies and the error of their time stamp, each (n,)."""

    delay_us: IntArray
    copies: IntArray
    stamp_error_us: IntArray


@dataclass(frozen=True)
class DeliveryFault(SensorFault):
    """A fault of the way to the receiver; a block in event time does not show late or doubled readings."""

    whole_machine: ClassVar[bool] = True

    def delivered(self, times_us: IntArray, level: FloatArray, onset_us: int, keys: KeyArray) -> Delivery:
        """Return how the machine's readings of those times (n,) arrive."""
        nothing = np.zeros(len(times_us), np.int64)
        return Delivery(nothing, nothing + 1, nothing)
