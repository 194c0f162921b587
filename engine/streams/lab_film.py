"""The pipeline lab, filmed: how things stood in each second, and when each row reached the windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.streams.pipeline_lab import LabLedger, LabRow, LabSettings, PipelineLab, Stage
from engine.streams.windows.operator import BEFORE_ALL_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

ON_TIME, LATE, AGAIN = "on time", "late", "again"
TAIL_STEP_S = 5  # after the source's end not much happens: every fifth second is enough


@dataclass(frozen=True)
class Seen:
    """A row as the windows saw it: in which second, of which machine and event time, and what became of it there."""

    second: int
    machine: int
    event_s: int
    outcome: str


@dataclass(frozen=True)
class Still:
    """One moment: the lanes, the books, and the watermark (None before the first row).

    `away`: the consumer is down; `kept`, `held`, `copies`, `corrections`, `open_windows` and `again` are the figures
    that lanes show beside their counters (rows kept by the sender, waiting before the queue, ...).
    """

    second: int
    stages: tuple[Stage, ...]
    books: LabLedger
    watermark: int | None
    away: bool
    kept: int
    held: int
    copies: int
    corrections: int
    open_windows: int
    again: int


@dataclass(frozen=True)
class Film:
    """A run from its first second to the moment when nothing is under way any more."""

    settings: LabSettings
    stills: tuple[Still, ...]
    seen: tuple[Seen, ...]

    @property
    def books(self) -> LabLedger:
        """The books at the end."""
        return self.stills[-1].books


class _Filmed(PipelineLab):
    """The lab that notes what its windows see."""

    def __init__(self, settings: LabSettings) -> None:
        super().__init__(settings)
        self.seen: list[Seen] = []
        self._met: set[tuple[int, int]] = set()

    def _work(self, batch: Sequence[LabRow]) -> None:
        for row in batch:
            dropped = self.operator.dropped
            super()._work([row])
            outcome = LATE if self.operator.dropped > dropped else AGAIN if row.key in self._met else ON_TIME
            self._met.add(row.key)
            self.seen.append(Seen(self.now, row.machine, row.at, outcome))

    def still(self) -> Still:
        """Return how things stand."""
        watermark = self.operator.watermark()
        return Still(
            second=self.now,
            stages=tuple(self.stages()),
            books=self.ledger(),
            watermark=None if watermark < BEFORE_ALL_TIME // 2 else min(watermark, self.settings.seconds),
            away=self.now < self._away_until,
            kept=len(self.unsent),
            held=len(self.held),
            copies=self.counts["copies"],
            corrections=self.operator.corrected,
            open_windows=self.operator.open_windows,
            again=len(self.again),
        )


def film(settings: LabSettings) -> Film:
    """Run the lab to its end and return what it looked like."""
    lab = _Filmed(settings)
    stills = [lab.still()]
    while not lab.finished:
        lab.step()
        if lab.now <= settings.seconds or lab.now % TAIL_STEP_S == 0 or lab.finished:
            stills.append(lab.still())
    lab.step()  # closes the windows
    stills.append(lab.still())
    return Film(settings, tuple(stills), tuple(lab.seen))
