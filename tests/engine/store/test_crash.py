"""kill -9 and a full disk: acknowledged rows are there, the stream goes on, nothing is silent."""

import signal
import subprocess
import sys
import textwrap

import pytest

from engine.store.store import Store

STREAM = """
    import sys
    from tests.engine.running.samples import *

    store = Store(sys.argv[1])
    runner, wall = small_runner(speed=100.0, store=store)
    while True:
        wall.now_s += 0.1
        runner.step_once()
        print(store.pending.stored, flush=True)
"""

FULL = """
    import resource, signal, sys, json
    from tests.engine.running.samples import *

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store(sys.argv[1], most_pending_rows=20_000)
    runner, wall = small_runner(speed=10_000.0, store=store, commit_rows=2_000)

    def stream(frames):
        for _ in range(frames):
            wall.now_s += 0.1
            runner.step_once()
            store.database.write(lambda cursor: None)
        return runner.core.ticks

    before = stream(3)
    at = store.figures()["bytes"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(at, 40_000), resource.RLIM_INFINITY))
    during = None
    for _ in range(int(sys.argv[2])):
        wall.now_s += 0.1
        runner.step_once()
        try:
            store.database.write(lambda cursor: None)
        except Exception:
            pass
    full = runner.health()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    stream(5)
    runner.stop()
    after = runner.health()
    keys = ("rows_accepted", "rows_stored", "rows_waiting", "rows_lost", "problem")
    print(json.dumps({"full": {k: full["store"][k] for k in keys}, "after": {k: after["store"][k] for k in keys},
        "status": full["status"], "reasons": full["reasons"], "ticks": runner.core.ticks,
        "count": store.count_readings("fake")}))
    store.close()
"""


def script(text: str, *arguments: object) -> list[str]:
    """Return the command that runs the text in a new interpreter."""
    return [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)]


def test_acknowledged_rows_survive_kill_9(tmp_path):
    process = subprocess.Popen(script(STREAM, tmp_path), stdout=subprocess.PIPE, text=True)
    acknowledged = 0
    while acknowledged < 4000:
        acknowledged = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines()
    process.wait(30)
    complete = [int(line) for line in rest[:-1] if line]  # the last line may be torn
    acknowledged = max([acknowledged, *complete])

    store = Store(tmp_path)

    assert store.count_readings("fake") >= acknowledged
    got = store.readings_between("fake", 0, 2**62, machine="M1")["a"]
    assert got.tolist() == list(range(len(got)))
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are a Unix thing")
@pytest.mark.parametrize(("frames", "lost"), [(5, False), (40, True)])
def test_on_a_full_disk_the_stream_goes_on_and_every_row_is_accounted_for(tmp_path, frames, lost):
    import json

    told = subprocess.run(script(FULL, tmp_path, frames), capture_output=True, text=True, timeout=120)

    assert told.stdout, told.stderr[-2000:]
    facts = json.loads(told.stdout.splitlines()[0])
    full, after = facts["full"], facts["after"]
    assert "cannot be written" in full["problem"]
    assert facts["status"] == "degraded"
    assert "free some disk space" in facts["reasons"][0]
    assert full["rows_accepted"] == full["rows_stored"] + full["rows_waiting"] + full["rows_lost"]
    assert (after["rows_lost"] > 0) == lost
    assert after["problem"] is None
    assert after["rows_waiting"] == 0
    assert facts["count"] == after["rows_stored"] == 2 * facts["ticks"] - after["rows_lost"]
