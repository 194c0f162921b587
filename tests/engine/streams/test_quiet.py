"""The client's log stays short while a broker is away."""

from __future__ import annotations

import logging

from engine.streams.kafka.quiet import Sparse


def test_a_flood_of_log_lines_is_cut_and_counted() -> None:
    now = [0.0]
    sparse = Sparse(most=2, each_s=10.0, clock=lambda: now[0])

    def passes() -> tuple[bool, str]:
        record = logging.LogRecord("kafka.conn", logging.ERROR, "", 0, "refused %s", ("x",), None)
        return sparse.filter(record), record.getMessage()

    first = [passes()[0] for _ in range(1000)]
    now[0] = 11.0
    later = passes()

    assert sum(first) == 2
    assert later == (True, "refused x (998 more since then)")
