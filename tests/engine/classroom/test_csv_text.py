"""CSV as others write it is read in time proportional to its length, whatever is in it."""

import contextlib
import itertools
import random

import pytest

from engine.classroom.csv_text import MOST_CELLS, read_csv_text
from engine.classroom.label_files import MOST_BYTES, Bounds, read_labels
from engine.classroom.roster import read_roster
from engine.errors import FileProblemError
from engine.records import DAY_US, SECOND_US, iso_time
from tests.engine.classroom.room import START

BOUNDS = Bounds(("M",), START, START + 30 * DAY_US, 1_000_000)


class Counted(str):
    """Text that counts how many of its characters are looked at."""

    looked_at = 0

    def count(self, what, start=0, end=None):
        end = len(self) if end is None else end
        Counted.looked_at += end - start
        return super().count(what, start, end)

    def find(self, what, start=0):
        found = super().find(what, start)
        Counted.looked_at += (len(self) if found < 0 else found) - start
        return found

    def __getitem__(self, key):
        found = super().__getitem__(key)
        Counted.looked_at += len(found)
        return found


def readings(rows):
    """Return a label file with one row per reading."""
    lines = [f"{iso_time(START + k * 10 * SECOND_US)},M,{int(k % 9 == 0)}" for k in range(rows)]
    return "timestamp,machine_id,label\n" + "\n".join(lines) + "\n"


def intervals(rows):
    """Return a label file of intervals whose notes are quoted and stray."""
    times = [iso_time(START + k * 60 * SECOND_US) for k in range(rows + 1)]
    lines = [f'M,{a},{b},"a ""quoted"" note" stray' for a, b in itertools.pairwise(times)]
    return "machine_id,start,end,note\n" + "\n".join(lines) + "\n"


def roster(rows):
    """Return a roster."""
    return "handle,name,role\n" + "\n".join(f'h{k},"Name, {k}",student' for k in range(rows)) + "\n"


READERS = {
    "one row per reading": (readings, lambda text: read_labels(text, BOUNDS)),
    "intervals": (intervals, lambda text: read_labels(text, BOUNDS)),
    "roster": (roster, lambda text: read_csv_text(text)),
}


@pytest.mark.parametrize("kind", READERS)
def test_the_work_for_a_row_does_not_grow_with_the_file(kind):
    make, read = READERS[kind]

    def work(rows):
        Counted.looked_at = 0
        text = Counted(make(rows))
        read(text)
        return Counted.looked_at / len(text)

    small, large = work(200), work(3200)

    assert 0 < large < 1.5 * small + 1


def test_lines_are_numbered_as_an_editor_does():
    table = read_csv_text('a,b\r\n\r\n1,"two\nlines"\n,\n3,4')

    assert table.lines == (1, 3, 6)


@pytest.mark.parametrize("first", ["a" * 200_000, '"' + "b" * 200_000 + '"', "c;" * 70_000])
def test_a_very_long_first_line_is_read_or_refused_in_a_sentence(first):
    """The csv module gives up at 131,072 characters in a cell."""
    for read in (read_csv_text, lambda text: read_labels(text, BOUNDS), read_roster):
        with contextlib.suppress(FileProblemError):
            read(first + "\n1,2\n")


def test_a_label_file_has_a_limit_that_the_server_keeps():
    with pytest.raises(FileProblemError, match="more than"):
        read_labels(b"a" * (MOST_BYTES + 1), BOUNDS)


def test_a_table_may_begin_far_below():
    assert read_csv_text("\n" * 101_000 + "a,b\n1,2\n").lines == (101_001, 101_002)


@pytest.mark.parametrize("mark", [",", "\n"])
def test_cells_have_a_limit_whatever_is_in_them(mark):
    with pytest.raises(FileProblemError, match="cells"):
        read_csv_text("a" + mark * MOST_CELLS)


def test_odd_text_never_ends_in_a_traceback():
    chance, letters = random.Random(12), 'ab,;\t|"\r\n \x00é\u2028=1'
    for _ in range(300):
        text = "".join(chance.choices(letters, k=chance.randrange(60)))
        try:
            table = read_csv_text(text)
        except FileProblemError:
            continue
        assert [text.count("\n", 0, row[0].start) + 1 for row in table.rows] == list(table.lines)
