"""From the runner to the viewers: each frame becomes one JSON message, encoded once for all; no truth passes here."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from app.messages import alarm_facts, detector_facts, encoded, past, sensor_facts, ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.hub import Hub
    from engine.alarming.records import Alarm
    from engine.plant.spec import PlantSpec

BEAT_S = 0.9
NO_TICKS: dict[str, Any] = {"t": [], "v": [], "s": [], "m": []}
MOST_NUMBERS = 4000  # in one message; at high speeds and many machines ticks are left out, never whole spans
HISTORY_S = 7200.0
MOST_ALARMS = 300  # told to a new viewer
HELLO_AGE_S = 1.0  # viewers who come within one second share the encoded hello


class Feed:
    """Turns frames into messages and publishes them.

    Parameters
    ----------
    runner
        Gives `recent`, `snapshot` and the frames.
    spec
        The plant, for names, units and marks.
    hub
        Where messages go.
    wall
        Wall time in seconds; goes into each message as `sent`, so that a viewer can measure its lag.
    stage
        Goes into each hello: another number means another plant, and the page around the chart must be drawn anew.
    """

    def __init__(
        self, runner: Any, spec: PlantSpec, hub: Hub, wall: Callable[[], float] = time.time, stage: int = 0
    ) -> None:
        self.runner, self.spec, self.hub, self.wall, self.stage = runner, spec, hub, wall, stage
        self.names = tuple(runner.detectors)
        self._number, self._published = 0, 0.0
        self._hello: tuple[float, bytes] = (-1e9, b"")
        self._lock = threading.Lock()
        self.begun = threading.Event()  # set with the first frame
        self._alarms = {alarm.number: alarm for alarm in runner.snapshot().alarms}
        self._stop = runner.subscribe(self.on_frame)

    def close(self) -> None:
        """Take no more frames."""
        self._stop()

    def on_frame(self, frame: Any) -> None:
        """Publish a frame; runs on the runner's thread and must be quick."""
        self.begun.set()
        self._remember(frame.alarms)
        if self.hub.viewers == 0:
            return
        if tuple(frame.scores) != self.names or self._number == 0:
            self._tell_anew(tuple(frame.scores))
        self._publish(ticks(frame.block, frame.scores, self.names, MOST_NUMBERS), frame.alarms)

    def beat(self) -> None:
        """Publish a frame without ticks when none came for a while, so that a pause is seen too."""
        if self.hub.viewers and self.wall() - self._published > BEAT_S:
            self._publish(NO_TICKS, ())

    def _publish(self, columns: dict[str, Any], alarms: Iterable[Alarm]) -> None:
        self._number += 1
        self._published = self.wall()
        facts = [alarm_facts(alarm) for alarm in alarms]
        head = {"kind": "frame", "n": self._number, "sent": self._published}
        self.hub.publish(encoded({**head, **columns, "alarms": facts, **self._state()}))

    def _remember(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            self._alarms = {**self._alarms, alarm.number: alarm}  # a new dict: viewers read the old one meanwhile
        if len(self._alarms) > 2 * MOST_ALARMS:
            newest = sorted(self._alarms)[-MOST_ALARMS:]
            standing = [number for number, alarm in self._alarms.items() if alarm.end_us is None]
            self._alarms = {number: self._alarms[number] for number in sorted({*newest, *standing})}

    def _tell_anew(self, names: tuple[str, ...]) -> None:
        """Say hello to everybody again: other detectors, or a past that was not there when they came."""
        with self._lock:
            self.names, self._hello = names, (-1e9, b"")
        self.hub.publish(self.hello())

    def hello(self) -> bytes:
        """Return the first message of a viewer: names, units, marks, detectors, alarms and the recent past."""
        with self._lock:
            made, message = self._hello
            if self.wall() - made > HELLO_AGE_S:
                message = encoded(self._hello_facts())
                self._hello = (self.wall(), message)
            return message

    def _hello_facts(self) -> dict[str, Any]:
        block, scores = self.runner.recent(HISTORY_S)
        return {
            "kind": "hello",
            "sent": self.wall(),
            "plant": {"name": self.spec.name, "title": self.spec.title},
            "stage": self.stage,
            "machines": list(block.machines),
            "sensors": [sensor_facts(sensor) for sensor in self.spec.sensors],
            "detectors": [detector_facts(name, self.runner.detectors[name]) for name in self.names],
            "history": past(block, scores, self.names),
            "alarms": [alarm_facts(alarm) for alarm in self._alarms.values()],
            **self._state(),
        }

    def _state(self) -> dict[str, Any]:
        clock = self.runner.clock
        return {"speed": clock.speed, "paused": clock.paused, "thresholds": dict(self.runner.thresholds)}
