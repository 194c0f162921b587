"""Opening the engine on the plant that the environment or the instructor chose: its last run, or a new one."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from app.intake import feed_of
from app.replaying import fit_on_history, recorded_plant, replay_runner
from engine import catalog
from engine.clock import Clock
from engine.detectors.context import OnContext
from engine.detectors.live import live_detectors, train
from engine.errors import LabError
from engine.importing.recording import recording_names
from engine.importing.replay import RecordedPlant
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US, time_us
from engine.runner import Limits, Runner
from engine.running.choice import Choice, checked_choice, kept_choice
from engine.running.resume import resume_point
from engine.seeds import new_seed
from engine.store.store import Store
from engine.streams.feed import DELAY_S, fed_plant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.detectors.base import Detector
    from engine.plant.spec import PlantSpec
    from engine.streams.feed import FedPlant

log = logging.getLogger(__name__)
DEFAULT_PLANT, DEFAULT_SPEED = "pump_station", 10.0
FIRST_DETECTORS, LAST_DETECTORS = ("limit",), ("isolation_forest",)
START = time_us("2026-01-05T08:00:00Z")  # a Monday morning: load rises, nothing has happened yet
WARM_UP_S = 2 * 3600.0  # detectors and charts have a past from the first second on


def open_runner(folder: Path, environment: Mapping[str, str]) -> tuple[Store, Runner]:
    """Open the store in that folder and make the runner, not yet started.

    Raises
    ------
    LabError
        When the store is in use or damaged, or a variable cannot be used.
    """
    choice = choice_at_start(folder, environment)
    recorded = _recorded(folder, choice.plant)
    spec = load_plant(choice.plant) if recorded is None else recorded.spec
    store = Store(folder)
    try:
        if recorded is not None:
            return store, replay_runner(store, recorded, first_detectors(spec), choice.speed)
        fed = fed_plant(spec, environment)
        return store, _runner(store, spec, choice) if fed is None else _fed_runner(store, fed)
    except BaseException:
        store.close()
        raise


def choice_at_start(folder: Path, environment: Mapping[str, str]) -> Choice:
    """Return what shall run: each variable goes before what an instructor chose in the app, and the log says so."""
    kept, named = _usable_choice(folder), environment.get("FAULTLAB_PLANT", "").strip()
    if kept is not None and named not in ("", kept.plant):
        log.warning("FAULTLAB_PLANT says %s, so the plant chosen in the app, %s, is not shown.", named, kept.plant)
        kept = None
    chosen = kept or Choice(named or DEFAULT_PLANT)
    seed, speed = (
        number_of(environment, "FAULTLAB_SEED", int, None),
        number_of(environment, "FAULTLAB_SPEED", float, None),
    )
    return Choice(chosen.plant, chosen.seed if seed is None else seed, chosen.speed if speed is None else speed)


def _usable_choice(folder: Path) -> Choice | None:
    """Return the choice that the home keeps; one that cannot be used any more must not keep the lab from starting."""
    try:
        kept = kept_choice(folder)
        return None if kept is None else checked_choice(folder, kept)
    except LabError as problem:
        log.warning("%s The plant that was chosen is not shown.", problem)
        return None


def new_runner(store: Store, folder: Path, choice: Choice) -> Runner:
    """Return the runner of a new run of the chosen plant, not yet started.

    Raises
    ------
    LabError
        When there is no such plant, its file is wrong, or its name belongs to a plant that others feed.
    """
    checked_choice(folder, choice)
    recorded = _recorded(folder, choice.plant)
    if recorded is not None:
        return replay_runner(store, recorded, first_detectors(recorded.spec), choice.speed)
    known = store.known_plants().get(choice.plant)
    if known is not None and known.source == "external":
        raise LabError(f"A plant that others feed is called {choice.plant!r}; give yours another name.")
    return _new_runner(store, load_plant(choice.plant), choice)


def _recorded(folder: Path, name: str) -> RecordedPlant | None:
    return recorded_plant(folder, name) if name in recording_names(folder) else None


def _runner(store: Store, spec: PlantSpec, choice: Choice) -> Runner:
    """Continue the newest run when it is of that plant (and seed, when one is asked for); else begin a new one."""
    point = resume_point(store, spec, choice.seed)
    if point is None:
        return _new_runner(store, spec, choice)
    clock, limits = Clock(speed=_speed(choice), start_us=point.at_us), Limits(warm_up_s=WARM_UP_S)
    return Runner(point.plant, store, first_detectors(spec), clock, point.tick_s, limits=limits, run=point.run)


def _new_runner(store: Store, spec: PlantSpec, choice: Choice) -> Runner:
    plant = Plant(spec, new_seed() if choice.seed is None else choice.seed)
    clock, limits = Clock(speed=_speed(choice), start_us=START), Limits(warm_up_s=WARM_UP_S)
    return Runner(plant, store, first_detectors(spec), clock, limits=limits)


def _speed(choice: Choice) -> float:
    return DEFAULT_SPEED if choice.speed is None else choice.speed


def _fed_runner(store: Store, plant: FedPlant) -> Runner:
    """Run at the stream's own pace, a little behind the present; no past is there to warm up with or to resume."""
    start_us = int((time.time() - DELAY_S) * SECOND_US)
    return Runner(plant, store, first_detectors(plant.spec), Clock(speed=1.0, start_us=start_us))


def first_detectors(spec: PlantSpec) -> dict[str, Detector]:
    """Return the detectors that need no training: the data sheet's limits."""
    return {name: catalog.make("detector", name).bind(spec) for name in FIRST_DETECTORS}


def add_later(runner: Runner, detectors: Mapping[str, Detector]) -> None:
    """Train detectors on the time before what is in memory, then put them to work; they score the memory first."""
    if isinstance(runner.plant, RecordedPlant):
        detectors = fit_on_history(detectors, runner.plant)
        for name, detector in detectors.items():
            runner.add_detector(name, detector)
        return
    block, _ = runner.recent(WARM_UP_S)
    first_us = int(block.times_us[0]) if len(block) else runner.clock.now_us() - int(WARM_UP_S * SECOND_US)
    # A stream brings no past: detectors of a fed plant learn from its simulation, that is from its data sheet.
    teacher = Plant(runner.plant.spec, 0) if feed_of(runner.plant) is not None else runner.plant
    problem = train(detectors, teacher, first_us)
    if problem:
        log.warning("%s", problem)
    for name, detector in detectors.items():
        runner.add_detector(name, detector)


def later_detectors(spec: PlantSpec) -> dict[str, Detector]:
    """Return those of the default detectors whose training or libraries take a second: charts do not wait for them."""
    return {name: one for name, one in live_detectors(spec).items() if name not in FIRST_DETECTORS}


def last_detectors() -> dict[str, Detector]:
    """Return those that need scikit-learn, which takes longest to import."""
    return {name: OnContext(catalog.make("detector", name)) for name in LAST_DETECTORS}


def number_of(environment: Mapping[str, str], name: str, kind: type, default: Any) -> Any:
    """Return a variable of the environment as a number, or the default when it is not set."""
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        word = "a whole number" if kind is int else "a number"
        raise LabError(f"{name} must be {word}, got {text!r}; set it anew and start again.") from None
