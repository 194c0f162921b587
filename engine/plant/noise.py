"""Chance with random access: every draw is a pure function of a named key and an integer index.

Nothing here keeps state, so the order of calls, the size of blocks and the set of machines cannot matter. All
operations are elementwise (no BLAS products, no scalar powers), which keeps the bits the same for every shape.

References
----------
Steele, Lea, Flood (2014). Fast splittable pseudorandom number generators. OOPSLA (the mixing constants).
Perlin (1985). An image synthesizer. SIGGRAPH (lattice noise); the weights are renormalised here to unit variance.
"""

from __future__ import annotations

import functools
import hashlib
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.records import FloatArray, IntArray

    KeyArray = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S48, _S11 = (np.uint64(n) for n in (27, 30, 31, 48, 11))
_LOW_16 = np.uint64(0xFFFF)
_INV_SQRT2 = 0.7071067811865476
_TABLE_SIZE = 65_536


def stream_key(seed: int, *names: str) -> KeyArray:
    """Return the two 64-bit words of a named stream of chance, uint64 (2,); independent of Python's salted hash()."""
    text = "\x1f".join((str(int(seed)), *names))
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype="<u8").astype(np.uint64)


def stream_keys(seed: int, names: Sequence[tuple[str, ...]]) -> KeyArray:
    """Return the keys of several named streams, uint64 (len(names), 2)."""
    return np.stack([stream_key(seed, *parts) for parts in names])


@functools.cache
def normal_table() -> FloatArray:
    """Return 65,536 equiprobable normal quantiles, scaled to variance 1, read-only."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((i + 0.5) / _TABLE_SIZE) for i in range(_TABLE_SIZE // 2, _TABLE_SIZE)])
    table = np.concatenate([-upper[::-1], upper])
    table /= np.sqrt(np.mean(table * table))
    table.setflags(write=False)
    return table


def _mix(z: KeyArray) -> None:
    """Scramble the words in place (the splitmix64 finaliser)."""
    z ^= z >> _S30
    z *= _MIX_1
    z ^= z >> _S27
    z *= _MIX_2
    z ^= z >> _S31


def bits(keys: KeyArray, index: IntArray) -> KeyArray:
    """Return 64 hashed bits for each index (n,) and key (k, 2) as uint64 (n, k).

    Two rounds, the second keyed, so that no stream is a shifted copy of another.
    """
    z = (index.astype(np.uint64) * _GOLDEN)[:, None] + keys[:, 0]
    _mix(z)
    z ^= keys[:, 1]
    _mix(z)
    return z


def white(keys: KeyArray, index: IntArray) -> FloatArray:
    """Return standard normal draws, one for each index (n,) and key (k, 2), float64 (n, k).

    Two table quantiles are added, so the values are dense and the tails reach ±6 σ.
    """
    z = bits(keys, index)
    table = normal_table()
    x = table.take((z >> _S48).view(np.int64))
    z &= _LOW_16
    x += table.take(z.view(np.int64))
    x *= _INV_SQRT2
    return x


def uniform(keys: KeyArray, index: IntArray) -> FloatArray:
    """Return draws from [0, 1), one for each index (n,) and key (k, 2), float64 (n, k)."""
    return (bits(keys, index) >> _S11).astype(np.float64) * 2.0**-53


def lattice(keys: KeyArray, times_us: IntArray, period_us: int, octaves: int = 1, gain: float = 0.5) -> FloatArray:
    """Return band-limited noise of unit variance at any ascending times (n,), float64 (n, k).

    Normals on a lattice of `period_us` are blended by smoothstep weights w, 1 − w and divided by √(w² + (1 − w)²), so
    the variance is 1 between the lattice points too. Octave o has half the period and `gain` times the amplitude of
    the one before.
    """
    out: FloatArray | None = None
    power, amplitude, period = 0.0, 1.0, int(period_us)
    for octave in range(octaves):
        part = _one_octave(keys + np.uint64(octave), times_us, period, amplitude)
        out = part if out is None else np.add(out, part, out=out)
        power += amplitude * amplitude
        amplitude *= gain
        period = max(period // 2, 1)
    assert out is not None
    out *= 1.0 / np.sqrt(power)
    return out


def _one_octave(keys: KeyArray, times_us: IntArray, period: int, amplitude: float) -> FloatArray:
    cell = times_us // period
    fraction = (times_us - cell * period) * (1.0 / period)
    w = fraction * fraction * (3.0 - 2.0 * fraction)
    v = 1.0 - w
    scale = amplitude / np.sqrt(w * w + v * v)
    first, last = int(cell[0]), int(cell[-1]) + 1
    if last - first > 2 * len(times_us) + 2:  # sparse times: draw only the points that are needed
        part = white(keys, cell)
        part *= (v * scale)[:, None]
        part += white(keys, cell + 1) * (w * scale)[:, None]
        return part
    points = white(keys, np.arange(first, last + 1, dtype=np.int64))
    at = cell - first
    part = points.take(at, axis=0)
    part *= (v * scale)[:, None]
    at += 1
    right = points.take(at, axis=0)
    right *= (w * scale)[:, None]
    part += right
    return part


def lag(signal: FloatArray, tau_s: float, step_s: float) -> FloatArray:
    """Return the first-order lag of `signal` (n, …) along the first axis, started in equilibrium with its first row.

    Exact for input that is linear between grid points. Computed by doubling (Hillis and Steele's scan), which is
    elementwise over the other axes and needs no compiled filter.
    """
    a = float(np.exp(np.float64(-step_s / tau_s)))
    k = tau_s / step_s * (1.0 - a)
    out = np.empty_like(signal)
    out[0] = signal[0]
    out[1:] = (1.0 - k) * signal[1:] + (k - a) * signal[:-1]
    shift, weight = 1, a
    while shift < len(signal) and weight > 1e-18:
        head = out[:-shift] * weight
        out[shift:] += head
        shift, weight = shift * 2, weight * weight
    return out
