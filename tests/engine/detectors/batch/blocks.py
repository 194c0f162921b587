"""Blocks for the tests of batch and time-series detectors."""

from __future__ import annotations

import numpy as np

from engine.records import MAINTENANCE, SECOND_US, Block, block_of


def correlated(n_ticks: int = 400, n_machines: int = 3, seed: int = 3) -> Block:
    """Four sensors, the second follows the first; machines stand at different levels."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_ticks, n_machines, 4))
    values[:, :, 1] = 2.0 * values[:, :, 0] + 0.3 * values[:, :, 1]
    values += 100.0 * np.arange(n_machines)[None, :, None]
    return block_of(SECOND_US * np.arange(n_ticks), values)


def rhythm(n_ticks: int = 1200, seed: int = 4) -> Block:
    """One machine with one sensor that repeats itself every 44 ticks, with a little noise."""
    rng = np.random.default_rng(seed)
    values = 50.0 + np.sin(np.arange(n_ticks) / 7.0) + 0.1 * rng.normal(size=n_ticks)
    return block_of(SECOND_US * np.arange(n_ticks), values[:, None])


def with_values(block: Block, values: np.ndarray) -> Block:
    return block_of(block.times_us, values, block.machines, block.sensors, block.status)


def in_maintenance(block: Block, machine: int, start: int, stop: int) -> Block:
    status = block.status.copy()
    status[start:stop, machine] = MAINTENANCE
    return block_of(block.times_us, block.values, block.machines, block.sensors, status)
