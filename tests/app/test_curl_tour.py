"""The README's curl lines are run, word for word but for port, pass phrase and token, against a real server."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.app.served import PHRASE, Served

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("curl ")]


def wait_for_rows(words: list[str], folder: Path) -> None:
    """The store writes once a second, so the first export after a start may hold the header alone."""
    for _ in range(40):
        if (folder / "readings.csv").stat().st_size > 1000:
            return
        time.sleep(0.5)
        subprocess.run(words, cwd=folder, check=True, timeout=60)


def test_the_curl_lines_of_the_readme_work(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is missing; install it (apt-get install curl).")
        pytest.skip("curl is not installed")
    assert len(LINES) >= 5
    token = ""

    with Served(tmp_path / "home") as served:
        for line in LINES:
            told = line.replace("http://localhost:8501", served.url).replace("YOUR-PASS-PHRASE", PHRASE)
            words = shlex.split(told.replace("$TOKEN", token))
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
            if "-o readings.csv" in line:
                wait_for_rows(words, tmp_path)
            assert done.returncode == 0, line
            if "/tokens" in line:
                token = json.loads(done.stdout)["token"]
            elif "-o " not in line and "stream" not in line:
                answer = json.loads(done.stdout)
                problem = isinstance(answer, dict) and str(answer.get("status", "ok")).isdigit()
                assert not problem, done.stdout

    assert (tmp_path / "readings.csv").stat().st_size > 1000
