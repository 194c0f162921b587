"""Operators who cannot look at everything: the chance that an alarm is looked at falls with the alarm rate.

References
----------
EEMUA 191, Alarm systems: a guide (one alarm in 10 minutes is very likely acceptable, one in 5 manageable, one in 2
over-demanding).
Erlang, A. K. (1917). Solution of some problems in the theory of probabilities (loss formula for a busy server).
Bliss, J. P., Gilson, R. D., Deaton, J. E. (1995). Human probability matching behaviour in response to alarms of
varying reliability. Ergonomics 38, 2300–2312.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from engine.params import Range

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray


@dataclass(frozen=True)
class Attention:
    """How likely an operator looks at an alarm: a server that is busy with an earlier alarm loses the new one.

    P(look) = 1 / (1 + λτ) with λ the rate of alarms in the ten minutes before it and τ the handling time (Erlang's
    loss formula for one server), times 1 − trust + trust · event precision (people answer about as often as alarms
    were right: probability matching).

    Parameters
    ----------
    handling_s
        Time that one alarm keeps the operator busy; 120 s makes one alarm in 2 minutes (EEMUA 191: over-demanding)
        the rate at which half are lost.
    span_s
        Time over which the rate is counted.
    trust
        0 = every alarm is taken seriously, 1 = full probability matching.
    """

    handling_s: Annotated[float, Range(0.0, 3_600.0, unit="s")] = 120.0
    span_s: Annotated[float, Range(60.0, 86_400.0, unit="s")] = 600.0
    trust: Annotated[float, Range(0.0, 1.0)] = 0.0

    def looks(self, starts_s: ArrayLike, event_precision: float | None = None) -> FloatArray:
        """Return float64 (n,): the chance that each alarm is looked at, in the order given.

        Parameters
        ----------
        starts_s
            When the alarms start (n,), in seconds; all of them ring at the same desk.
        event_precision
            Share of alarms that were right, for `trust`; None counts as 1.
        """
        starts = np.asarray(starts_s, np.float64)
        order = np.argsort(starts, kind="stable")
        ordered = starts[order]
        before = np.arange(len(ordered)) - np.searchsorted(ordered, ordered - self.span_s, side="right")
        busy = before / self.span_s * self.handling_s
        chances = np.empty(len(starts))
        chances[order] = self.heed(event_precision) / (1 + busy)
        return chances

    def heed(self, event_precision: float | None) -> float:
        """Return the chance that a free operator takes an alarm seriously: 1 − trust + trust · event precision."""
        return 1 - self.trust + self.trust * (1.0 if event_precision is None else event_precision)


def attention_curve(
    attention: Attention, alarms_per_hour: ArrayLike, event_precision: float | None = None
) -> FloatArray:
    """Return the chance that an alarm is looked at for each steady rate (alarms per hour)."""
    per_second = np.asarray(alarms_per_hour, np.float64) / 3600
    curve: FloatArray = attention.heed(event_precision) / (1 + per_second * attention.handling_s)
    return curve
