"""`python -m engine worker`: detectors as workers over Kafka partitions, under a supervisor."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(
    detector: Annotated[str, typer.Option(help="Detector to run")] = "z_score",
    topic: Annotated[str, typer.Option(help="Topic of the rows")] = "sensor-data",
    scores_topic: Annotated[str, typer.Option(help="Topic of the scores")] = "scores",
    group_id: Annotated[str, typer.Option(help="Consumer group that all workers share")] = "faultlab-workers",
    bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port")] = None,
    threshold: Annotated[float | None, typer.Option(help="Score that raises an alarm")] = None,
    workers: Annotated[int, typer.Option(help="Processes on this machine")] = 1,
    state_folder: Annotated[Path | None, typer.Option(help="Where each worker's own folder is made")] = None,
    single: Annotated[int | None, typer.Option(hidden=True, help="Run as worker of that number")] = None,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds")] = None,
) -> None:
    """Score a topic's rows with workers that share its partitions; a worker that ends is started again."""
    from engine.detectors.scorable import make_scorable
    from engine.errors import LabError
    from engine.home import home
    from engine.streams.cluster.supervisor import Supervisor
    from engine.streams.cluster.worker import WorkerSettings, run_worker
    from engine.streams.kafka.address import find_broker

    if workers < 1:
        raise LabError(f"workers must be 1 or more, got {workers}.")
    make_scorable(detector)  # a wrong name is said here, not by every worker
    address = find_broker(tuple(bootstrap_servers.split(",")) if bootstrap_servers else None)
    folder = state_folder if state_folder is not None else home() / "workers"
    if single is not None:
        own = folder / f"worker-{single}"
        run_worker(WorkerSettings(address, own, detector, threshold, topic, scores_topic, group_id))
        return
    command = [sys.executable, "-m", "engine", "worker", "--detector", detector, "--topic", topic]
    command += ["--scores-topic", scores_topic, "--group-id", group_id, "--state-folder", str(folder)]
    command += ["--bootstrap-servers", ",".join(address.servers)]
    command += ["--threshold", str(threshold)] if threshold is not None else []
    supervisor = Supervisor([[*command, "--single", str(number)] for number in range(workers)])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: supervisor.ask_to_stop())
    supervisor.start()
    print(
        f"{workers} workers run {detector} on {topic}; scores go to {scores_topic}. Ctrl-C ends them.", file=sys.stderr
    )
    supervisor.wait(duration)
    supervisor.stop()
    print(f"Ended; {supervisor.restarts} restarts.", file=sys.stderr)
