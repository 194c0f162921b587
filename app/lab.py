"""The one Lab of this process: store, plant, detectors, runner and what viewers get; opened once, closed once.

It lives in a module without a file in `sys.modules`: hot reload does not evict it, "clear cache" does not reach it.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
import threading
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import streamlit as st

from app.desks import Desks
from app.doorstep import Doorstep
from app.hosts import Hosts
from app.hub import Hub
from app.keys import Keys
from app.opening import new_runner, open_runner
from app.shelf import Shelf
from app.sign_ins import SignIns
from app.sockets import Sockets
from app.stage import Stage
from engine.errors import LabError
from engine.home import close_to_others, home
from engine.running.choice import keep_choice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.feed import Feed
    from app.intake import Intake
    from engine.alarming.office import AlarmOffice
    from engine.lines import LineBook
    from engine.running.choice import Choice

log = logging.getLogger(__name__)
REGISTRY = "_faultlab_process"
SIGN_IN_S = 12 * 3600.0  # a teaching day
HEAVY = ("plotly.graph_objects", "pandas", "scipy.stats", "sklearn.ensemble")


class Lab:
    """Everything that all pages and routes share.

    Parameters
    ----------
    store, runner
        The engine; the runner's plant carries its own name and seed.
    keys
        Pass phrase and cookie secret of this installation.
    """

    def __init__(self, store: Any, runner: Any, keys: Keys) -> None:
        self.store, self.keys, self.folder = store, keys, keys.file.parent
        self.hub, self.doorstep, self.warm = Hub(), Doorstep(keys.cookie_secret), threading.Event()
        self.hosts = Hosts(os.environ, school_hosts())
        self.sockets, self.sign_ins, self.answers = Sockets(), SignIns(self.folder, SIGN_IN_S), Shelf()
        self.stage = Stage(store, runner, self.folder)
        self.stage.show(self.hub)
        self.desks = Desks(store, self.folder)
        self.desks.externals.policy = lambda: self.office.policy
        self.desks.externals.watch(lambda plant, frame: self.office.deliver(frame, plant.spec.name, plant.run))
        self._changing = threading.Lock()

    @property
    def runner(self) -> Any:
        """The thread that lets plant time pass; another one after `change_plant`."""
        return self.stage.runner

    @property
    def feed(self) -> Feed:
        """From the runner to the viewers."""
        return self.stage.feed

    @property
    def intake(self) -> Intake:
        """What streams in beside the plant's clock."""
        return self.stage.intake

    @property
    def lines(self) -> LineBook:
        """The marks of every line."""
        return self.stage.lines

    @property
    def office(self) -> AlarmOffice:
        """Alarm rules and deliveries."""
        return self.stage.office

    @property
    def plant(self) -> Any:
        """The plant as it is now (with the journal of this moment)."""
        return self.runner.plant

    @property
    def spec(self) -> Any:
        """What the plant is made of."""
        return self.runner.plant.spec

    @property
    def classroom(self) -> Any:
        """The one class of this process; made when first asked for, closed with the lab."""
        return self.desks.classroom

    def start(self) -> None:
        """Let plant time run; train detectors and import what is heavy beside the server."""
        threading.Thread(target=self._live, args=(self.stage,), name="faultlab-start", daemon=True).start()

    def _live(self, stage: Stage) -> None:
        try:
            stage.begin()  # charts first: training would take the processor from them
            stage.train(warm_up)
        except LabError as problem:
            log.warning("%s", problem)
        finally:
            self.warm.set()

    def change_plant(self, choice: Choice) -> None:
        """Begin a new run of another plant (or of this one) in the same process; the next start shows it too.

        The run on stage ends: its alarms end, its readings stay in the store. Viewers stay and see the new plant.

        Raises
        ------
        LabError
            When it cannot be chosen, or a round of the class is running; the plant on stage goes on then.
        """
        if not self._changing.acquire(blocking=False):
            raise LabError("Another plant is just being put on stage; wait a few seconds.")
        try:
            self._require_idle()
            runner = new_runner(self.store, self.folder, choice)
            following = Stage(self.store, runner, self.folder)
            _end(self.stage)
            self.desks.predictors.forget()
            following.begin()
            self.stage = following  # pages and API first, then the viewers: whoever looks again finds the new plant
            following.show(self.hub)
            keep_choice(self.folder, choice)  # last: the next start shows what was really put on stage
        finally:
            self._changing.release()
        self.warm.clear()
        threading.Thread(target=self._train, args=(following,), name="faultlab-train", daemon=True).start()

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Keep the plant on stage meanwhile; LabError when another one is just being put there."""
        if not self._changing.acquire(blocking=False):
            raise LabError("Another plant is just being put on stage; wait a few seconds.")
        try:
            yield
        finally:
            self._changing.release()

    def _train(self, stage: Stage) -> None:
        stage.train()
        self.warm.set()

    def _require_idle(self) -> None:
        if self.intake.feed is not None:
            raise LabError("This plant streams in over Kafka; start without FAULTLAB_SOURCE to choose another.")
        newest = self.classroom.conductor.newest()
        if newest is not None and newest[1] == "fault" and newest[2] != "revealed":
            raise LabError("A round of the class runs on this plant; reveal it on the page Conductor first.")

    def end_streams(self) -> None:
        """End every viewer's stream: an open one would keep the server from stopping."""
        self.hub.close()
        self.desks.end_streams()

    def close(self) -> None:
        """End the streams, stop the runner, write what waits and close the store."""
        self.end_streams()
        self.doorstep.close()
        with self._changing:
            self.desks.close()
            self.stage.close()
            self.store.close()

    def health(self) -> dict[str, Any]:
        """Return figures of runner, store and viewers; `status` is ok, degraded (with reasons) or stopped."""
        viewers = {"watching": self.hub.viewers, "messages": self.hub.published, "dropped": self.hub.dropped}
        facts = self.runner.health()
        store = {name: value for name, value in facts["store"].items() if name != "path"}  # nobody's business outside
        if problems := self.intake.problems:
            reasons = [*facts["reasons"], *problems]
            facts = {**facts, "reasons": reasons, "status": "degraded" if facts["status"] == "ok" else facts["status"]}
        rest = {"store": store, "plant": self.spec.name, "viewers": viewers, "intake": self.intake.figures()}
        return {**facts, **rest}


def school_hosts() -> list[str]:
    """Return the name under which a school's sign-in sends people back to this lab, where one is configured."""
    auth = st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}
    return [urlsplit(str(auth.get("redirect_uri", ""))).hostname or ""]


def _end(stage: Stage) -> None:
    """End a run; whatever its parts do at their end, the next plant must come."""
    try:
        stage.close(finish=True)
    except Exception:
        log.exception("the run that ended could not be closed in order")


def warm_up() -> None:
    """Import what is heavy before anybody waits for it, then take it out of the collector's sight."""
    for module in HEAVY:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def lab() -> Lab:
    """Return the lab; it is opened by the server's start, or by a test."""
    found: Lab | None = getattr(_registry(), "lab", None)
    if found is None:
        raise LabError("The lab is not open; start it with `streamlit run app/main.py`.")
    return found


def publish(opened: Lab | None) -> None:
    """Make this the lab of the process (the server's start and tests)."""
    _registry().lab = opened


def open_lab(folder: Path | None = None) -> Lab:
    """Open the lab as the environment says, publish and return it; the one already open is returned as it is.

    Raises
    ------
    LabError
        When the store is in use or damaged, or FAULTLAB_PLANT, FAULTLAB_SEED or FAULTLAB_SPEED cannot be used.
    """
    registry = _registry()
    with registry.lock:
        if getattr(registry, "lab", None) is None:
            folder = folder or home()
            close_to_others(folder)
            keys = Keys(folder, os.environ.get("FAULTLAB_PASSPHRASE"))
            store, runner = open_runner(folder, os.environ)
            publish(Lab(store, runner, keys))
            _tell_phrase(keys)
        return lab()


def close_lab() -> None:
    """Close the lab if it is open."""
    registry = _registry()
    with registry.lock:
        opened = getattr(registry, "lab", None)
        publish(None)
    if opened is not None:
        opened.close()


def _tell_phrase(keys: Keys) -> None:
    if keys.fresh_phrase:
        print(f"Instructors sign in at /login with the pass phrase: {keys.fresh_phrase}", flush=True)
        print(f"It is shown this once; to get a new one, delete {keys.file} and start again.", flush=True)
        keys.fresh_phrase = None


def _registry() -> types.ModuleType:
    registry = sys.modules.setdefault(REGISTRY, types.ModuleType(REGISTRY))
    registry.__dict__.setdefault("lock", threading.RLock())
    return registry
