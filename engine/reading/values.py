"""Texts as numbers, column by column: marks of decimals and thousands, units and marks in cells, switches.

Sentinels.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from engine.reading.cells import Cells
    from engine.records import BoolArray, FloatArray, IntArray

MOST = 1e100  # beyond it squares overflow; no instrument shows such a number
GROUPS = ("", ",", ".", "'", "’", " ", "\u00a0", "\u202f", "\u2009", "_")
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
MARK = r"^\s*[<>≤≥~≈±*!]*\s*|\s*[*!†‡?]+\s*$"
WITH_UNIT = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s.,;:+\-][^\d;:]{0,11}[²³23]?)$")
PREFIXES = {"n": 1e-9, "µ": 1e-6, "μ": 1e-6, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
PREFIXED = re.compile(r"^([nµμumkKMG]?)(W|Wh|V|A|Hz|Pa|bar|m|g|l|L|J|B|s|VA|Ω|mol)$")
SWITCHES = (
    ("false", "true"), ("off", "on"), ("closed", "open"), ("no", "yes"), ("stopped", "running"), ("stop", "run"),
    ("aus", "ein"), ("aus", "an"), ("zu", "auf"), ("nein", "ja"), ("falsch", "wahr"), ("faux", "vrai"), ("arrêt", "marche"),  # noqa: E501
    ("non", "oui"), ("fermé", "ouvert"), ("no", "sí"), ("no", "si"), ("apagado", "encendido"), ("cerrado", "abierto"),
    ("falso", "verdadero"), ("manual", "auto"), ("low", "high"), ("inactive", "active"), ("disabled", "enabled"), ("idle", "busy"),  # noqa: E501
    ("geschlossen", "offen"), ("spento", "acceso"), ("chiuso", "aperto"), ("falso", "vero"), ("wył", "zał"), ("нет", "да"),  # noqa: E501
    ("выкл", "вкл"), ("关", "开"), ("f", "t"), ("n", "y"), ("nee", "ja"), ("uit", "aan"), ("dicht", "open"), ("fechado", "aberto"),  # noqa: E501
    ("desligado", "ligado"), ("não", "sim"), ("av", "på"), ("kapalı", "açık"), ("停止", "运行"), ("オフ", "オン"),
)  # fmt: skip
SENTINEL_NINES = re.compile(r"^-?9{2,}(\.0+|\.9+)?$")
SENTINEL_POWERS = frozenset(
    sign * value for value in (255, 32767, 32768, 65535, 65536, 2147483647, 2147483648, 4294967295, 6999, 7999, 8191, 1e30, 1e20, 1e10,  # noqa: E501
                               3.4028234663852886e38, 1.0e15) for sign in (1, -1)
) | {-1.0}  # fmt: skip


@dataclass(frozen=True)
class Marks:
    """How a column writes its numbers."""

    decimal: str = "."
    group: str = ""


PLAIN = Marks()


@dataclass
class Numbers:
    """A column as numbers: NaN where missing or no number; `bad` rows were filled but are none."""

    values: FloatArray
    n_filled: int
    bad: IntArray
    first_bad: str = ""
    unit: str = ""
    marks: Marks = PLAIN
    n_marked: int = 0  # cells with < or * beside the number
    n_scaled: int = 0  # cells in k or m of the unit
    mixed: str = ""  # units beside the commonest, left out

    @property
    def n_numbers(self) -> int:
        return self.n_filled - len(self.bad)


def numbers_of(cells: Cells, default: Marks = PLAIN, forced: str | None = None) -> Numbers:
    """Return a column as numbers.

    Parameters
    ----------
    default
        The file's marks, where the column alone leaves them open.
    forced
        The decimal mark that a person chose.
    """
    if cells.numbers is not None:
        values = cells.numbers
        there = ~np.isnan(values)
        bad = np.flatnonzero(there & ~(np.abs(values) <= MOST))
        if len(bad):
            values = values.copy()
            values[bad] = np.nan
        first = str(cells.as_texts()[int(bad[0])].as_py()) if len(bad) else ""
        return Numbers(values, int(there.sum()), bad, first)
    texts = cells.texts.combine_chunks() if isinstance(cells.texts, pa.ChunkedArray) else cells.texts
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks)
    dictionary = texts.dictionary_encode()
    words, index = dictionary.dictionary, np.asarray(dictionary.indices.fill_null(-1), dtype=np.int64)
    marks = marks_of(words.slice(0, 5000).to_pylist(), default, forced)
    values, info = _words_as_numbers(words, marks)
    row_values = np.where(index >= 0, values[index] if len(values) else np.nan, np.nan)
    bad_rows = np.flatnonzero((index >= 0) & np.isnan(row_values))
    info.values, info.n_filled, info.bad = row_values, int((index >= 0).sum()), bad_rows
    info.first_bad = str(words[int(index[bad_rows[0]])].as_py()) if len(bad_rows) else ""
    info.n_marked = int(np.isin(index, info.bad_marked).sum()) if info.n_marked else 0  # type: ignore[attr-defined]
    return info


def _words_as_numbers(words: pa.Array, marks: Marks) -> tuple[FloatArray, Numbers]:
    """Return each distinct text as a number, NaN = none; those without a plain number are looked at one by one."""
    text = _plain(words, marks)
    good = pc.match_substring_regex(text, NUMBER)
    values = np.asarray(pc.if_else(good, text, None).cast(pa.float64()).fill_null(np.nan), dtype=np.float64).copy()
    values[~(np.abs(values) <= MOST)] = np.nan
    left = np.flatnonzero(~np.asarray(good.fill_null(False)))
    info = Numbers(values, 0, np.zeros(0, np.int64), marks=marks)
    info.bad_marked = np.zeros(0, np.int64)  # type: ignore[attr-defined]
    if len(left):
        _look_closer(text.take(pa.array(left)).to_pylist(), left, values, info)
    return values, info


def _plain(words: pa.Array, marks: Marks) -> pa.Array:
    text = pc.replace_substring(pc.utf8_trim_whitespace(words), "−", "-")
    if marks.group:
        mark = re.escape(marks.group)
        grouped = pc.match_substring_regex(text, rf"^\D*[+-]?\d{{1,3}}({mark}\d{{3}})+($|[^\d])")
        text = pc.if_else(grouped, pc.replace_substring(text, marks.group, ""), text)
    return pc.replace_substring(text, ",", ".") if marks.decimal == "," else text


def _look_closer(texts: list[str], places: IntArray, values: FloatArray, info: Numbers) -> None:
    found: list[tuple[int, float, str]] = []
    marked = []
    for place, text in zip(places.tolist(), texts, strict=True):
        bare = re.sub(MARK, "", text)
        seen = WITH_UNIT.match(bare)
        if seen is not None:
            found.append((place, float(seen[1]), seen[2].strip()))
        elif bare != text and re.match(NUMBER, bare):
            values[place] = float(bare)
        else:
            continue
        if bare != text:
            marked.append(place)
    info.bad_marked, info.n_marked = np.array(marked, np.int64), len(marked)  # type: ignore[attr-defined]
    if found:
        _take_units(found, values, info)


def _take_units(found: list[tuple[int, float, str]], values: FloatArray, info: Numbers) -> None:
    """Take the numbers before units: one unit, or one in several sizes (W and kW); others are left out and said."""
    counted = Counter(unit for _, _, unit in found)
    unit = counted.most_common(1)[0][0]
    if re.match(r"^#|^[A-Za-z]*[:!]", unit) or (len(found) == 1 and not np.isfinite(values).any() and len(values) > 1):
        return
    base = PREFIXED.match(unit)
    scale = PREFIXES.get(base[1], 1.0) if base else 1.0
    for place, number, said in found:
        other = PREFIXED.match(said)
        if said == unit:
            values[place] = number
        elif base is not None and other is not None and other[2] == base[2]:
            values[place] = number * PREFIXES.get(other[1], 1.0) / scale
            info.n_scaled += 1
    info.unit = unit
    info.mixed = next((said for place, _, said in found if np.isnan(values[place])), "")


def marks_of(sample: list[str | None], default: Marks, forced: str | None = None) -> Marks:
    """Return the marks with which most of the texts are numbers; where several fit, the file's, then the plainer."""
    texts = [text.strip().replace("−", "-") for text in sample if text and any(letter.isdigit() for letter in text)]
    texts = [re.sub(r"[^\d.,'’ \u00a0\u202f\u2009_+\-eE]+.*$", "", re.sub(MARK, "", text)).strip() for text in texts]
    texts = [text for text in texts if text]
    if not texts:
        return Marks(forced or default.decimal, "")
    decimals = (forced,) if forced else ((default.decimal, "," if default.decimal == "." else "."))
    best, best_share = Marks(decimals[0]), -1.0
    for decimal in decimals:
        for group in ("", *([default.group] if default.group else []), *GROUPS[1:]):
            if group == decimal:
                continue
            share = sum(_reads(text, decimal, group) for text in texts) / len(texts)
            share -= 0.001 * bool(group) + (
                0.002 if group in ",." and group and not _sure_group(texts, decimal, group) else 0
            )
            if share > best_share + 1e-9:
                best, best_share = Marks(str(decimal), group), share
    return best


def _reads(text: str, decimal: str, group: str) -> bool:
    digits = rf"(?:\d{{1,3}}(?:{re.escape(group)}\d{{3}})+|\d+)" if group else r"\d+"
    return (
        re.match(rf"^[+-]?(?:{digits}(?:{re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)(?:[eE][+-]?\d+)?$", text)
        is not None
    )


def _sure_group(texts: list[str], decimal: str, group: str) -> bool:
    """1,234 alone could be a decimal; 1,234,567 or 1,234.5 could not."""
    mark, point = re.escape(group), re.escape(decimal)
    return any(re.match(rf"^[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{point}\d+|{mark}\d{{3}})$", text) for text in texts)


def file_marks(columns: list[list[str | None]], delimiter: str) -> Marks:
    """Return the decimal mark of a file from its columns' first texts, each taken by itself.

    Between commas a quoted `1,234` is one thousand, but `0,5` and `1,23` are decimals.
    """
    commas = points = 0
    for sample in columns:
        texts = [text.strip() for text in sample if text]
        comma = [text for text in texts if re.match(r"^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$", text)]
        comma += [text for text in texts if re.match(r"^[+-]?\d{1,3}(?:[.'’ \u00a0\u202f]\d{3})+,\d+$", text)]
        grouped = delimiter == "," and all(re.match(r"^[+-]?[1-9]\d{0,2},\d{3}$", text) for text in comma)
        commas += len(comma) > 0.3 * len(texts) and bool(comma) and not grouped
        points += sum(re.match(r"^[+-]?\d+\.\d+$", text) is not None for text in texts) > 0.3 * len(texts) and bool(
            texts
        )
    return Marks("," if commas > points else ".", "")


def switch_of(words: dict[str, int]) -> dict[str, float] | None:
    """Return 0 and 1 for the two words of a switch; known pairs by meaning, others in alphabetical order.

    None = no switch.
    """
    lower = {word.strip().lower(): word for word in words}
    for off, on in SWITCHES:
        if set(lower) <= {off, on} and lower:
            return {lower[word]: float(word == on) for word in lower}
    if len(words) == 2 and all(not any(letter.isdigit() for letter in word) and len(word) <= 24 for word in words):
        return {word: float(at) for at, word in enumerate(sorted(words, key=str.lower))}
    return None


def is_known_switch(words: dict[str, int]) -> bool:
    """Tell whether the words are those of a switch, by meaning."""
    lower = {word.strip().lower() for word in words}
    return any(lower <= {off, on} for off, on in SWITCHES)


def sentinels_in(values: FloatArray) -> list[tuple[float, int]]:
    """Return numbers that stand for "no reading", with how often each comes: they recur exactly, or are written like
    −9999 and 65535, and lie far outside all else.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < 5:
        return []
    step = max(1, len(finite) // 200_000)
    middle = np.percentile(finite[::step], [5, 50, 95])
    suspects = np.unique(finite[_written_so(finite)])
    if len(suspects) == 0 or len(suspects) > 50:
        return []
    rest = finite[~np.isin(finite, suspects)]
    if len(rest) < 0.5 * len(finite):
        return []
    low, high = float(rest.min()), float(rest.max())
    span = max(
        high - low, 1e-9 * max(abs(low), abs(high), 1.0), float(middle[2] - middle[0]) if middle[0] >= low else 0.0
    )
    found = []
    for value in suspects.tolist():
        count = int((finite == value).sum())
        far = max(low - value, value - high) / span
        strange_sign = value < 0 <= low
        strong = abs(value) >= 999 or (strange_sign and SENTINEL_NINES.match(f"{value:g}") is not None)
        if far > (1.5 if strange_sign and strong and abs(value) > 3 * high else 3.0) and (
            count >= 2 or (strong and far > 5)
        ):
            found.append((value, count))
    return found


def _written_so(values: FloatArray) -> BoolArray:
    whole = values[(np.abs(values) >= 99) | (values == -1.0)]
    unique = np.unique(whole)
    if len(unique) > 20_000:
        unique = unique[[0, *range(1, 50), *range(-50, -1), -1]]
    forms = [value for value in unique.tolist() if value in SENTINEL_POWERS or SENTINEL_NINES.match(f"{value:.10g}")]
    result: BoolArray = np.isin(values, np.array(forms)) if forms else np.zeros(len(values), bool)
    return result
