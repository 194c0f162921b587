"""Stages for the pitfall theatre out of outcomes and truth; what leaves is numbers of tricks, never the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.comparing.judging import judged_rows
from engine.errors import LabError
from engine.metrics.stage import Stage, stage

if TYPE_CHECKING:
    from engine.comparing.compare import Outcome
    from engine.comparing.judging import Truth
    from engine.comparing.stretches import Stretch

MOST_ROWS = 10_000  # a stage is played four times by each of eight tricks: more rows answer late


def staged(outcome: Outcome, stretch: Stretch, truth: Truth, machine: str) -> Stage:
    """Return one machine's rows of an outcome as a stage; rows that nobody is judged on are left out.

    Raises
    ------
    LabError
        When the contender could not take part, or nothing is left to judge.
    """
    if outcome.problem:
        raise LabError(outcome.problem)
    m = stretch.judged.machines.index(machine)
    labels, cared = judged_rows(stretch.judged, truth)
    keep = np.flatnonzero(cared[:, m])[-MOST_ROWS:]
    if not len(keep):
        raise LabError(f"{machine} has no row to judge; choose another machine or a longer stretch.")
    scores = outcome.scores[keep, m]
    alarms = (scores >= outcome.levels[keep, m]).astype(np.int64)
    return stage(labels[keep, m], alarms, scores, stretch.judged.values[keep, m])


def busiest_machine(stretch: Stretch, truth: Truth) -> str:
    """Return the machine with most events in the stretch, the first one when there is none."""
    labels, _ = judged_rows(stretch.judged, truth)
    starts = (np.diff(labels, axis=0, prepend=0) == 1).sum(axis=0)
    return stretch.judged.machines[int(starts.argmax())]
