"""Says in which encoding a text is written, or what it is when it is no text."""

from __future__ import annotations

import codecs
import re

from engine.errors import FileProblemError

HEAD_BYTES = 65_536
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PICTURE = ("this is a picture", "drop the table itself, as CSV")
# First bytes of files that hold no table that is read here, with the cure for each.
NOT_TEXT = (
    (
        rb"BZh\d|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!",
        "this is a packed file",
        "unpack it and drop the table inside",
    ),
    (rb"%PDF", "this is a PDF", "export the table as CSV and drop that"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", *PICTURE),
    (rb"SQLite format 3|\x89HDF", "this is a database", "export the table as CSV and drop that"),
    (rb"\s*<(?i:!doctype|html|\?xml|table)", "this is a web page", "download the file behind it, or save it as CSV"),
)
# What Windows-1252 writes with one byte above 127 in files of readings: units, western letters, a no-break space.
WESTERN = frozenset("°µ²³±·×½¼¹ºª€–—‘’“”…•§\u00a0äöüÄÖÜßéèêëàâáåÅæøØçñíìîïóòôúùûÉÈÀÇÑãõ¿¡")
OTHERS = ("cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "iso8859_2", "iso8859_5", "cp850", "cp437", "mac_roman",
          "shift_jis", "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp949")  # fmt: skip


def encoding_of(name: str, data: bytes) -> str:
    """Return the encoding: the byte order mark's, else UTF-8 where all of it is UTF-8, else what its bytes look like.

    Raises
    ------
    FileProblemError
        When the file is empty or no text.
    """
    if not data[:HEAD_BYTES].removeprefix(codecs.BOM_UTF8).strip():
        raise FileProblemError(name, "", "the file is empty", "choose a CSV with a header and readings")
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    for magic, wrong, cure in NOT_TEXT:
        if re.match(magic, data[:512]):
            raise FileProblemError(name, "", wrong, cure)
    if b"\x00" in data:
        return _encoding_with_zeros(name, data)
    if data.isascii():
        return "utf-8"
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        return _one_byte_encoding(data)
    return "utf-8"


def _one_byte_encoding(data: bytes) -> str:
    lines = [line for line in data[: 16 * HEAD_BYTES].splitlines() if not line.isascii()][:2000] or [data[:HEAD_BYTES]]
    sample = b"\n".join(lines)
    if re.search(rb"\xf8[CF]\b", sample):
        return "cp850"  # the degree sign of DOS
    western = {byte for byte in sample if byte > 127}
    try:
        if {bytes([byte]).decode("cp1252") for byte in western} <= WESTERN:
            return "cp1252"
    except UnicodeDecodeError:
        pass
    likely = max(LETTERS, key=lambda encoding: _share_of_letters(sample, encoding))
    if _share_of_letters(sample, likely) > 0.8:
        return likely
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=["cp1252", *OTHERS], preemptive_behaviour=False, threshold=0.5).best()
    return best.encoding if best is not None else "cp1252"


# Letters that a text in that encoding is made of: small Cyrillic, kana and ideographs, the commoner half of GB 2312
# (first byte up to D7) and of Big5, Hangul. Bytes read in a wrong encoding give capitals, rare signs or half-wide kana.
LETTERS = {
    "euc_kr": "[가-힣]",
    "cp1251": "[а-яёієї]",
    "koi8_r": "[а-яё]", "iso8859_5": "[а-яё]", "shift_jis": "[ぁ-ヿ一-龥]", "euc_jp": "[ぁ-ヿ一-龥]",
    "gb18030": "[一-龥]", "big5": "[一-龥]"
}  # fmt: skip
RARE_FROM = {"gb18030": 0xD8, "big5": 0xC9, "shift_jis": 0x98, "euc_jp": 0xD0}


def _share_of_letters(sample: bytes, encoding: str) -> float:
    """Return which share of the signs beyond ASCII are letters such texts are made of; 0 = it cannot be read so."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    signs = [sign for sign in text if ord(sign) > 127]
    rare = RARE_FROM.get(encoding, 256)
    good = sum(re.match(LETTERS[encoding], sign) is not None and sign.encode(encoding)[0] < rare for sign in signs)
    return good / len(signs) if signs else 0.0


def _encoding_with_zeros(name: str, data: bytes) -> str:
    """UTF-16 without a byte order mark has a zero in every second byte of plain text; anything else is no text."""
    head = data[:HEAD_BYTES]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > 0.8 * len(zeros):
            return encoding
    if head.count(0) <= 0.1 * len(head) and len(re.findall(rb"[\x01-\x08\x0e-\x1f]", head)) <= 0.01 * len(head):
        wrong = "there is a zero byte, so the file is damaged or was cut while written"
        line = data[: data.index(0)].count(b"\n") + 1
        raise FileProblemError(name, f"line {line}", wrong, "delete that line, or export the file again")
    raise FileProblemError(name, "", "this is a binary file", "choose a CSV (text) file")
