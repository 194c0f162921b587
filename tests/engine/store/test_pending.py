"""accepted = stored + waiting + lost, whatever the disk does."""

from engine.store.pending import Chunk, PendingRows
from tests.engine.store.samples import block


def chunk(ticks: int) -> Chunk:
    """Return a chunk of 2 · ticks rows."""
    return Chunk(1, "demo", block(ticks), {})


def test_rows_not_written_go_back_to_the_front():
    pending = PendingRows()
    first, second = chunk(1), chunk(2)
    pending.add(first)
    taken = pending.take()
    pending.add(second)

    pending.settle(taken, written=False)

    assert [first, second] == pending.take()


def test_beyond_the_bound_the_oldest_are_lost_and_counted():
    pending = PendingRows(most_rows=10)
    chunks = [chunk(2) for _ in range(4)]
    for one in chunks:
        pending.add(one)

    assert pending.lost == 8
    assert pending.accepted == pending.stored + pending.waiting + pending.lost
    assert chunks[-1] is pending.take()[-1]


def test_rows_in_flight_count_as_waiting():
    pending = PendingRows()
    pending.add(chunk(3))
    taken = pending.take()

    assert pending.waiting == 6
    pending.settle(taken, written=True)
    assert (pending.waiting, pending.stored) == (0, 6)
