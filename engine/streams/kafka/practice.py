"""A practice broker: librdkafka's mock cluster, which speaks the real wire protocol over loopback TCP.

It lives in memory and in this process, keeps at most 5 MiB or 100,000 records of a partition and knows no transactions.
The mock cannot be told its port; a doorway in front of it can. It is for lessons and tests; a class that must not
lose data uses a real broker.

References
----------
confluentinc/librdkafka:src/rdkafka_mock.h documents the functions called here.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any

from engine.errors import LabError
from engine.streams.kafka.doorway import HOST, Doorway

PRODUCE = 0  # Kafka's API key of Produce requests, for `push_errors`
NOT_LEADER, TIMED_OUT = 6, 7  # error codes that a client must retry
TOO_LARGE = 10  # one that it must not
_POINTER, _TEXT, _INT, _I32 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int32
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "rd_kafka_conf_new": (_POINTER,),
    "rd_kafka_new": (_POINTER, _INT, _POINTER, _TEXT, ctypes.c_size_t),
    "rd_kafka_destroy": (None, _POINTER),
    "rd_kafka_mock_cluster_new": (_POINTER, _POINTER, _INT),
    "rd_kafka_mock_cluster_destroy": (None, _POINTER),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, _POINTER),
    "rd_kafka_mock_topic_create": (_INT, _POINTER, _TEXT, _INT, _INT),
    "rd_kafka_mock_broker_set_down": (_INT, _POINTER, _I32),
    "rd_kafka_mock_broker_set_up": (_INT, _POINTER, _I32),
    "rd_kafka_mock_broker_set_rtt": (_INT, _POINTER, _I32, _INT),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        _POINTER,
        ctypes.c_int16,
        ctypes.c_size_t,
        ctypes.POINTER(_INT),
    ),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, _POINTER, _I32),
}


@functools.cache
def _library() -> dict[str, Any]:
    try:
        import confluent_kafka
    except ImportError:
        raise LabError("The practice broker needs confluent-kafka; run: pip install confluent-kafka.") from None
    package = Path(confluent_kafka.__file__).parent
    places = [package.parent / "confluent_kafka.libs", package / ".dylibs", package]
    found = [file for place in places for file in sorted(place.glob("*rdkafka*")) if file.suffix not in (".py", ".pyi")]
    try:
        library = ctypes.CDLL(str(found[0]))
        functions = {name: getattr(library, name) for name in _SIGNATURES}
    except (IndexError, OSError, AttributeError):
        raise LabError(
            "This build of confluent-kafka has no practice broker; use a real one (docker compose up -d kafka)."
        ) from None
    for name, (result, *arguments) in _SIGNATURES.items():
        functions[name].restype, functions[name].argtypes = result, arguments
    return functions


class PracticeBroker:
    """A broker that other programs on this machine can reach at `bootstrap` until `close`.

    Parameters
    ----------
    brokers
        How many brokers the cluster pretends to have.
    rebalance_delay_ms
        How long a new group waits for more members.
    port
        Where clients find it, for one broker; None = wherever the mock listens.

    Raises
    ------
    LabError
        When the wheel of confluent-kafka on this system has no mock cluster, or the port is taken.
    """

    def __init__(self, brokers: int = 1, rebalance_delay_ms: int = 100, port: int | None = None) -> None:
        self._doorway: Doorway | None = None
        self._call = _library()
        problem = ctypes.create_string_buffer(512)
        self._owner = self._call["rd_kafka_new"](0, self._call["rd_kafka_conf_new"](), problem, 512)
        if not self._owner:
            raise LabError(f"The practice broker did not start: {problem.value.decode()}; use a real broker.")
        self._cluster = self._call["rd_kafka_mock_cluster_new"](self._owner, brokers)
        self._call["rd_kafka_mock_group_initial_rebalance_delay_ms"](self._cluster, rebalance_delay_ms)
        self.bootstrap: str = self._call["rd_kafka_mock_cluster_bootstraps"](self._cluster).decode()
        if port is not None:
            try:
                self._doorway = Doorway(int(self.bootstrap.rpartition(":")[2]), port)
            except LabError:
                self.close()
                raise
            self.bootstrap = f"{HOST}:{self._doorway.port}"

    def create_topic(self, name: str, partitions: int = 4) -> None:
        """Make a topic; one that is not made gets 4 partitions when it is first used."""
        if self._call["rd_kafka_mock_topic_create"](self._cluster, name.encode(), partitions, 1):
            raise LabError(f"The topic {name!r} cannot be made; it exists already or its name is not allowed.")

    def down(self, broker: int = 1) -> None:
        """Cut all connections and refuse new ones; what is stored stays."""
        self._call["rd_kafka_mock_broker_set_down"](self._cluster, broker)

    def up(self, broker: int = 1) -> None:
        """Accept connections again."""
        self._call["rd_kafka_mock_broker_set_up"](self._cluster, broker)

    def slow_down(self, milliseconds: int, broker: int = -1) -> None:
        """Delay every answer."""
        self._call["rd_kafka_mock_broker_set_rtt"](self._cluster, broker, milliseconds)

    def push_errors(self, api_key: int, *codes: int) -> None:
        """Answer the next requests of that kind with these error codes."""
        array = (ctypes.c_int * len(codes))(*codes)
        self._call["rd_kafka_mock_push_request_errors_array"](self._cluster, api_key, len(codes), array)

    def close(self) -> None:
        """Stop; everything stored is gone."""
        if self._doorway is not None:
            self._doorway.close()
        if self._cluster:
            self._call["rd_kafka_mock_cluster_destroy"](self._cluster)
            self._call["rd_kafka_destroy"](self._owner)
            self._cluster = self._owner = None
