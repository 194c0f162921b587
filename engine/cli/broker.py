"""`python -m engine broker`: a practice broker for lessons, in memory only."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.streams.kafka.practice import PracticeBroker

NOTICE = (
    "memory only, at most 100,000 records of a partition, gone when this ends. Other commands on this machine find it "
    "by themselves. Ctrl-C ends it."
)
USUAL_PORT = 9092  # where Kafka's documents, and the two source documents, look for it


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("broker")(broker)


def broker(
    topic: Annotated[list[str] | None, typer.Option(help="Topics to make, name or name:partitions")] = None,
    port: Annotated[int | None, typer.Option(help="Port; the first free one from 9092 unless given")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds; until Ctrl-C unless given")] = None,
) -> None:
    """Run a practice broker that speaks Kafka's protocol on this machine; everything is lost when it ends."""
    from engine.streams.kafka.address import announce_broker, withdraw_broker

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    practice = _at(port)
    try:
        for wanted in topic or ["sensor-data"]:
            name, _, partitions = wanted.partition(":")
            practice.create_topic(name, int(partitions) if partitions.isdigit() else 4)
        announce_broker(practice.bootstrap)
        print(f"KAFKA_BOOTSTRAP={practice.bootstrap}", flush=True)
        place = f"localhost:{practice.bootstrap.rpartition(':')[2]}"
        print(f"PRACTICE BROKER at {place}: {NOTICE}", file=sys.stderr, flush=True)
        ended.wait(duration)
    finally:
        withdraw_broker()
        practice.close()


def _at(port: int | None) -> PracticeBroker:
    """Return a broker at the port, or at the first free one from Kafka's usual port on, so that a restart keeps it."""
    from engine.errors import LabError
    from engine.streams.kafka.doorway import PortTakenError
    from engine.streams.kafka.practice import PracticeBroker

    if port is not None:
        return PracticeBroker(port=port)
    for tried in range(USUAL_PORT, USUAL_PORT + 20):
        try:
            return PracticeBroker(port=tried)
        except PortTakenError:
            continue
    raise LabError(f"All ports from {USUAL_PORT} to {USUAL_PORT + 19} are taken; give one with --port.")
