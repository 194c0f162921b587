"""The books of the pipeline lab: lanes for the picture, and what became of every row against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.streams.lab_settings import LIMIT, Key

if TYPE_CHECKING:
    from engine.streams.pipeline_lab import PipelineLab


@dataclass(frozen=True)
class Stage:
    """One lane of the picture: rows that came in, went out, are inside, and were given up here."""

    name: str
    came: int
    went: int
    inside: int
    given_up: int
    note: str


@dataclass(frozen=True)
class LabLedger:
    """What became of the rows, against the truth (everything the source made).

    `lost`: made, not stored, and nowhere under way. `late`: stored, but in no window. `doubled`: copies in the store
    beyond the first. `wrong_windows`: finished windows whose count is not the true one. `alarms`, `false_repeats`,
    `missed`: planted faults that were alarmed, alarmed again, and never alarmed though nothing is under way.
    """

    produced: int
    stored: int
    under_way: int
    lost: int
    late: int
    doubled: int
    copies: int
    finished_windows: int
    wrong_windows: int
    corrections: int
    planted: int
    alarms: int
    false_repeats: int
    missed: int
    balanced: bool


def stages_of(lab: PipelineLab) -> list[Stage]:
    """Return the lanes from left to right."""
    c, queue, store = lab.counts, lab.queue.counters, lab.store
    produced, sent = len(lab.truth), len(lab.truth) - len(lab.unsent) - c["lost_network"]
    taken = queue.taken
    done = taken + c["redelivered"] - c["lost_crash"] - len(lab.again)
    notes = {
        "source": f"{len(lab.unsent)} kept by the sender" if lab.unsent else "",
        "network": f"{c['copies']} copies" if c["copies"] else "",
        "queue": f"{len(lab.held)} wait before it" if lab.held else "",
        "windows": f"{lab.operator.open_windows} open, {lab.operator.corrected} corrections",
        "detector": f"{store.alarms} alarms",
        "store": f"{store.doubled} doubled" if store.doubled else "",
    }
    late = len(store.late)
    return [
        Stage("source", produced, sent, len(lab.unsent), 0, notes["source"]),
        Stage("network", sent, c["arrived"], len(lab.network), c["lost_network"], notes["network"]),
        Stage("queue", c["arrived"], taken, queue.waiting + len(lab.held), queue.dropped, notes["queue"]),
        Stage("windows", done, len(store.windows), lab.operator.open_windows, late, notes["windows"]),
        Stage("detector", done, store.alarms, 0, 0, notes["detector"]),
        Stage("store", done, store.rows, len(lab.again), c["lost_crash"], notes["store"]),
    ]


def ledger_of(lab: PipelineLab) -> LabLedger:
    """Return the books at this moment."""
    store, on_the_way = lab.store, _keys_under_way(lab)
    lost = [key for key in lab.truth if key not in store.first and key not in on_the_way]
    planted = {key for key, value in lab.truth.items() if abs(value) > LIMIT}
    wrong = sum(1 for place, count in store.windows.items() if count != _true_count(lab, place))
    missed = [key for key in planted if key not in store.alarmed and key not in on_the_way]
    return LabLedger(
        produced=len(lab.truth),
        stored=len(store.first),
        under_way=len([key for key in on_the_way if key not in store.first]),
        lost=len(lost),
        late=len(store.late),
        doubled=store.doubled,
        copies=lab.counts["copies"] + lab.counts["redelivered"],
        finished_windows=len(store.windows),
        wrong_windows=wrong + _never_opened(lab),
        corrections=lab.operator.corrected,
        planted=len(planted),
        alarms=len(store.alarmed),
        false_repeats=store.alarms - len(store.alarmed),
        missed=len(missed),
        balanced=_is_balanced(lab),
    )


def _true_count(lab: PipelineLab, place: tuple[int, int]) -> int:
    _, start = place
    end = min(start + lab.settings.window_s, lab.now, lab.settings.seconds)
    return max(0, end - start)


def _never_opened(lab: PipelineLab) -> int:
    """Return windows that should be there at the end and are not."""
    if not lab.finished:
        return 0
    starts = range(0, lab.settings.seconds, lab.settings.window_s)
    return sum((m, start) not in lab.store.windows for m in range(lab.settings.machines) for start in starts)


def _is_balanced(lab: PipelineLab) -> bool:
    """Whether every row and every copy is stored, folded by its key, under way, or counted as given up."""
    c, queue = lab.counts, lab.queue.counters
    made = len(lab.truth) + c["copies"] + c["redelivered"]
    given_up = c["lost_network"] + c["lost_crash"] + queue.dropped
    return made == lab.store.rows + lab.store.folded + under_way(lab) + given_up


def under_way(lab: PipelineLab) -> int:
    queued = lab.queue.counters.waiting
    return len(lab.network) + len(lab.held) + len(lab.unsent) + len(lab.again) + queued


def _keys_under_way(lab: PipelineLab) -> set[Key]:
    rows = [row for _, _, row in lab.network] + lab.held + lab.unsent + lab.again
    return {row.key for row in rows} | {row.key for batch in lab.queue.peek() for row in batch}
