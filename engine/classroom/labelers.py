"""People of a fixed skill, simulated: what somebody careful, average or new earns on a key, apart from luck.

A person finds an event with the chance logistic((ln visibility − ln half_point) / slope). Visibility is the best half
hour of the RMS difference between a plant and its twin without the event, worst sensor, in natural SDs of that
sensor: how big the bump is against the ordinary wobble of the plot. Edges are off by a normal error, the name is right
by a chance, and false intervals of 45 minutes come at a Poisson rate. The constants are assumptions of the house
(DESIGN.md); a real class calibrates them: fit `half_point` and `slope` to which events were found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.label_files import Bounds, check_labels
from engine.params import Range
from engine.records import DAY_US, MINUTE_US, Label, TruthEvent

if TYPE_CHECKING:
    from engine.classroom.rubric import Rubric
    from engine.records import FloatArray

VISIBLE_PER_SEVERITY = 4.0  # natural SDs at severity 1, for keys that were sealed before visibility was measured
LEAST_VISIBLE = 1e-6
FALSE_MINUTES = 45.0
DRAWS_OF_EVENT, DRAWS_OF_FALSE = 5, 2  # find, start, end, named right, which other name; place, machine


@dataclass(frozen=True)
class Labeler:
    """One skill.

    Parameters
    ----------
    half_point
        Visibility at which half of the events are found, natural SDs.
    slope
        How gradually finding grows with ln visibility; smaller = steeper.
    edge_minutes
        Standard deviation of each edge.
    false_a_day
        False intervals a day of data, over all machines.
    naming
        Chance of the right fault; otherwise any fault of the key's list.
    delay_minutes
        Alarms only: how long after the first detectable moment the alarm is raised.
    """

    name: str
    half_point: Annotated[float, Range(0.01, 100.0, unit="SD")]
    slope: Annotated[float, Range(0.01, 10.0)]
    edge_minutes: Annotated[float, Range(0.0, 240.0, unit="min")]
    false_a_day: Annotated[float, Range(0.0, 100.0)]
    naming: Annotated[float, Range(0.0, 1.0)]
    delay_minutes: Annotated[float, Range(0.0, 240.0, unit="min")] = 5.0


CAREFUL = Labeler("careful", 0.8, 0.35, 5.0, 0.5, 0.7, 5.0)
AVERAGE = Labeler("average", 1.6, 0.45, 12.0, 1.0, 0.4, 12.0)
BEGINNER = Labeler("beginner", 3.0, 0.5, 20.0, 2.0, 0.2, 20.0)
LABELERS = {one.name: one for one in (CAREFUL, AVERAGE, BEGINNER)}


class Expected(NamedTuple):
    """Automatic points over the days of one person on one key: their mean and standard deviation."""

    mean: float
    sd: float


def visibility(event: TruthEvent) -> float:
    """Return how visible an event is in natural SDs: as measured, or estimated from its severity."""
    measured = getattr(event, "visibility", None)
    return VISIBLE_PER_SEVERITY * event.severity if measured is None else float(measured)


def chance_to_find(event: TruthEvent, labeler: Labeler) -> float:
    """Return the chance, 0 to 1, that the person finds the event."""
    seen = math.log(max(visibility(event), LEAST_VISIBLE))
    return 1.0 / (1.0 + math.exp(-(seen - math.log(labeler.half_point)) / labeler.slope))


def label(key: AnswerKey, labeler: Labeler, rng: np.random.Generator, submit: str = "labels") -> tuple[Label, ...]:
    """Return what the person marks on one day, as the counter takes it: in order, cut to the data, merged."""
    return _hand_in(key, labeler, rng.random(_dimensions(key, labeler)), submit)


def expected_points(
    key: AnswerKey, labeler: Labeler, rubric: Rubric, repetitions: int = 30, seed: int = 0, part: str = "all"
) -> Expected:
    """Return the expected automatic points of the person on the key.

    The days are a Latin hypercube: each draw takes every of `repetitions` strata once. The mean of 30 such days has
    about a third of the error of 30 independent ones (0.4 points, not 1.2), so that the range over a class shows its
    plants and not the simulation; `sd` stays that of single days.

    References
    ----------
    McKay, M. D., Beckman, R. J., Conover, W. J. (1979). A comparison of three methods for selecting values of input
    variables in the analysis of output from a computer code. Technometrics 21, 239-245.
    """
    days = _latin_hypercube(np.random.default_rng(seed), repetitions, _dimensions(key, labeler))
    works = (Work(rubric.submit, _hand_in(key, labeler, day, rubric.submit)) for day in days)
    points = np.array([grade(work, key, rubric, part).points for work in works])
    return Expected(float(points.mean()), float(points.std()))


def _hand_in(key: AnswerKey, labeler: Labeler, draws: FloatArray, submit: str) -> tuple[Label, ...]:
    inside = [_cut(mark, key) for mark in _marks(key, labeler, draws, submit)]
    bounds = Bounds(key.machines, key.start_us, key.end_us, max(500, len(inside)))
    return check_labels([mark for mark in inside if mark is not None], bounds, merge=submit == "labels")[0]


def _marks(key: AnswerKey, labeler: Labeler, draws: FloatArray, submit: str) -> list[Label]:
    """Return the marks of one day from its uniform draws: five for each owed event, then the false ones."""
    events = [key.events[at] for at in key.owed]
    mine, rest = np.split(draws, [DRAWS_OF_EVENT * len(events)])
    found = (_found(key, e, labeler, u, submit) for e, u in zip(events, mine.reshape(-1, DRAWS_OF_EVENT), strict=True))
    return [*(mark for mark in found if mark is not None), *_false(key, labeler, rest)]


def _found(key: AnswerKey, event: TruthEvent, labeler: Labeler, u: FloatArray, submit: str) -> Label | None:
    if u[0] >= chance_to_find(event, labeler):
        return None
    from scipy.special import ndtri

    off = ndtri(np.clip(u[1:3], 1e-12, 1 - 1e-12)) * labeler.edge_minutes * MINUTE_US
    late = 0.0 if submit == "labels" else labeler.delay_minutes * MINUTE_US
    start = round((counted_from(event) or event.onset_us) + late + off[0])
    end = max(round(event.end_us + off[1]), start + MINUTE_US)
    return Label(event.machine, start, end, event.fault if u[3] < labeler.naming else _other(key, u[4]))


def _false(key: AnswerKey, labeler: Labeler, draws: FloatArray) -> list[Label]:
    from scipy.stats import poisson

    count = int(poisson.ppf(draws[0], _mean_false(key, labeler))) if labeler.false_a_day else 0
    places = draws[1:].reshape(-1, DRAWS_OF_FALSE)[:count]
    length = min(round(FALSE_MINUTES * MINUTE_US), (key.end_us - key.start_us) // 2)
    starts = key.start_us + (places[:, 0] * (key.end_us - key.start_us - length)).astype(np.int64)
    machines = (key.machines[int(u * len(key.machines))] for u in places[:, 1])
    return [Label(m, int(s), int(s) + length, _other(key, 0.0)) for m, s in zip(machines, starts, strict=True)]


def _cut(mark: Label, key: AnswerKey) -> Label | None:
    start, end = max(mark.start_us, key.start_us), min(mark.end_us, key.end_us)
    return replace(mark, start_us=start, end_us=end) if end > start else None


def _other(key: AnswerKey, u: float) -> str:
    names = [name for name, _ in key.families] or sorted({event.fault for event in key.events})
    return names[int(u * len(names))] if names else ""


def _mean_false(key: AnswerKey, labeler: Labeler) -> float:
    return labeler.false_a_day * (key.end_us - key.start_us) / DAY_US


def _dimensions(key: AnswerKey, labeler: Labeler) -> int:
    mean = _mean_false(key, labeler)
    most = math.ceil(mean + 8 * math.sqrt(mean) + 8)  # beyond this a Poisson count is not met in a lifetime
    return DRAWS_OF_EVENT * len(key.owed) + 1 + DRAWS_OF_FALSE * most


def _latin_hypercube(rng: np.random.Generator, days: int, dimensions: int) -> FloatArray:
    """Return float64 (days, dimensions) in [0, 1): every column has one value in each of `days` equal strata."""
    strata = rng.permuted(np.tile(np.arange(days), (dimensions, 1)), axis=1).T
    return (strata + rng.random((days, dimensions))) / days
