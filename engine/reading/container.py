"""What kind of file it is, and what lies inside: text, rows of a sheet, records of JSON, columns of Parquet."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import FileProblemError
from engine.reading.encoding import encoding_of
from engine.reading.records import Text, text_of
from engine.reading.records_of_objects import is_json, table_of_json
from engine.reading.wordy import table_of_words

if TYPE_CHECKING:
    from engine.reading.cells import RawTable
    from engine.reading.choices import Choices
    from engine.reading.evidence import Notes

MOST_UNPACKED = 2 << 30
NO_DATA = re.compile(r"(?i)(^|/)(\.|__macosx|readme|licen[cs]e)|\.(pdf|png|jpe?g|md|html?|docx?|exe|dll|ini|log\.gz)$")


@dataclass
class Contents:
    """One of three: a text to part into fields, rows of fields with their numbers, or columns."""

    name: str
    kind: str
    text: Text | None = None
    rows: list[list[str]] = field(default_factory=list)
    table: RawTable | None = None
    place: str = "line"


def contents_of(path: Path, choices: Choices, notes: Notes) -> Contents:
    """Open a file.

    Raises
    ------
    FileProblemError
        When it cannot be opened or holds no table; the text names the cause and the cure.
    """
    if not path.is_file():
        raise FileProblemError(path, "", "there is no such file", "check the name and the folder")
    try:
        with path.open("rb") as file:
            data = file.read()
    except OSError as problem:
        wrong = f"it cannot be read ({problem.strerror or problem})"
        raise FileProblemError(path.name, "", wrong, "check its permissions and its folder") from None
    return contents_of_bytes(path.name, data, choices, notes)


def contents_of_bytes(
    name: str, data: bytes, choices: Choices, notes: Notes, depth: int = 0, most: int = MOST_UNPACKED
) -> Contents:
    """Open a file that was read; packed files are unpacked, at most three deep and `most` bytes."""
    if data[:2] == b"\x1f\x8b" and depth < 3:
        notes.decide("container", "packed", "gzip", "its first two bytes", 1.0)
        return contents_of_bytes(name, _gunzip(name, data, most), choices, notes, depth + 1, most)
    if data[:4] == b"PK\x03\x04" and depth < 3:
        return _unzipped(name, data, choices, notes, depth, most)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _workbook(name, data, choices, notes)
    if data[:4] == b"PAR1":
        from engine.reading.columnar import table_of_parquet

        notes.decide("container", "kind", "Parquet", "its first four bytes", 1.0)
        return Contents(name, "Parquet", table=table_of_parquet(name, data), place="row")
    encoding = encoding_of(name, data)
    text = text_of(name, data, encoding)
    return _read_text(name, text, notes)


def _read_text(name: str, text: Text, notes: Notes) -> Contents:
    if is_json(text):
        notes.decide("container", "kind", "JSON", "it begins with a bracket", 1.0)
        return Contents(name, "JSON", table=table_of_json(text, notes), place="record")
    worded = table_of_words(text, notes)
    if worded is not None:
        kind, table = worded
        return Contents(name, kind, table=table)
    notes.decide("container", "kind", "text", f"it is text, written in {text.encoding}", 1.0)
    if text.encoding not in ("utf-8", "utf-8-sig"):
        notes.say("fixed for you", f"The file is written in {text.encoding}; it was converted.")
    return Contents(name, "text", text=text)


def _gunzip(name: str, data: bytes, most: int) -> bytes:
    try:
        unpacker = zlib.decompressobj(wbits=31)
        found = [unpacker.decompress(data, most)]
        while unpacker.unused_data[:2] == b"\x1f\x8b":  # several parts, one after another
            rest, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
            found.append(unpacker.decompress(rest, most))
    except zlib.error as problem:
        raise FileProblemError(name, "", f"the gzip file is damaged ({problem})", "pack it again") from None
    if not unpacker.eof:
        raise FileProblemError(name, "", "the gzip file is cut off or too large", "pack it again, in smaller parts")
    return b"".join(found)


def _unzipped(name: str, data: bytes, choices: Choices, notes: Notes, depth: int, most: int) -> Contents:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        wrong = "this is an Excel or zip file that is damaged or cut off"
        raise FileProblemError(name, "", wrong, "save it again, or save the sheet as CSV") from None
    if any(one in names for one in ("xl/workbook.xml", "xl/workbook.bin", "content.xml")):
        return _workbook(name, data, choices, notes)
    inside = [one for one in archive.infolist() if not one.is_dir() and not NO_DATA.search(one.filename)]
    if not inside:
        raise FileProblemError(
            name, "", "there is no table in this zip file", "pack a CSV into it, or drop the CSV itself"
        )
    chosen = next((one for one in inside if one.filename == choices.sheet), max(inside, key=lambda one: one.file_size))
    if chosen.file_size > most:
        raise FileProblemError(name, chosen.filename, "it is too large unpacked", "drop a part of it")
    others = tuple(one.filename for one in inside if one is not chosen)
    if others:
        notes.say("choose", f"The archive holds {len(inside)} files; {chosen.filename} is read, the largest.")
    notes.decide("container", "packed", f"zip: {chosen.filename}", "the largest file in it", 0.9, others, "--sheet")
    try:
        content = archive.read(chosen)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
        wrong = "it is damaged or needs a password"
        raise FileProblemError(name, chosen.filename, wrong, "pack it again without a password") from None
    return contents_of_bytes(name, content, choices, notes, depth + 1, most)


def _workbook(name: str, data: bytes, choices: Choices, notes: Notes) -> Contents:
    """Read a sheet of an Excel or OpenDocument workbook: the chosen one, else the one with most cells."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {sheet: book.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for sheet in book.sheet_names}
    except (CalamineError, OSError, ValueError, KeyError) as problem:
        wrong = f"this Excel workbook cannot be read ({str(problem).splitlines()[0][:80] or 'no sheet'})"
        raise FileProblemError(name, "", wrong, "open it, save the sheet as CSV and drop that") from None
    filled = {sheet: rows for sheet, rows in sheets.items() if any(cell != "" for row in rows for cell in row)}
    if not filled:
        raise FileProblemError(name, "", "no sheet of this workbook holds anything", "choose a workbook with readings")
    if choices.sheet is not None and choices.sheet not in filled:
        cure = f"choose one of: {', '.join(filled)}"
        raise FileProblemError(name, "", f"no sheet with cells is called {choices.sheet!r}", cure)
    chosen = choices.sheet or max(filled, key=lambda sheet: sum(len(row) for row in filled[sheet]))
    others = tuple(sheet for sheet in filled if sheet != chosen)
    if others and choices.sheet is None:
        notes.say("choose", f"The workbook has {len(filled)} sheets; {chosen} is read, the one with most cells.")
    notes.decide("container", "kind", f"workbook, sheet {chosen}", "the sheet with most cells", 0.9, others, "--sheet")
    return Contents(name, "workbook", rows=[[_cell(cell) for cell in row] for row in filled[chosen]], place="row")


def _cell(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if hasattr(cell, "total_seconds"):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return cell.isoformat(sep=" ") if hasattr(cell, "hour") and hasattr(cell, "year") else str(cell).strip()


def lines_of_rows(n_rows: int) -> np.ndarray:
    """Return the numbers (1-based) of a sheet's rows."""
    return np.arange(1, n_rows + 1, dtype=np.int64)
