"""What cost the points of a grade, line by line: the measure, its numbers, and how many points it took.

A line is its points times several measures. The loss of the line is shared among them by their logarithms, so that the
shares add up to the loss and a measure of 1 takes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.classroom.grade import Grade

LEAST = 1e-6  # stands for a measure of 0: it takes all of the line
SMALL = 0.05  # points that are not worth a row


@dataclass(frozen=True)
class Loss:
    """Points that one measure took from one line; `words` say the measure with its numbers."""

    line: str
    measure: str
    value: float
    lost: float
    words: str


def losses_of(grade: Grade) -> list[Loss]:
    """Return what cost points, the largest first; only numbers of the person's own work, no place and no time."""
    known, found = grade.measure, list[Loss]()
    for line in grade.lines:
        factors = {name: known[name] for name in line.formula.split(" × ") if name in known}
        if line.manual or line.points is None or not factors or line.out_of - line.points < SMALL:
            continue
        logs = {name: -math.log(min(1.0, max(LEAST, value))) for name, value in factors.items()}
        whole = math.fsum(logs.values())
        for name, part in logs.items():
            lost = (line.out_of - line.points) * part / whole if whole > 0 else 0.0
            if lost >= SMALL:
                found.append(Loss(line.title, name, round(factors[name], 4), round(lost, 2), words_of(name, grade)))
    return sorted(found, key=lambda loss: (-loss.lost, loss.line, loss.measure))


def words_of(measure: str, grade: Grade) -> str:
    """Return a measure in words, with the numbers behind it where the grade has them."""
    m, value = grade.measure, grade.measure[measure]
    missed = m.get("events", 0.0) * (1.0 - m["recall"]) if "recall" in m else 0.0
    wrong, chance = m.get("wasted"), m.get("chance")
    false_a_day = m.get("false_alarms_per_day")
    precision = "" if wrong is None else f": {wrong:.1f} labels belong to no fault, or to one that another label has"
    excess = m.get("excess_share")
    painted = ""
    if excess is not None:
        forgiven = f"{100 * m['excess_allowed']:.1f} % are forgiven"
        painted = f": {100 * excess:.1f} % of the time is labelled outside faults, {forgiven}"
    quiet = "" if false_a_day is None else f": {false_a_day:.2f} false alarms a machine and day"
    above = "" if chance is None else f": {m['recall']:.0%} met, {chance:.0%} could be luck with so many false alarms"
    recall = "" if "events" not in m else f": {missed:.1f} of {m['events']:.0f} faults are not found, or only in part"
    texts = {
        "recall": f"{value:.0%} of the faults are found{recall}",
        "recall_above_chance": f"{value:.0%} of the faults are found beyond luck{above}",
        "recall_gate": f"too few faults are found for all points of this line{recall}",
        "precision": f"{value:.0%} of the labels find a fault{precision}",
        "precision_gate": f"too many labels find no fault for all points of this line{precision}",
        "not_painted": f"more is labelled than there are faults{painted}",
        "edges": f"edges and missed faults leave {value:.0%}; a label should begin and end with its fault",
        "types": f"names and missed faults leave {value:.0%}; the right family counts half",
        "quiet": f"false alarms leave {value:.0%}{quiet}",
        "quiet_gate": f"too many false alarms for all points of this line{quiet}",
        "promptness": f"delays and missed faults leave {value:.0%}",
        "load": f"too many alarms in the worst ten minutes: {m['worst_load']:.0f}" if "worst_load" in m else "load",
        "right_answers": f"{value:.0%} of the answers are right",
    }
    return texts.get(measure, measure)
