"""`python -m engine broker`: a practice broker for lessons, in memory only."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("broker")(broker)


def broker(
    topic: Annotated[list[str] | None, typer.Option(help="Topics to make, name or name:partitions")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds; until Ctrl-C unless given")] = None,
) -> None:
    """Run a practice broker that speaks Kafka's protocol on this machine; everything is lost when it ends."""
    from engine.streams.kafka.address import announce_broker, withdraw_broker
    from engine.streams.kafka.practice import PracticeBroker

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    practice = PracticeBroker()
    try:
        for wanted in topic or ["sensor-data"]:
            name, _, partitions = wanted.partition(":")
            practice.create_topic(name, int(partitions) if partitions.isdigit() else 4)
        announce_broker(practice.bootstrap)
        print(f"KAFKA_BOOTSTRAP={practice.bootstrap}", flush=True)
        print(
            "PRACTICE BROKER: memory only, at most 100,000 records of a partition, gone when this ends. "
            "Other commands on this machine find it by themselves. Ctrl-C ends it.",
            file=sys.stderr,
            flush=True,
        )
        ended.wait(duration)
    finally:
        withdraw_broker()
        practice.close()
