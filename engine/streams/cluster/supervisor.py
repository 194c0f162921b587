"""Starts workers, each in a process and with a state folder of its own, and starts one again when it ends."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from dataclasses import dataclass, field

from engine.streams.backoff import Backoff

log = logging.getLogger(__name__)
STEADY_S = 10.0  # a worker that lived so long was well; its next restart is quick again


@dataclass
class Supervisor:
    """Keeps processes running.

    Parameters
    ----------
    commands
        The command line of each worker.
    restart
        False = a worker that ends stays ended.
    """

    commands: list[list[str]]
    restart: bool = True
    restarts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * len(self.commands)
        self._threads = [
            threading.Thread(target=self._keep, args=(at,), name=f"faultlab-worker-{at}", daemon=True)
            for at in range(len(self.commands))
        ]

    @property
    def pids(self) -> list[int | None]:
        """Process number of each worker; None = it does not run now."""
        return [one.pid if one is not None and one.poll() is None else None for one in self._processes]

    def start(self) -> None:
        """Start all workers."""
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until `stop` is called."""
        self._stop.wait(timeout_s)

    def stop(self, timeout_s: float = 10.0) -> None:
        """End all workers: politely, and after `timeout_s` by force."""
        self._stop.set()
        until = time.monotonic() + timeout_s
        for process in self._processes:
            if process is not None and process.poll() is None:
                process.terminate()
        for process in self._processes:
            if process is None:
                continue
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            thread.join(2)

    def ask_to_stop(self) -> None:
        """Make `wait` return; for signal handlers."""
        self._stop.set()

    def _keep(self, at: int) -> None:
        backoff = Backoff(0.5, 10.0)
        while not self._stop.is_set():
            began = time.monotonic()
            process = self._processes[at] = subprocess.Popen(self.commands[at])
            code = process.wait()
            if self._stop.is_set() or not self.restart:
                return
            if time.monotonic() - began > STEADY_S:
                backoff.reset()
            self.restarts += 1
            log.warning("worker %d ended with %s and is started again", at, code)
            self._stop.wait(backoff.next_s())
