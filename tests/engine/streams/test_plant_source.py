"""The plant as a stream: reproducible, without labels unless asked, faults at the documented probability."""

from __future__ import annotations

import io
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.errors import LabError
from engine.plant.features import GUIDE_FEATURES
from engine.records import SECOND_US, Block, block_of
from engine.streams.factory import make_source
from engine.streams.flow import Flow
from engine.streams.interactive import Commands, listen
from engine.streams.pacing import deadlines
from engine.streams.queues import BoundedQueue
from engine.streams.readings import BlockAssembler, Reading, RowError, reading_of
from engine.streams.rows import LABEL_COLUMNS, join_rows, rows_of
from engine.streams.settings import SHIPPED, settle
from engine.streams.sinks.file import File
from engine.streams.sources.plant import PlantSource

START = 1_767_571_200_000_000


def source(**more: object) -> PlantSource:
    return PlantSource(**{"seed": 7, "start_us": START, "fault_probability": 0.01, **more})  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_bytes_in_blocks_of_any_size() -> None:
    whole = source(labels=True).next_rows(600).json_lines()
    parts = source(labels=True)

    pieced = b"".join(parts.next_rows(n).json_lines() for n in (1, 7, 192, 400))

    assert whole == pieced
    assert whole != source(seed=8, labels=True).next_rows(600).json_lines()


def test_rolling_features_do_not_depend_on_the_block_size() -> None:
    whole = source(rolling=True, machines=("MACHINE_001",)).next_rows(300)
    parts = source(rolling=True, machines=("MACHINE_001",))

    pieced = [row for n in (1, 100, 199) for row in parts.next_rows(n).dicts()]

    assert whole.dicts() == pieced
    assert len(whole.columns) > 18 + 7


def test_faults_start_with_the_documented_probability_not_its_square() -> None:
    """On enough machines one is always free, so the count is binomial: 0.01 of 20,000 ticks is 200 ± 14."""
    made = source(features=False)
    starts = []
    for _ in range(20):
        made.next_block(1000)
        starts.append(made._chance.started)

    assert starts[-1] == pytest.approx(200, abs=45)


def test_there_are_no_labels_unless_asked_and_then_they_are_the_faults() -> None:
    plain, labelled = source().next_rows(2000), source(labels=True).next_rows(2000)

    assert not set(LABEL_COLUMNS) & set(plain.columns)
    kinds = set(labelled.column("anomaly_type"))
    assert "normal" in kinds
    assert len(kinds) > 1
    flags = labelled.column("anomaly_label")
    assert [kind != "normal" for kind in labelled.column("anomaly_type")] == [flag == 1 for flag in flags]


def test_the_columns_are_exactly_those_of_the_guide() -> None:
    guide = (
        "timestamp,machine_id,maintenance_status,temperature,vibration,pressure,flow_rate,power_consumption,"
        "oil_level,bearing_temperature,hour,day_of_week,month,is_weekend,is_night_shift,temp_pressure_ratio,"
        "vibration_power_ratio,flow_pressure_product"
    )
    labelled = guide.replace("bearing_temperature,", "bearing_temperature,anomaly_label,anomaly_type,")

    assert source().next_rows(1).csv_header().decode().strip() == guide
    assert source(labels=True).next_rows(1).csv_header().decode().strip() == labelled
    assert len(GUIDE_FEATURES) == 8


def test_a_missing_reading_is_null_and_an_empty_field() -> None:
    rows = rows_of(block_of(np.zeros(1, np.int64), np.array([[1.0, np.nan]])))

    assert b'"sensor_2":null' in rows.json_lines()
    assert rows.csv_lines().decode().strip().endswith("operational,1.0,")


def test_machines_can_be_chosen_and_their_readings_stay_the_same() -> None:
    alone = source(machines=("MACHINE_003",), fault_probability=0.0).next_rows(20).dicts()
    among = source(fault_probability=0.0).next_rows(20).dicts()

    assert alone == [row for row in among if row["machine_id"] == "MACHINE_003"]


# ---- commands


def commands() -> tuple[Commands, PlantSource, threading.Event]:
    made, stopped = source(fault_probability=0.0, service_interval_s=0.0), threading.Event()
    return Commands(made, stopped.set), made, stopped


def test_the_commands_of_the_guide_work() -> None:
    obeyed, made, stopped = commands()
    made.next_block(10)

    answers = [obeyed.obey(line) for line in ("a MACHINE_001 bearing_failure", "m MACHINE_003 900", "s")]
    cleared = [obeyed.obey("c MACHINE_001"), obeyed.obey("s")]
    obeyed.obey("q")

    assert answers[:2] == [
        "Injected bearing_failure anomaly for MACHINE_001; it lasts 10 min of plant time, or until `c MACHINE_001`.",
        "Maintenance of MACHINE_003 for 15 min of plant time.",
    ]
    assert answers[2].splitlines()[:4] == [
        "Machine States:",
        "  MACHINE_001: Operational | bearing_failure",
        "  MACHINE_002: Operational | Normal",
        "  MACHINE_003: Maintenance | Normal",
    ]
    assert "bearing_failure" not in cleared[1]
    assert "a <machine> [fault]" in obeyed.obey("h")
    assert stopped.is_set()


def test_maintenance_changes_the_readings() -> None:
    """In the public generator it changes a word only."""
    obeyed, made, _ = commands()
    before = made.next_block(60).machine("MACHINE_002").values.mean(axis=(0, 1))
    obeyed.obey("m MACHINE_002 30m")
    made.next_block(600)

    after = made.next_block(60).machine("MACHINE_002").values.mean(axis=(0, 1))

    power = made.simulated.spec.sensor_names.index("power_consumption")
    assert after[power] < 0.5 * before[power]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("a MACHINE_001 sensor_drift_", "No fault is called"),
        ("a PUMP_9", "No machine is called 'PUMP_9'"),
        ("a MACHINE", "may be MACHINE_001, MACHINE_002"),
        ("a", "Say which machine"),
        ("m MACHINE_001 soon", "duration must be seconds such as 600, or 10m or 2h"),
        ("m MACHINE_001 -5", "duration must be more than 0 s"),
        ("m MACHINE_001 25h", "at most 24 h"),
        ("x", "No command is called 'x'"),
        ("c MACHINE_0O1", "Did you mean 'MACHINE_001'"),
        ("", ""),
    ],
)
def test_a_typo_is_answered_and_harms_nothing(line: str, part: str) -> None:
    obeyed, made, stopped = commands()

    answer = obeyed.obey(line)

    assert part in answer
    assert not stopped.is_set()
    assert len(made.simulated.journal) == 0


def test_names_may_be_shortened_and_completed() -> None:
    obeyed, made, _ = commands()

    assert obeyed.obey("a machine_001 bear").startswith("Injected bearing_failure anomaly for MACHINE_001;")
    assert obeyed.completions("a MACH") == list(made.machine_names)
    assert "bearing_failure" in obeyed.completions("a MACHINE_001 be")
    assert obeyed.completions("c MACHINE_001 x") == []


def test_commands_are_read_from_any_text_stream() -> None:
    obeyed, _made, _ = commands()
    out = io.StringIO()

    reader = listen(obeyed, io.StringIO("a MACHINE_001 bearing_failure\nnonsense\ns\n"), out)
    assert reader is not None
    reader.join(5)

    assert out.getvalue().startswith("> Injected bearing_failure")
    assert "> No command is called 'nonsense'" in out.getvalue()


def test_a_closed_standard_input_is_no_reason_to_end() -> None:
    closed = io.StringIO()
    closed.close()

    assert listen(commands()[0], closed, io.StringIO()) is None
    assert listen(commands()[0], None, io.StringIO()) is None


def test_the_marks_of_the_guide_are_printed_on_request_only() -> None:
    made = source(fault_probability=0.0)
    marked = Commands(made, threading.Event().set, emoji=True)

    shown = [marked.obey("a MACHINE_001 bearing_failure"), marked.obey("s"), marked.obey("c MACHINE_001")]

    assert shown[0].startswith("🚨 Injected bearing_failure anomaly for MACHINE_001")
    assert "  MACHINE_002: ✅ Operational | ✅ Normal" in shown[1].splitlines()
    assert shown[2] == "✅ Cleared anomaly for MACHINE_001."
    assert Commands(made, threading.Event().set).obey("s").isascii()


# ---- services and labels


@pytest.mark.parametrize("interval_s", [60.0, 600.0, 3600.0, 7200.0, 28_800.0])
def test_services_are_over_before_the_next_and_take_a_fifth_of_the_time_at_most(interval_s: float) -> None:
    plant = source(service_interval_s=interval_s).simulated
    end = START + int(400 * interval_s * SECOND_US)

    stops = sorted(stop for machine in plant.spec.machines for stop in plant.history.stops(machine, START, end))

    assert len(stops) > 300
    assert all(first[1] <= second[0] for first, second in pairwise(stops))
    assert 0.0 < sum(b - a for a, b in stops) / (len(plant.spec.machines) * (end - START)) <= 0.2


@pytest.mark.parametrize("seed", range(12))
def test_the_instructors_file_is_worth_grading_with(seed: int) -> None:
    """Faults are there, a minority of the rows carries them, and none begins on a machine that stands still."""
    made = make_source(settle({"seed": seed}, SHIPPED, "instructor_testing"))

    rows = made.next_rows(3600)
    flags = np.array(rows.column("anomaly_label"))
    stopped = np.array(rows.column("maintenance_status")) != "operational"
    start, end = START, START + 3600 * SECOND_US
    truth = made.simulated.truth(start, end)

    assert len(truth) >= 3
    assert 0.01 <= flags.mean() <= 0.20
    assert 0.0 < stopped.mean() <= 0.20
    assert not (stopped & (flags == 1)).any()
    assert any(event.detectable_from_us is not None for event in truth), "findable by somebody"
    readings = np.array([rows.column(name) for name in made.simulated.spec.sensor_names], dtype=float)
    assert max(best_row_f1(values, flags) for values in (*readings, *-readings)) < 0.8, "easy for nobody"


def best_row_f1(values: np.ndarray, flags: np.ndarray) -> float:
    """Return the best F1 over rows that any limit on one sensor reaches."""
    hits = np.cumsum(flags[np.argsort(-np.nan_to_num(values, nan=-1e9))])
    return float(np.max(2 * hits / (np.arange(1, len(flags) + 1) + flags.sum())))


# ---- timestamps


@pytest.mark.parametrize("rate", [0.1, 1.0, 3.0, 5.0, 100.0])
@pytest.mark.parametrize("naive", [False, True])
def test_the_timestamps_of_a_stream_have_one_form_that_pandas_reads(rate: float, naive: bool, tmp_path: Path) -> None:
    made = make_source(settle({"seed": 3, "rate": rate, "naive_time": naive}))
    pieces = [made.next_rows(n) for n in (1, 1, 5, 50)]
    whole = join_rows(pieces)
    file = File(str(tmp_path / "x.parquet"), "parquet", 0)
    for piece in pieces:
        file.write(piece)
    file.close()

    for table in (
        pd.read_csv(io.BytesIO(whole.csv_header() + whole.csv_lines())),
        pd.read_json(io.BytesIO(whole.json_lines()), lines=True, dtype=False),
        pd.read_parquet(tmp_path / "x.parquet"),
    ):
        read = pd.to_datetime(table.timestamp, utc=True)
        assert read.dt.as_unit("us").astype("int64").tolist() == whole.times_us
        assert table.timestamp.str.endswith("+00:00").all() == (not naive)


# ---- flow and pacing


class SlowSink:
    """Takes one batch each time the test allows it."""

    reader_gone = False

    def __init__(self) -> None:
        self.rows = 0

    def write(self, rows: object) -> None:
        self.rows += len(rows)  # type: ignore[arg-type]

    def flush(self) -> None:
        """Do nothing."""

    def close(self, timeout_s: float = 10.0) -> None:
        """Do nothing."""

    @property
    def counts(self) -> object:
        from engine.streams.counts import SinkCounts

        return SinkCounts(accepted=self.rows, delivered=self.rows)


@pytest.mark.parametrize("policy", ["block", "drop_oldest", "drop_newest", "sample"])
def test_the_books_of_a_flow_are_even_under_every_policy(policy: str) -> None:
    sink = SlowSink()
    flow = Flow(source(ticks=5000), sink, BoundedQueue(3000, policy), paced=False)  # type: ignore[arg-type]

    books = flow.run()

    assert books.balanced
    assert books.produced == 25_000
    assert (books.dropped == 0) or policy != "block"


def test_ticks_keep_an_exact_mean_rate() -> None:
    """sleep(1 / rate) loses the time that the work takes; absolute deadlines do not."""
    now = [0.0]

    def work_and_wait(seconds: float) -> None:
        now[0] += seconds

    starts = []
    for _ in deadlines(100.0, 500, threading.Event(), lambda: now[0], work_and_wait):
        starts.append(now[0])
        now[0] += 0.004  # the work of a tick

    assert starts[-1] == pytest.approx(4.99)


def test_a_held_up_producer_catches_up_by_a_second_at_most() -> None:
    now = [0.0]
    starts = []
    for at in deadlines(10.0, 60, threading.Event(), lambda: now[0], lambda s: now.__setitem__(0, now[0] + s)):
        starts.append(now[0])
        if at == 0:
            now[0] += 30.0

    assert sum(start == 30.0 for start in starts) <= 11


# ---- rows from outside


def test_labels_never_become_sensors() -> None:
    row = source(labels=True, rolling=True).next_rows(30).dicts()[-1] | {"is_anomaly": 1}

    assert tuple(reading_of(row).values) == source().simulated.spec.sensor_names


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ([1], "must be a JSON object"),
        ({"timestamp": "2026-01-05"}, "machine_id must be a name"),
        ({"machine_id": "M", "timestamp": "x"}, "timestamp must be an ISO 8601 time, got 'x'"),
        ({"machine_id": "M", "timestamp": None}, "timestamp must be"),
    ],
)
def test_what_is_no_row_is_refused_with_the_reason(row: object, part: str) -> None:
    with pytest.raises(RowError, match=part):
        reading_of(row)


def test_a_reading_that_is_no_number_is_refused() -> None:
    with pytest.raises(LabError, match="t must be a number, got 'hot'"):
        reading_of({"machine_id": "M", "timestamp": "2026-01-05", "t": "hot"}, ("t",))


def test_zero_is_a_reading() -> None:
    assert reading_of({"machine_id": "M", "timestamp": "2026-01-05", "t": 0.0}).values == {"t": 0.0}


def assembled(readings: list[Reading], machines: tuple[str, ...] = ("a", "b")) -> list[Block]:
    assembler = BlockAssembler(machines, ("t",), wait_ticks=2)
    blocks = [assembler.add(reading) for reading in readings] + [assembler.rest()]
    return [block for block in blocks if block is not None]


def test_ticks_are_put_together_whatever_the_order_of_machines() -> None:
    readings = [Reading(m, at * SECOND_US, {"t": at + (m == "b") / 2}) for at in range(5) for m in ("b", "a")]

    values = np.concatenate([block.values for block in assembled(readings)])

    np.testing.assert_array_equal(values[:, 0, 0], np.arange(5.0))
    np.testing.assert_array_equal(values[:, 1, 0], np.arange(5.0) + 0.5)


def test_a_machine_that_stays_silent_is_missing_after_a_while() -> None:
    blocks = assembled([Reading("a", at, {"t": 1.0}) for at in range(5)])

    assert sum(len(block) for block in blocks) == 5
    assert all(np.isnan(block.values[:, 1]).all() for block in blocks)


def test_partitions_read_one_after_the_other_still_give_whole_ticks() -> None:
    """A backlog of a topic comes partition by partition."""
    assembler = BlockAssembler.for_partitions(("a", "b"), ("t",))
    readings = [Reading(machine, at, {"t": float(at)}) for machine in "ab" for at in range(1000)]

    blocks = [block for reading in readings if (block := assembler.add(reading)) is not None]

    assert sum(len(block) for block in blocks) == 1000
    assert not any(np.isnan(block.values).any() for block in blocks)


def test_a_silent_machine_does_not_hold_up_a_topic_for_long() -> None:
    now = [0.0]
    assembler = BlockAssembler(("a", "b"), ("t",), wait_ticks=5000, wait_s=2.0, clock=lambda: now[0])
    released = 0
    for at in range(10):
        now[0] = float(at)
        block = assembler.add(Reading("a", at, {"t": 1.0}))
        released += 0 if block is None else len(block)

    assert released == 8
