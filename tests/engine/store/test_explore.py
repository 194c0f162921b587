"""The SQL explorer answers questions about the allowed views and reaches nothing else."""

import duckdb
import numpy as np
import pytest

from engine.errors import LabError
from engine.store.explore import INSTRUCTOR_VIEWS, MOST_AT_ONCE, STUDENT_VIEWS
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
