"""Eclipse mosquitto, Debian's package, as the MQTT broker of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from engine.streams.kafka.watch import is_reached
from tests.app.served import free_port

PROGRAM = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
USER, PASSWORD = "class", "correct horse"


class Mosquitto:
    """A broker with two doors: a plain one for all, and one with TLS and a password; what it holds survives `down`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self.ca_file = str(folder / "ca.pem")
        self._process: subprocess.Popen[bytes] | None = None
        self._make_keys()
        (folder / "mosquitto.conf").write_text(self._settings())
        self.up()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"mqtts://{USER}@localhost:{self.tls_port}"

    def up(self) -> None:
        """Start; returns when it answers."""
        with (self._folder / "log.txt").open("ab") as log:
            command = [str(PROGRAM), "-c", str(self._folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not is_reached(f"127.0.0.1:{self.port}"):
            assert time.monotonic() < end, (self._folder / "log.txt").read_text()
            assert self._process.poll() is None, (self._folder / "log.txt").read_text()
            time.sleep(0.02)

    def down(self) -> None:
        """Stop in good order, which saves sessions and retained messages."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _settings(self) -> str:
        at, user = self._folder.as_posix(), "user root\n" if os.geteuid() == 0 else ""
        return (
            f"{user}per_listener_settings true\npersistence true\npersistence_location {at}/\n"
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"listener {self.tls_port} 127.0.0.1\nallow_anonymous false\npassword_file {at}/passwords\n"
            f"cafile {at}/ca.pem\ncertfile {at}/ca.pem\nkeyfile {at}/key.pem\n"
        )

    def _make_keys(self) -> None:
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2"]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
        self._run("openssl", "req", "-x509", *key, *names, *usage)
        self._run("mosquitto_passwd", "-c", "-b", "passwords", USER, PASSWORD)

    def _run(self, *command: str) -> None:
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True)


def mosquitto_or_skip(folder: Path) -> Mosquitto:
    """Return a broker; where none is installed the test is skipped, and in CI fails."""
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is not installed in CI; tests/run.py installs it as root on Debian")
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    return Mosquitto(folder)
