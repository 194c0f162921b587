"""Jobs for the tests of the executor; functions of a module, so that another process can find them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np


def noisy_mean(seed: int, size: int) -> float:
    return float(np.random.default_rng(seed).normal(size=size).mean())


def dies_once(marker: str, number: int) -> int:
    """Kill the worker the first time that number 2 is asked for, as an out-of-memory killer would."""
    path = Path(marker)
    if number == 2 and not path.exists():
        path.write_text("died", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def always_dies(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails(number: int) -> int:
    raise ValueError(f"job {number} cannot be done")
