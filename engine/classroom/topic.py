"""The class's data on a Kafka topic: readings of every variant in the order of their time, never any truth.

One topic serves an assignment. `machine_id` is "variant/machine" and is the key of each record, so that a student
filters by the name of the own variant, and the readings of one machine keep their order.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import LabError
from engine.records import SECOND_US, iso_time
from engine.streams.rows import Rows, join_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.classroom.classroom import Classroom
    from engine.records import Block
    from engine.streams.sinks.base import Sink

ROWS_AT_ONCE = 2000
LONGEST_NAME = 200  # Kafka allows 249 characters of letters, digits, dot, underscore and dash


def topic_name(assignment: str) -> str:
    """Return the topic of an assignment.

    Examples
    --------
    >>> topic_name("wk3-label-the-pump")
    'faultlab-class-wk3-label-the-pump'
    """
    return f"faultlab-class-{re.sub(r'[^A-Za-z0-9._-]', '-', assignment)}"[:LONGEST_NAME]


class ClassTopic:
    """Publishes the data of one assignment to a sink, usually engine.streams.sinks.kafka.Kafka.

    Parameters
    ----------
    school
        The class.
    assignment
        Whose data; nothing leaves before its release.
    sink
        Takes the rows; the caller closes it.
    """

    def __init__(self, school: Classroom, assignment: str, sink: Sink) -> None:
        self._school, self._assignment, self._sink = school, assignment, sink
        self._blocks: dict[str, Block] = {}
        self.sent = 0

    def publish(
        self,
        start_us: int | None = None,
        end_us: int | None = None,
        progress: Callable[[float], None] = lambda share: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> int:
        """Send every reading with start ≤ event time < end, oldest first; returns how many rows were sent.

        Raises
        ------
        LabError
            When the assignment is not released, or its future is hidden from somebody who may still hand in.
        """
        self._school.assignments.must_be_released(self._assignment)
        self._refuse_hidden_future()
        before, blocks = self.sent, self._cut(start_us, end_us)
        ticks = sorted({int(at) for block in blocks.values() for at in block.times_us})
        width = sum(block.n_machines for block in blocks.values())
        step = max(1, ROWS_AT_ONCE // max(1, width))
        for first in range(0, len(ticks), step):
            if cancelled():
                break
            self._send(blocks, ticks[first], ticks[min(first + step, len(ticks)) - 1] + 1)
            progress((first + step) / len(ticks))
        return self.sent - before

    def _refuse_hidden_future(self) -> None:
        desk = self._school.assignments
        until = desk.closing.last_us(self._assignment)
        if desk.get(self._assignment).future_hidden and desk.now_us() <= until:
            raise LabError(
                "The future of this assignment is hidden from students; its topic can be filled after "
                f"{iso_time(until, seconds_only=True)}, when nobody may hand in with credit any more."
            )

    def _send(self, blocks: dict[str, Block], start_us: int, end_us: int) -> None:
        parts = [rows for name, block in blocks.items() if len(rows := _named(name, _between(block, start_us, end_us)))]
        if not parts:
            return
        joined = join_rows(parts)
        ordered = joined.part(sorted(range(len(joined)), key=joined.times_us.__getitem__))
        self._sink.write(ordered)
        self.sent += len(ordered)

    def _cut(self, start_us: int | None, end_us: int | None) -> dict[str, Block]:
        for variant in self._school.assignments.variants(self._assignment):
            if variant.variant not in self._blocks:
                self._blocks[variant.variant] = self._school.plants.block(self._assignment, variant.person)
        whole = {name: (int(b.times_us[0]), int(b.times_us[-1]) + SECOND_US) for name, b in self._blocks.items()}
        return {
            name: _between(
                block,
                whole[name][0] if start_us is None else start_us,
                whole[name][1] if end_us is None else end_us,
            )
            for name, block in self._blocks.items()
        }


def _between(block: Block, start_us: int, end_us: int) -> Block:
    first, after = block.times_us.searchsorted([start_us, end_us])
    return block.ticks(int(first), int(after))


def _named(variant: str, block: Block) -> Rows:
    return rows_of(replace(block, machines=tuple(f"{variant}/{name}" for name in block.machines)))
