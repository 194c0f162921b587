"""Experiment kind "arrivals": rows that come late and out of order, counted in windows of event time.

It is the pipeline lab of engine.streams, with its real window operator, stepped second by second.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from engine.streams.pipeline_lab import LabSettings, PipelineLab
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.spec import Strict


class Settings(Strict):
    """The keys of this kind: how rows travel, how long windows wait, and how long they can be corrected.

    `wait_s` is the watermark's distance behind the newest event time; `correct_s` the allowed lateness after a result.
    """

    machines: int = Field(default=5, ge=1, le=20)
    seconds: int = Field(default=300, ge=60, le=1800)
    disorder_s: float = Field(default=20.0, ge=0, le=60)
    outage_at_s: int = Field(default=0, ge=0, le=1800)
    outage_s: int = Field(default=40, ge=1, le=300)
    outage_of: Literal["all", "one"] = "one"
    window_s: int = Field(default=10, ge=1, le=120)
    wait_s: int = Field(default=0, ge=0, le=60)
    correct_s: int = Field(default=0, ge=0, le=600)
    seed: str = "fresh"


class ArrivalsLab(LabKind):
    """Windows over rows that arrive when they like."""

    name: ClassVar[str] = "arrivals"
    metrics: ClassVar[tuple[str, ...]] = (
        "late_loss_share", "result_lag_seconds", "corrections", "wrong_windows", "busiest_window", "lost",
    )  # fmt: skip
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the rows of one run."""
        return settings.machines * settings.seconds

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Step the pipeline to its end; note when rows arrive and when each window's first result comes."""
        seed = seed if settings.seed == "fresh" else int(settings.seed.removeprefix("fixed-"))
        lab = PipelineLab(_pipeline(settings, seed))
        arrived, lags, seen = [0], [], 0
        while not lab.finished:
            lab.step()
            arrived.append(lab.stages()[1].went)
            if len(lab.store.windows) > seen and lab.now <= settings.seconds:
                new = list(lab.store.windows)[seen:]
                lags += [lab.now - (start + settings.window_s) for _, start in new]
            seen = len(lab.store.windows)
        book = lab.run()
        per_second = np.diff(arrived)[: settings.seconds]
        usual = settings.machines * settings.window_s
        by_arrival = _per_window(per_second, settings.window_s)
        by_event = _counted(lab, settings)
        metrics: dict[str, Number] = {
            "late_loss_share": book.late / book.produced,
            "result_lag_seconds": float(np.quantile(lags, 0.9)) if lags else None,
            "corrections": float(book.corrections),
            "wrong_windows": float(book.wrong_windows),
            "busiest_window": max(by_arrival) / usual,
            "lost": float(book.lost),
        }
        return Outcome(metrics, _lanes(by_event, by_arrival, settings, usual))


def _pipeline(settings: Settings, seed: int) -> LabSettings:
    return LabSettings(
        machines=settings.machines, seconds=settings.seconds, disorder_s=settings.disorder_s,
        outage_at_s=settings.outage_at_s, outage_s=settings.outage_s, outage_of=settings.outage_of,
        window_s=settings.window_s, out_of_orderness_s=settings.wait_s, allowed_lateness_s=settings.correct_s,
        consumer_rows=1000, queue_rows=10_000, seed=seed,
    )  # fmt: skip


def _per_window(per_second: Iterable[int], window_s: int) -> list[int]:
    values = np.asarray(list(per_second))
    return [int(values[i : i + window_s].sum()) for i in range(0, len(values), window_s)]


def _counted(lab: PipelineLab, settings: Settings) -> list[int]:
    """Return how many rows the windows of all machines held at last, window by window."""
    starts = range(0, settings.seconds, settings.window_s)
    return [sum(lab.store.windows.get((m, start), 0) for m in range(settings.machines)) for start in starts]


def _lanes(by_event: list[int], by_arrival: list[int], settings: Settings, usual: int) -> tuple[Lane, ...]:
    x = [float(start + settings.window_s / 2) for start in range(0, settings.seconds, settings.window_s)]
    spans: tuple[tuple[float, float, str], ...] = ()
    if settings.outage_at_s:
        spans = ((float(settings.outage_at_s), float(settings.outage_at_s + settings.outage_s), "outage"),)
    top = float(usual)
    kept = Lane("rows, by event", x, [float(v) for v in by_event], "bars", time=False, limit=top, spans=spans)
    came = Lane("rows, by arrival", x, [float(v) for v in by_arrival], "bars", time=False, limit=top, spans=spans,
                x_title="seconds; each bar is one window, the dashed line what the machines sent")  # fmt: skip
    return kept, came
