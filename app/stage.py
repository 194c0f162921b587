"""What is on stage: one run's runner, and all that follows it: the stream, windows, marks of lines, alarm rules."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from app.feed import Feed
from app.hub import Hub
from app.intake import Intake
from app.opening import add_later, last_detectors, later_detectors
from engine.alarming.office import AlarmOffice
from engine.errors import LabError
from engine.lines import LineBook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)
FIRST_FRAME_S = 5.0


class Stage:
    """Made, started and closed as one: whoever holds it sees one plant throughout.

    Parameters
    ----------
    runner
        Its plant carries its own name and seed.
    folder
        Home of the lab's files.
    """

    def __init__(self, store: Any, runner: Any, folder: Path) -> None:
        self.runner = runner
        self.number = int(runner.run.run)  # tells viewers one stage from the next
        self.feed = Feed(runner, runner.plant.spec, Hub(), stage=self.number)
        self.intake = Intake(store, runner)
        self.lines = LineBook(store, runner.plant.spec)
        self.office = AlarmOffice(runner, folder, self.lines.marks)
        self._closed = threading.Event()

    def begin(self) -> None:
        """Let plant time run; returns with the first frame, or after some seconds without one."""
        self.runner.start()
        self.office.start()
        self.intake.start()
        self.feed.begun.wait(FIRST_FRAME_S)

    def show(self, hub: Hub) -> None:
        """Stream to the viewers of the hub: with the next frame they are told what plant this is."""
        self.feed.hub = hub

    def train(self, before_last: Callable[[], None] = lambda: None) -> None:
        """Put the detectors to work that take a second to train; charts are there already."""
        try:
            self._add(later_detectors(self.runner.plant.spec))
            before_last()
            self._add(last_detectors())
        except LabError as problem:
            log.warning("%s", problem)

    def _add(self, detectors: Any) -> None:
        if not self._closed.is_set():
            add_later(self.runner, detectors)

    def close(self, finish: bool = False) -> None:
        """Stop the runner and all that follows it; `finish`: the run is over, so its alarms end."""
        self._closed.set()
        with ExitStack() as parts:  # in the order from below upwards, each also when one before it failed
            parts.callback(self.intake.close)  # after the runner: the last frames count too
            parts.callback(self.runner.stop)
            parts.callback(self.feed.close)
            parts.callback(self.office.close)
            if finish:
                parts.callback(self.runner.finish)  # first: the office still delivers that the alarms have ended
