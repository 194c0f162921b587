"""Goes on where the lab was stopped or killed: same plant, seed and journal, the tick after the last stored one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.plant.journal import Journal
from engine.runner import Limits, Runner

if TYPE_CHECKING:
    from engine.alarms import AlarmRules
    from engine.clock import Clock
    from engine.detectors.base import Detector
    from engine.plant.simulator import Plant
    from engine.store.run_records import RunRecord
    from engine.store.store import Store


def last_run(store: Store) -> RunRecord | None:
    """Return the run that was on when the lab was stopped, or None in a new store."""
    return store.newest_run()


def plant_of(store: Store, run: RunRecord) -> Plant:
    """Return the plant of a run with its journal as it is now.

    Raises
    ------
    LabError
        When the plant's file is gone or the journal does not fit it any more.
    """
    from engine.plant.simulator import Plant
    from engine.plant.spec import load_plant

    settings = run.settings
    return Plant(
        load_plant(run.plant),
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
    plant: Plant | None = None,
) -> Runner | None:
    """Return a runner that continues the store's newest run, or None when there is none.

    The clock is set to the tick after the last stored one; readings are a pure function of plant, seed, journal and
    time, so the series goes on as if nothing had happened. Standing alarms stand again.

    Raises
    ------
    LabError
        When the plant's file is gone or the journal does not fit it any more.
    """
    run = last_run(store)
    if run is None:
        return None
    plant = plant_of(store, run) if plant is None else plant
    span = store.span_us(run.plant, run.run) if run.plant in store.known_plants() else None
    tick_s = float(run.settings["tick_s"])
    clock.seek(run.start_us if span is None else span[1] + round(tick_s * 1e6))
    runner = Runner(plant, store, detectors, clock, tick_s=tick_s, rules=rules, limits=limits, run=run)
    runner.desk.restore(store.standing_alarms(run.run), store.last_alarm_number(run.run), clock.now_us())
    return runner
