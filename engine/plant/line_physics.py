"""A production line in a hall: machining heat, climate control and sound.

Hall air follows the weather and the line's waste heat; relative humidity falls when the air warms, because the water
in it stays the same (Magnus formula, about −5 % of itself per kelvin, half of it made up for by climate control);
sound adds the tool to the fans.

References
----------
Alduchov, Eskridge (1996). Improved Magnus form approximation of saturation vapor pressure. J. Appl. Meteor. 35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.plant import calendar
from engine.plant.physics import Grid, Physics

if TYPE_CHECKING:
    from engine.records import FloatArray

_HALL_LAG_S, _MOISTURE_LAG_S = 1200.0, 900.0
_SET_POINT_C = 21.0
_PER_KELVIN = 0.025  # relative change of humidity for each kelvin: climate control makes up for the other half


class LinePhysics(Physics):
    """Air, moisture and sound beside one production line."""

    name: ClassVar[str] = "line"
    quantities: ClassVar[tuple[str, ...]] = ("temperature", "humidity", "sound", "load", "air")
    variables: ClassVar[dict[str, tuple[str, ...]]] = {
        "bearing": ("sound", "temperature"),
        "cooling": ("temperature", "humidity"),
        "winding": ("temperature", "sound"),
        "moisture": ("humidity",),
        "tool": ("sound", "temperature"),
        "ventilation": ("humidity", "temperature", "sound"),
        "demand": ("sound", "temperature"),
        "weather": ("temperature", "humidity"),
    }

    def quantities_on(self, grid: Grid) -> dict[str, FloatArray]:
        """Return temperature, humidity, sound, load and outside air on the grid."""
        load, air = self._load(grid), self._air(grid)
        temperature = self._temperature(grid, load, air)
        humidity = self._humidity(grid, temperature)
        sound = self._sound(grid, load)
        return dict(zip(self.quantities, (temperature, humidity, sound, load, air), strict=True))

    def _load(self, grid: Grid) -> FloatArray:
        asked = calendar.shift_load(grid.times_us)[:, None] * (1.0 + 0.06 * grid.trait("load"))
        asked = asked + 0.05 * grid.wander("load", 2700.0, 3) + 0.25 * grid.variable("demand")
        return grid.running * np.clip(asked, 0.15, 1.2)

    def _air(self, grid: Grid) -> FloatArray:
        sun = 8.0 * calendar.season(grid.times_us) + 3.5 * calendar.day_wave(grid.times_us)
        return (14.0 + sun)[:, None] + 1.5 * grid.weather("air", 20_000.0, 3) + 7.0 * grid.variable("weather")

    def _temperature(self, grid: Grid, load: FloatArray, air: FloatArray) -> FloatArray:
        held_back = 1.0 + 1.6 * grid.variable("cooling") + 0.7 * grid.variable("ventilation")
        friction = 1.0 + 0.5 * grid.variable("bearing") + 0.8 * grid.variable("winding") + 0.15 * grid.variable("tool")
        waste = 8.0 * load * held_back * friction * (1.0 + 0.06 * grid.trait("insulation"))
        hall = _SET_POINT_C + 0.28 * (air - _SET_POINT_C) + 0.7 * grid.trait("set point") + waste
        return grid.lag(hall + 0.4 * grid.wander("doors", 1500.0), _HALL_LAG_S)

    def _humidity(self, grid: Grid, temperature: FloatArray) -> FloatArray:
        wet = 48.0 + 2.0 * grid.trait("moisture") + 3.5 * grid.weather("moisture", 30_000.0, 3)
        wet = wet + 1.2 * grid.wander("moisture", 1800.0)
        wet = wet + 34.0 * grid.variable("moisture") + 22.0 * grid.variable("ventilation")
        warmed = np.clip(1.0 - _PER_KELVIN * (temperature - 25.0), 0.25, 1.6)
        return np.clip(grid.lag(wet, _MOISTURE_LAG_S) * warmed, 3.0, 97.0)

    def _sound(self, grid: Grid, load: FloatArray) -> FloatArray:
        tool = 46.0 + 25.0 * load + 1.2 * grid.trait("sound") + 1.5 * grid.wear
        rattle = 13.0 * grid.variable("bearing") + 12.0 * grid.variable("tool") + 7.0 * grid.variable("winding")
        tool = tool + rattle - 6.0 * grid.variable("ventilation")
        tool = tool + grid.running * 1.1 * grid.wander("sound", 240.0, 3)
        return 38.0 + grid.running * (np.maximum(tool, 42.0) - 38.0)
