"""Which detector scores a stranger's file when nobody chose one, why, and how it is set for a file of that length.

The only place that decides it. The choice looks at readings and their number, never at labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.params import Range, parameters_of

if TYPE_CHECKING:
    from engine.detectors.base import Detector

DETECTOR = "level_and_state"
REASON = (
    "it needs no settings, takes analogue sensors and switches alike, and scores a short file from its first tenth on"
)
FIRST_PART = 0.1  # of a file: what a detector may use to warm up


def settings_for(cls: type[Detector], n_ticks: int, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return parameters for a file of `n_ticks`: the warm-up is at most its first tenth, unless the person chose it."""
    known = {parameter.name: parameter for parameter in parameters_of(cls)}
    if "warm_up" not in known or "warm_up" in chosen:
        return chosen
    warm_up = known["warm_up"]
    least = int(warm_up.rule.low) if isinstance(warm_up.rule, Range) else 1
    # A covariance is learned after the sensors' own normals are: two stretches one after the other.
    share = FIRST_PART / 2 if hasattr(cls, "refresh") else FIRST_PART
    return {**chosen, "warm_up": max(least, min(int(warm_up.default), int(share * n_ticks)))}
