"""Readings posted for a plant of one's own: batches of 100, answered after the commit, beside answers before it.

Open loop over HTTP: each request has a moment at which it is due, and its latency counts from then. The peer is the
same server in which a batch is acknowledged while it still waits in memory, as it was before; it goes second, on the
same machine in the same minute. Its ledger shows what that acknowledgement was worth: rows on disk at kill -9.
"""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from engine.records import SECOND_US, iso_time
from tests.app.served import ROOT, Served

RATE, SECONDS, READINGS, CONNECTIONS, MACHINES = 110, 10.0, 100, 16, 4
START_US = 1_767_600_000 * SECOND_US
PLANT = {
    "name": "rig", "machines": [f"press_{i}" for i in range(MACHINES)],
    "sensors": [{"name": name} for name in ("current", "pressure", "temperature")],
}  # fmt: skip
BEFORE = """
    import sys
    sys.path.insert(0, {root!r})
    import streamlit as st
    from concurrent.futures import Future
    from starlette.routing import Mount
    from app import server
    from app.api import build_api
    from engine.external import ExternalPlant

    def at_once(self, work):
        for one in work.chunks:
            self.store.append(one.run, one.plant, one.block, one.scores)
        done = Future()
        done.set_result(None)
        return done

    ExternalPlant._commit = at_once
    app = st.App("page.py", lifespan=server.lifespan, routes=[Mount("/api", app=build_api())])
"""


def durable_ingest() -> list[dict[str, Any]]:
    """11,000 rows/s in batches of 100."""
    with tempfile.TemporaryDirectory() as folder:
        ours = _run(Served(Path(folder) / "ours"))
        script = Path(folder) / "before.py"
        script.with_name("page.py").write_text("", encoding="utf-8")
        script.write_text(textwrap.dedent(BEFORE).format(root=str(ROOT)), encoding="utf-8")
        peer = _run(Served(Path(folder) / "peer", script=script))
    return [
        {
            "name": f"posted readings, batches of {READINGS}, answered when on disk",
            "ours": _said(ours),
            "peer": f"answered before: {_said(peer)}",
            "ratio": f"{ours['rate'] / peer['rate']:.2f} x",
            "target": ">= 10,000 rows/s, p99 <= 150 ms",
        },
        {
            "name": "kill -9 under load: acknowledged rows that are gone",
            "ours": f"{ours['gone']:,} of {ours['taken']:,}",
            "peer": f"answered before: {peer['gone']:,} of {peer['taken']:,}",
            "target": "0",
        },
    ]


def _said(found: dict[str, Any]) -> str:
    return (
        f"{found['rate']:,.0f} rows/s, p50 {found['p50']:.0f} ms, p99 {found['p99']:.0f} ms, {found['failed']} failed"
    )


def _run(served: Served) -> dict[str, Any]:
    with served:
        _post(served, "/api/v1/plants", PLANT)
        asyncio.run(_burst(served, 50, 2.0, 0))  # detectors are bound, code is warm
        taken, failed, seconds = asyncio.run(_burst(served, RATE, SECONDS, 10_000))
        p50, p99 = (1000 * float(np.quantile(taken, q)) for q in (0.5, 0.99))
        served.end_with(signal.SIGKILL)
        acknowledged = READINGS * (len(taken) + 100)
    stored = _stored(served.folder)
    return {
        "rate": READINGS * len(taken) / seconds, "p50": p50, "p99": p99, "failed": failed, "taken": acknowledged,
        "gone": max(0, acknowledged - stored),
    }  # fmt: skip


def _stored(folder: Path) -> int:
    from engine.store.store import Store

    store = Store(folder)
    try:
        return store.count_readings("rig")
    finally:
        store.close()


def _batch(number: int) -> bytes:
    rng = np.random.default_rng(number)
    first = START_US + number * READINGS // MACHINES * SECOND_US
    rows = [
        {
            "machine": f"press_{i % MACHINES}",
            "time": iso_time(first + i // MACHINES * SECOND_US),
            "values": {
                "current": round(float(rng.normal(5, 0.1)), 3),
                "pressure": round(float(rng.normal(6, 0.05)), 3),
                "temperature": round(float(rng.normal(60, 1)), 2),
            },
        }
        for i in range(READINGS)
    ]
    body = json.dumps({"readings": rows}).encode()
    head = ("POST /api/v1/plants/rig/readings HTTP/1.1", "Host: x", "Content-Type: application/json",
            f"Idempotency-Key: batch-{number}", f"Content-Length: {len(body)}")  # fmt: skip
    return "\r\n".join([*head, "", ""]).encode() + body


async def _burst(served: Served, rate: float, seconds: float, first: int) -> tuple[list[float], int, float]:
    """Send at that rate; returns the seconds from due to answered, failures, and seconds until the last answer."""
    requests = [_batch(first + number) for number in range(round(rate * seconds))]
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    taken: list[float] = []
    failed = [0]
    workers = [asyncio.create_task(_sender(served, due, taken, failed)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number, request in enumerate(requests):
        at = began + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((at, request))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return taken, failed[0], time.perf_counter() - began


async def _sender(served: Served, due: asyncio.Queue[Any], taken: list[float], failed: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    while (job := await due.get()) is not None:
        at, request = job
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if b" 200 " in head[:20]:
            taken.append(time.perf_counter() - at)
        else:
            failed[0] += 1
    writer.close()


def _post(served: Served, path: str, body: Any) -> None:
    head = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(served.url + path, json.dumps(body).encode(), head)) as answer:
        answer.read()


ROWS = {"durable_ingest": durable_ingest}
