"""The switches of the pipeline lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engine.params import Choice, Range
from engine.streams.queues import BLOCK, POLICIES

AT_MOST, AT_LEAST, EFFECTIVELY = "at_most_once", "at_least_once", "effectively_once"
DELIVERIES = (AT_MOST, AT_LEAST, EFFECTIVELY)
SPIKE = 12.0  # height of a planted fault in noise standard deviations
LIMIT = 6.0  # the lab's detector: a fixed limit, so that only the pipeline can make it miss
SPIKE_EVERY_S = 37  # seconds between planted faults on a machine; prime, so that they fall all over the windows

Key = tuple[int, int]  # machine, event time in seconds: what identifies a row


@dataclass(frozen=True)
class LabSettings:
    """The switches of the pipeline lab; with the defaults nothing goes wrong.

    Parameters
    ----------
    machines, seconds
        How many machines send one row each second, and for how long.
    disorder_s
        Each row is under way this much longer, at most, drawn by chance.
    delay_s
        Each row is under way at least so long.
    outage_at_s, outage_s, outage_of
        When the network fails (0 = never), for how long, and for whom: all machines, or the first one only.
    duplicates
        Share of rows that the network delivers twice.
    queue_rows, queue_policy
        The queue before the consumer.
    consumer_rows
        Rows that the consumer handles in a second.
    window_s, out_of_orderness_s, allowed_lateness_s
        Tumbling windows, how far a row may lag without being late, and how long a window can be corrected.
    delivery
        at_most_once: the consumer commits, then works; nothing is sent again. at_least_once: works, then commits; the
        network's sender repeats. effectively_once: the same, with state and commit saved together and the store
        keyed by machine and event time.
    crash_at_s, restart_s
        When the consumer dies between its work and its commit (for at_most_once: between commit and work), and how
        long it is away; 0 = never.
    seed
        Decides all chance.
    """

    machines: Annotated[int, Range(1, 20)] = 3
    seconds: Annotated[int, Range(10, 3600, unit="s")] = 120
    disorder_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 0.0
    delay_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 0.0
    outage_at_s: Annotated[int, Range(0, 3600, unit="s")] = 0
    outage_s: Annotated[int, Range(0, 600, unit="s")] = 20
    outage_of: Annotated[str, Choice(("all", "one"))] = "all"
    duplicates: Annotated[float, Range(0.0, 1.0)] = 0.0
    queue_rows: Annotated[int, Range(1, 10_000)] = 50
    queue_policy: Annotated[str, Choice(POLICIES)] = BLOCK
    consumer_rows: Annotated[int, Range(1, 1000)] = 10
    window_s: Annotated[int, Range(1, 600, unit="s")] = 10
    out_of_orderness_s: Annotated[int, Range(0, 60, unit="s")] = 0
    allowed_lateness_s: Annotated[int, Range(0, 600, unit="s")] = 0
    delivery: Annotated[str, Choice(DELIVERIES)] = EFFECTIVELY
    crash_at_s: Annotated[int, Range(0, 3600, unit="s")] = 0
    restart_s: Annotated[int, Range(1, 600, unit="s")] = 5
    seed: Annotated[int, Range(0, 2**31 - 1)] = 1
