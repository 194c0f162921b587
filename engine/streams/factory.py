"""A stream put together from its settings."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

from engine.errors import LabError
from engine.home import home
from engine.records import SECOND_US, time_us
from engine.seeds import new_seed
from engine.streams.flow import Flow
from engine.streams.kafka.address import find_broker, kafka_settings
from engine.streams.queues import BoundedQueue
from engine.streams.settings import StreamSettings
from engine.streams.sinks.base import Sink
from engine.streams.sources.plant import START, PlantSource


def make_source(settings: StreamSettings) -> PlantSource:
    """Return the plant as the settings want it.

    Raises
    ------
    LabError
        When the plant, a machine or the start is not known.
    """
    tick_us = max(1, round(SECOND_US * settings.speed / settings.rate))
    ticks = 0
    if settings.duration is not None:
        ticks = max(1, round(settings.duration * settings.rate))
    seed = settings.seed if settings.seed is not None else new_seed()
    return PlantSource(
        plant=settings.plant,
        seed=seed,
        machines=settings.machines or (),
        start_us=_start(settings, tick_us),
        tick_us=tick_us,
        fault_probability=settings.anomaly_injection_rate if settings.include_anomalies else 0.0,
        service_interval_s=settings.maintenance_interval if settings.maintenance_simulation else 0.0,
        features=settings.include_derived_features,
        labels=settings.include_anomaly_labels,
        rolling=settings.rolling_features,
        naive_time=settings.naive_time,
        ticks=ticks,
    )


def make_sink(settings: StreamSettings, kafka_file: Path | None = None) -> Sink:
    """Return the sink of the settings; nothing is connected or opened yet."""
    mode, form = settings.output_mode, settings.format
    if mode == "file":
        from engine.streams.sinks.file import File

        return File(file_of(settings), form, int(settings.rotate_mb * 1e6))
    if mode == "api":
        from engine.streams.sinks.http import Http

        url = str(settings.api_url)
        spool = spool_folder("api", url)
        return Http(url, settings.batch_size, settings.workers, spool=str(spool), queue_rows=settings.queue_rows)
    if mode == "kafka":
        from engine.streams.sinks.kafka import Kafka

        given = settings.kafka_bootstrap_servers if settings.origin.get("kafka_bootstrap_servers") else ()
        file = kafka_settings(kafka_file)
        servers = tuple(given) or tuple(file.get("bootstrap_servers", ()))
        spool = spool_folder("kafka", ",".join(find_broker(servers or None).servers))
        return Kafka(
            settings.kafka_topic or file.get("topic", "sensor-data"),
            servers,
            str(spool),
            options={**file.get("producer", {}), **file.get("security", {})},
        )
    if mode == "mqtt":
        from engine.streams.mqtt.client import mqtt_address
        from engine.streams.sinks.mqtt import Mqtt

        spool = spool_folder("mqtt", str(mqtt_address(settings.mqtt_url)))
        return Mqtt(
            settings.mqtt_topic,
            settings.mqtt_url,
            settings.mqtt_ca_file,
            settings.mqtt_qos,
            settings.mqtt_retain,
            spool=str(spool),
        )
    if mode == "table":
        from engine.streams.sinks.table import Table

        return Table(settings.output_path or "")
    from engine.streams.sinks.console import Console

    return Console(form)


def make_flow(settings: StreamSettings, kafka_file: Path | None = None) -> Flow:
    """Return the whole stream, not running yet."""
    source = make_source(settings)
    queue: BoundedQueue = BoundedQueue(settings.queue_rows, settings.queue_policy)  # type: ignore[type-arg]
    return Flow(source, make_sink(settings, kafka_file), queue, settings.rate, settings.paced)


def file_of(settings: StreamSettings) -> str:
    """Return the path of the file that a stream in mode file writes."""
    if settings.output_path is not None:
        return settings.output_path
    return str(home() / f"stream.{'jsonl' if settings.format == 'json' else settings.format}")


def spool_folder(kind: str, place: str) -> Path:
    """Return the folder in which rows for that place wait while it is away."""
    return home() / "spool" / f"{kind}-{zlib.crc32(place.encode()):08x}"


def _start(settings: StreamSettings, tick_us: int) -> int:
    if settings.start is not None:
        try:
            return time_us(settings.start)
        except ValueError:
            raise LabError(f"start must be an ISO 8601 time such as {START}, got {settings.start!r}.") from None
    if settings.seed is not None:
        return time_us(START)
    return time.time_ns() // 1000 // tick_us * tick_us
