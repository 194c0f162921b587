"""All plants that others feed; what they are made of is kept on disk and comes back after a restart."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, UnknownNameError
from engine.external.owners import STAFF, Asker, Owner, new_owner
from engine.external.plant import ExternalPlant
from engine.external.posted import SUFFIX, PostedPlant, posted_spec
from engine.external.spec import ExternalSpec, check_spec, spec_from_json, spec_to_json
from engine.files import write_atomically
from engine.plant.spec import plant_names
from engine.records import SECOND_US
from engine.store.run_records import EXTERNAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.alarming.policy import Policy
    from engine.plant.spec import PlantSpec
    from engine.running.frames import Frame
    from engine.store.store import Store

    Watcher = Callable[[ExternalPlant, Frame], None]

log = logging.getLogger(__name__)
MOST_PLANTS, MOST_OF_ONE = 20, 5
MOST_COLUMNS, MOST_ROWS_OF_MACHINES = 300, 2000  # that a name may have had over time: its table only ever grows
RETAIN_EVERY_S = 600.0
FILE_SUFFIX = ".json"


@dataclass(frozen=True)
class _Kept:
    """A plant, who made it, and the description that was given (normal ranges may still be open in it)."""

    plant: ExternalPlant
    owner: Owner
    given: ExternalSpec


class Externals:
    """The plants that others feed, by name.

    Parameters
    ----------
    folder
        Where descriptions are kept, one JSON file each.
    """

    def __init__(self, store: Store, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self._store, self._folder, self._wall = store, folder, wall
        self._lock = threading.RLock()
        self._kept: dict[str, _Kept] = {}
        self._watchers: tuple[Watcher, ...] = ()
        self._retain_at = wall()
        self.policy: Callable[[], Policy | None] = lambda: None  # whose alarm rules hold for all of them
        for file in sorted(folder.glob(f"*{FILE_SUFFIX}")) if folder.is_dir() else ():
            self._open(file)

    @property
    def plants(self) -> dict[str, ExternalPlant]:
        """The plants by name."""
        return {name: kept.plant for name, kept in self._kept.items()}

    def get(self, name: str) -> ExternalPlant:
        """Return a plant, or raise UnknownNameError."""
        return self._of(name).plant

    def watch(self, watcher: Watcher) -> None:
        """Have `watcher(plant, frame)` called with every frame of every plant, also of those that come later."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)

    def register(self, spec: ExternalSpec, who: Asker = STAFF) -> ExternalPlant:
        """Return the plant so described; see `claim`."""
        return self.claim(spec, who)[0]

    def claim(self, spec: ExternalSpec, who: Asker = STAFF) -> tuple[ExternalPlant, str | None]:
        """Make a plant, or make it anew when it is described otherwise than before; stored readings stay.

        The same description again changes nothing, whoever sends it, so a program may begin with it each time.

        Returns
        -------
        The plant and, when it is new, the token of its owner.

        Raises
        ------
        AccessError
            When it is to be changed and neither its owner nor staff asks.
        LabError
            When the name is taken by a plant of ours, a name cannot be stored, or there is too much of something.
        """
        check_spec(spec)
        with self._lock:
            before = self._kept.get(spec.name)
            if before is not None and before.given == spec:
                return before.plant, None
            if before is not None:
                before.owner.require(who, spec.name)
            self._require_free(spec, who, before)
            owner, token = (before.owner, None) if before is not None else new_owner(who)
            if before is not None:
                before.plant.finish()
            run = before.plant.run if before is not None else self._begin_run(spec)
            plant = self._watched(ExternalPlant(spec, self._store, run, self._wall))
            plant.desk.restore((), self._store.last_alarm_number(run), 0)
            self._keep(_Kept(plant, owner, spec))
            return plant, token

    def posted(self, spec: PlantSpec, machines: Sequence[str]) -> PostedPlant:
        """Return the plant of what is posted for one of ours; made when the first reading is."""
        name = f"{spec.name}{SUFFIX}"
        kept, wanted = self._kept.get(name), posted_spec(spec, machines)
        if kept is not None and kept.given == wanted and isinstance(kept.plant, PostedPlant):
            return kept.plant
        with self._lock:
            kept = self._kept.get(name)  # another request may have made it meanwhile
            if kept is not None and kept.given == wanted and isinstance(kept.plant, PostedPlant):
                return kept.plant
            if kept is not None:
                kept.plant.finish()  # our plant has other machines or sensors now
            run = self._begin_run(wanted)
            plant = PostedPlant(wanted, self._store, run, self._wall)
            self._watched(plant)
            self._keep(_Kept(plant, Owner(), wanted))
            return plant

    def remove(self, name: str, who: Asker = STAFF) -> None:
        """Take a plant away; its stored readings stay until retention ends them, and never come back under its name."""
        with self._lock:
            kept = self._of(name)
            kept.owner.require(who, name)
            kept.plant.finish()
            (self._folder / f"{name}{FILE_SUFFIX}").unlink(missing_ok=True)
            self._kept = {known: one for known, one in self._kept.items() if known != name}

    def retain_if_due(self) -> None:
        """Roll up and delete what has become too old, of every plant that others feed or fed."""
        if self._wall() < self._retain_at:
            return
        self._retain_at = self._wall() + RETAIN_EVERY_S
        for name, table in self._store.known_plants().items():
            if table.source == "external":
                self._store.retain(name, wait=False)

    def _of(self, name: str) -> _Kept:
        if name not in self._kept:
            raise UnknownNameError("plant that others feed", name, self._kept)
        return self._kept[name]

    def _require_free(self, spec: ExternalSpec, who: Asker, before: _Kept | None) -> None:
        known = self._store.known_plants().get(spec.name)
        if spec.name in plant_names() or (known is not None and known.source != "external"):
            raise LabError(f"A plant of the lab is called {spec.name!r}; choose another name.")
        if spec.name.endswith(SUFFIX):
            raise LabError(f"Names ending in {SUFFIX} are the lab's own; choose another name.")
        if known is not None:
            wide = len({*known.sensors, *spec.sensor_names}) > MOST_COLUMNS
            if wide or len({*known.machines, *spec.machines}) > MOST_ROWS_OF_MACHINES:
                raise LabError(
                    f"A plant called {spec.name!r} has had too many different sensors or machines by now "
                    f"(at most {MOST_COLUMNS} and {MOST_ROWS_OF_MACHINES:,} over time); choose another name."
                )
        if before is None:
            self._require_room(who)

    def _require_room(self, who: Asker) -> None:
        others = [kept for kept in self._kept.values() if not isinstance(kept.plant, PostedPlant)]
        if len(others) >= MOST_PLANTS:
            raise LabError(f"There are {MOST_PLANTS} plants already; ask an instructor to take one away.")
        if not who.staff and sum(kept.owner.sender == who.sender for kept in others) >= MOST_OF_ONE:
            raise LabError(f"You have made {MOST_OF_ONE} plants already; take one away, or ask an instructor to.")

    def _begin_run(self, spec: ExternalSpec) -> int:
        settings = {"source": EXTERNAL, "machines": list(spec.machines)}
        return self._store.begin_run(spec.name, 0, settings, round(self._wall() * SECOND_US)).run

    def _watched(self, plant: ExternalPlant) -> ExternalPlant:
        def on_frame(frame: Frame) -> None:
            for watcher in self._watchers:
                watcher(plant, frame)

        plant.subscribe(on_frame)
        plant.policy = lambda: self.policy()
        return plant

    def _keep(self, kept: _Kept) -> None:
        facts = {
            "run": kept.plant.run, "spec": spec_to_json(kept.given), "owner": asdict(kept.owner),
            "source": kept.plant.source,
        }  # fmt: skip
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(facts, ensure_ascii=False, indent=1)
        write_atomically(self._folder / f"{kept.given.name}{FILE_SUFFIX}", text.encode())
        self._kept = {**self._kept, kept.given.name: kept}

    def _open(self, file: Path) -> None:
        """Take over a plant as it was; a file that cannot be read is named and left alone."""
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            given, run = spec_from_json(facts["spec"]), int(facts["run"])
            owner = Owner(**facts.get("owner", {}))
            plant = self._made_again(facts.get("source", "external"), given, run)
            self._kept[given.name] = _Kept(plant, owner, given)
        except (ValueError, KeyError, TypeError, LabError) as problem:
            log.error("%s does not describe a plant that others feed and is left out: %s", file, problem)

    def _made_again(self, source: str, given: ExternalSpec, run: int) -> ExternalPlant:
        if run not in {record.run for record in self._store.runs(given.name)}:
            settings: dict[str, Any] = {"source": EXTERNAL, "machines": list(given.machines)}
            self._store.begin_run(given.name, 0, settings, round(self._wall() * SECOND_US), number=run)
        kind = PostedPlant if source == PostedPlant.source else ExternalPlant
        plant = kind(replace(given), self._store, run, self._wall)
        plant.resume()
        return self._watched(plant)
