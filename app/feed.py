"""From the runner to the viewers: each frame becomes one JSON message, encoded once for all; no truth passes here."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from engine.catalog import caption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.hub import Hub
    from engine.alarming.records import Alarm
    from engine.plant.spec import PlantSpec, SensorSpec
    from engine.records import Block, FloatArray

BEAT_S = 0.9
NO_TICKS: dict[str, Any] = {"t": [], "v": [], "s": [], "m": []}
MOST_NUMBERS = 4000  # in one message; at high speeds and many machines ticks are left out, never whole spans
HISTORY_S = 7200.0
FRESH_TICKS, FRESH_NUMBERS, OLD_NUMBERS = 900, 70_000, 20_000  # of the past: the newest in full, before that thinned
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
    """

    def __init__(self, runner: Any, spec: PlantSpec, hub: Hub, wall: Callable[[], float] = time.time) -> None:
        self.runner, self.spec, self.hub, self.wall = runner, spec, hub, wall
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


def ticks(block: Block, scores: dict[str, FloatArray], names: tuple[str, ...], most: int) -> dict[str, Any]:
    """Return ticks as columns of a message: t (ms), v[tick][machine][sensor], s[tick][machine][detector], m states.

    When there are more than `most` numbers, every k-th tick is kept, and of the scores the highest since the last.
    """
    n_ticks, width = len(block), block.n_machines * (block.n_sensors + len(names))
    step = max(1, -(-n_ticks * width // most))
    kept = np.arange(n_ticks - 1, -1, -step)[::-1]  # the newest tick is always among them
    shape = (n_ticks, block.n_machines, len(names))
    unscored = np.full(shape[:2], np.nan)
    stacked = np.stack([scores.get(name, unscored) for name in names], axis=-1) if names else np.zeros(shape)
    if step > 1 and n_ticks:
        starts = np.concatenate([[0], kept[:-1] + 1])
        stacked = np.maximum.reduceat(stacked, starts, axis=0)
        return _columns(block, kept, stacked)
    return _columns(block, kept, stacked[kept])


def past(block: Block, scores: dict[str, FloatArray], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the past as two messages' columns: what is old, thinned, then what is fresh."""
    cut = max(0, len(block) - FRESH_TICKS)
    parts = ((0, cut, OLD_NUMBERS), (cut, len(block), FRESH_NUMBERS))
    return [
        ticks(block.ticks(start, stop), {name: values[start:stop] for name, values in scores.items()}, names, most)
        for start, stop, most in parts
    ]


def _columns(block: Block, kept: Any, scores: FloatArray) -> dict[str, Any]:
    return {
        "t": (block.times_us[kept] / 1000.0).tolist(),
        "v": block.values[kept].round(4).astype(np.float32),
        "s": scores.round(3).astype(np.float32),
        "m": block.status[kept].tolist(),
    }


def sensor_facts(sensor: SensorSpec) -> dict[str, Any]:
    """Return what a viewer may know of a sensor: the data sheet."""
    return {
        "name": sensor.name,
        "title": sensor.title,
        "unit": sensor.unit,
        "normal": list(sensor.normal),
        "warning": sensor.warning,
        "critical": sensor.critical,
        "low_side": sensor.low_side,
        "resolution": sensor.resolution,
    }


def detector_facts(name: str, detector: Any) -> dict[str, Any]:
    """Return what a viewer sees of a detector."""
    return {
        "name": name,
        "title": detector.title,
        "caption": caption(type(getattr(detector, "detector", detector))),
        "good_at": detector.good_at,
        "bad_at": detector.bad_at,
    }


def alarm_facts(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as the live page shows it; times in milliseconds."""
    return {
        "id": alarm.number,
        "machine": alarm.machine,
        "detector": alarm.detector,
        "start": alarm.start_us / 1000.0,
        "end": None if alarm.end_us is None else alarm.end_us / 1000.0,
        "state": alarm.state,
        "priority": alarm.priority,
        "peak": alarm.peak_score,
        "sensors": list(alarm.sensors),
    }


def encoded(message: dict[str, Any]) -> bytes:
    """Return the message as JSON; a missing reading (NaN) becomes null."""
    return orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
