"""The single writer: takes scores from their topic and stores each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.store.score_records import ScoreRecord
from engine.streams.readings import LATEST_US, LONGEST_NAME

if TYPE_CHECKING:
    from engine.store.score_records import ScoreRecords
    from engine.streams.sources.kafka import KafkaSource

MOST_SCORE = 1e300  # NaN is below nothing, so it is refused too


def take_scores(source: KafkaSource, store: ScoreRecords, timeout_s: float = 0.5) -> int:
    """Read once and store the scores that are new; then commit. Returns how many were new.

    The store is keyed by detector, machine and time, so a score that workers sent twice is stored once. A row that is
    no score is counted among the source's bad rows.
    """
    found = []
    for row in source.read(timeout_s):
        score = score_of(row)
        if score is None:
            source.bad_rows += 1
        else:
            found.append(score)
    new = store.add(found)
    source.commit()
    return new


def score_of(row: dict[str, Any]) -> ScoreRecord | None:
    """Return a row of the scores' topic as a record, or None when it is none: no number, or out of range."""
    at_us, score, detector, machine = (row.get(name) for name in ("at_us", "score", "detector", "machine_id"))
    numbers = type(at_us) is int and 0 <= at_us < LATEST_US and type(score) in (int, float)
    names = all(isinstance(name, str) and 1 <= len(name) <= LONGEST_NAME for name in (detector, machine))
    if not numbers or not names or not abs(score) < MOST_SCORE:  # type: ignore[arg-type]
        return None
    return ScoreRecord(str(detector), str(machine), int(at_us), float(score), bool(row.get("alarm")))  # type: ignore[arg-type]
