"""`python -m engine detect`: a detector on rows from Kafka, MQTT, a file or standard input."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.telling import Telling

if TYPE_CHECKING:
    from engine.streams.sources.base import Source

INPUTS = ("kafka", "mqtt", "file", "stdin")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("detect")(detect)


def detect(
    input: Annotated[str, typer.Option("--input", help="kafka, mqtt, file or stdin")] = "stdin",  # noqa: A002
    path: Annotated[Path | None, typer.Option("--file", help="CSV, JSON lines or Parquet to read")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Kafka topic (sensor-data), or MQTT topic filter (faultlab/+/readings)")
    ] = None,
    group_id: Annotated[str, typer.Option(help="Consumer group")] = "faultlab-detect",
    bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port")] = None,
    mqtt_url: Annotated[
        str, typer.Option(help="MQTT broker, such as mqtts://user@host:8883; the password is MQTT_PASSWORD")
    ] = "",
    ca_file: Annotated[str, typer.Option(help="MQTT: the authority of the broker's certificate, PEM")] = "",
    algorithm: Annotated[str, typer.Option(help="Detector, such as isolation_forest")] = "isolation_forest",
    threshold: Annotated[float | None, typer.Option(help="Score that raises an alarm")] = None,
    alarms_only: Annotated[bool, typer.Option("--alarms-only", help="Only rows at which an alarm begins")] = False,
    speed: Annotated[float, typer.Option(help="Play a file at this speed; 0 = as fast as possible")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds")] = None,
    max_rows: Annotated[int | None, typer.Option(help="End after so many rows")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notices on stderr")] = False,
) -> None:
    """Score rows with a detector that sees no labels; JSON lines with score and alarm on standard output."""
    from engine.detectors.scorable import make_scorable
    from engine.errors import LabError
    from engine.streams.readings import BlockAssembler
    from engine.streams.scoring import RowScorer

    together = BlockAssembler.for_partitions() if input in ("kafka", "mqtt") else BlockAssembler()
    scorer = RowScorer(make_scorable(algorithm), threshold, together)
    if input == "mqtt":
        source = _mqtt(topic, mqtt_url, ca_file)
    else:
        source = _source(input, path, topic or "sensor-data", group_id, bootstrap_servers, speed)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    until = time.monotonic() + (duration if duration is not None else float("inf"))
    telling, taken = Telling(source, quiet), 0
    with contextlib.suppress(BrokenPipeError):
        while not source.finished and not ended.is_set() and time.monotonic() < until:
            rows = source.read(0.5)
            telling.look()
            taken += len(rows)
            _print(scorer.add(rows), alarms_only)
            if max_rows is not None and taken >= max_rows:
                break
        _print(scorer.rest(), alarms_only)
    rest = telling.rest()
    source.close()
    bad = scorer.bad_rows + getattr(source, "bad_rows", 0)
    if bad and bad >= taken:
        raise LabError(
            f"None of the {bad} rows was a reading; each must be a JSON object with machine_id, timestamp and numbers."
        )
    if not quiet:
        print(f"{taken} rows, {scorer.alarms} alarms, {bad} that were no readings{rest}.", file=sys.stderr)


def _mqtt(topic: str | None, url: str, ca_file: str) -> Source:
    from engine.streams.sources.mqtt import MqttSource

    return MqttSource(topic or MqttSource.topic, url, ca_file)


def _source(input: str, path: Path | None, topic: str, group: str, servers: str | None, speed: float) -> Source:  # noqa: A002
    from engine.errors import LabError
    from engine.streams.sources.kafka import KafkaSource
    from engine.streams.sources.replay import Replay

    if input == "kafka":
        return KafkaSource(topic, group, tuple(servers.split(",")) if servers else ())
    if input == "file":
        if path is None:
            raise LabError("Input file needs --file; give the path of a recording.")
        return Replay(str(path), speed)
    if input == "stdin":
        return Replay("-", speed)
    raise LabError(f"input must be one of: {', '.join(INPUTS)}, got {input!r}.")


def _print(rows: list[dict[str, object]], alarms_only: bool) -> None:
    import orjson

    for row in rows:
        if not alarms_only or row["alarm_began"]:
            sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
