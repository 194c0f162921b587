"""The work behind the Score button, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from app.compare.choosing import FILE, RUNNING, Data, running_end_us
from app.i18n import t
from app.lab import lab
from app.watched import watched
from engine.comparing.compare import HERE, Outcome, compare
from engine.comparing.contenders import BASELINES, Contender, baselines
from engine.comparing.practice import Practice
from engine.comparing.stretches import Stretch, plant_stretch, stored_stretch, table_stretches
from engine.errors import LabError
from engine.importing.replay import RecordedPlant
from engine.reading.series import table_of
from engine.records import DAY_US, HOUR_US

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST_TICKS = 30


@dataclass
class Result:
    """What a comparison gave. `truths` and `rows` are there for instructors, or after a reveal; else None."""

    data: Data
    stretches: tuple[Stretch, ...]
    outcomes: list[Outcome]
    practice: Practice | None = None
    truths: list[Any] | None = None
    rows: list[Any] | None = None
    contenders: tuple[Contender, ...] = field(default_factory=tuple)

    def of(self, stretch: int) -> list[Outcome]:
        """Return the outcomes of the chosen detectors on one stretch, baselines left out."""
        return [one for one in self.outcomes if one.stretch == stretch and one.contender.detector not in BASELINES]


def work_of(data: Data, contenders: tuple[Contender, ...], teaches: bool, workers: int | None = HERE) -> Any:
    """Return the work for a Job: make the readings, compare, and judge when an instructor asked."""

    def work(progress: Callable[[float], None], cancelled: Callable[[], bool]) -> Result:
        progress(0.01)
        stretches, practice = readings_for(data)
        progress(0.08)
        everyone = [*contenders, *baselines()]
        outcomes = compare(
            everyone, stretches, _seeds(data, stretches), workers,
            lambda done, of: progress(0.08 + 0.82 * done / of), cancelled,
        )  # fmt: skip
        result = Result(data, stretches, outcomes, practice, contenders=contenders)
        if teaches:
            tell(result)
        return result

    return work


def readings_for(data: Data) -> tuple[tuple[Stretch, ...], Practice | None]:
    """Return the readings; a practice keeps the truth under its seal.

    Raises
    ------
    LabError
        When there is too little to compare on.
    """
    if data.source == FILE:
        return _of_file(data), None
    if data.source == RUNNING and data.plant:
        return (_fed(data),), None
    if data.source == RUNNING:
        end = running_end_us()
        start = end - round(data.hours * HOUR_US)
        return (plant_stretch(t("Running plant"), lab().plant, start, end, data.rate),), None
    practice = Practice(data.scenario, data.seeds, data.first_seed, data.hours, data.rate)
    return practice.stretches, practice


def tell(result: Result) -> None:
    """Judge against the truth, for an instructor or after a reveal; nothing happens when nobody knows it."""
    from engine.comparing.judging import judge

    if result.rows is None and (truths := truths_of(result.data, result.stretches, result.practice)) is not None:
        result.truths, result.rows = truths, judge(result.outcomes, result.stretches, truths)


def truths_of(data: Data, stretches: tuple[Stretch, ...], practice: Practice | None) -> list[Any] | None:
    """Return the truth of each stretch, for an instructor or after a reveal; None when nobody knows it."""
    if practice is not None:
        return practice.reveal()
    if data.source == RUNNING:
        if data.plant or isinstance(lab().plant, RecordedPlant):
            return None  # nobody has told the lab what was wrong in somebody else's plant, or in a recording
        span = stretches[0].span
        return [lab().plant.truth(span.start_us, span.end_us)]
    return _labelled(data, stretches)


def _fed(data: Data) -> Stretch:
    """Return what a plant that others feed sent in the last hours, as it is stored."""
    shown, store = watched(data.plant), lab().store
    end = int(shown.runner.snapshot().time_us) + 1
    start = end - round(data.hours * HOUR_US)
    block = store.block_between(shown.name, start - DAY_US, end, shown.machines, shown.run)
    found = stored_stretch(shown.title, block, start, data.rate, shown.runner.spec)
    if len(found.judged) < SHORTEST_TICKS:
        raise LabError(t("{plant} has sent too little to compare on; send more, or wait.", plant=shown.title))
    return found


def _of_file(data: Data) -> tuple[Stretch, ...]:
    if data.profile is None or data.choices is None:
        raise LabError(t("Choose a file first."))
    stretches = tuple(s for s in table_stretches(table_of(data.profile.with_choices(data.choices))))
    long = tuple(one for one in stretches if len(one.judged) >= SHORTEST_TICKS)
    if not long:
        raise LabError(t("The file has fewer than {n} rows per machine; choose a longer one.", n=SHORTEST_TICKS))
    return long


def _seeds(data: Data, stretches: tuple[Stretch, ...]) -> list[int]:
    """Return one seed per stretch: several plays differ in the detectors' dice too, machines of a file do not."""
    return [0] * len(stretches) if data.source == FILE else list(range(len(stretches)))


def _labelled(data: Data, stretches: tuple[Stretch, ...]) -> list[Any] | None:
    """Return the truth that a file carries in its label column, or None when it has none."""
    from engine.comparing.labelled import labelled_events
    from engine.reading.profile import labels_of

    if data.profile is None or data.choices is None:
        return None
    profile = data.profile.with_choices(data.choices)
    if not profile.of_role("label"):
        return None
    labels, table = labels_of(profile), table_of(profile)
    rows = dict(zip(table.machines, table.rows, strict=True))
    return [labelled_events(one, np.asarray(labels[rows[one.judged.machines[0]]])) for one in stretches]
