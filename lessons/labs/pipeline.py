"""Experiment kind "pipeline": rows on their way from machines to the store, with bursts, crashes and a consumer group.

The model is the engine's pipeline lab. A group of consumers works as fast as its busy members together: partitions are
shared evenly, one partition has one consumer, so consumers beyond the number of partitions stand idle.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.streams.pipeline_lab import DELIVERIES, EFFECTIVELY, LabRow, LabSettings, PipelineLab
from engine.streams.queues import BLOCK, POLICIES
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict


class Settings(Strict):
    """The keys of this kind; with `hidden_trouble` the seed decides when the outage and the crash come."""

    machines: int = Field(default=20, ge=1, le=20)
    seconds: int = Field(default=600, ge=30, le=1200)
    consumers: int = Field(default=4, ge=1, le=40)
    partitions: int = Field(default=4, ge=1, le=40)
    rows_per_consumer: int = Field(default=4, ge=1, le=100)
    queue_rows: int = Field(default=10_000, ge=1, le=10_000)
    queue_policy: str = Field(default=BLOCK, pattern=f"^({'|'.join(POLICIES)})$")
    delivery: str = Field(default=EFFECTIVELY, pattern=f"^({'|'.join(DELIVERIES)})$")
    duplicates: float = Field(default=0.0, ge=0, le=0.5)
    outage_at_s: int = Field(default=0, ge=0, le=1200)
    outage_s: int = Field(default=5, ge=0, le=120)
    crash_at_s: int = Field(default=0, ge=0, le=1200)
    restart_s: int = Field(default=3, ge=1, le=120)
    hidden_trouble: bool = False


class Watched(PipelineLab):
    """The pipeline lab with a note of how old each row was when it was worked on."""

    def __init__(self, settings: LabSettings) -> None:
        super().__init__(settings)
        self.ages: list[int] = []
        self.by_second: list[float] = []

    def step(self, seconds: int = 1) -> None:
        """Move on and note the age of the oldest row of the second."""
        for _ in range(seconds):
            before = len(self.ages)
            super().step()
            self.by_second.append(float(max(self.ages[before:], default=np.nan)))

    def _work(self, batch: list[LabRow]) -> None:
        self.ages += [self.now - row.at for row in batch]
        super()._work(batch)


class PipelineKind(LabKind):
    """A pipeline with a load."""

    name: ClassVar[str] = "pipeline"
    metrics: ClassVar[tuple[str, ...]] = (
        "consumer_lag_seconds", "oldest_seconds", "lost", "duplicates", "late_loss_share", "events", "alarms",
    )  # fmt: skip
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the rows that the machines send."""
        return settings.machines * settings.seconds

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Run to the end and return the books."""
        lab = Watched(lab_settings(settings, seed))
        while not lab.finished:
            lab.step()
        books = lab.ledger()
        ages = np.array(lab.ages or [0])
        metrics = {
            "consumer_lag_seconds": float(np.quantile(ages, 0.95)), "oldest_seconds": float(ages.max()),
            "lost": float(books.lost), "duplicates": float(books.doubled),
            "late_loss_share": books.late / max(1, books.produced), "events": float(books.planted),
            "alarms": float(books.alarms),
        }  # fmt: skip
        x = [float(second) for second in range(len(lab.by_second))]
        y = [None if np.isnan(value) else value for value in lab.by_second]
        notes = (f"{books.produced:,} rows made, {books.stored:,} stored.",)
        return Outcome(
            metrics, (Lane("age of the oldest row, s", x, y, time=False, x_title="seconds since the start"),), notes
        )


def lab_settings(settings: Settings, seed: int) -> LabSettings:
    """Return the switches of the pipeline lab."""
    outage, crash = settings.outage_at_s, settings.crash_at_s
    if settings.hidden_trouble:
        rng = np.random.default_rng([seed, 0x91E])
        outage = int(rng.integers(30, max(31, settings.seconds // 3)))
        crash = int(rng.integers(settings.seconds // 2, max(settings.seconds // 2 + 1, settings.seconds - 30)))
    return LabSettings(
        machines=settings.machines, seconds=settings.seconds, outage_at_s=outage, outage_s=settings.outage_s,
        duplicates=settings.duplicates, queue_rows=settings.queue_rows, queue_policy=settings.queue_policy,
        consumer_rows=min(settings.consumers, settings.partitions) * settings.rows_per_consumer,
        window_s=10, out_of_orderness_s=30, delivery=settings.delivery, crash_at_s=crash,
        restart_s=settings.restart_s, seed=seed % 2**31,
    )  # fmt: skip
