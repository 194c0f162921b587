"""From the slow means of the physics to readings: interpolation, noise keyed by time, rounding and rails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.plant import noise
from engine.plant.slow import CHUNK_STEPS, STEP_US

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray

# Noise of a sensor = 0.8 σ white + 0.6 σ correlated over seconds; the squares add up to σ².
_WHITE_SHARE, _WANDER_SHARE = 0.8, 0.6
_WANDER_US, _WANDER_OCTAVES = 4_000_000, 2
_CELLS = 16_384  # values worked on at once: arrays of this size stay in the processor's second-level cache


class Sensing:
    """The sensors of some machines of a plant; holds keys and constants only, so threads may share it.

    Attributes
    ----------
    sigma
        (n_sensors,) standard deviation of each sensor's noise.
    """

    def __init__(self, spec: PlantSpec, seed: int, machines: tuple[str, ...]) -> None:
        pairs = [(spec.name, machine, sensor) for machine in machines for sensor in spec.sensor_names]
        self._white_keys = noise.stream_keys(seed, [(*pair, "white") for pair in pairs])
        self._wander_keys = noise.stream_keys(seed, [(*pair, "wander") for pair in pairs])
        self.sigma: FloatArray = np.array([sensor.noise for sensor in spec.sensors])
        every = np.tile(self.sigma, len(machines))
        self._white_sigma, self._wander_sigma = _WHITE_SHARE * every, _WANDER_SHARE * every
        self._steps_per_unit = np.array([round(1.0 / sensor.resolution) for sensor in spec.sensors], np.float64)
        self._low, self._high = np.array([sensor.limits for sensor in spec.sensors]).T

    def fill(self, values: FloatArray, times: IntArray, means: FloatArray, chunk: int) -> None:
        """Write the readings of one chunk before rounding: interpolated means plus noise.

        Parameters
        ----------
        values
            (n_ticks, n_machines, n_sensors), written to.
        means
            The chunk's slow means (CHUNK_STEPS + 1, n_machines, n_sensors).
        chunk
            The chunk's number.
        """
        flat, slow = values.reshape(len(times), -1), means.reshape(len(means), -1)
        rows = max(1, _CELLS // flat.shape[1])
        for first in range(0, len(times), rows):
            t, out = times[first : first + rows], flat[first : first + rows]
            _interpolate(slow, t, chunk, out)
            wander = noise.lattice(self._wander_keys, t, _WANDER_US, _WANDER_OCTAVES)
            wander *= self._wander_sigma
            out += wander
            white = noise.white(self._white_keys, t)
            white *= self._white_sigma
            out += white

    def quantise(self, values: FloatArray) -> None:
        """Round to each sensor's resolution and hold the readings between the transducer's rails, in place."""
        np.clip(values, self._low, self._high, out=values)
        values *= self._steps_per_unit
        np.rint(values, out=values)
        values /= self._steps_per_unit
        values += 0.0  # no negative zeros


def _interpolate(slow: FloatArray, times: IntArray, chunk: int, out: FloatArray) -> None:
    """Write the linear interpolation of the slow means at the times."""
    step = times // STEP_US
    fraction = (times - step * STEP_US) * (1.0 / STEP_US)
    at = step - chunk * CHUNK_STEPS
    low, high = int(at[0]), int(at[-1]) + 2
    span = slow[low:high]
    if len(span) <= len(times):
        np.take(np.diff(span, axis=0), at - low, axis=0, out=out)
    else:
        np.subtract(slow[at + 1], slow[at], out=out)
    out *= fraction[:, None]
    out += slow[at]
