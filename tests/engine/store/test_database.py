"""The store survives its own repair, whoever reads; a write that is reported as failed is not done later."""

import threading
from concurrent.futures import Future

import duckdb
import pytest

from engine.errors import StoreError, UnknownOutcomeError
from engine.store.database import Database
from engine.store.vault import Vault

SLOW = "select count(*) from range(10000000) x, range((select n from knob)) y"  # hours, or at once


@pytest.fixture
def database(tmp_path):
    """A database whose query SLOW takes hours until the knob is turned to 0."""
    made = Database(tmp_path / "x.duckdb")
    made.write(lambda cursor: cursor.execute("create table knob as select 10000000 as n").fetchall())
    yield made
    made.close()


def turn(cursor):
    """Make SLOW quick for whoever asks from now on."""
    cursor.execute("update knob set n = 0").fetchall()


def reader_of(database):
    """Start somebody who reads for hours; returns when the question is under way, with what becomes of it."""
    found = Future()

    def read():
        try:
            found.set_result(database.read().execute(SLOW).fetchall())
        except Exception as problem:
            found.set_exception(problem)

    threading.Thread(target=read, daemon=True).start()
    while not database._gate.reading:
        pass
    return found


def fatal(_):
    """Fail as DuckDB does when the disk is full while it writes."""
    raise duckdb.FatalException("FATAL Error: disk full, database has been invalidated")


@pytest.mark.parametrize("busy", [False, True], ids=["nobody reads", "somebody reads"])
def test_a_connection_that_was_given_up_is_opened_anew(database, busy):
    reader = reader_of(database) if busy else None
    database.write(turn)

    with pytest.raises(StoreError, match="nothing was lost"):
        database.write(fatal)

    database.write(lambda cursor: cursor.execute("create table later as select 42 as answer").fetchall())
    assert database.read().execute("select * from later").fetchall() == [(42,)]
    assert reader is None or reader.result(30) == [(0,)]  # it was stopped, and asked again by itself
    assert database.problem == ""


def test_what_cannot_be_opened_anew_is_tried_again_and_told(database):
    aside = database.path.with_suffix(".aside")

    def lose_the_file(_):
        database.read()
        database.path.rename(aside)
        database.path.mkdir()
        fatal(_)

    with pytest.raises(StoreError):
        database.write(lose_the_file)
    assert "cannot be opened" in database.problem
    with pytest.raises(StoreError, match="tried again"):
        database.write(turn)
    with pytest.raises(StoreError, match="ask again"):
        database.read().execute("select 1").fetchall()

    database.path.rmdir()
    aside.rename(database.path)

    assert database.read().execute("select n from knob").fetchall() == [(10000000,)]
    assert database.problem == ""


def test_a_reader_that_finds_the_connection_closed_has_it_opened_anew(database):
    database._connection.close()

    assert database.read().execute("select count(*) from knob").fetchone() == (1,)
    database.write(turn)


def test_closing_stops_who_reads_and_the_next_file_is_closed_too(database, tmp_path):
    reader, vault = reader_of(database), Vault(tmp_path)

    database.close()
    vault.close()

    assert isinstance(reader.exception(30), StoreError)
    with duckdb.connect(str(database.path)) as other:  # nobody holds it any more
        assert other.execute("select n from knob").fetchall() == [(10000000,)]


def test_compacting_goes_on_beside_readers(database):
    many = "create table many as select range as a, repeat('y', 100) as b from range(200000)"
    database.write(lambda cursor: cursor.execute(many).fetchall())
    database.write(lambda cursor: cursor.execute("delete from many where a % 10 <> 0").fetchall())
    inode, stop, wrong = database.path.stat().st_ino, threading.Event(), []

    def read():
        while not stop.is_set():
            rows = database.read().execute("select count(*), max(length(b)) from many").fetchall()
            wrong.extend([] if rows == [(20000, 100)] else [rows])

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    slow = reader_of(database)
    database.write(turn)

    gained = database.compact()
    stop.set()
    for thread in readers:
        thread.join(30)

    assert gained > 0
    assert wrong == []
    assert slow.result(30) == [(0,)]
    assert database.path.stat().st_ino != inode
    assert [path.name for path in database.path.parent.iterdir() if "compacting" in path.name] == []


def test_compacting_without_room_leaves_everything_as_it_was(database):
    database.path.with_suffix(".compacting").mkdir()  # stands for a full disk: the second file cannot be made

    with pytest.raises((StoreError, OSError)):
        database.compact()

    database.write(turn)
    assert database.read().execute("select n from knob").fetchall() == [(0,)]


def test_a_write_that_waited_too_long_is_never_done(database):
    go = threading.Event()
    database.write_soon(lambda _: go.wait(30))

    with pytest.raises(StoreError, match="nothing was changed"):
        database.write(turn, timeout_s=0.0)
    go.set()
    database.write(lambda _: None)

    assert database.read().execute("select n from knob").fetchall() == [(10000000,)]


def test_a_write_that_runs_too_long_is_taken_back(database):
    def endless(cursor):
        turn(cursor)
        cursor.execute("select count(*) from range(10000000) x, range(10000000) y").fetchall()

    with pytest.raises(StoreError, match="taken back"):
        database.write(endless, timeout_s=0.05)

    assert database.read().execute("select n from knob").fetchall() == [(10000000,)]


def test_a_write_whose_end_nobody_knows_is_not_called_failed(database):
    go, done = threading.Event(), Future()

    def deaf(cursor):
        go.wait(30)
        turn(cursor)

    with pytest.raises(UnknownOutcomeError, match="not known"):
        database.outcome(database.write_soon(deaf), timeout_s=0.05, last_wait_s=0.0)
    go.set()
    done.set_result(database.write(lambda _: None))

    assert database.read().execute("select n from knob").fetchall() == [(0,)]


def test_stopping_one_write_leaves_the_next_alone(database):
    first = database.write_soon(lambda _: None)
    first.result(30)

    database._stop(first)

    database.write(turn)
    assert database.read().execute("select n from knob").fetchall() == [(0,)]
