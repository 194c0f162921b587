"""The app's single writer of worker scores: a thread that takes them from their topic into the store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engine.store.score_records import ScoreRecords
from engine.streams.cluster.scores import take_scores
from engine.streams.sources.kafka import KafkaSource
from engine.streams.tended import Tended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.store.database import Database


class ScoreTaker:
    """Stores each worker score once; a broker that is away is tried again.

    The consumer belongs to this thread alone; scores are committed to Kafka after they are in the store.
    """

    def __init__(self, source: KafkaSource, records: ScoreRecords) -> None:
        self.source, self.records = source, records
        self.stored = 0
        self._work = Tended(
            "faultlab-scores", self._take, recover=source.close, skip=source.commit, at_end=source.close
        )

    @property
    def problem(self) -> str:
        """Why nothing comes; empty when all is well."""
        return self._work.problem

    def start(self) -> None:
        """Begin to read; returns at once, whether or not a broker answers."""
        self._work.start()

    def stop(self) -> None:
        """End the thread and leave the group."""
        self._work.stop()

    def figures(self) -> dict[str, Any]:
        """Return the topic, scores stored since the start, records that were none, and the last problem."""
        counts = {"refused": self.source.bad_rows, "batches_skipped": self._work.skipped}
        return {"topic": self.source.topic, "stored": self.stored, **counts, "problem": self.problem}

    def _take(self) -> None:
        self.stored += take_scores(self.source, self.records, 0.3)


def score_taker(database: Database, env: Mapping[str, str] | None = None) -> ScoreTaker | None:
    """Return the writer, not yet started, when FAULTLAB_SCORES_TOPIC names a topic; else None."""
    environment: Mapping[str, str] = os.environ if env is None else env
    topic = environment.get("FAULTLAB_SCORES_TOPIC", "").strip()
    if not topic:
        return None
    source = KafkaSource(topic, "faultlab-scores", options={"auto_offset_reset": "earliest"})
    return ScoreTaker(source, ScoreRecords(database))
