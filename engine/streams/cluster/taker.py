"""The app's single writer of worker scores: a thread that takes them from their topic into the store."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from engine.errors import LabError
from engine.store.score_records import ScoreRecords
from engine.streams.backoff import Backoff
from engine.streams.cluster.scores import take_scores
from engine.streams.sources.kafka import KafkaSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.store.database import Database

log = logging.getLogger(__name__)


class ScoreTaker:
    """Stores each worker score once; a broker that is away is tried again.

    The consumer belongs to this thread alone; scores are committed to Kafka after they are in the store.
    """

    def __init__(self, source: KafkaSource, records: ScoreRecords) -> None:
        self.source, self.records = source, records
        self.stored = 0
        self.problem = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read; returns at once, whether or not a broker answers."""
        self._thread = threading.Thread(target=self._run, name="faultlab-scores", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and leave the group."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def figures(self) -> dict[str, Any]:
        """Return the topic, scores stored since the start, and the last problem."""
        return {"topic": self.source.topic, "stored": self.stored, "problem": self.problem}

    def _run(self) -> None:
        backoff = Backoff(0.5, 10.0)
        while not self._stop.is_set():
            try:
                self.stored += take_scores(self.source, self.records, 0.3)
            except LabError as problem:
                if str(problem) != self.problem:
                    log.warning("%s", problem)
                self.problem = str(problem)
                self.source.close()
                self._stop.wait(backoff.next_s())
                continue
            self.problem = ""
            backoff.reset()
        self.source.close()


def score_taker(database: Database, env: Mapping[str, str] | None = None) -> ScoreTaker | None:
    """Return the writer, not yet started, when FAULTLAB_SCORES_TOPIC names a topic; else None."""
    environment: Mapping[str, str] = os.environ if env is None else env
    topic = environment.get("FAULTLAB_SCORES_TOPIC", "").strip()
    if not topic:
        return None
    source = KafkaSource(topic, "faultlab-scores", options={"auto_offset_reset": "earliest"})
    return ScoreTaker(source, ScoreRecords(database))
