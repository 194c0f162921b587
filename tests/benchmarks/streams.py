"""Rows per second through each sink and each kind of window, against the streaming guide's generator and kafka-python.

The guide's generator is written again here from its documented behaviour: one dict per machine and tick from seven
independent sensors with daily and weekly sines, clipped to the normal range, and the file opened anew for each row.
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.streams.flow import Flow
from engine.streams.processor import WindowProcessor, WindowSettings
from engine.streams.queues import BoundedQueue
from engine.streams.readings import reading_of
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.sinks.file import File
from engine.streams.sinks.http import Http
from engine.streams.sinks.kafka import Kafka
from engine.streams.sinks.table import Table
from engine.streams.sources.plant import PlantSource
from tests.engine.streams.http_server import Server

TICKS = 6_000  # of five machines
RANGES = {
    "temperature": (60, 85),
    "vibration": (2, 8),
    "pressure": (4.5, 6.5),
    "flow_rate": (180, 220),
    "power_consumption": (45, 55),
    "oil_level": (75, 95),
    "bearing_temperature": (70, 90),
}


def guide_row(rng: np.random.Generator, at: datetime, machine: str) -> dict[str, Any]:
    """Return one row as the guide's generator makes it: NumPy's functions on single numbers."""
    row: dict[str, Any] = {"timestamp": at.isoformat(), "machine_id": machine, "maintenance_status": "operational"}
    for name, (low, high) in RANGES.items():
        value = (low + high) / 2 + 2 * np.sin(2 * np.pi * at.hour / 24)
        value += 1.5 * np.sin(2 * np.pi * at.weekday() / 7) + rng.normal(0, (high - low) * 0.05)
        row[name] = round(float(np.clip(value, low, high)), 2)
    row |= {"hour": at.hour, "day_of_week": at.weekday(), "month": at.month}
    row |= {"is_weekend": int(at.weekday() >= 5), "is_night_shift": int(at.hour < 6 or at.hour >= 22)}
    row["temp_pressure_ratio"] = row["temperature"] / row["pressure"]
    row["vibration_power_ratio"] = row["vibration"] / row["power_consumption"]
    row["flow_pressure_product"] = row["flow_rate"] * row["pressure"]
    return row


def guide_rate(rows: int = 4_000) -> float:
    """Return rows per second of the guide's generator with its file sink."""
    rng, at = np.random.default_rng(1), datetime(2026, 1, 5, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.jsonl"
        began = time.perf_counter()
        for number in range(rows):
            row = guide_row(rng, at + timedelta(seconds=number // 5), f"MACHINE_{number % 5 + 1:03}")
            with path.open("a") as file:
                file.write(json.dumps(row) + "\n")
        return rows / (time.perf_counter() - began)


def our_rows(ticks: int = TICKS, block: int = 500) -> list[Rows]:
    """Return rows ready for a sink."""
    source = PlantSource(seed=1, fault_probability=0.01, service_interval_s=3600.0)
    return [source.next_rows(block) for _ in range(ticks // block)]


def sink_rate(sink: Sink, batches: list[Rows]) -> float:
    """Return rows per second, up to the last confirmation."""
    began = time.perf_counter()
    for batch in batches:
        sink.write(batch)
    sink.close(60.0)
    seconds = time.perf_counter() - began
    if sink.counts.delivered != sum(len(batch) for batch in batches):
        raise RuntimeError(f"{sink.name} delivered {sink.counts.delivered} rows only")
    return sink.counts.delivered / seconds


def kafka_python_rate(bootstrap: str, topic: str, batches: list[Rows]) -> float:
    """Return records per second of kafka-python alone, same records, linger 20 ms and batches of 64 KiB."""
    import kafka

    producer = kafka.KafkaProducer(
        bootstrap_servers=bootstrap,
        api_version=(2, 3),
        acks="all",
        enable_idempotence=True,
        linger_ms=20,
        batch_size=64 << 10,
        compression_type="lz4",
    )
    producer.partitions_for(topic)
    records = [
        (machine.encode(), value)
        for batch in batches
        for machine, value in zip(batch.column("machine_id"), batch.json_rows(), strict=True)
    ]
    began = time.perf_counter()
    for key, value in records:
        producer.send(topic, key=key, value=value)
    producer.flush()
    rate = len(records) / (time.perf_counter() - began)
    producer.close()
    return rate


def single_posts(url: str, rows: Rows, most: int = 300) -> float:
    """Return rows per second of the guide's way: a request of its own for each row."""
    bodies = rows.json_rows()[:most]
    began = time.perf_counter()
    for body in bodies:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "none"}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as answer:
            answer.read()
    return len(bodies) / (time.perf_counter() - began)


def result(name: str, ours: float, peer: float, target: float) -> dict[str, Any]:
    """Return one line of the table."""
    ratio = ours / peer
    return {
        "name": f"streams: {name}, rows/s",
        "ours": f"{ours:,.0f}",
        "peer": f"{peer:,.0f}",
        "ratio": f"{ratio:.1f}x",
        "target": f"{'met' if ratio >= target else 'MISSED'}: {target:g}x",
    }


def generation() -> list[dict[str, Any]]:
    """Generate with all columns and write, against the guide's generator."""
    import pyarrow.parquet  # noqa: F401  (its import is not part of the rate)

    lines = []
    for name, form, target in (("JSON lines file", "json", 5.0), ("CSV file", "csv", 5.0), ("Parquet", "parquet", 5.0)):
        with tempfile.TemporaryDirectory() as folder:
            source = PlantSource(seed=1, fault_probability=0.01, service_interval_s=3600.0, ticks=4 * TICKS)
            flow = Flow(source, File(f"{folder}/s.{form}", form), BoundedQueue(20_000), paced=False)
            seconds = _timed(flow.run)
            lines.append(result(f"generate + {name}", flow.books().delivered / seconds, guide_rate(), target))
    return lines


def sinks() -> list[dict[str, Any]]:
    """Write ready rows to each sink, against the guide's generator (Kafka: kafka-python alone)."""
    batches = our_rows()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server()
        made: list[tuple[str, Sink, float]] = [
            ("JSON lines file", File(f"{folder}/s.jsonl", "json"), 10.0),
            ("CSV file", File(f"{folder}/s.csv", "csv"), 10.0),
            ("Parquet", File(f"{folder}/s.parquet", "parquet"), 10.0),
            ("DuckDB table", Table(f"{folder}/s.duckdb"), 3.0),
        ]
        for name, sink, target in made:
            lines.append(result(name, sink_rate(sink, batches), guide_rate(), target))
        ours = sink_rate(Http(server.url, batch_size=500, linger_s=0.02), batches)
        lines.append(
            result("HTTP, 500 a post (peer: a post for each row)", ours, single_posts(server.url, batches[0]), 10.0)
        )
        server.down()
    lines.append(kafka(batches))
    return lines


def kafka(batches: list[Rows], rounds: int = 3) -> dict[str, Any]:
    """Send ready rows to a practice broker, turn by turn with kafka-python alone; the best turn of each counts."""
    from engine.streams.kafka.practice import PracticeBroker

    broker = PracticeBroker()
    ours, theirs = [], []
    for turn in range(rounds):
        for topic in (f"ours{turn}", f"theirs{turn}"):
            broker.create_topic(topic, 8)
        sink = Kafka(f"ours{turn}", (broker.bootstrap,), practice=True)
        sink.write(batches[0].part(range(1)))  # connect before the clock starts
        ours.append(TICKS * 5 / _timed(partial(sink_rate_after, sink, batches)))
        theirs.append(kafka_python_rate(broker.bootstrap, f"theirs{turn}", batches))
    broker.close()
    return result("Kafka, all acknowledged (peer: kafka-python)", max(ours), max(theirs), 0.6)


def sink_rate_after(sink: Sink, batches: list[Rows]) -> None:
    """Write all batches and close."""
    for batch in batches:
        sink.write(batch)
    sink.close(60.0)
    if sink.counts.in_flight or sink.counts.lost:
        raise RuntimeError(f"not all records were acknowledged: {sink.counts}")


def windows() -> list[dict[str, Any]]:
    """Put readings through each kind of window with statistics and outliers, against the guide's generator."""
    sensors = tuple(RANGES)
    readings = [reading_of(row, sensors) for batch in our_rows(2_000) for row in batch.dicts()]
    kinds = {
        "tumbling windows of 60 s": WindowSettings("tumbling", 60.0),
        "hopping windows of 60 s every 20 s": WindowSettings("hopping", 60.0, 20.0),
        "session windows": WindowSettings("session", 5.0),
        "count windows of 100": WindowSettings("count", 100.0),
        "tumbling, 10 s out of order": WindowSettings("tumbling", 60.0, out_of_orderness_s=10.0),
    }
    lines = []
    for name, settings in kinds.items():
        processor = WindowProcessor(settings, sensors)

        def run(processor: WindowProcessor = processor) -> None:
            for reading in readings:
                processor.add(reading)
            processor.close()

        lines.append(result(name, len(readings) / _timed(run), guide_rate(), 1.0))
    return lines


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


ROWS = {"stream_generation": generation, "stream_sinks": sinks, "stream_windows": windows}
