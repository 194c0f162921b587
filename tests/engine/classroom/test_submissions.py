"""Submissions: nothing malformed counts, nothing acknowledged is ever lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.classroom.label_files import write_labels
from engine.errors import AccessError, FileProblemError, LabError, StoreError
from engine.records import Label
from tests.engine.classroom.room import PUMP, START, Room, honest, key_of, open_room, perfect

ROOT = Path(__file__).resolve().parents[3]


def test_a_receipt_is_on_the_disk_with_id_hash_and_server_time(room: Room, tmp_path: Path):
    person = room.join(1)[0]
    name = room.open(PUMP)

    receipt = room.school.submissions.submit_labels(person.person, name, perfect(key_of(1)))

    line = json.loads((tmp_path / "receipts.jsonl").read_text().splitlines()[-1])
    assert (line["submission"], line["sha256"]) == (receipt.submission, receipt.sha256)
    assert abs(receipt.received_us - room.clock.us) < 1_000_000


def test_a_malformed_file_is_never_an_attempt(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    counter = room.school.submissions

    for raw in (b"", b"nonsense", b"machine_id,start,end\nX,1,2\n", b"PK\x03\x04" + b"0" * 100, b"\x00\x01\x02"):
        with pytest.raises(FileProblemError):
            counter.submit_file(person.person, name, raw, "../../etc/passwd\r\n.csv")

    assert counter.of(person.person, name) == []
    assert counter.attempts_left(person.person, name) == 3


def test_a_file_name_is_never_a_path(room: Room, tmp_path: Path):
    person = room.join(1)[0]
    name = room.open(PUMP)
    before = sorted(path.name for path in tmp_path.rglob("*"))

    with pytest.raises(FileProblemError) as problem:
        room.school.submissions.submit_file(person.person, name, b"x", "../../x")
    room.school.submissions.submit_file(person.person, name, write_labels(perfect(key_of(1))).encode(), "../../x")

    assert ".." not in str(problem.value)
    assert before == sorted(path.name for path in tmp_path.rglob("*"))


def test_the_same_payload_is_taken_once_and_order_does_not_matter(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    marks = perfect(key_of(1))

    first = room.school.submissions.submit_labels(person.person, name, marks)
    again = room.school.submissions.submit_labels(person.person, name, marks[::-1])

    assert first == again
    assert room.school.submissions.attempts_left(person.person, name) == 2


def test_attempts_are_counted_per_day_and_in_all(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    counter = room.school.submissions

    for k in range(3):
        counter.submit_labels(person.person, name, (Label("MACHINE_001", START, START + 60_000_000 * (k + 1)),))
    with pytest.raises(LabError, match="No attempt is left"):
        counter.submit_labels(person.person, name, (Label("MACHINE_001", START, START + 999_000_000),))
    room.clock.us += 25 * 3600 * 1_000_000

    assert counter.attempts_left(person.person, name) == 3


def test_before_and_after_nothing_is_taken_and_a_minute_of_grace_is_given(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    marks = perfect(key_of(1))

    for moment, said in (
        ("2026-03-02 08:59 Europe/Berlin", "opens at"),
        ("2026-03-12 00:01 Europe/Berlin", "closed at"),
    ):
        room.clock.at(moment)
        with pytest.raises(LabError, match=said):
            room.school.submissions.submit_labels(person.person, name, marks)
    room.clock.at("2026-03-11 23:59 Europe/Berlin")
    room.clock.us += 55_000_000

    assert room.school.submissions.submit_labels(person.person, name, marks).attempt == 1


def test_two_tabs_cannot_both_take_the_last_attempt(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP.replace("per_day: 3, total: 12", "per_day: null, total: 1"))
    outcomes: list[str] = []

    def send(k: int) -> None:
        try:
            mark = Label("MACHINE_001", START, START + 60_000_000 * (k + 1))
            outcomes.append(room.school.submissions.submit_labels(person.person, name, (mark,)).submission)
        except LabError:
            outcomes.append("refused")

    threads = [threading.Thread(target=send, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("refused") == 7


def test_a_file_of_another_variant_is_caught_with_a_friendly_word(room: Room):
    one, two = room.join(2)
    name = room.open(PUMP)
    theirs = room.school.assignments.variant_of(name, two.person).variant
    rows = [
        line + f",{theirs if k else 'variant'}" for k, line in enumerate(write_labels(perfect(key_of(1))).splitlines())
    ]

    with pytest.raises(FileProblemError, match=f"this file is of variant {theirs}; yours is"):
        room.school.submissions.submit_file(one.person, name, "\n".join(rows).encode())


def test_strangers_and_unknown_assignments_look_the_same_as_wrong_pins(room: Room):
    room.join(1)
    name = room.open(PUMP)

    with pytest.raises(AccessError):
        room.school.submissions.submit_labels("P-nobody", name, perfect(key_of(1)))
    with pytest.raises(AccessError):
        room.school.submissions.submit_labels(room.students[0].person, "no-such", perfect(key_of(1)))


def test_no_kind_of_submission_carries_code(room: Room):
    person = room.join(1)[0]
    text = PUMP.replace("submit: labels", "submit: params").replace("interval-v1", "alarms-v1")
    name = room.open(text)
    counter = room.school.submissions

    with pytest.raises(LabError, match="no parameter '__class__'"):
        counter.submit_parameters(person.person, name, "ewma", {"__class__": "os.system"})
    with pytest.raises(LabError, match="No detector is called"):
        counter.submit_parameters(person.person, name, "__import__('os')", {})
    receipt = counter.submit_parameters(person.person, name, "ewma", {})

    assert json.loads(counter.payloads(name)[0][0].sha256 and counter.payloads(name)[0][1].to_json())["marks"] == []
    assert receipt.kind == "params"


def test_what_a_crash_kept_out_of_the_tables_comes_back_from_the_receipts(room: Room, tmp_path: Path):
    person = room.join(1)[0]
    name = room.open(PUMP)
    receipt = room.school.submissions.submit_labels(person.person, name, perfect(key_of(1)))
    room.school.submissions.payloads(name)
    room.school.people._records.submissions.remove(submission=receipt.submission)
    with (tmp_path / "receipts.jsonl").open("a") as file:
        file.write('{"submission": "torn')
    room.close()

    again = open_room(tmp_path, room.clock)

    assert again.school.submissions.restored == 1
    assert [r.submission for r, _ in again.school.submissions.payloads(name)] == [receipt.submission]
    assert again.school.submissions.of(person.person, name) == [receipt]
    again.close()


def test_one_hundred_students_in_a_burst_lose_no_receipt(room: Room):
    """How long they wait is a row of `python -m tests.benchmarks`."""
    students = room.join(100)
    name = room.open(PUMP)

    def send(k: int) -> None:
        room.school.submissions.submit_labels(students[k].person, name, honest(key_of(1 + k), k))

    threads = [threading.Thread(target=send, args=(k,)) for k in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({r.submission for r, _ in room.school.submissions.payloads(name)}) == 100


class Disk:
    """Stands for os.fsync: waits for `go`, then fails while `full`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self.go, self.asked, self._real = True, threading.Event(), threading.Event(), os.fsync
        self.go.set()
        monkeypatch.setattr("engine.classroom.receipts.os.fsync", self)

    def __call__(self, file: int) -> None:
        self.asked.set()
        self.go.wait(10)
        if self.full:
            raise OSError(28, "No space left on device")
        self._real(file)


def marks_of(count: int) -> tuple[Label, ...]:
    return (Label("MACHINE_001", START, START + 60_000_000 * count),)


def test_a_refused_submission_leaves_nothing_behind(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    person = room.join(1)[0]
    name, counter, disk = room.open(PUMP), room.school.submissions, Disk(monkeypatch)

    with pytest.raises(StoreError, match="send it again"):
        counter.submit_labels(person.person, name, marks_of(1))
    refused = (counter.of(person.person, name), counter.attempts_left(person.person, name))
    disk.full = False
    taken = counter.submit_labels(person.person, name, marks_of(2))
    lines = [json.loads(line) for line in (tmp_path / "receipts.jsonl").read_text().splitlines()]
    room.close()
    again = open_room(tmp_path, room.clock)

    assert refused == ([], 3)
    assert [(line["submission"], line["attempt"]) for line in lines] == [(taken.submission, 1)]
    assert again.school.submissions.of(person.person, name) == [taken]
    again.close()


@pytest.mark.parametrize("full", [True, False])
def test_two_tabs_with_the_same_work_both_learn_how_the_one_write_ended(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
):
    person = room.join(1)[0]
    name, counter, disk = room.open(PUMP), room.school.submissions, Disk(monkeypatch)
    disk.go.clear()
    disk.full = full
    said: list[str] = []

    def send() -> None:
        try:
            said.append(counter.submit_labels(person.person, name, marks_of(1)).submission)
        except StoreError:
            said.append("refused")

    first, second = threading.Thread(target=send), threading.Thread(target=send)
    first.start()
    assert disk.asked.wait(10)
    second.start()
    during = counter.of(person.person, name)
    disk.go.set()
    first.join()
    second.join()

    assert during == []
    assert said == ["refused"] * 2 if full else len(set(said)) == 1 and "refused" not in said
    assert (said[0] in (tmp_path / "receipts.jsonl").read_text()) is not full


def test_a_write_that_fails_takes_nobody_elses_receipt_with_it(room: Room, tmp_path: Path, monkeypatch):
    """What waits behind a failing flush is written by the next one."""
    one, two = room.join(2)
    name, counter, disk = room.open(PUMP), room.school.submissions, Disk(monkeypatch)
    disk.go.clear()
    said: dict[str, str] = {}

    def send(person: str) -> None:
        try:
            said[person] = counter.submit_labels(person, name, marks_of(1)).submission
        except StoreError:
            said[person] = "refused"

    first, second = (threading.Thread(target=send, args=(p.person,)) for p in (one, two))
    first.start()
    assert disk.asked.wait(10)
    real_flush = counter._book._flush

    def flush() -> None:
        disk.full = False
        real_flush()

    monkeypatch.setattr(counter._book, "_flush", flush)
    second.start()
    disk.go.set()
    first.join()
    second.join()

    kept = [json.loads(line)["submission"] for line in (tmp_path / "receipts.jsonl").read_text().splitlines()]
    assert said[one.person] == "refused"
    assert kept == [said[two.person]]


def test_a_line_that_is_no_receipt_is_left_out_and_told(room: Room, tmp_path: Path):
    person = room.join(1)[0]
    name = room.open(PUMP)
    receipt = room.school.submissions.submit_labels(person.person, name, marks_of(1))
    room.close()
    with (tmp_path / "receipts.jsonl").open("a") as file:
        file.write('{"alarm": 7}\n[1, 2]\nnothing\n{"submission": "R1", "payload": 3}\n')

    again = open_room(tmp_path, room.clock)

    assert again.school.submissions.of(person.person, name) == [receipt]
    assert again.school._book.odd_lines == (2, 3, 4, 5)
    again.close()


def test_an_older_version_handed_in_again_is_what_counts_where_the_last_one_does(room: Room):
    person = room.join(1)[0]
    name, counter = room.open(PUMP), room.school.submissions
    good, bad = perfect(room.key(name, person.person)), perfect(room.key(name, person.person))[:2]

    receipts = [counter.submit_labels(person.person, name, marks) for marks in (good, bad, good, good)]

    assert [receipt.attempt for receipt in receipts] == [1, 2, 3, 3]
    result = room.school.grading.result(name, person.person)
    assert (result.submission, result.attempt) == (receipts[2].submission, 3)


def test_where_the_best_one_counts_an_older_version_again_changes_nothing(room: Room):
    person = room.join(1)[0]
    name, counter = room.open(PUMP + "keep: best_private\n"), room.school.submissions

    receipts = [counter.submit_labels(person.person, name, marks_of(n)) for n in (1, 2, 1)]

    assert [receipt.attempt for receipt in receipts] == [1, 2, 1]


def test_a_row_that_the_tables_refused_goes_in_with_the_next_reading(room: Room, monkeypatch: pytest.MonkeyPatch):
    person = room.join(1)[0]
    name, counter = room.open(PUMP), room.school.submissions
    table = counter._records.submissions
    with monkeypatch.context() as broken:
        broken.setattr(table, "insert", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
        receipt = counter.submit_labels(person.person, name, marks_of(1))
        counter._records.database.write(lambda cursor: None)

    assert [found.submission for found, _ in counter.payloads(name)] == [receipt.submission]
    assert room.school.grading.result(name, person.person).status == "graded"


def test_grades_are_made_by_one_worker_when_the_receipt_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many look, nothing is graded twice, and no page grades."""
    from engine.classroom import graded

    threads, real = [], graded.grade

    def seen(*arguments, **named):
        threads.append(threading.current_thread().name)
        return real(*arguments, **named)

    monkeypatch.setattr(graded, "grade", seen)
    room = open_room(tmp_path)
    people = room.join(5)
    name = room.open(PUMP)
    for person in people:
        room.school.submissions.submit_labels(person.person, name, honest(room.key(name, person.person), 1))
    lookers = [threading.Thread(target=room.school.grading.results, args=(name,)) for _ in range(6)]
    for thread in lookers:
        thread.start()
    for thread in lookers:
        thread.join()
    room.close()

    assert len(threads) == 5
    assert all(thread.startswith("faultlab-grading") for thread in threads)


def test_a_page_does_not_wait_for_long_grading(room: Room, monkeypatch: pytest.MonkeyPatch):
    person = room.join(1)[0]
    name, go = room.open(PUMP), threading.Event()
    desk = room.school.grading._graded
    real = desk._grade_one
    monkeypatch.setattr(desk, "_grade_one", lambda *given: go.wait(10) and real(*given))
    monkeypatch.setattr("engine.classroom.student_view.PATIENCE_S", 0.01)
    room.school.submissions.submit_labels(person.person, name, marks_of(1))

    waiting = room.school.feedback.counts(name, person.person)
    go.set()

    assert (waiting.pending, waiting.points) == (True, None)
    assert room.school.grading.result(name, person.person).status == "graded"


def test_a_class_that_hands_in_at_once_is_one_write_of_the_tables(room: Room):
    """Each with a transaction of its own made everybody's next click wait behind all of them."""
    students, busy = room.join(12), threading.Event()
    name, desk = room.open(PUMP), room.school.submissions
    desk._records.database.write_soon(lambda cursor: busy.wait(30))

    for at, person in enumerate(students):
        desk.submit_labels(person.person, name, marks_of(at + 1))
    busy.set()

    assert len(desk.payloads(name)) == 12
    assert desk._tables.commits <= 2


def test_what_comes_in_while_results_are_added_up_waits_for_the_next_time(room: Room):
    one, two = room.join(2)
    name = room.open(PUMP)
    room.school.submissions.submit_labels(one.person, name, marks_of(1))
    grades = room.school.grading.grades(name)
    room.school.submissions.submit_labels(two.person, name, marks_of(2))

    assert [r.status for r in room.school.grading.results(name, grades)] == ["graded", "missing"]


STORM = """
import os, sys, threading
from pathlib import Path
from engine.records import Label
from tests.engine.classroom.room import PUMP, START, open_room
room = open_room(Path(sys.argv[1]))
students = room.join(20)
name = room.open(PUMP.replace("per_day: 3, total: 12", "per_day: null, total: null"))
print("ready", flush=True)
def storm(k):
    for n in range(1000):
        mark = Label("MACHINE_001", START, START + 60_000_000 * (n + 1))
        receipt = room.school.submissions.submit_labels(students[k].person, name, (mark,))
        os.write(1, (receipt.submission + "\\n").encode())
threads = [threading.Thread(target=storm, args=(k,)) for k in range(20)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("after", [40, 150])
def test_kill_9_in_a_storm_keeps_every_receipt_that_was_given(tmp_path: Path, after: int):
    """Whoever saw a receipt can rely on it, at whatever moment the power goes."""
    command = [sys.executable, "-c", STORM, str(tmp_path)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}
    )
    assert child.stdout is not None
    given = []
    for line in child.stdout:
        given.append(line.strip())
        if len(given) > after:
            break
    os.kill(child.pid, signal.SIGKILL)
    given += [line.strip() for line in child.stdout]
    child.wait()

    again = open_room(tmp_path)

    whole = {receipt for receipt in given[1:] if len(receipt) == 13}
    kept = {receipt.submission for receipt, _ in again.school.submissions.payloads("pump")}
    assert len(whole) >= after - 1
    assert whole <= kept
    again.close()
