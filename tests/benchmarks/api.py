"""Load on /api/predict: batches of 100 readings, 500 a second, while 30 viewers watch; the server has one core.

Open loop: each request has a moment at which it is due, and its latency counts from then, so that a slow answer is not
hidden by the requests that waited behind it. The ledger at the end: readings accepted = rows stored.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.app.served import Served

RATE, SECONDS, READINGS, VIEWERS = 500, 10.0, 100, 30
CONNECTIONS = 32
LINES = ("turbine-line-1", "turbine-line-2")


def predict_load() -> list[dict[str, Any]]:
    """500 requests/s of 100 readings each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Served(Path(folder) / "home", FAULTLAB_PLANT="wind_turbine") as served,
    ):
        _on_one_core(served)
        return asyncio.run(_measure(served))


async def _measure(served: Served) -> list[dict[str, Any]]:
    import psutil

    body = _batch()
    await _burst(served, body, 5, 2.0)  # models are fitted, code is warm
    stop, lags = asyncio.Event(), []
    viewers = [asyncio.create_task(_watch(served, stop, lags)) for _ in range(VIEWERS)]
    await asyncio.sleep(2.0)
    process = psutil.Process(served.process.pid)
    before = process.cpu_times()
    taken, failed = await _burst(served, body, RATE, SECONDS)
    spent = process.cpu_times()
    cpu = (spent.user + spent.system - before.user - before.system) / SECONDS
    stop.set()
    await asyncio.gather(*viewers)
    sent = 10 + len(taken)
    stored = await _stored(served, READINGS * sent)
    p50, p99 = (1000 * float(np.quantile(taken, q)) for q in (0.5, 0.99))
    reached = len(taken) / (SECONDS + max(0.0, taken[-1]))
    ours = f"p99 {p99:.0f} ms, p50 {p50:.1f} ms, {reached:.0f} requests/s, {failed} failed, {100 * cpu:.0f} % of a core"
    lag = f", viewers' p95 lag {1000 * float(np.quantile(lags, 0.95)):.0f} ms" if lags else ""
    return [
        {
            "name": f"/predict: {RATE}/s × {READINGS} readings, {VIEWERS} viewers, one core",
            "ours": ours + lag,
            "target": "p99 50 ms",
        },
        {
            "name": "/predict: ledger accepted = stored",
            "ours": f"{READINGS * sent:,} = {stored:,}",
            "target": "equal",
        },
    ]


def _on_one_core(served: Served) -> None:
    import psutil

    process = psutil.Process(served.process.pid)
    if hasattr(process, "cpu_affinity"):
        for thread in process.threads():
            psutil.Process(thread.id).cpu_affinity([process.cpu_affinity()[0]])


def _batch() -> bytes:
    rng = np.random.default_rng(1)
    rows = [
        {
            "machine": LINES[i % 2],
            "temperature": round(float(rng.normal(22, 2)), 1),
            "humidity": round(float(rng.normal(48, 5)), 1),
            "sound_level": round(float(rng.normal(62, 3)), 1),
        }
        for i in range(READINGS)
    ]
    body = json.dumps({"readings": rows}).encode()
    head = ("POST /api/predict HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


async def _burst(served: Served, request: bytes, rate: float, seconds: float) -> tuple[list[float], int]:
    """Send at that rate over keep-alive connections; returns the seconds from due to answered, and failures."""
    due: asyncio.Queue[float | None] = asyncio.Queue()
    taken: list[float] = []
    failed = [0]
    workers = [asyncio.create_task(_sender(served, request, due, taken, failed)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        at = began + number / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait(at)
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return taken, failed[0]


async def _sender(
    served: Served, request: bytes, due: asyncio.Queue[float | None], taken: list[float], failed: list[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    while (at := await due.get()) is not None:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if b" 200 " in head[:20]:
            taken.append(time.perf_counter() - at)
        else:
            failed[0] += 1
    writer.close()


async def _watch(served: Served, stop: asyncio.Event, lags: list[float]) -> None:
    import websockets

    address = f"ws://127.0.0.1:{served.port}/api/live"
    async with websockets.connect(address, max_size=None, compression=None) as socket:
        while not stop.is_set():
            message = await asyncio.wait_for(socket.recv(), 10)
            start = bytes(message[:60]).find(b'"sent":')
            if b'"frame"' in message[:30] and start > 0:
                lags.append(time.time() - float(bytes(message[start + 7 : start + 40]).split(b",")[0]))


async def _stored(served: Served, expected: int) -> int:
    """Return the rows stored under posted readings, once nothing waits any more."""
    rows = 0
    for _ in range(100):
        rows = served.get("/api/debug-sensor-count?plant=wind_turbine_posted")["rows"]
        if rows >= expected:
            return int(rows)
        await asyncio.sleep(0.1)
    return int(rows)


ROWS = {"api_predict": predict_load}
