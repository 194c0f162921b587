"""What nobody has to look at: every detector of the catalogue at its defaults, turned into intervals.

The best of them is the line above which a person adds something. Baselines that see the truth do not play.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import catalog
from engine.classroom.grade import Work, grade
from engine.classroom.key_robots import hand_in
from engine.detectors.scorable import scorable_detectors
from engine.errors import LabError
from engine.records import MINUTE_US, SECOND_US, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from engine.classroom.key import AnswerKey
    from engine.classroom.rubric import Rubric
    from engine.plant.spec import PlantSpec
    from engine.records import Block

JOIN_US, LEAST_US = 30 * MINUTE_US, 5 * MINUTE_US
FITTED = 0.15  # share of the data on which a detector that does not learn by itself is fitted, as a student would
SAMPLE = 2  # variants of a class on which all detectors play: plants of one recipe are alike, detectors are dear
MOST_TICKS = 2_000  # of longer data every k-th reading is played


@dataclass(frozen=True)
class Pipeline:
    """One detector at its defaults: mean automatic points over the variants on which it played."""

    name: str
    mean: float
    played: int


def intervals_of(block: Block, flags: NDArray[np.bool_], least_us: int = LEAST_US) -> list[Label]:
    """Return the flagged time (n_ticks, n_machines) as intervals: gaps up to half an hour are joined.

    Runs shorter than `least_us` are left out; 0 keeps every one.
    """
    step = int(np.median(np.diff(block.times_us))) if len(block) > 1 else SECOND_US
    found = []
    for at, machine in enumerate(block.machines):
        marked = block.times_us[flags[:, at]]
        cuts = np.flatnonzero(np.diff(marked) > JOIN_US) + 1
        for run in np.split(marked, cuts):
            if len(run) and run[-1] - run[0] + step >= least_us:
                found.append(Label(machine, int(run[0]), int(run[-1]) + step))
    return found


def detector_marks(name: str, block: Block, plant: PlantSpec, least_us: int = LEAST_US) -> list[Label]:
    """Return what a detector with its own settings marks on data that it sees for the first time."""
    detector = catalog.make("detector", name, {}).bind(plant)
    if not detector.online:
        detector.fit(block.ticks(0, max(1, round(FITTED * len(block)))))
    return intervals_of(block, detector.score_then_learn(block) >= detector.default_threshold, least_us)


def check_setting(name: str, values: Mapping[str, Any]) -> None:
    """Refuse a setting that cannot be handed in: unknown, out of bounds, or of a detector that is told the truth."""
    if name in catalog.parts("detector") and name not in scorable_detectors():
        raise LabError(f"The detector {name!r} is told the truth; hand in one that has to find out.")
    settings = dict(values)
    threshold = settings.pop("threshold", None)
    if threshold is not None and not (isinstance(threshold, int | float) and 0 < threshold < float("inf")):
        raise LabError(f"threshold must be a number above 0, got {threshold!r}.")
    catalog.make("detector", name, settings)


def setting_alarms(parameters: Mapping[str, Any], block: Block, plant: PlantSpec, edition: int) -> tuple[Label, ...]:
    """Return the alarms of a handed-in setting on the hidden plant; `threshold` may be part of the setting.

    Every run is an alarm, however short; half an hour of quiet ends one. The first edition left out what was shorter
    than five minutes, and did not fit detectors that do not learn by themselves.
    """
    settings = dict(parameters)
    name, threshold = settings.pop("detector"), settings.pop("threshold", None)
    check_setting(name, settings)
    detector = catalog.make("detector", name, settings).bind(plant)
    if not detector.online and edition > 1:
        detector.fit(block.ticks(0, max(1, round(FITTED * len(block)))))
    scores = detector.score_then_learn(block)
    flags = scores >= (detector.default_threshold if threshold is None else threshold)
    return tuple(intervals_of(block, flags, 0 if edition > 1 else LEAST_US))


def play_pipelines(
    rubric: Rubric,
    data: Mapping[str, tuple[Block, AnswerKey]],
    plant: PlantSpec,
    stop: Callable[[], bool] = lambda: False,
) -> list[Pipeline]:
    """Return all honest detectors by their mean points on the given variants, best first.

    A detector that cannot play on this data (too short for it) is left out; `stop` is asked before each.
    """
    found = []
    for name in scorable_detectors():
        if stop():
            break
        points = [_points(name, rubric, _thinned(block), key, plant) for block, key in data.values()]
        known = [p for p in points if p is not None]
        if known:
            found.append(Pipeline(name, round(float(np.mean(known)), 4), len(known)))
    return sorted(found, key=lambda one: (-one.mean, one.name))


def _points(name: str, rubric: Rubric, block: Block, key: AnswerKey, plant: PlantSpec) -> float | None:
    least = LEAST_US if rubric.submit == "labels" else 0
    try:
        marks = hand_in(detector_marks(name, block, plant, least), key, rubric.submit)
    except LabError:
        return None
    return grade(Work(rubric.submit, marks), key, rubric).points


def _thinned(block: Block) -> Block:
    from dataclasses import replace

    step = -(-len(block) // MOST_TICKS)
    if step <= 1:
        return block
    return replace(block, times_us=block.times_us[::step], values=block.values[::step], status=block.status[::step])
