"""The single writer: takes scores from their topic and stores each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.store.score_records import ScoreRecord

if TYPE_CHECKING:
    from engine.store.score_records import ScoreRecords
    from engine.streams.sources.kafka import KafkaSource


def take_scores(source: KafkaSource, store: ScoreRecords, timeout_s: float = 0.5) -> int:
    """Read once and store the scores that are new; then commit. Returns how many were new.

    The store is keyed by detector, machine and time, so a score that workers sent twice is stored once.
    """
    found = []
    for row in source.read(timeout_s):
        if isinstance(row.get("at_us"), int) and isinstance(row.get("score"), int | float):
            detector, machine = str(row.get("detector")), str(row["machine_id"])
            found.append(ScoreRecord(detector, machine, row["at_us"], float(row["score"]), bool(row.get("alarm"))))
    new = store.add(found)
    source.commit()
    return new
