"""Readers and the one who renews what they read from."""

import threading

import pytest

from engine.errors import StoreError
from engine.store.gate import Gate


class Cursor:
    """A cursor whose query ends when it has been interrupted so many times; the first interrupts may be lost."""

    def __init__(self, hears_after: int) -> None:
        self.left, self.over = hears_after, threading.Event()

    def interrupt(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.over.set()


def reading(gate, cursor):
    """Start a thread that reads with the cursor until it is interrupted."""
    begun = threading.Event()

    def read():
        with gate.reader(lambda: cursor):
            begun.set()
            cursor.over.wait(10)

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait(10)
    return thread


def test_who_renews_waits_until_nobody_reads_and_asks_again_and_again():
    gate, cursors = Gate(), [Cursor(1), Cursor(3)]
    threads = [reading(gate, cursor) for cursor in cursors]

    with gate.alone() as empty:
        assert empty
        assert gate.reading == 0
    for thread in threads:
        thread.join(10)

    assert all(cursor.over.is_set() for cursor in cursors)


def test_a_reader_that_hears_nothing_is_reported():
    times = iter(range(100))
    gate, deaf = Gate(wall=lambda: next(times)), Cursor(1000)
    thread = reading(gate, deaf)

    with gate.alone(longest_s=3) as empty:
        assert not empty

    deaf.over.set()
    thread.join(10)


def test_new_readers_wait_while_somebody_renews_and_are_told_when_that_lasts():
    gate = Gate(longest_wait_s=0.0)

    with gate.alone(), pytest.raises(StoreError, match="ask again"), gate.reader(lambda: Cursor(1)):
        pass

    with gate.reader(lambda: Cursor(1)):
        assert gate.reading == 1


def test_a_reader_whose_cursor_cannot_be_had_does_not_count():
    gate = Gate()

    def refused():
        raise StoreError("closed")

    with pytest.raises(StoreError), gate.reader(refused):
        pass

    with gate.alone(longest_s=0.0) as empty:
        assert empty
