"""Plants are registered while readings are written, from any thread."""

from __future__ import annotations

import threading

import numpy as np

from engine.records import SECOND_US, block_of
from engine.store.store import Store


def test_registering_and_widening_for_scores_never_wait_for_each_other():
    """The writer needs the plants' lock for a new detector's column; nobody may hold it and wait for the writer."""
    store = Store(":memory:")
    store.register_plant("first", ("heat",), ("M1",))
    began = threading.Event()

    def busy(_cursor):
        began.set()
        registering.join(0.2)  # both are on their way while the writer works

    registering = threading.Thread(target=lambda: store.register_plant("second", ("heat",), ("M1",)))
    store.database.write_soon(busy)
    began.wait(5)
    block = block_of(np.arange(3) * SECOND_US, np.ones((3, 1)), ("M1",), ("heat",))
    store.append(1, "first", block, {"new_one": np.ones((3, 1))})
    flushed = store.flush(wait=False)
    registering.start()

    flushed.result(5)
    registering.join(5)

    assert set(store.known_plants()) == {"first", "second"}
    assert store.plant_table("first").detectors == ("new_one",)
    store.close()


def test_many_threads_register_one_plant_with_machines_of_their_own():
    store = Store(":memory:")
    names = [f"M{i}" for i in range(8)]
    threads = [threading.Thread(target=store.register_plant, args=("hall", ("heat",), (name,))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert set(store.plant_table("hall").machines) == set(names)
    store.close()
