"""The README's first command, word for word, in a clean copy of the tree: it installs, starts and answers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def first_command() -> str:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    return blocks[0].strip()


def copy_of_the_tree(target: Path) -> None:
    files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def answer(port: int, process: subprocess.Popen[bytes], seconds: float) -> dict[str, object]:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as reply:
                return dict(json.load(reply))
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the app did not answer")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name == "nt", reason="the README has a command of its own for Windows")
def test_the_first_command_shows_a_live_plant(tmp_path: Path) -> None:
    copy_of_the_tree(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    environment.pop("VIRTUAL_ENV", None)

    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", first_command()],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            health = answer(port, process, 400)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)

    log_text = (tmp_path / "log.txt").read_text(errors="replace")
    assert health["status"] in ("ok", "degraded")
    assert "pass phrase" in log_text.lower()
    assert "Traceback" not in log_text
