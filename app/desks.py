"""What the lab opens when somebody first asks for it: models for single readings, plants of others, the class."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from app.feed import Feed
from app.hub import Hub
from engine.external import Externals, Shown
from engine.predicting import Predictors

if TYPE_CHECKING:
    from pathlib import Path

    from engine.classroom.classroom import Classroom


class Desks:
    """Opened on first use, closed with the lab.

    Parameters
    ----------
    store
        The lab's store.
    folder
        Home of the lab's files.
    """

    def __init__(self, store: Any, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._lock = threading.RLock()
        self._live: dict[str, tuple[Any, Hub, Feed]] = {}
        self._school: tuple[Classroom, Any] | None = None
        self.predictors = Predictors(store, folder / "models")
        self.externals = Externals(store, folder / "external")

    @property
    def models_folder(self) -> Path:
        """Where model versions are kept."""
        return self._folder / "models"

    @property
    def classroom(self) -> Classroom:
        """The class of this lab."""
        with self._lock:
            if self._school is None:
                from engine.classroom.opening import class_beside

                self._school = class_beside(self._store.database, self._folder)
            return self._school[0]

    def live(self, plant: str) -> tuple[Hub, Feed]:
        """Return the live stream of a plant that others feed, or raise UnknownNameError."""
        with self._lock:
            found = self.externals.get(plant)
            if plant not in self._live or self._live[plant][0] is not found:
                hub = Hub()
                self._live[plant] = (found, hub, Feed(found, Shown(found), hub))
            return self._live[plant][1:]

    def beat(self) -> None:
        """Tell viewers of plants that others feed how things stand when nothing comes; end old readings of theirs."""
        self.externals.retain_if_due()
        for _, _, feed in tuple(self._live.values()):
            feed.beat()

    def end_streams(self) -> None:
        """End every viewer's stream."""
        for _, hub, _ in tuple(self._live.values()):
            hub.close()

    def close(self) -> None:
        """End the streams and close the class."""
        self.end_streams()
        for _, _, feed in self._live.values():
            feed.close()
        if self._school is not None:
            school, vault = self._school
            school.close()
            vault.close()
