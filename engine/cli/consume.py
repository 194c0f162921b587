"""`python -m engine consume`: rows of a Kafka topic, with scores if wanted, printed or stored."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.telling import Telling

if TYPE_CHECKING:
    from engine.streams.scoring import RowScorer
    from engine.streams.sources.base import Row
    from engine.streams.sources.kafka import KafkaSource


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("consume")(consume)


def consume(
    topic: Annotated[str, typer.Option(help="Kafka topic")] = "sensor-data",
    group_id: Annotated[str, typer.Option(help="Consumer group; the broker remembers where it was")] = "faultlab",
    bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port")] = None,
    anomaly_detection: Annotated[bool, typer.Option("--anomaly-detection", help="Add score and alarm")] = False,
    algorithm: Annotated[str, typer.Option(help="Detector to use")] = "z_score",
    threshold: Annotated[float | None, typer.Option(help="Score that raises an alarm")] = None,
    store: Annotated[Path | None, typer.Option(help="DuckDB file: rows and offsets in one transaction")] = None,
    max_rows: Annotated[int | None, typer.Option(help="End after so many rows")] = None,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds")] = None,
    kafka_config: Annotated[Path | None, typer.Option(help="Kafka settings file")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notices on stderr")] = False,
) -> None:
    """Read a topic as a member of a consumer group; JSON lines on standard output."""
    from engine.detectors.scorable import make_scorable
    from engine.streams.kafka.address import kafka_settings
    from engine.streams.readings import BlockAssembler
    from engine.streams.scoring import RowScorer
    from engine.streams.sources.kafka import KafkaSource

    file = kafka_settings(kafka_config)
    servers = tuple((bootstrap_servers or "").split(",")) if bootstrap_servers else file.get("bootstrap_servers", ())
    options = {**file.get("consumer", {}), **file.get("security", {})}
    source = KafkaSource(topic, group_id, tuple(servers), options=options)
    scorer = (
        RowScorer(make_scorable(algorithm), threshold, BlockAssembler.for_partitions()) if anomaly_detection else None
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    telling = Telling(source, quiet)
    taken, rest = _loop(source, scorer, store, max_rows, duration, ended, telling)
    if not quiet:
        alarms = f", {scorer.alarms} alarms" if scorer else ""
        print(f"{taken} rows taken, {source.bad_rows} that were no rows{alarms}{rest}.", file=sys.stderr)


def _loop(
    source: KafkaSource,
    scorer: RowScorer | None,
    store: Path | None,
    max_rows: int | None,
    duration: float | None,
    ended: threading.Event,
    telling: Telling,
) -> tuple[int, str]:
    """Read until the end; returns the rows taken and what there is to say besides."""
    from engine.store.database import Database
    from engine.store.stream_records import StreamRecords
    from engine.streams.sources.kafka import take_into_store

    until = time.monotonic() + (duration if duration is not None else float("inf"))
    database = Database(store) if store is not None else None
    records = StreamRecords(database) if database is not None else None
    taken, rest = 0, ""
    try:
        while not ended.is_set() and time.monotonic() < until and (max_rows is None or taken < max_rows):
            telling.look()
            if records is not None:
                taken += take_into_store(source, records)
                continue
            rows = source.read(0.5)
            taken += len(rows)
            _print(scorer.add(rows) if scorer else rows)
            source.commit()  # after the rows are out: at least once
        if scorer is not None:
            _print(scorer.rest())
    except BrokenPipeError:
        pass
    finally:
        rest = telling.rest()
        source.close()
        if database is not None:
            database.close()
    return taken, rest


def _print(rows: list[Row]) -> None:
    import orjson

    for row in rows:
        sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
    for row in rows:
        if row.get("alarm_began"):
            print(f"ALARM {row['machine_id']} at {row['timestamp']}: score {row['score']:g}", file=sys.stderr)
