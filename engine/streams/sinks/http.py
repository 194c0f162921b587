"""Rows posted to an HTTP endpoint: batched, concurrent, retried, and spooled on disk while the server is away."""

from __future__ import annotations

import re
import time
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from engine.params import Range
from engine.streams.counts import SinkCounts
from engine.streams.lane import Lane, LaneOptions
from engine.streams.posting import Poster
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.spool import Spool


@dataclass
class Http(Sink):
    """JSON arrays of rows by POST; any 2xx is success.

    A machine always uses the same lane (connection), and a lane delivers in order: a machine's rows arrive in the
    order of their making even after an outage. Delivery is at least once; every request carries an Idempotency-Key,
    and (machine_id, timestamp) identifies a row.

    Parameters
    ----------
    url
        Where to post, http or https.
    batch_size
        Most rows in one request; 1 posts one object for one row instead of an array.
    workers
        Lanes, each with its own connection.
    linger_s
        How long a lane waits for more rows before it posts a batch that is not full.
    request_timeout_s
        How long to wait for an answer.
    tries
        Tries before a batch goes to the spool.
    spool
        Folder of the spool; empty = none, rows that cannot be delivered are then lost and counted.
    spool_mb
        Most megabytes on disk.
    queue_rows
        Most rows in memory; a full queue makes `write` wait.
    keep_refused
        Whether rows are kept and tried again, too, when the receiver answers 401, 403 or 404 (a wrong key or address,
        which can be mended); otherwise they are lost and counted.
    """

    name: ClassVar[str] = "api"
    title: ClassVar[str] = "HTTP endpoint"
    url: str = "http://localhost:8000/api/data"
    batch_size: Annotated[int, Range(1, 100_000)] = 100
    workers: Annotated[int, Range(1, 64)] = 4
    linger_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 0.1
    request_timeout_s: Annotated[float, Range(0.05, 600.0, unit="s")] = 5.0
    tries: Annotated[int, Range(1, 100)] = 3
    spool: str = ""
    spool_mb: Annotated[float, Range(0.0, 1e6, unit="MB")] = 256.0
    queue_rows: Annotated[int, Range(1, 10_000_000)] = 20_000
    first_wait_s: Annotated[float, Range(0.001, 60.0, unit="s")] = 0.1
    most_wait_s: Annotated[float, Range(0.001, 600.0, unit="s")] = 5.0
    headers: dict[str, str] = field(default_factory=dict)
    keep_refused: bool = False

    def __post_init__(self) -> None:
        run = uuid.uuid4().hex[:12]
        self._share_out_spools()
        self._lanes = [self._lane(i, run) for i in range(self.workers)]

    def write(self, rows: Rows) -> None:
        machines = rows.column("machine_id")
        places: dict[int, list[int]] = {}
        for at, machine in enumerate(machines):
            places.setdefault(self._lane_of(machine), []).append(at)
        for lane, at_places in places.items():
            self._lanes[lane].put(rows.part(at_places).dicts())

    def close(self, timeout_s: float = 10.0) -> None:
        until = time.monotonic() + timeout_s
        for lane in self._lanes:
            lane.finish(until)
        for lane in self._lanes:
            lane.join_until(until)

    @property
    def counts(self) -> SinkCounts:
        total = SinkCounts()
        for lane in self._lanes:
            for name, value in vars(lane.counts).items():
                setattr(total, name, getattr(total, name) + value)
        return total

    @property
    def last_problem(self) -> str:
        """The latest reason why something was not delivered, for the terminal; empty when there was none."""
        return next((lane.last_problem for lane in self._lanes if lane.last_problem), "")

    @property
    def last_note(self) -> str:
        """What the receiver said last that it did not take of a batch; empty when it took all."""
        return next((lane.last_note for lane in self._lanes if lane.last_note), "")

    def _lane(self, number: int, run: str) -> Lane:
        single, keep = self.batch_size == 1, self.keep_refused
        poster = Poster(self.url, self.request_timeout_s, self.headers, single=single, keep_refused=keep)
        spool = self._spool_of(number) if self.spool else None
        options = LaneOptions(
            batch_size=self.batch_size,
            queue_rows=max(1, self.queue_rows // self.workers),
            linger_s=self.linger_s,
            tries=self.tries,
            first_wait_s=self.first_wait_s,
            most_wait_s=self.most_wait_s,
        )
        return Lane(f"{run}-{number}", poster, spool, options)

    def _lane_of(self, machine: str) -> int:
        return zlib.crc32(machine.encode()) % self.workers

    def _spool_of(self, number: int) -> Spool:
        name = f"lane-{number}-of-{self.workers}.jsonl"
        return Spool(Path(self.spool) / name, int(self.spool_mb * 1e6 / self.workers))

    def _share_out_spools(self) -> None:
        """Give what a stream with another number of workers has left on disk to the lanes of its machines."""
        if not self.spool or not Path(self.spool).is_dir():
            return
        others = re.compile(rf"(lane-\d+(?!.*-of-{self.workers}\.)(-of-\d+)?)(\.\d+)?\.jsonl")
        for path in sorted(Path(self.spool).iterdir()):
            if others.fullmatch(path.name):
                self._share_out(Spool(path))

    def _share_out(self, old: Spool) -> None:
        lanes = [self._spool_of(number) for number in range(self.workers)]
        kept = True
        while len(old) and kept:
            batch = old.first()
            shares: dict[int, list[dict[str, Any]]] = {}
            for row in batch["rows"]:
                shares.setdefault(self._lane_of(str(row["machine_id"])), []).append(row)
            for number, rows in shares.items():
                key = f"{batch['key']}-{number}"
                kept = lanes[number].append({"key": key, "rows": rows}, len(rows)) and kept
            if kept:
                old.drop_first()
        for spool in (old, *lanes):
            spool.close()
