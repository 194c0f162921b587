"""What a plant's labels are compared with: random labels of the same lengths, and three sigma on the readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import runs
from engine.metrics.baselines import SIGMAS, three_sigma_scores
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from engine.records import Block


@dataclass(frozen=True)
class Span:
    """What is judged: machines and event time [start, end) in microseconds."""

    machines: tuple[str, ...]
    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        """Length in microseconds."""
        return self.end_us - self.start_us


def covered_us(spans: Iterable[tuple[int, int]], within: Span) -> int:
    """Return how many microseconds of `within` the spans cover together, overlaps counted once."""
    total, reached = 0, within.start_us
    for start, end in sorted(spans):
        start, end = max(start, reached), min(end, within.end_us)
        if end > start:
            total, reached = total + end - start, end
    return total


def random_labels(labels: Sequence[Any], span: Span, rng: np.random.Generator) -> list[Label]:
    """Return as many labels of the same lengths at random times on random machines."""
    return [_moved(min(max(x.end_us - x.start_us, 1), span.length_us), span, rng) for x in labels]


def _moved(length: int, span: Span, rng: np.random.Generator) -> Label:
    start = span.start_us + int(rng.integers(0, span.length_us - length + 1))
    return Label(span.machines[int(rng.integers(len(span.machines)))], start, start + length)


def three_sigma_labels(readings: Block) -> list[Label]:
    """Return a label for every run of ticks on which a sensor of a machine leaves its first days' mean by 3 σ."""
    period = int(np.median(np.diff(readings.times_us))) if len(readings) > 1 else SECOND_US
    return [
        Label(machine, int(readings.times_us[first]), int(readings.times_us[last]) + period)
        for m, machine in enumerate(readings.machines)
        for first, last in runs(three_sigma_scores(readings.values[:, m]) >= SIGMAS)
    ]
