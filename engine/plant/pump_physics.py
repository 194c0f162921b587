"""A motor-driven centrifugal pump: hydraulics, motor, heat, vibration and oil.

The hydraulic part is the textbook meeting of a pump curve H = H₀s² − kQ² with a system curve H = Hₛ + rQ², solved for
flow and pressure; heat and bearings follow with first-order lags. The constants are chosen so that healthy machines
mostly stay in the ranges of the course material.

References
----------
Gülich, J. F. (2020). Centrifugal Pumps, 4th ed., chapters 4 (performance) and 11 (wear, cavitation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.plant import calendar
from engine.plant.physics import Grid, Physics

if TYPE_CHECKING:
    from engine.records import FloatArray

_SHUT_OFF_BAR = 6.36  # H₀: head at no flow and nominal speed
_STATIC_BAR = 1.5  # Hₛ: head that the system asks for at no flow
_PUMP_CURVE = 2.2e-5  # k, bar per (L/min)²
_SYSTEM_CURVE = 1.0e-4  # r, bar per (L/min)²
_AIR_C, _SEASON_C, _DAY_C = 21.0, 4.0, 2.0  # hall air: mean, yearly and daily amplitude
_HOUSING_LAG_S, _BEARING_LAG_S = 1200.0, 480.0
_OIL_FULL, _OIL_FALL = 92.5, 12.0  # percent after a top-up, and what is lost until the next one
_TOP_UP_S = 900.0  # how long a top-up takes


class PumpPhysics(Physics):
    """Pump, motor and bearings of one pump set."""

    name: ClassVar[str] = "pump"
    quantities: ClassVar[tuple[str, ...]] = (
        "temperature",
        "vibration",
        "pressure",
        "flow",
        "power",
        "oil",
        "bearing_temperature",
        "load",
        "air",
    )
    variables: ClassVar[dict[str, tuple[str, ...]]] = {
        "bearing": ("vibration", "bearing_temperature", "temperature"),
        "impeller": ("flow", "pressure", "power"),
        "cooling": ("temperature", "bearing_temperature"),
        "oil_loss": ("oil", "bearing_temperature", "temperature"),
        "winding": ("power", "vibration", "temperature"),
        "cavitation": ("vibration", "flow", "pressure"),
        "clogging": ("flow", "pressure"),
        "alignment": ("vibration", "bearing_temperature"),
        "demand": ("power", "flow", "pressure", "temperature", "vibration"),
        "weather": ("temperature", "bearing_temperature"),
        "viscosity": ("flow", "pressure", "power"),
    }

    def quantities_on(self, grid: Grid) -> dict[str, FloatArray]:
        """Return load, air, hydraulics, power, oil, vibration and temperatures on the grid."""
        load, air = self._load(grid), self._air(grid)
        flow, pressure = self._hydraulics(grid, load)
        power = self._power(grid, load, flow, pressure)
        oil = self._oil(grid)
        vibration = self._vibration(grid, load)
        temperature, bearing = self._heat(grid, air, power, vibration, oil)
        found = (temperature, vibration, pressure, flow, power, oil, bearing, load, air)
        return dict(zip(self.quantities, found, strict=True))

    def _load(self, grid: Grid) -> FloatArray:
        asked = calendar.shift_load(grid.times_us)[:, None] * (1.0 + 0.05 * grid.trait("load"))
        asked = asked + 0.045 * grid.wander("load", 2400.0, 3) + 0.02 * grid.wander("demand", 420.0)
        return np.clip(asked + 0.25 * grid.variable("demand"), 0.15, 1.2)

    def _air(self, grid: Grid) -> FloatArray:
        sun = _SEASON_C * calendar.season(grid.times_us) + _DAY_C * calendar.day_wave(grid.times_us)
        outside = (_AIR_C + sun)[:, None] + 0.8 * grid.weather("air", 20_000.0, 3)
        return outside + 0.6 * grid.trait("place") + 6.0 * grid.variable("weather")

    def _hydraulics(self, grid: Grid, load: FloatArray) -> tuple[FloatArray, FloatArray]:
        speed = 0.93 + 0.1 * load
        impeller = np.clip(grid.variable("impeller") * 0.42 + grid.variable("cavitation") * 0.12, 0.0, 0.7)
        head = _SHUT_OFF_BAR * (1.0 + 0.022 * grid.trait("head")) * (speed * speed) * (1.0 - impeller)
        head = head * (1.0 - 0.015 * grid.wear)
        thicker = 1.0 + 0.18 * grid.variable("viscosity")
        system = _SYSTEM_CURVE * (1.0 + 0.05 * grid.trait("pipe")) * (1.0 + 1.1 * grid.variable("clogging")) * thicker
        system = system * (1.0 + 0.03 * grid.wander("valves", 3600.0))
        flow = np.sqrt(np.maximum(head - _STATIC_BAR, 0.05) / (_PUMP_CURVE + system))
        surge = grid.variable("cavitation") * grid.wander("surge", 40.0)
        flow = flow * (1.0 + 0.02 * surge)
        pressure = head - _PUMP_CURVE * flow * flow
        return grid.running * flow, _STATIC_BAR + grid.running * (pressure - _STATIC_BAR)

    def _power(self, grid: Grid, load: FloatArray, flow: FloatArray, pressure: FloatArray) -> FloatArray:
        useful = 0.02 * flow * pressure / (1.0 + 0.02 * grid.trait("efficiency"))
        winding = grid.variable("winding")
        losses = 1.0 + 0.28 * winding + 0.10 * grid.variable("impeller") + 0.06 * grid.variable("bearing")
        shaft = (22.9 + 7.0 * load + useful) * losses * (1.0 + 0.02 * grid.wear + 0.04 * grid.variable("viscosity"))
        hunting = 1.6 * winding * grid.wander("hunting", 60.0)
        return 1.2 + grid.running * (shaft - 1.2 + hunting)

    def _oil(self, grid: Grid) -> FloatArray:
        """Fall slowly, then be topped up; the leak takes what is left away."""
        period_s = 11.0 * 86_400.0 * (1.0 + 0.15 * grid.trait("oil period"))
        seconds = grid.times_us[:, None] * 1e-6
        phase = seconds / period_s + 0.37 * grid.trait("oil phase")
        gone = phase - np.floor(phase)
        refill = 1.0 - calendar.smoothstep(gone * (period_s / _TOP_UP_S))
        level = _OIL_FULL + 0.8 * grid.trait("oil") - _OIL_FALL * np.maximum(gone, refill)
        splash = 0.5 * grid.running + 0.15 * grid.wander("oil", 1800.0)
        return level - splash - 42.0 * grid.variable("oil_loss")

    def _vibration(self, grid: Grid, load: FloatArray) -> FloatArray:
        base = (2.3 + 2.7 * load * load) * (1.0 + 0.09 * grid.trait("balance"))
        damage = 1.35 * grid.variable("bearing") + 0.55 * grid.variable("winding") + 1.0 * grid.variable("alignment")
        rough = 1.0 + 0.22 * grid.wear + damage + 0.9 * grid.variable("cavitation")
        shaking = (grid.variable("winding") + grid.variable("cavitation")) * grid.wander("shaking", 45.0)
        level = base * rough * (1.0 + 0.045 * grid.wander("vibration", 300.0)) + 0.5 * shaking
        return 0.12 + grid.running * (np.maximum(level, 0.2) - 0.12)

    def _heat(
        self, grid: Grid, air: FloatArray, power: FloatArray, vibration: FloatArray, oil: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        starved = np.clip((72.0 - oil) * (1.0 / 40.0), 0.0, 1.0)
        cooling = 1.0 + 0.5 * grid.variable("cooling") + 0.12 * starved
        loss = 1.02 * power * cooling * (1.0 + 0.025 * grid.trait("cooling")) + 3.0 * grid.variable("bearing")
        temperature = grid.lag(air + loss, _HOUSING_LAG_S)
        friction = 1.0 + 0.35 * grid.variable("bearing") + 0.6 * starved + 0.15 * grid.variable("alignment")
        friction = friction + 0.03 * grid.trait("grease")
        heat = grid.running * (36.0 + 1.9 * vibration) * friction
        bearing = grid.lag(0.45 * air + 0.32 * temperature + 3.8 + heat, _BEARING_LAG_S)
        return temperature, bearing
