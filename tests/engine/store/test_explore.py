"""The SQL explorer answers questions about the allowed views and reaches nothing else."""

import io
import os
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from engine.errors import LabError
from engine.store import sandbox_process
from engine.store.explore import INSTRUCTOR_VIEWS, MOST_AT_ONCE, STUDENT_VIEWS, VIEWS
from engine.store.names import Fragment
from engine.store.sandbox import Sandboxes, _started
from engine.store.store import Store
from tests.engine.store.samples import START_US, block, small_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store on disk with readings, scores, and a journal."""
    opened = small_store(tmp_path_factory.mktemp("explore"))
    opened.append(1, "demo", block(100), {"ewma": np.ones((100, 2))})
    opened.flush()
    opened.save_journal(1, [{"fault": "bearing_failure"}], START_US, "inject")
    yield opened
    opened.close()


def test_a_select_is_answered(store):
    answer = store.explore("select machine, count(*) as n, avg(temperature) as t from readings group by 1 order by 1")

    assert answer.columns == ("machine", "n", "t")
    assert [row[:2] for row in answer.rows] == [("M1", 100), ("M2", 100)]
    assert not answer.cut


def test_scores_have_one_column_per_detector(store):
    assert list(store.explore("select max(ewma) from scores").rows) == [(1.0,)]


def test_the_row_limit_cuts_and_says_so(store):
    answer = store.explore("select * from readings", limit=10)

    assert len(answer.rows) == 10
    assert answer.cut


@pytest.mark.parametrize(
    "query",
    [
        "select * from journal",
        "select * from runs",
        "select * from labels",
        "select * from readings_demo",
        "select * from truth",
        "select * from content",
        "select * from self",
    ],
)
def test_tables_that_are_not_allowed_do_not_exist(store, query):
    with pytest.raises(LabError, match="does not exist"):
        store.explore(query)


def test_instructors_may_see_the_journal(store):
    assert len(store.explore("select * from journal", views=INSTRUCTOR_VIEWS).rows) == 1


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "select * from read_parquet('https://example.org/x.parquet')",
        "copy readings to '/tmp/stolen.csv'",
        "attach 'faultlab.duckdb' as lab",
        "attach ':memory:' as other",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '64GB'",
        "pragma database_list",
        "create table x as select 1",
        "drop view readings",
        "insert into readings values (1)",
        "select 1; select 2",
        "export database '/tmp/x'",
        "call pragma_version()",
        "",
        "selekt",
        "select getenv('HOME')",
    ],
)
def test_files_settings_and_changes_are_out_of_reach(store, query):
    with pytest.raises(LabError) as refused:
        store.explore(query)

    assert "Traceback" not in str(refused.value)
    assert str(store.path) not in str(refused.value)


def test_a_query_that_never_ends_is_stopped(store):
    with pytest.raises(LabError, match=r"took longer than 0.3 s"):
        store.explore("select count(*) from range(100000000000) a, range(1000) b", timeout_s=0.3)


@pytest.mark.parametrize(
    "query",
    [
        "select levenshtein(a, a || 'b') from (select string_agg('x' || i, '') as a from range(60000) t(i))",
        "select * from query('select lev' || 'enshtein(a, a || ''b'') from (select string_agg(i::varchar, '''') a "
        "from range(60000) t(i))')",
    ],
)
def test_a_single_call_that_hears_no_interrupt_is_ended(store, query):
    """One call can run for minutes inside DuckDB: its process is ended, and the next question finds another."""
    with pytest.raises(LabError, match=r"took longer than 0.3 s"):
        store.explore(query, timeout_s=0.3)

    assert store.explore("select 1").rows == ((1,),)


def test_a_process_that_died_is_replaced(store):
    store.explore("select 1")
    for process in store.sandboxes._idle:
        process.kill()
        process.wait()

    assert store.explore("select 2").rows == ((2,),)


def test_values_of_every_kind_come_back_as_they_are(store):
    query = (
        "select 1, 170141183460469231731687303715884105727::hugeint, 0.5::double, 'nan'::double, 1.25::decimal(9, 2), "
        "'ä', true, null, date '2026-01-05', time '10:00:01.5', timestamp '2026-01-05 10:00:00.000001', "
        "interval 90 seconds, uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}'::json"
    )

    (row,) = store.explore(query).rows

    with duckdb.connect() as plain:
        assert repr(row) == repr(plain.execute(query).fetchone())


def test_who_finds_every_place_taken_is_told_so(store):
    taken = [MOST_AT_ONCE.acquire(timeout=10) for _ in range(2)]
    try:
        with pytest.raises(LabError, match="ask again in a moment"):
            store.explore("select 1", timeout_s=0.01)
    finally:
        for _ in filter(None, taken):
            MOST_AT_ONCE.release()


def test_a_query_that_eats_memory_is_stopped(store):
    with pytest.raises(LabError):
        store.explore("select length(string_agg(x::varchar, ',')) from range(500000000) t(x)", timeout_s=10)


def test_lists_are_refused_with_the_cure(store):
    with pytest.raises(LabError, match="as varchar"):
        store.explore("select list(temperature) from readings")


def test_asking_does_not_hold_up_the_writer(store):
    store.explore("select 1")

    assert store.begin_run("demo", 8, {}, START_US).run > 1


def test_the_views_describe_themselves(store):
    columns = store.view_columns()

    assert set(STUDENT_VIEWS) == set(columns)
    assert columns["readings"] == ["time", "machine", "status", "temperature", "Flow Rate"]
    assert columns["scores"] == ["time", "machine", "ewma"]


def test_an_empty_store_says_what_to_do():
    with pytest.raises(LabError, match="start the plant"):
        Store(":memory:").explore("select * from readings")


WRITES = (
    "copy (select 1 as a) to '{path}' (format csv)",
    "explain analyze copy (select repeat('x', 1000) from range(1000)) to '{path}' (format csv, use_tmp_file false)",
    "with a as (copy (select 1 as a) to '{path}' (format csv)) select * from a",  # a SELECT in the eyes of DuckDB 2
    "with a as (copy (select 1 as a, 2 as b) to '{path}' (format csv, partition_by (a))) select * from a",
    "with a as (copy (select 1 as a) to '{path}' (format parquet)) select * from a",
    "select * from query('copy (select 1 as a) to ''{path}'' ')",
    "select * from read_text('{path}')",
)
PATHS = (":memory:", ":memory:.wal", ":memory:.wal.recovery", ":memory:.wal.checkpoint", ".tmp/x", ".tmp", "x")


def _told(boxes, query):
    """Return the answer's rows, or the sentence that refuses it."""
    try:
        return boxes.ask(query, [], lambda *_: pa.table({}), 10, 5.0)["rows"]
    except LabError as problem:
        return str(problem)


def test_no_statement_changes_a_file(tmp_path, monkeypatch):
    (tmp_path / "x").write_text("as it was")
    monkeypatch.chdir(tmp_path)
    boxes = Sandboxes()

    told = [_told(boxes, one.format(path=path)) for one in WRITES for path in (*PATHS, tmp_path / "x")]

    folder = Path(boxes._folder.name)
    assert all(isinstance(one, str) for one in told)
    assert list(folder.iterdir()) == []
    assert _contents(tmp_path) == {tmp_path / "x": b"as it was"}
    boxes.close()
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="limits of the system")
def test_no_byte_is_written_where_duckdb_itself_would_write(tmp_path, monkeypatch):
    """The system keeps the promise when DuckDB's own wall has a hole."""
    source = Path(sandbox_process.__file__).read_text()
    (tmp_path / "open.py").write_text(source.replace("enable_external_access = false", "threads = 1"))
    monkeypatch.setattr("engine.store.sandbox.PROGRAM", tmp_path / "open.py")
    boxes, target = Sandboxes(), tmp_path / "target"

    told = _told(boxes, WRITES[2].format(path=target))
    boxes.close()

    assert "too large" in told
    assert not target.exists() or target.read_bytes() == b""


def _contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.skipif(os.name != "posix", reason="limits of the system")
def test_the_system_itself_bounds_the_process(tmp_path):
    process = _started(str(tmp_path))
    sandbox_process.send(process.stdin, {"query": "", "views": [], "limit": 1, "explain": False})
    sandbox_process.receive_words(process.stdout)
    limits = Path(f"/proc/{process.pid}/limits").read_text() if Path("/proc/self/limits").exists() else ""
    told = Path(f"/proc/{process.pid}/environ").read_bytes()
    process.kill()
    process.communicate()

    assert not limits or "Max file size             0                    0" in limits
    assert not limits or "Max address space         unlimited" not in limits
    assert b"PASSPHRASE" not in told


def test_the_settings_tell_no_path_of_the_server(store):
    told = store.explore("select value from duckdb_settings() where value like '%/%' and value <> 'duckdb_api'")

    assert not [value for (value,) in told.rows if str(Path.home()) in value or os.getcwd() in value]


def test_explain_is_asked_apart_and_takes_a_select_only(store):
    plan = store.explore("select max(ewma) from scores -- highest", explain=True)

    assert "explain_value" in plan.columns
    with pytest.raises(LabError, match="Only SELECT"):
        store.explore("explain select 1")
    with pytest.raises(LabError):
        store.explore("analyze copy (select 1) to 'x'", explain=True)


@pytest.mark.parametrize(
    "query",
    [
        "select repeat('x', 40000) from range(10001)",
        "select repeat('x', 1000000) from range(3000)",
        "select repeat('x', 100000000)",
        f"select {', '.join(f'i as a{n}' for n in range(500))} from range(10000) t(i)",  # noqa: S608
    ],
)
def test_an_answer_has_a_limit_in_bytes(store, query):
    with pytest.raises(LabError, match=r"larger than 16 MB|memory|allocate"):
        store.explore(query, limit=10_000)

    assert store.explore("select 1").bytes < 100


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0\0",
        b"\xff" * 8,
        b"\x7f" + b"\xff" * 7 + b"{}",
        (99).to_bytes(8, "big") + b"{}",
        (2).to_bytes(8, "big") + b"[}",
        (2).to_bytes(8, "big") + b"\xff\xfe",
        (200_000).to_bytes(8, "big") + b"[" * 200_000,
        (1).to_bytes(8, "big") + b"1",
        (18).to_bytes(8, "big") + b'{"a":{"date":"x"}}',
        (20).to_bytes(8, "big") + b'{"a":{"decimal":"x"}}'[:20],
    ],
)
def test_a_frames_length_and_content_are_not_believed(frame):
    with pytest.raises(EOFError):
        sandbox_process.receive_words(io.BytesIO(frame))


def test_copying_the_views_counts_as_time(store, monkeypatch):
    """The app's own database is asked for no longer than the question may take."""
    slow = (Fragment("select count(*) as n from range(1000000000) a, range(1000) b"), [])  # takes hours
    monkeypatch.setitem(VIEWS, "readings", lambda _: slow)

    with pytest.raises(LabError, match=r"took longer than 0.2 s"):
        store.explore("select * from readings", timeout_s=0.2)

    assert store.explore("select 1").rows == ((1,),)
