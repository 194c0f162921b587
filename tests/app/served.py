"""A real server in a fresh interpreter, started from a folder that is not the project's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PHRASE = "bodake-mirusa-felopi"


class Served:
    """One server process; use as a context manager.

    Parameters
    ----------
    folder
        Its FAULTLAB_HOME; the log lies beside it.
    port
        None = a free one.
    script
        What `streamlit run` gets; a benchmark's peer is another one.
    """

    def __init__(
        self, folder: Path, port: int | None = None, script: Path = ROOT / "app" / "main.py", **environment: str
    ) -> None:
        self.script = script
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {"FAULTLAB_PASSPHRASE": PHRASE, "FAULTLAB_SEED": "1", **environment}
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder.with_suffix(".log")

    def __enter__(self) -> Served:
        self.launch()
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise

    def launch(self) -> None:
        """Start the process."""
        command = [sys.executable, "-m", "streamlit", "run", str(self.script)]
        command += ["--server.port", str(self.port), "--server.address", "127.0.0.1"]
        environment = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "FAULTLAB_PLANT", "FAULTLAB_SPEED")
        }
        environment |= {"FAULTLAB_HOME": str(self.folder), **self.environment}
        with self.log.open("a", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=out, stderr=subprocess.STDOUT
            )

    def wait_until_ready(self, seconds: float = 120.0) -> None:
        """Wait until plant time runs."""
        self.wait_for(lambda: self.get("/api/health")["ticks"] > 0, seconds)

    def wait_for(self, claim: Any, seconds: float) -> None:
        """Wait until the claim holds; an answer that fails counts as not yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.text
            try:
                if claim():
                    return
            except (OSError, KeyError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s:\n{self.text}")

    def get(self, path: str) -> Any:
        """Return the JSON of a path."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def text_of(self, path: str) -> str:
        """Return the text of a path."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return str(answer.read().decode())

    def end_with(self, number: signal.Signals) -> float:
        """Send a signal and return the seconds until the process is gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(15)
        return time.monotonic() - began

    @property
    def text(self) -> str:
        """What the process has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
