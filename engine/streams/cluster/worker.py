"""One worker: reads its share of a topic's partitions and writes scores to another topic.

Quix Streams keeps each machine's state in the worker's own folder and in a changelog topic, from which another worker
rebuilds it when this one dies. A failed checkpoint ends the worker by design; the supervisor starts it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import LabError
from engine.records import time_us
from engine.streams.cluster.machine_scorer import MachineScorer
from engine.streams.kafka.address import Address

STATE_KEY = "machine"
COMMIT_S = 1.0
PARTITIONS = 12  # of a topic that a worker has to make: the upper limit of workers; Quix would make one


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker reads, runs and writes.

    Parameters
    ----------
    algorithm, threshold
        The detector and the score that raises an alarm; None = the detector's own.
    topic, scores_topic, group
        Where rows come from, where scores go, and the consumer group that all workers share.
    folder
        State folder of this worker alone.
    """

    address: Address
    folder: Path
    algorithm: str = "z_score"
    threshold: float | None = None
    topic: str = "sensor-data"
    scores_topic: str = "scores"
    group: str = "faultlab-workers"


def run_worker(settings: WorkerSettings) -> None:
    """Run until SIGTERM, or until a checkpoint fails.

    Raises
    ------
    LabError
        When Quix Streams is not installed.
    """
    application = _application(settings)
    scorer = MachineScorer(settings.algorithm, settings.threshold)

    def step(row: Any, state: Any) -> list[dict[str, Any]]:
        result, fresh = scorer.step(row, state.get_bytes(STATE_KEY))
        if fresh is not None:
            state.set_bytes(STATE_KEY, fresh)
        return [] if result is None else [result]

    made = _topic_config()
    rows = application.topic(
        settings.topic,
        key_deserializer="str",
        value_deserializer="json",
        timestamp_extractor=_milliseconds,
        config=made,
    )
    scores = application.topic(settings.scores_topic, key_serializer="str", value_serializer="json", config=made)
    application.dataframe(rows).apply(step, stateful=True, expand=True).to_topic(scores)
    application.run()


def _application(settings: WorkerSettings) -> Any:
    try:
        from quixstreams import Application
        from quixstreams.models.topics import TopicManager
    except ImportError:
        raise LabError("Workers need Quix Streams; run: pip install -r requirements-cluster.txt.") from None
    more: dict[str, Any] = {}
    if settings.address.practice:
        more["topic_manager"] = TopicManager(
            topic_admin=_practice_admin(",".join(settings.address.servers)), consumer_group=settings.group
        )
        # The mock holds a rebalance up for the session timeout less one second: 44 s unless told otherwise.
        more["consumer_extra_config"] = {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 1_000}
    return Application(
        broker_address=",".join(settings.address.servers),
        consumer_group=settings.group,
        auto_offset_reset="earliest",
        state_dir=str(settings.folder),
        use_changelog_topics=True,
        commit_interval=COMMIT_S,
        loglevel="WARNING",
        **more,
    )


def _topic_config() -> Any:
    from quixstreams.models.topics import TopicConfig

    return TopicConfig(num_partitions=PARTITIONS, replication_factor=1)


def _milliseconds(row: Any, _headers: Any, timestamp: Any, _kind: Any) -> int:
    """Return event time; a row without one keeps the broker's, the scorer then refuses it."""
    try:
        return time_us(row["timestamp"]) // 1000
    except (KeyError, TypeError, ValueError, AttributeError):
        return int(timestamp)


def _practice_admin(servers: str) -> Any:
    """Return an admin for the practice broker, which knows neither DescribeConfigs nor CreateTopics.

    It makes a topic with 4 partitions when it is first asked about; the practice topics therefore have 4 as well.
    """
    from quixstreams.models.topics import TopicAdmin, TopicConfig

    class PracticeAdmin(TopicAdmin):  # type: ignore[misc]
        def inspect_topics(self, topic_names: list[str], timeout: float | None = None) -> dict[str, Any]:
            settings = {"retention.ms": "604800000", "retention.bytes": "-1", "cleanup.policy": "delete"}
            known = self.admin_client.list_topics(timeout=10).topics
            return {
                name: TopicConfig(len(known[name].partitions), 1, settings) if name in known else None
                for name in topic_names
            }

        def create_topics(self, topics: list[Any], timeout: float | None = None, finalize_timeout: float = 0.0) -> None:
            for topic in topics:
                self.admin_client.list_topics(topic.name, timeout=10)

    return PracticeAdmin(broker_address=servers)
