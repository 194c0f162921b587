"""Whether points measure skill: simulated people on the variants of a class, luck against skill.

A grade varies because people differ (skill), because their plants do (plant luck) and because a day is good or bad
(day luck). On plants of one's own a better person falls behind a worse one more often than on a shared plant only as
far as the plants differ; that difference is what this lab may add to the luck of any exam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.grade import Work, grade
from engine.classroom.key import counted_from
from engine.classroom.labelers import AVERAGE, BEGINNER, CAREFUL, Labeler, expected_points, label
from engine.records import Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.classroom.key import AnswerKey
    from engine.classroom.rubric import Rubric
    from engine.records import FloatArray

MOST_RANGE = 10.0  # of 90 points: of the careful person's expected points over the variants
MOST_SD = 3.0
MOST_ADDED = 0.02  # chance of a wrong order that plants of one's own may add
DAYS = 30
STUDENTS = 60  # of the simulated class that says whether two parts of a split go together
SAYS_NOTHING = 0.3  # below this rank correlation the board says nothing about the grade, below the next little
SAYS_LITTLE = 0.6


@dataclass(frozen=True)
class Skill:
    """Points of one simulated person over the variants: mean, SD of variants (expected points), SD of the day."""

    name: str
    mean: float
    plants_sd: float
    day_sd: float
    low: float
    high: float

    @property
    def range(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class Fairness:
    """How fair a class is, in automatic points.

    Parameters
    ----------
    behind_own, behind_shared
        Chance that the careful person earns less than the average one: each on a variant of their own, both on one.
    plant_share
        Variance of the plants as a share of that of plants and skill.
    truth
        Lowest points of the exact truth over the variants, as a share of all automatic points.
    out_of
        Automatic points.
    """

    variants: int
    skills: tuple[Skill, ...]
    behind_own: float
    behind_shared: float
    plant_share: float
    truth: float
    out_of: float

    @property
    def careful(self) -> Skill:
        return self.skills[0]

    @property
    def fair(self) -> bool:
        """Whether all four promises hold: range, SD, luck added by own plants, and full points for the truth."""
        scale = self.out_of / 90.0
        even = self.careful.range <= MOST_RANGE * scale and self.careful.plants_sd <= MOST_SD * scale
        return even and self.added_luck <= MOST_ADDED and self.truth >= 1.0 - 1e-6

    @property
    def added_luck(self) -> float:
        """Chance of a wrong order that comes from plants of one's own alone."""
        return self.behind_own - self.behind_shared


def fairness(keys: Mapping[str, AnswerKey], rubric: Rubric, days: int = DAYS) -> Fairness:
    """Return how fair a class of variants is under a rubric, by simulation with fixed seeds."""
    order = [key for _, key in sorted(keys.items())]
    skills = tuple(_skill(one, order, rubric, days) for one in (CAREFUL, AVERAGE, BEGINNER))
    skill_variance = float(np.var([one.mean for one in skills]))
    plant_variance = float(np.mean([one.plants_sd**2 for one in skills]))
    whole = skill_variance + plant_variance
    own, shared = behind(*(points_of(order, one, rubric, days) for one in (CAREFUL, AVERAGE)))
    truth = [
        grade(Work(rubric.submit, _truth(key, rubric.submit)), key, rubric).points / rubric.automatic_points
        for key in order
    ]
    return Fairness(
        len(order),
        skills,
        own,
        shared,
        plant_variance / whole if whole else 0.0,
        min(truth, default=0.0),
        rubric.automatic_points,
    )


def points_of(keys: Sequence[AnswerKey], labeler: Labeler, rubric: Rubric, days: int) -> FloatArray:
    """Return the automatic points of one person, (variants, days); the same seeds for every variant and person."""
    return np.array(
        [
            [
                grade(
                    Work(rubric.submit, label(key, labeler, np.random.default_rng((at, day)), rubric.submit)),
                    key,
                    rubric,
                ).points
                for day in range(days)
            ]
            for at, key in enumerate(keys)
        ]
    )


def behind(better: FloatArray, worse: FloatArray) -> tuple[float, float]:
    """Return how often `better` earns less than `worse`: on different variants, and on the same one."""
    n = len(better)
    shared = float(np.mean([(b[:, None] < w[None, :]).mean() for b, w in zip(better, worse, strict=True)]))
    if n < 2:
        return shared, shared
    sorted_worse = np.sort(worse, axis=None)
    above = sorted_worse.size - np.searchsorted(sorted_worse, better, side="right")  # of all variants
    same = sum(int((b[:, None] < w[None, :]).sum()) for b, w in zip(better, worse, strict=True))
    pairs = better.size * worse.size - sum(b.size * w.size for b, w in zip(better, worse, strict=True))
    return float((above.sum() - same) / pairs), shared


def split_correlation(keys: Mapping[str, AnswerKey], rubric: Rubric, students: int = STUDENTS) -> float | None:
    """Return the rank correlation of public and private points over a simulated class; None without a split.

    The class's skills are spread evenly from the beginner to the careful person; everybody labels once.
    """
    from scipy.stats import spearmanr

    order = [key for _, key in sorted(keys.items()) if (key.public_machines, key.public_events) != (None, None)]
    if not order:
        return None
    pairs = []
    for at in range(students):
        key, person = order[at % len(order)], between(at / max(1, students - 1))
        work = Work(rubric.submit, label(key, person, np.random.default_rng((7, at)), rubric.submit))
        pairs.append([grade(work, key, rubric, part).points for part in ("public", "private")])
    public, private = np.array(pairs).T
    if np.ptp(public) == 0.0 or np.ptp(private) == 0.0:
        return None
    return round(float(spearmanr(public, private)[0]), 4)


def between(share: float) -> Labeler:
    """Return the person `share` of the way from the beginner (0) to the careful one (1)."""
    low, high = BEGINNER, CAREFUL

    def mixed(name: str) -> float:
        a, b = float(getattr(low, name)), float(getattr(high, name))
        return float(a ** (1 - share) * b**share)

    fields = ("half_point", "slope", "edge_minutes", "false_a_day", "naming", "delay_minutes")
    return Labeler("between", **{name: mixed(name) for name in fields})


def chance_it_costs(day_sd: float, events: int, enough: int) -> tuple[float, float]:
    """Return the SD of a careful person's day with so many events, and about what it were with enough of them."""
    return day_sd, day_sd * float(np.sqrt(events / enough))


def _skill(labeler: Labeler, keys: Sequence[AnswerKey], rubric: Rubric, days: int) -> Skill:
    found = [expected_points(key, labeler, rubric, days) for key in keys]
    means = np.array([one.mean for one in found])
    day = float(np.sqrt(np.mean([one.sd**2 for one in found])))
    spread = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    return Skill(labeler.name, float(means.mean()), spread, day, float(means.min()), float(means.max()))


def _truth(key: AnswerKey, submit: str) -> tuple[Label, ...]:
    """The exact truth: labels from the onset, or alarms at the first detectable moment."""
    events = [key.events[at] for at in key.owed]
    first = [e.onset_us if submit == "labels" else (counted_from(e) or e.onset_us) for e in events]
    return tuple(Label(e.machine, start, e.end_us, e.fault) for e, start in zip(events, first, strict=True))
