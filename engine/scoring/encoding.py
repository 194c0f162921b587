"""Says in which encoding a stranger's file is written, or what it is when it is no table of text."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from engine.errors import FileProblemError

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES = 65_536
CHUNK_BYTES = 1 << 20
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNPACK = "unpack it and drop the CSV inside"
PICTURE = ("this is a picture", "drop the table itself, as CSV")
# First bytes of files that are no tables of text, with the cure for each.
NOT_TEXT = (
    (rb"PK\x03\x04", "this is an Excel or zip file", "save the sheet as CSV and drop that"),
    (rb"PAR1", "this is a Parquet file", "write it as CSV and drop that"),
    (rb"\xd0\xcf\x11\xe0", "this is an old Excel file", "save the sheet as CSV and drop that"),
    (rb"\x1f\x8b", "this is a gzip file", UNPACK),
    (rb"BZh\d|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!", "this is a packed file", UNPACK),
    (rb"%PDF", "this is a PDF", "export the table as CSV and drop that"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", *PICTURE),
    (rb"SQLite format 3|\x89HDF", "this is a database", "export the table as CSV and drop that"),
    (rb"\s*<(?i:!doctype|html|\?xml|table)", "this is a web page", "download the file behind it, or save it as CSV"),
    (rb"\s*(?:\[\s*)?\{\s*\"", "this is JSON", "write it as CSV, one column for each sensor, and drop that"),
)


def encoding_of(path: Path) -> str:
    """Return the encoding: the byte order mark's, else UTF-8 where the whole file is UTF-8, else Windows-1252.

    Raises
    ------
    FileProblemError
        When the file is empty, no text, or may not be read.
    """
    try:
        return _encoding_of(path)
    except OSError as problem:
        wrong = f"it cannot be read ({problem.strerror or problem})"
        raise FileProblemError(path.name, "", wrong, "check its permissions and its folder") from None


def _encoding_of(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head.removeprefix(codecs.BOM_UTF8).strip():
            raise FileProblemError(path.name, "", "the file is empty", "choose a CSV with a header and readings")
        for mark, encoding in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding
        for magic, wrong, cure in NOT_TEXT:
            if re.match(magic, head):
                raise FileProblemError(path.name, "", wrong, cure)
        if b"\x00" in head:
            return _encoding_with_zeros(path, head)
        decoder = codecs.getincrementaldecoder("utf-8")()
        encoding, line = "utf-8", 1
        while head:
            if b"\x00" in head:
                raise _zero_byte(path, line + head[: head.index(0)].count(b"\n"))
            line += head.count(b"\n")
            encoding = encoding if _decodes(decoder, head) else "cp1252"
            head = file.read(CHUNK_BYTES)
        return encoding if encoding != "utf-8" or _decodes(decoder, b"", final=True) else "cp1252"


def _decodes(decoder: codecs.IncrementalDecoder, part: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(part, final)
    except UnicodeDecodeError:
        decoder.reset()
        return False
    return True


def _encoding_with_zeros(path: Path, head: bytes) -> str:
    """UTF-16 without a byte order mark has a zero in every second byte of plain text; anything else is no text."""
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > 0.8 * len(zeros):
            return encoding
    if head.count(0) <= 0.1 * len(head) and len(re.findall(rb"[\x01-\x08\x0e-\x1f]", head)) <= 0.01 * len(head):
        raise _zero_byte(path, head[: head.index(0)].count(b"\n") + 1)
    raise FileProblemError(path.name, "", "this is a binary file", "choose a CSV (text) file")


def _zero_byte(path: Path, line: int) -> FileProblemError:
    wrong = "there is a zero byte, so the file is damaged or was cut while written"
    return FileProblemError(path.name, f"line {line}", wrong, "delete that line, or export the file again")
