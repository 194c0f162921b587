"""Apache Kafka itself on this machine: brought by Maven from Maven Central by name, started on loopback, and stopped.

It needs Java 17 or newer, and Maven the first time. Everything fetched lies in a cache folder outside the tree.

References
----------
Apache Kafka documentation, "KRaft": `kafka.tools.StorageTool` formats a log folder once, then `kafka.Kafka` runs.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from engine.errors import LabError
from engine.streams.kafka.doorway import HOST, PortTakenError
from engine.streams.kafka.jars import classpath, version_of

START_S = 120.0  # the longest start seen on two busy cores was a third of it
STOP_S = 30.0
HEAP_MB = 384
LOG = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)
FIXED = {
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "num.partitions": "4",  # as the practice broker makes them
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "broker.session.timeout.ms": "3000",  # a broker that was killed is missed, and let in again, after this
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.backoff.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
}


class ApacheBroker:
    """Brokers of Apache Kafka that other programs on this machine can reach at `bootstrap` until `close`.

    What is stored stays in the folder: a broker that is started again there goes on with topics, groups and offsets.

    Parameters
    ----------
    folder
        Where logs and settings lie; made when missing.
    port
        Where clients find the first broker; None = a free one.
    brokers
        How many; the first is the controller besides, and the one that must not be killed.
    settings
        Lines of server.properties that replace those above.

    Raises
    ------
    LabError
        When Java or Maven is missing, Maven Central cannot be reached, the port is taken, or no broker answers in time.
    """

    def __init__(
        self, folder: Path, port: int | None = None, brokers: int = 1, settings: dict[str, str] | None = None
    ) -> None:
        if port is not None:
            _must_be_free(port)
        self.folder, self._classpath = folder, classpath()
        self.version = version_of(self._classpath)
        ports = [port or _free_port(), *(_free_port() for _ in range(brokers - 1))]
        controller = _free_port()
        self.nodes = [
            _Node(
                self._classpath, folder / f"broker-{number}", _properties(number, at, controller, brokers, settings), at
            )
            for number, at in enumerate(ports, 1)
        ]
        self.bootstrap = ",".join(f"{HOST}:{at}" for at in ports)
        try:
            cluster = _cluster_of(folder)
            for node in self.nodes:
                node.start(cluster)
            for node in self.nodes:
                node.wait()
        except BaseException:
            self.close()
            raise

    def create_topic(self, name: str, partitions: int = 4, **configs: str) -> None:
        """Make a topic, with a copy on each broker; `configs` are its settings, with _ for a dot."""
        from kafka.admin import KafkaAdminClient, NewTopic
        from kafka.errors import TopicAlreadyExistsError

        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","))
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        try:
            with contextlib.suppress(TopicAlreadyExistsError):
                admin.create_topics([NewTopic(name, partitions, len(self.nodes), topic_configs=settings)])
        finally:
            admin.close()

    def down(self, broker: int = 1) -> None:
        """Kill a broker as a power cut would; what it has on disk stays."""
        self.nodes[broker - 1].kill()

    def up(self, broker: int = 1) -> None:
        """Start a broker again at its port; returns when it answers."""
        self.nodes[broker - 1].start(_cluster_of(self.folder))
        self.nodes[broker - 1].wait()

    def close(self) -> None:
        """Stop all brokers, the controller last; what is stored stays in the folder."""
        for node in reversed(self.nodes):
            node.stop()


class _Node:
    """One broker: its folder, its settings and its process."""

    def __init__(self, jars: str, folder: Path, properties: dict[str, str], port: int) -> None:
        self._jars, self._folder, self._port = jars, folder, port
        self._properties = {**properties, "log.dirs": (folder / "log").as_posix()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, cluster: str) -> None:
        """Format the log folder if it is new, and start; returns at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "server.properties"
        settings.write_text("".join(f"{key}={value}\n" for key, value in self._properties.items()), encoding="utf-8")
        if not (self._folder / "log" / "meta.properties").exists():
            format_ = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings))
            if self._java(64, *format_).wait() != 0:
                raise self._refusal("its log folder could not be formatted")
        self._process = self._java(HEAP_MB, "kafka.Kafka", str(settings))

    def wait(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + START_S
        while not _answers(self._port):
            if self._process is None or self._process.poll() is not None:
                raise self._refusal("it ended")
            if time.monotonic() > until:
                raise self._refusal(f"it did not answer within {START_S:g} s")
            time.sleep(0.2)

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in good order; kill it when that takes too long."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
            self.kill()

    def _java(self, heap_mb: int, *words: str) -> subprocess.Popen[bytes]:
        java = ("java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *LOG, "-cp", self._jars)
        with (self._folder / "broker.log").open("ab") as log:
            return subprocess.Popen([*java, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _refusal(self, what: str) -> LabError:
        lines = (self._folder / "broker.log").read_text(encoding="utf-8", errors="replace").split("\n")
        said = next((line.strip() for line in lines if "Exception" in line or "Error" in line), "nothing")
        log = self._folder / "broker.log"
        return LabError(
            f"Apache Kafka did not start: {what} (it said: {said:.200}); see {log}, Java must be 17 or newer."
        )


def _cluster_of(folder: Path) -> str:
    """Return the id of the folder's cluster, made the first time."""
    note = folder / "cluster.txt"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        some = b"\0" + uuid.uuid4().bytes[1:]  # an id that began with - would be taken for an option
        note.write_text(urlsafe_b64encode(some).decode().rstrip("="))
    return note.read_text().strip()


def _properties(
    number: int, port: int, controller: int, brokers: int, settings: dict[str, str] | None
) -> dict[str, str]:
    """Return the settings of one broker; the first is the controller too."""
    here, copies = f"PLAINTEXT://{HOST}:{port}", str(brokers)
    first = number == 1
    return {
        **FIXED,
        "node.id": str(number),
        "process.roles": "broker,controller" if first else "broker",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"{here},CONTROLLER://{HOST}:{controller}" if first else here,
        "advertised.listeners": here,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": str(max(1, brokers - 1)),
        "min.insync.replicas": str(max(1, brokers - 1)),
        **(settings or {}),
    }


def _answers(port: int) -> bool:
    """Whether a broker answers the question that every client begins with (ApiVersions, version 0)."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=2) as connection:
        connection.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
        return len(connection.recv(8)) == 8
    return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _must_be_free(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except (OSError, OverflowError):
        raise PortTakenError(f"Port {port} cannot be used; something listens there. Choose another one.") from None
