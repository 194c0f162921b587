"""`python -m engine broker`: a practice broker for lessons, in memory only, or Apache Kafka itself.

The two differ in this, and tests run on both (tests/engine/streams):

===================  ==============================================  ======================================
what                 practice broker                                 --apache
===================  ==============================================  ======================================
needs                nothing                                         Java 17; Maven the first time (64 MB)
start, memory        a moment, some MB                               10 to 20 s, about 400 MB
after a restart      empty: topics, offsets and groups are gone      goes on: all is in FAULTLAB_HOME/kafka
kept of a partition  the newest 100,000 records or 5 MiB             what the topic's settings say (7 days)
making topics        --topic, or by using them (4 partitions)        also by clients, with settings
transactions         answered, but read_committed is not kept to     as Kafka documents them
compacted topics     none                                            as Kafka documents them
joining a group      up to 2.5 s at each change                      at once
clients              must speak the protocol of 2.3 (FaultLab does)  any
===================  ==============================================  ======================================
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.streams.kafka.apache import ApacheBroker
    from engine.streams.kafka.practice import PracticeBroker

Made = TypeVar("Made")
MEMORY = "memory only, at most 100,000 records of a partition, gone when this ends"
FOUND = "Other commands on this machine find it by themselves. Ctrl-C ends it."
USUAL_PORT = 9092  # where Kafka's documents, and the two source documents, look for it


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("broker")(broker)


def broker(
    topic: Annotated[list[str] | None, typer.Option(help="Topics to make, name or name:partitions")] = None,
    port: Annotated[int | None, typer.Option(help="Port; the first free one from 9092 unless given")] = None,
    apache: Annotated[bool, typer.Option("--apache", help="Apache Kafka itself; needs Java 17 and Maven")] = False,
    duration: Annotated[float | None, typer.Option(help="Seconds; until Ctrl-C unless given")] = None,
) -> None:
    """Run a broker that speaks Kafka's protocol on this machine.

    The practice broker starts at once and keeps all in memory: when it ends, topics, offsets and groups are gone. It
    has no faithful transactions, no compacted topics and no topic settings, and a partition keeps the newest 100,000
    records or 5 MiB. With --apache it is Apache Kafka itself, which has all of these and keeps what it stores in
    FAULTLAB_HOME/kafka; it needs Java, the first time also Maven, 400 MB of memory and 10 to 20 s to start.
    """
    from engine.streams.kafka.address import announce_broker, withdraw_broker

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    made = _apache(port) if apache else _practice(port)
    try:
        for wanted in topic or ["sensor-data"]:
            name, _, partitions = wanted.partition(":")
            made.create_topic(name, int(partitions) if partitions.isdigit() else 4)
        announce_broker(made.bootstrap, practice=not apache)
        print(f"KAFKA_BOOTSTRAP={made.bootstrap}", flush=True)
        print(f"{_title(made)}. {FOUND}", file=sys.stderr, flush=True)
        ended.wait(duration)
    finally:
        withdraw_broker()
        made.close()


def _title(made: PracticeBroker | ApacheBroker) -> str:
    place = f"localhost:{made.bootstrap.rpartition(':')[2]}"
    version = getattr(made, "version", None)
    if version is None:
        return f"PRACTICE BROKER at {place}: {MEMORY}"
    return f"APACHE KAFKA {version} at {place}: kept in {getattr(made, 'folder', '')}"


def _practice(port: int | None) -> PracticeBroker:
    from engine.streams.kafka.practice import PracticeBroker

    return _at(port, lambda at: PracticeBroker(port=at))


def _apache(port: int | None) -> ApacheBroker:
    from engine.home import home
    from engine.streams.kafka.apache import ApacheBroker

    return _at(port, lambda at: ApacheBroker(home() / "kafka", at))


def _at(port: int | None, make: Callable[[int], Made]) -> Made:
    """Return a broker at the port, or at the first free one from Kafka's usual port on, so that a restart keeps it."""
    from engine.errors import LabError
    from engine.streams.kafka.doorway import PortTakenError

    if port is not None:
        return make(port)
    for tried in range(USUAL_PORT, USUAL_PORT + 20):
        try:
            return make(tried)
        except PortTakenError:
            continue
    raise LabError(f"All ports from {USUAL_PORT} to {USUAL_PORT + 19} are taken; give one with --port.")
