"""A class hands in within half a minute while somebody else looks on: everybody gets a receipt, and it stays."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.adversary.check import Check, checking
from tests.adversary.client import Client
from tests.adversary.kills import hand_in
from tests.adversary.ledger import NAME, lost, opened, prepare
from tests.app.served import Served

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE, WITHIN_S = 300, 30.0
LOOKED_AT = ("/api/v1/assignments", "/api/health", f"/api/v1/assignments/{NAME}/submissions")


def rush(folder: Path, people: int, seed: int) -> Check:
    """Let so many people hand in at the pace of 300 in 30 s; the waits are told, not judged."""
    with checking(f"{people} people hand in at once") as check:
        tokens = prepare(folder, people + 1)
        bystander, *tokens = tokens
        moments = [random.Random(seed + at).uniform(0, WITHIN_S * people / PEOPLE) for at in range(people)]
        with Served(folder) as served:
            looks, over = list[float](), threading.Event()
            watcher = threading.Thread(target=_look, args=(Client(served.url, bystander), over, looks))
            watcher.start()
            with ThreadPoolExecutor(people) as crowd:
                began = time.perf_counter()
                jobs = [
                    crowd.submit(_one, served.url, token, began + moments[at], at + 1)
                    for at, token in enumerate(tokens)
                ]
                results = [_outcome(job) for job in jobs]
                span = time.perf_counter() - began
            over.set()
            watcher.join()
        told = [result for result in results if isinstance(result, tuple)]
        check.wrong += [f"not handed in: {result}" for result in results if isinstance(result, str)]
        with opened(folder) as home:
            check.wrong += lost(home, [("receipts", receipt) for receipt, _ in told])
        check.wrong += [] if looks else ["the bystander saw nothing"]
        check.told = (
            f"{len(told)} receipts in {span:.1f} s, slowest {max([wait for _, wait in told], default=0):.2f} s; "
            f"worst wait of a bystander {max(looks, default=0):.2f} s of {len(looks)} looks"
        )
    return check


def _one(url: str, token: str, at: float, number: int) -> tuple[str, float]:
    """Hand in at a moment; returns the receipt and how long it took."""
    time.sleep(max(0.0, at - time.perf_counter()))
    client, began = Client(url, token), time.perf_counter()
    try:
        return hand_in(client, number)[1], time.perf_counter() - began
    finally:
        client.close()


def _outcome(job: Future[tuple[str, float]]) -> tuple[str, float] | str:
    try:
        return job.result()
    except Exception as problem:
        return f"{type(problem).__name__}: {str(problem)[:200]}"


def _look(client: Client, over: threading.Event, looks: list[float]) -> None:
    """Open one page's data after the other and note how long each took."""
    while not over.wait(0.02):
        began = time.perf_counter()
        status, _ = client.ask("GET", LOOKED_AT[len(looks) % len(LOOKED_AT)])
        if status != 200:
            raise AssertionError(f"the bystander was answered with {status}")
        looks.append(time.perf_counter() - began)
    client.close()
