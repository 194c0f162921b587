"""A simulator that seeds its chance anew at every call: each block begins with the same noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

if TYPE_CHECKING:
    from engine.records import FloatArray

SEEDED = ("at every call", "once, when it is built", "for each reading, from seed and time")
SOURCES = ("the run's seed", "the computer's clock")
BLOCK, BLOCKS = 50, 8


class Simulator:
    """Noise for a sensor, seeded as the form says."""

    def __init__(self, form: dict[str, Any], seed: int, built: int) -> None:
        # The clock is another one at each start; `built` stands for it, so that the exhibit itself is repeatable.
        self.seed = seed if form["source"] == SOURCES[0] else seed + 7919 * (built + 1)
        self.seeded = form["seeded"]
        self.rng = np.random.default_rng(self.seed)

    def block(self, first: int, count: int) -> FloatArray:
        """Return the readings of the ticks first … first + count - 1."""
        if self.seeded == SEEDED[2]:
            return np.array([np.random.default_rng([self.seed, t]).normal() for t in range(first, first + count)])
        rng = np.random.default_rng(self.seed) if self.seeded == SEEDED[0] else self.rng
        return np.asarray(rng.normal(size=count))


def show(form: dict[str, Any], seed: int) -> Seen:
    """Ask two simulators of the same run for the same readings in different ways."""
    first, second = Simulator(form, seed, 0), Simulator(form, seed, 1)
    run = np.concatenate([first.block(k * BLOCK, BLOCK) for k in range(BLOCKS)])
    again = np.concatenate([second.block(k * BLOCK, BLOCK) for k in range(BLOCKS)])
    halves, jumper = Simulator(form, seed, 0), Simulator(form, seed, 0)
    small = np.concatenate([halves.block(k * BLOCK // 2, BLOCK // 2) for k in range(2 * BLOCKS)])
    jumped = jumper.block(6 * BLOCK, BLOCK)
    echo = float(np.corrcoef(run[:BLOCK], run[BLOCK : 2 * BLOCK])[0, 1])
    checks = (
        Check("one block does not echo the one before", abs(echo) < 0.6, f"correlation {echo:.2f}"),
        Check("the same seed gives the same run", bool(np.array_equal(run, again))),
        Check("blocks of another size give the same readings", bool(np.array_equal(run, small))),
        Check("jumping to a time gives what playing up to it gives", bool(np.array_equal(jumped, run[300:350]))),
    )
    lane = Lane(
        "noise, in blocks of 50",
        [float(t) for t in range(len(run))],
        run.round(3).tolist(),
        time=False,
        x_title="reading",
    )
    return Seen(checks, (lane,))


EXHIBIT = Exhibit("reseeding", {"seeded": SEEDED, "source": SOURCES}, show)
