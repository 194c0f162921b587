"""Goes on where the lab was stopped or killed: same plant, seed and journal, the tick after the last stored one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US
from engine.runner import Limits, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.alarms import AlarmRules
    from engine.clock import Clock
    from engine.detectors.base import Detector
    from engine.plant.spec import PlantSpec
    from engine.store.run_records import RunRecord
    from engine.store.store import Store


@dataclass(frozen=True)
class ResumePoint:
    """Where a run goes on.

    Parameters
    ----------
    run, plant
        The stored run, and its plant with the journal as it is now.
    at_us
        Plant time of the next tick: one after the last that is stored.
    tick_s
        The run's tick length.
    """

    run: RunRecord
    plant: Plant
    at_us: int
    tick_s: float


def resume_point(store: Store, spec: PlantSpec | None = None, seed: int | None = None) -> ResumePoint | None:
    """Return where the newest run goes on, or None when there is none of that plant and seed (None = any).

    Raises
    ------
    LabError
        When the plant's file is gone or the journal does not fit it any more.
    """
    run = store.newest_run(None if spec is None else spec.name)
    if run is None or seed not in (None, run.seed) or run.settings.get("source", Plant.source) != Plant.source:
        return None  # readings that came from elsewhere cannot be made again
    tick_s = float(run.settings["tick_s"])
    span = store.span_us(run.plant, run.run) if run.plant in store.known_plants() else None
    at_us = run.start_us if span is None else span[1] + round(tick_s * SECOND_US)
    return ResumePoint(run, plant_of(store, run, spec), at_us, tick_s)


def plant_of(store: Store, run: RunRecord, spec: PlantSpec | None = None) -> Plant:
    """Return the plant of a run with its journal as it is now; the spec is read from its file unless given."""
    settings = run.settings
    return Plant(
        load_plant(run.plant) if spec is None else spec,
        run.seed,
        Journal.from_json(store.journal(run.run)),
        machines=tuple(settings["machines"]),
        auto_faults_per_machine_hour=settings["auto_faults_per_machine_hour"],
        scheduled_maintenance_interval_s=settings["scheduled_maintenance_interval_s"],
    )


def resume(
    store: Store,
    detectors: Mapping[str, Detector],
    clock: Clock,
    rules: AlarmRules | Mapping[str, AlarmRules] | None = None,
    limits: Limits | None = None,
) -> Runner | None:
    """Return a runner that continues the store's newest run, or None when there is none.

    The clock is set to the tick after the last stored one; readings are a pure function of plant, seed, journal and
    time, so the series goes on as if nothing had happened. Standing alarms stand again.
    """
    point = resume_point(store)
    if point is None:
        return None
    clock.seek(point.at_us)
    return Runner(point.plant, store, detectors, clock, point.tick_s, rules=rules, limits=limits, run=point.run)
