"""Writers in a process of their own, to be killed or to be put on a full disk: `python -m tests.adversary.writers`."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from engine.errors import LabError
from tests.adversary.ledger import WRITERS, Home, UnspooledError, opened

BEFORE, DURING, MOST_TRIES = 2, 3, 60


def say(*words: object) -> None:
    """Tell the other process at once, in one piece."""
    os.write(1, (json.dumps(words) + "\n").encode())


def write_for_ever(home: Home, first: int) -> None:
    """Let all writers write beside each other, round by round; each acknowledgement is a line."""
    together = threading.Barrier(len(WRITERS))

    def run(writer: str) -> None:
        number = first
        while True:
            say(writer, WRITERS[writer](home, number))
            number += 1
            together.wait()

    threads = [threading.Thread(target=run, args=(name,), daemon=True) for name in WRITERS]
    for thread in threads:
        thread.start()
    threads[0].join()


def fill_the_disk(home: Home) -> None:
    """Try each writer before, while and after no byte more fits on the disk."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    number = 1
    for writer in WRITERS:
        for phase, count in (("before", BEFORE), ("full", DURING), ("after", 1)):
            limit = 1 if phase == "full" else resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            for _ in range(count):
                number += 1
                attempt(home, writer, phase, number)


def attempt(home: Home, writer: str, phase: str, number: int) -> None:
    """Write once and tell how it ended; after the disk was full the lab has some tries to come back by itself."""
    for tries in range(1 if phase != "after" else MOST_TRIES):
        try:
            told = WRITERS[writer](home, number)
        except (LabError, UnspooledError) as refusal:
            how, told = "refused", str(refusal)
        except Exception as problem:
            how, told = "defect", f"{type(problem).__name__}: {problem}"
        else:
            how = "told"
        if how != "refused" or phase != "after" or tries == MOST_TRIES - 1:
            break
        time.sleep(0.25)
    say(writer, phase, number, how, told)


if __name__ == "__main__":
    with opened(Path(sys.argv[2])) as place:
        if sys.argv[1] == "full-disk":
            fill_the_disk(place)
        else:
            write_for_ever(place, int(sys.argv[3]))
