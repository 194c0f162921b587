"""Labels: files, the book with undo, autosave in two tabs, and calls with the future hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.classroom.label_book import LabelBook
from engine.classroom.label_files import Bounds, read_labels, template, write_labels
from engine.errors import FileProblemError, LabError
from engine.records import DAY_US, HOUR_US, MINUTE_US, Label, iso_time
from tests.engine.classroom.room import START, Room

BOUNDS = Bounds(("MACHINE_001", "MACHINE_002"), START, START + DAY_US, 50)


def at(hours: float) -> str:
    return iso_time(START + round(hours * HOUR_US))


def test_labels_survive_writing_and_reading():
    labels = (
        Label("MACHINE_001", START, START + HOUR_US, "drift", 0.5, ("vibration", "flow"), 'a "quoted", note'),
        Label("MACHINE_002", START + HOUR_US, START + 2 * HOUR_US),
    )

    assert read_labels(write_labels(labels), BOUNDS).labels == labels


def test_the_template_is_a_good_file():
    assert len(read_labels(template(BOUNDS), BOUNDS).labels) == 1


def test_semicolons_bom_header_case_and_order_are_mended():
    text = f"Start ;END; Machine\r\n{at(5)};{at(6)};MACHINE_002\r\n{at(1)};{at(2)};MACHINE_001\r\n\r\n"

    read = read_labels(text.encode("utf-8-sig"), BOUNDS)

    assert [x.machine for x in read.labels] == ["MACHINE_001", "MACHINE_002"]


def test_overlaps_are_merged_and_said():
    text = f"machine_id,start,end\nMACHINE_001,{at(1)},{at(3)}\nMACHINE_001,{at(2)},{at(4)}\n"

    read = read_labels(text, BOUNDS)

    assert [(x.start_us, x.end_us) for x in read.labels] == [(START + HOUR_US, START + 4 * HOUR_US)]
    assert read.notes == ("1 overlapping labels were merged",)
    assert len(read_labels(text, BOUNDS, merge=False).labels) == 2


def test_one_row_per_reading_becomes_intervals_with_a_preview():
    rows = [f"{iso_time(START + k * MINUTE_US)},MACHINE_001,{int(10 <= k < 20 or k >= 58)}" for k in range(60)]

    read = read_labels("timestamp,machine_id,is_anomaly\n" + "\n".join(rows), BOUNDS)

    spans = [((x.start_us - START) // MINUTE_US, (x.end_us - START) // MINUTE_US) for x in read.labels]
    assert spans == [(10, 20), (58, 60)]
    assert read.notes == ("we read 2 intervals, the longest 10 min",)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"MACHINE_01,{at(1)},{at(2)}", "line 2: your data has no machine 'MACHINE_01'; write 'MACHINE_001'"),
        (f"MACHINE_001,{at(2)},{at(1)}", "it ends before it starts"),
        (f"MACHINE_001,{at(30)},{at(31)}", "lies outside the data"),
        (f"MACHINE_001,yesterday,{at(1)}", "'yesterday' is no time"),
        (f"MACHINE_001,=1+1,{at(1)}", "'=1\\+1' is no time"),
    ],
)
def test_what_cannot_be_mended_names_line_and_cure(row: str, said: str):
    with pytest.raises(FileProblemError, match=said):
        read_labels(f"machine_id,start,end\n{row}\n", BOUNDS, "labels.csv")


@pytest.mark.parametrize("confidence", ["nan", "2", "high", "inf"])
def test_a_confidence_is_a_share(confidence: str):
    with pytest.raises(FileProblemError, match="no confidence"):
        read_labels(f"machine_id,start,end,confidence\nMACHINE_001,{at(1)},{at(2)},{confidence}\n", BOUNDS)


def test_too_many_intervals_are_refused():
    rows = "".join(
        f"MACHINE_001,{iso_time(START + k * MINUTE_US)},{iso_time(START + k * MINUTE_US + 1)}\n" for k in range(51)
    )

    with pytest.raises(FileProblemError, match="51 labels are more than the 50"):
        read_labels("machine_id,start,end\n" + rows, BOUNDS)


def test_a_change_is_one_step_of_undo():
    first, second = Label("M", 0, 10), Label("M", 0, 20)
    book = LabelBook().add(first).change(0, second)

    assert book.labels == (second,)
    assert book.undo().labels == (first,)
    assert book.undo().undo().labels == ()
    assert book.undo().undo().redo().redo().labels == (second,)
    assert book.undo().add(Label("M", 30, 40)).redo().labels == (first, Label("M", 30, 40))


def test_a_nudge_moves_an_edge_and_never_past_the_other():
    book = LabelBook().add(Label("M", 0, 10))

    assert book.nudge(0, "end", 5).labels == (Label("M", 0, 15),)
    with pytest.raises(LabError, match="must end after"):
        book.nudge(0, "start", 10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["add", "remove", "undo", "redo", "clear"]), max_size=30))
def test_undo_takes_everything_back(acts: list[str]):
    book = LabelBook()
    for number, act in enumerate(acts):
        if act == "add":
            book = book.add(Label("M", number, number + 1))
        elif act == "remove" and book.labels:
            book = book.remove(0)
        elif act == "clear":
            book = book.replace_all(())
        elif act in ("undo", "redo"):
            book = getattr(book, act)()

    assert LabelBook.from_json(book.to_json()) == book
    while book.past:
        book = book.undo()
    assert book.labels == ()


def test_coverage_counts_each_minute_once():
    book = LabelBook().saw("A", 0, 50).saw("A", 25, 75).saw("B", 0, 25)

    assert book.coverage(("A", "B"), 0, 100) == 0.5


def test_the_later_of_two_tabs_is_told_instead_of_overwriting(room: Room):
    drafts = room.school.drafts
    book, revision = drafts.load("P1", "pump")
    newer = drafts.save("P1", "pump", book.add(Label("M", 0, 10)), revision)

    with pytest.raises(LabError, match="another tab"):
        drafts.save("P1", "pump", book.add(Label("M", 5, 20)), revision)
    again, now = drafts.load("P1", "pump")

    assert (again.labels, now) == ((Label("M", 0, 10),), newer)


def test_calls_are_stamped_by_the_server_and_become_labels(room: Room):
    calls = room.school.calls
    calls.call("P1", "live", "M", "raise", 100)
    calls.call("P1", "live", "M", "raise", 150, "drift")
    calls.call("P1", "live", "M", "clear", 200)
    calls.call("P2", "live", "M", "raise", 300)

    assert calls.labels("P1", "live") == (Label("M", 100, 200),)
    assert calls.labels("P2", "live") == (Label("M", 300, 300 + 10 * MINUTE_US),)


def test_a_call_that_was_moved_afterwards_breaks_the_chain(room: Room):
    calls = room.school.calls
    for stream in (100, 200, 300):
        calls.call("P1", "live", "M", "raise", stream)
    assert calls.broken_at() is None

    room.school.people._records.calls.change({"seq": 2}, stream_us=50)

    assert calls.broken_at() == 2


def marked(cell: str) -> int:
    """Return how many of an hour of readings are marked when three of them hold this cell and the others 0."""
    rows = [f"{iso_time(START + k * MINUTE_US)},{cell if 10 <= k < 13 else '0'}" for k in range(60)]
    labels = read_labels("timestamp,label\n" + "\n".join(rows), replace(BOUNDS, machines=("MACHINE_001",))).labels
    return sum(label.end_us - label.start_us for label in labels) // MINUTE_US


@pytest.mark.parametrize(
    "cell",
    ["", "0", "0.0", "-0", "-1", "-1.0", "false", "No", "normal", "ok", "OK", "nan", "NaN", "n/a", "None", "-", "nein"],
)
def test_words_for_normal_mark_nothing(cell: str):
    """A file of ok or of -1 and 1 once marked every minute of the data."""
    assert marked(cell) == 0


@pytest.mark.parametrize(
    "cell", ["1", "1.0", "2", "X", "x", "True", "yes", "Anomaly", "outlier", "bearing_failure", "ja"]
)
def test_words_for_an_anomaly_mark_their_readings(cell: str):
    assert marked(cell) == 3


@pytest.mark.parametrize("cell", ["0.7", "perhaps", "-2", "inf", "1e999", "?", "1,5"])
def test_what_is_neither_is_refused_with_its_line(cell: str):
    with pytest.raises(FileProblemError, match=r"line 12: .* is no label; write 1 for an anomaly and 0 for normal"):
        marked(f'"{cell}"')


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"MACHINE_001,{at(2)},{at(2)}", "line 4: it starts and ends at one moment; write an end after the start"),
        (f"MACHINE_001,{at(3)},{at(2)}", "line 4: it ends before it starts; swap start and end"),
        (f"MACHINE_001,{at(30)},{at(31)}", "line 4: it lies outside the data"),
    ],
)
def test_a_sentence_about_an_interval_names_its_line(row: str, said: str):
    """Also below a blank line and with a note of two lines above it."""
    text = f'machine_id,start,end,note\nMACHINE_001,{at(1)},{at(2)},"two\nlines"\n{row},\n'

    with pytest.raises(FileProblemError, match=said):
        read_labels(text, BOUNDS)


def test_a_cut_label_is_named_by_its_line():
    read = read_labels(f"machine_id,start,end\n\nMACHINE_001,{at(1)},{at(500)}\n", BOUNDS)

    assert read.notes == ("line 3 was cut to the span of the data",)


def test_milliseconds_and_zones_survive():
    zones = [f"machine_id,start,end\nMACHINE_001,{a},{b}\n" for a, b in (
        ("2026-03-02T10:00:00.123+01:00", "2026-03-02T10:30:00.456+01:00"),
        ("2026-03-02T09:00:00.123Z", "2026-03-02T09:30:00.456Z"),
    )]  # fmt: skip

    first, second = (read_labels(text, BOUNDS).labels for text in zones)

    assert first == second
    assert first[0].start_us % 1_000_000 == 123_000
