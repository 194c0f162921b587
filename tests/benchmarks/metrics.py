"""How fast the metrics are, beside the times that the reference implementations need for the same thing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.metrics.arrays import runs
from engine.metrics.nab import nab_optimum
from engine.metrics.panel import panel
from engine.metrics.pate import pate
from engine.metrics.sweep import sweep
from engine.metrics.volume import r_auc, vus

SIZES = {10_000: 5, 100_000: 50}
# Targets in milliseconds; reference times as measured for TSB-AD (VUS) and PATE 0.1.1 on two cores.
TARGETS = {
    "vus": {10_000: 40, 100_000: 300},
    "r_auc": {10_000: 5, 100_000: 50},
    "pate": {10_000: 50, 100_000: 500},
    "nab_sweep": {10_000: 20, 100_000: 200},
    "panel": {10_000: 300, 100_000: 2000},
}
REFERENCE_MS = {"vus": {10_000: 960.0, 100_000: 9_500.0}, "pate": {10_000: 20_000.0, 100_000: 1_000_000.0}}
TITLES = {
    "vus": "VUS (W = 100, T = 250)",
    "r_auc": "R-AUC (window 100)",
    "pate": "PATE (buffers 100)",
    "nab_sweep": "NAB sweep of one file",
    "panel": "whole panel with baselines",
}


def example(n: int, events: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, scores that see it dimly, and three sensors."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(n, np.int64)
    for start in rng.integers(0, n - 300, events):
        truth[start : start + rng.integers(50, 300)] = 1
    scores = np.round(rng.random(n) + 0.5 * truth * rng.random(n), 6)
    return truth, scores, rng.normal(size=(n, 3))


def best_ms(work: Callable[[], Any], rounds: int = 5) -> float:
    """Return the best of several runs in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def _works(n: int) -> dict[str, Callable[[], Any]]:
    truth, scores, readings = example(n, SIZES[n])
    windows = [(int(a), int(b)) for a, b in runs(truth)]
    return {
        "vus": lambda: vus(sweep(truth, scores), 100),
        "r_auc": lambda: r_auc(sweep(truth, scores), 100),
        "pate": lambda: pate(sweep(truth, scores), 100, 100),
        "nab_sweep": lambda: nab_optimum(scores, windows),
        "panel": lambda: panel(truth, None, scores, threshold=0.9, readings=readings),
    }


def speed() -> list[dict[str, Any]]:
    """Return one row per metric and size: ours, the reference, how many times faster, and the target."""
    out = []
    for n in SIZES:
        for name, work in _works(n).items():
            ours, peer = best_ms(work), REFERENCE_MS.get(name, {}).get(n)
            out.append(
                {
                    "name": f"{TITLES[name]}, {n:,} rows",
                    "ours": f"{ours:.1f} ms",
                    "peer": f"{peer:,.0f} ms" if peer else "–",
                    "ratio": round(peer / ours, 1) if peer else None,
                    "target": f"≤ {TARGETS[name][n]} ms",
                    "ours_ms": ours,
                    "target_ms": TARGETS[name][n],
                }
            )
    return out


ROWS: dict[str, Callable[[], list[dict[str, Any]]]] = {"metrics": speed}

if __name__ == "__main__":
    for row in speed():
        print(f"{row['name']:42s} {row['ours']:>10s}  {row['target']:>10s}  reference {row['peer']:>12s}")
