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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.desks import Desks
from app.feed import Feed
from app.hub import Hub
from app.intake import Intake
from app.keys import Guesses, Keys
from app.opening import add_later, last_detectors, later_detectors, open_runner
from engine.alarming.office import AlarmOffice
from engine.errors import LabError
from engine.home import home
from engine.lines import LineBook

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
REGISTRY = "_faultlab_process"
FIRST_FRAME_S = 5.0
HEAVY = ("plotly.graph_objects", "pandas", "scipy.stats", "sklearn.ensemble")


@dataclass
class Lab:
    """Everything that all pages and routes share.

    Parameters
    ----------
    store, runner
        The engine; the runner's plant carries its own name and seed.
    keys
        Pass phrase and cookie secret of this installation.
    hub, feed
        The live stream.
    """

    store: Any
    runner: Any
    keys: Keys
    hub: Hub = field(default_factory=Hub)
    guesses: Guesses = field(default_factory=Guesses)
    warm: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.feed = Feed(self.runner, self.spec, self.hub)
        self.desks = Desks(self.store, self.keys.file.parent)
        self.intake = Intake(self.store, self.runner)
        self.lines = LineBook(self.store, self.spec)
        self.office = AlarmOffice(self.runner, self.keys.file.parent, self.lines.marks)

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
        threading.Thread(target=self._live, name="faultlab-start", daemon=True).start()

    def _live(self) -> None:
        try:
            self.runner.start()
            self.office.start()
            self.intake.start()
            self.feed.begun.wait(FIRST_FRAME_S)  # charts first: training would take the processor from them
            add_later(self.runner, later_detectors(self.spec))
            warm_up()
            add_later(self.runner, last_detectors())
        except LabError as problem:
            log.warning("%s", problem)
        finally:
            self.warm.set()

    def end_streams(self) -> None:
        """End every viewer's stream: an open one would keep the server from stopping."""
        self.hub.close()
        self.desks.end_streams()

    def close(self) -> None:
        """End the streams, stop the runner, write what waits and close the store."""
        self.end_streams()
        self.office.close()
        self.desks.close()
        self.feed.close()
        self.runner.stop()
        self.intake.close()  # after the runner: the last frames count too
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
