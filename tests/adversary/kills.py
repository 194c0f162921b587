"""kill -9 in the midst of writing: what was acknowledged before is there afterwards, time and again."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from engine.records import iso_time
from tests.adversary.check import Check, checking
from tests.adversary.client import Client
from tests.adversary.ledger import NAME, RIG, WRITERS, at_us, label, lost, opened, prepare
from tests.app.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STUDENTS, FEEDERS = 4, 2
MOST_WAIT_S = 120.0


def kill_writers(folder: Path, kills: int, seed: int) -> Check:
    """Kill a process in which all writers of the lab work beside each other."""
    chance, told = random.Random(seed), list[tuple[str, str]]()
    with checking(f"{kills} kills of all writers") as check:
        prepare(folder)
        for kill in range(kills):
            told += _killed_writer(folder, 1 + kill * 100_000, chance.randrange(30, 150))
            with opened(folder) as home:
                check.wrong += [f"kill {kill + 1}: {one}" for one in lost(home, told)]
        check.told = f"{len(check.wrong)} lost of {_counts(told)}"
        check.wrong += [f"{name} acknowledged nothing" for name in WRITERS if name not in dict(told)]
    return check


def _killed_writer(folder: Path, first: int, acknowledged: int) -> list[tuple[str, str]]:
    """Let the writers run until so many acknowledgements have come, and every one has given some; then kill them."""
    command = [sys.executable, "-m", "tests.adversary.writers", "write", str(folder), str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    alarm = threading.Timer(MOST_WAIT_S, process.kill)  # a writer that stands still does not hold the proof up
    alarm.start()
    lines = list[str]()
    for line in process.stdout:
        lines.append(line)
        if len(lines) >= acknowledged and len({json.loads(one)[0] for one in lines}) == len(WRITERS):
            break
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    alarm.cancel()
    return [tuple(json.loads(line)) for line in lines if line.endswith("]\n")]


def kill_servers(folder: Path, kills: int, seed: int) -> Check:
    """Kill a real server while programs post readings and students hand in."""
    chance, numbers = random.Random(seed), itertools.count(1)
    told = list[tuple[str, str]]()
    with checking(f"{kills} kills of a server") as check:
        tokens = prepare(folder, STUDENTS)
        for kill in range(kills):
            told += _killed_server(folder, tokens, numbers, chance.randrange(60, 240))
            with opened(folder) as home:
                check.wrong += [f"kill {kill + 1}: {one}" for one in lost(home, told)]
        check.told = f"{len(check.wrong)} lost of {_counts(told)}"
        check.wrong += [f"no {name} were acknowledged" for name in ("readings", "receipts") if name not in dict(told)]
    return check


def _killed_server(folder: Path, tokens: list[str], numbers: Iterator[int], acknowledged: int) -> list[tuple[str, str]]:
    told, enough = list[tuple[str, str]](), threading.Event()

    def note(writer: str, word: str) -> None:
        told.append((writer, word))
        if len(told) >= acknowledged and len(dict(told)) > 1:
            enough.set()

    with Served(folder) as served:
        jobs: list[tuple[Callable[[Client, int], tuple[str, str]], str]] = [(hand_in, token) for token in tokens]
        jobs += [(feed, "")] * FEEDERS
        threads = [
            threading.Thread(target=_go_on, args=(job, Client(served.url, token), numbers, note)) for job, token in jobs
        ]
        for thread in threads:
            thread.start()
        came = enough.wait(MOST_WAIT_S)
        served.process.kill()
        served.process.wait(30)
        for thread in threads:
            thread.join()
    if not came:
        raise AssertionError(f"only {len(told)} acknowledgements within {MOST_WAIT_S:g} s: {served.text[-500:]}")
    return told


def _go_on(
    job: Callable[[Client, int], tuple[str, str]],
    client: Client,
    numbers: Iterator[int],
    note: Callable[[str, str], None],
) -> None:
    """Do a job again and again until the server is gone."""
    try:
        while True:
            note(*job(client, next(numbers)))
    except (OSError, http.client.HTTPException):
        client.close()


def feed(client: Client, number: int) -> tuple[str, str]:
    """Post a batch of ten readings."""
    rows = [
        {"machine": "press", "time": iso_time(at_us(number * 10 + at)), "values": {"bar": float(number * 10 + at)}}
        for at in range(10)
    ]
    status, answer = client.ask("POST", f"/api/v1/plants/{RIG}/readings", {"readings": rows})
    if status != 200 or answer["accepted"] != 10:
        raise AssertionError(f"readings were answered with {status}: {answer}")
    return "readings", str(number)


def hand_in(client: Client, number: int) -> tuple[str, str]:
    """Hand in labels that nobody else has."""
    one = label(number)
    row = {"machine": one.machine, "start": iso_time(one.start_us), "end": iso_time(one.end_us)}
    status, answer = client.ask("POST", f"/api/v1/assignments/{NAME}/submissions", {"labels": [row]})
    if status != 201:
        raise AssertionError(f"a hand-in was answered with {status}: {answer}")
    return "receipts", str(answer["submission"])


def _counts(told: list[tuple[str, str]]) -> str:
    names = [writer for writer, _ in told]
    return ", ".join(f"{names.count(name):,} {name}" for name in dict.fromkeys(names)) or "nothing"
