"""Where the readings begin, and what the lines above say: names, units, descriptions, types, prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.reading.dialect import commonest
from engine.reading.kinds import MEASURE, MISS, MOMENT, NUMBER, WORD, kind_of

if TYPE_CHECKING:
    from engine.reading.evidence import Notes

TYPE_WORDS = frozenset(
    [
        "int",
        "integer",
        "uint",
        "long",
        "short",
        "int16",
        "int32",
        "int64",
        "uint16",
        "uint32",
        "s16",
        "u16",
        "s32",
        "u32",
        "float",
        "float32",
        "float64",
        "double",
        "real",
        "number",
        "numeric",
        "decimal",
        "string",
        "str",
        "text",
        "varchar",
        "char",
        "bool",
        "boolean",
        "date",
        "time",
        "datetime",
        "timestamp",
        "d",
        "b",
        "f",
        "s",
        "i",
        "l",
        "ts",
        "rn",
        "avg",
        "smp",
        "max",
        "min",
        "std",
        "tot",
        "sum",
        "mean",
        "median",
        "last",
        "first",
        "word",
        "dword",
        "lreal",
        "bit",
        "byte",
        "enum",
        "object",
        "category",
        "rfc3339",
        "dint",
    ]
)
UNIT = re.compile(
    r"^[\[(]?(°\s?[cfk]?|º[cf]?|deg(rees?)?\.?\s?[cfk]?|grad( celsius)?|%(\s?r\.?h\.?)?|‰|[kmµμnGMc]?(m|g|s|A|V|W|Pa|Hz|J|N|K|C|F|Ω|ohm|bar|"  # noqa: E501
    r"l|L|t|Wh|VA|var|mol|S|T|rad|lx|lm|cd|B|Nm|dB)[²³23]?|bara?|barg|psi[ag]?|rpm|r/?min|u/min|1/min|min-1|min|h|hr?s?|"
    r"sec|ms|lpm|gpm|ppm|ppb|pH|inhg|mmhg|atm|kg|lbs?|ft|in|mi|"
    r"[a-zµμ°%³²]{1,4}\s?[/·*]\s?[a-zµμ²³2-3]{1,4}|[a-z]{1,3}\^?-?[123²³]\s?/?\s?[a-z]{0,3}|counts?|-|--|n/a|unitless|none|"
    r"[Uu]|об/мин|бар|кПа|мм|м/с|℃|℉|кВт|转/分|毫米|兆帕)[\])]?$", re.IGNORECASE,
)  # fmt: skip
NAME_WITH_UNIT = re.compile(r"^(.*?)\s*[\[(]\s*([^\])\[(]{1,16}?)\s*[\])]\s*$", re.DOTALL)
MARKED = re.compile(r"^(#|//|%|;|\*|!|--)+\s*")


@dataclass(frozen=True)
class Header:
    """Names, units and descriptions of `width` columns.

    `first` is the place among the head's rows where data begins.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...]
    first: int
    has_names: bool
    n_prose: int
    width: int
    said_width: int  # fields of the names row, trailing blanks not counted
    again: tuple[tuple[str, ...], ...] = ()  # the rows above, to know them again further down


def header_of(rows: list[list[str]], notes: Notes, skip: int | None = None) -> Header:
    """Return the header of rows of fields (the head of a file, blank lines left out)."""
    body = rows[len(rows) // 3 :] or rows
    width = commonest([len(row) for row in body])
    kinds = _column_kinds([row for row in body if len(row) == width])
    first = _first_data_row(rows, width, kinds) if skip is None else skip
    above = [_unmarked(row) for row in rows[:first]]
    longest = max((len(row) for row in rows[first:]), default=width)
    least = next((at for at in range(width, 0, -1) if kinds[at - 1] != MISS), width)
    full = [(at, row) for at, row in enumerate(above) if _is_header_row(row, rows[at], width, least, longest)]
    last = above[-1] if above else []
    if (
        width < len(last) <= width + 2
        and all(at != first - 1 for at, _ in full)
        and all(kind_of(cell) == WORD for cell in last)
    ):
        full = [(first - 1, last)]  # the last columns have no fields at all
    full = _nearest(full, first, kinds)
    plain = [one for one in full if not re.match(r"^#\s?\w", rows[one[0]][0])]
    # Lines marked # beside others are annotations (types, groups), unless only they can be names.
    chosen = plain if any(_may_name(row, kinds) for _, row in plain) else full
    names, units, said, said_width, n_used = _names(chosen, width, kinds)
    n_prose = first - len(full) if full else first
    _tell(notes, first, names if n_used else (), units, said, n_prose)
    again = tuple(tuple(cell.lower() for cell in row) for _, row in full)
    return Header(tuple(names), tuple(units), tuple(said), first, bool(n_used), n_prose, width, said_width, again)


def _tell(notes: Notes, first: int, names: object, units: list[str], said: list[str], n_prose: int) -> None:
    if n_prose:
        lines = "line" if n_prose == 1 else "lines"
        verb = "is" if n_prose == 1 else "are"
        was = "it was" if n_prose == 1 else "they were"
        notes.say("fixed for you", f"{n_prose} {lines} above the header {verb} no table; {was} skipped.")
    if any(units):
        notes.say("fixed for you", "A row of the header holds units; it was taken as such.")
    if any(said):
        notes.say("fixed for you", "A row of the header describes the columns; it was taken as such.")
    why = "the first row whose fields are of the same kind as those below it"
    value = f"{first} lines above the readings" if first else "none"
    notes.decide("header", "header", value, why, 0.95 if names or not first else 0.7, flag="--skip")


def _column_kinds(rows: list[list[str]]) -> list[str]:
    """Return what each column of the body mostly holds; MISS where it is empty."""
    found = []
    for column in zip(*rows, strict=True):
        kinds = [kind for kind in map(kind_of, column) if kind != MISS]
        best = max(sorted(set(kinds)), key=kinds.count) if kinds else MISS
        found.append(best if kinds and kinds.count(best) >= 0.6 * len(kinds) else (MISS if not kinds else WORD))
    return found


def _first_data_row(rows: list[list[str]], width: int, kinds: list[str]) -> int:
    fits = [len(row) >= width and _fits(row[:width], kinds) for row in rows]
    at = next(
        (at for at, good in enumerate(fits) if good and sum(fits[at : at + 5]) >= 0.6 * len(fits[at : at + 5])), None
    )
    if at is None:
        return next((at + 1 for at, row in enumerate(rows) if len(row) == width), 0)
    if at == 0 and _counts_up(rows, kinds):
        return 1
    return at


def _fits(row: list[str], kinds: list[str]) -> bool:
    """Tell whether a row holds data: moments where moments are, numbers where numbers are, but for a few bad cells."""
    mine = [kind_of(cell) for cell in row]
    moments = [one for one, kind in zip(mine, kinds, strict=True) if kind == MOMENT]
    if moments:
        return any(one == MOMENT for one in moments)
    numeric = [one for one, kind in zip(mine, kinds, strict=True) if kind in (NUMBER, MEASURE)]
    if not numeric:
        return False
    good = sum(one in (NUMBER, MEASURE) for one in numeric)
    bad = sum(one not in (NUMBER, MEASURE, MISS) for one in numeric)
    return (good > 0 and good >= bad) or (good == 0 and bad == 0 and all(one == MISS for one in mine))


def _counts_up(rows: list[list[str]], kinds: list[str]) -> bool:
    """Tell whether the first row only numbers the columns: 0, 1, 2, … above readings that do not."""
    if len(rows[0]) < 3 or any(kind not in (NUMBER, MISS) for kind in kinds) or len(rows) < 3:
        return False
    return any(rows[0] == [str(at + begin) for at in range(len(rows[0]))] and rows[1] != rows[0] for begin in (0, 1))


def _unmarked(row: list[str]) -> list[str]:
    """Return the row without the mark of a comment before its first field."""
    if not row:
        return row
    bare = MARKED.sub("", row[0])
    return [bare if bare else row[0], *row[1:]]


def _is_header_row(row: list[str], raw: list[str], width: int, least: int, longest: int) -> bool:
    """Tell whether a row above is as wide as the readings: trailing blanks do not count, nor columns that are empty."""
    filled = sum(bool(cell) for cell in row)
    said = max((at + 1 for at, cell in enumerate(row) if cell), default=0)
    if width == 1:
        return len(row) == 1 and filled == 1 and not MARKED.match(raw[0])
    if len(row) == width:
        return filled >= 1
    if len(row) > width:
        return said <= width or (len(row) <= longest and filled >= width)
    if any(kind_of(cell) == NUMBER for cell in row):
        return False
    return said >= 2 and (said >= min(least, width - 3) or (width - said <= said and filled == said))


def _names(
    rows: list[tuple[int, list[str]]], width: int, kinds: list[str]
) -> tuple[list[str], list[str], list[str], int, int]:
    """Return names, units, descriptions, how many names there are, and how many rows were used."""
    padded = [[*row, *[""] * width][: max(width, len(row))] for _, row in rows]
    units: list[str] = [""] * width
    words: list[list[str]] = []
    for row in padded:
        cells = [cell for at, cell in enumerate(row[:width]) if cell and kinds[at] != MOMENT]
        if (
            words
            and cells
            and _share(cells, lambda cell: UNIT.match(cell) is not None) >= 0.5
            and not _are_types(cells)
        ):
            units = [cell.strip("[]()") or unit for cell, unit in zip(row[:width], units, strict=True)]
        elif not _are_types([cell for cell in row[:width] if cell]) or (not words and row is padded[-1]):
            words.append(row)
    if not words:
        return default_names(width), units, [""] * width, 0, len(rows) and 0
    base = max(range(len(words)), key=lambda at: (_distinct_words(words[at], width), -at))
    names, notes = list(words[base][:width]), [""] * width
    said_width = max((at + 1 for at, cell in enumerate(words[base]) if cell), default=0)
    if len({name for name in names if name}) < 0.8 * sum(bool(name) for name in names):
        names, base = _joined(words, width), len(words)
    for row in words:
        for at, cell in enumerate(row[:width]):
            if not names[at]:
                names[at] = cell
    for row in words[base + 1 :] if base < len(words) else []:
        if _share([cell for cell in row[:width] if cell], lambda cell: kind_of(cell) == WORD and len(cell) > 3) >= 0.5:
            notes = [
                note or (cell if cell != name else "") for note, cell, name in zip(notes, row, names, strict=False)
            ]
    return unique(names), units, notes, said_width, 1


def _nearest(full: list[tuple[int, list[str]]], first: int, kinds: list[str]) -> list[tuple[int, list[str]]]:
    """Return the rows that stand directly above the readings, where names are among them; else all of them."""
    places = {at for at, _ in full}
    begin = first
    while begin - 1 in places:
        begin -= 1
    near = [(at, row) for at, row in full if at >= begin]
    return near if any(_may_name(row, kinds) for _, row in near) else full


def _may_name(row: list[str], kinds: list[str]) -> bool:
    """Tell whether a row's cells are neither units nor types, so that they can be names."""
    cells = [cell for cell, kind in zip(row, kinds, strict=False) if cell and kind != MOMENT]
    return not _are_types(cells) and _share(cells, lambda cell: UNIT.match(cell) is not None) < 0.5


def _are_types(cells: list[str]) -> bool:
    """Tell whether cells name types (int, double, Avg) or all say the same (COM1)."""
    if not cells:
        return True
    known = _share(cells, lambda cell: cell.lower().split(":")[-1] in TYPE_WORDS or cell.lower() in ("true", "false"))
    return known >= 0.6 or (len(cells) > 2 and len(set(cells)) == 1)


def _share(cells: list[str], claim: object) -> float:
    return sum(bool(claim(cell)) for cell in cells) / len(cells) if cells else 0.0  # type: ignore[operator]


def _distinct_words(row: list[str], width: int) -> int:
    return len({cell for cell in row[:width] if cell and kind_of(cell) not in (NUMBER, MISS)})


def _joined(rows: list[list[str]], width: int) -> list[str]:
    """Join names over several lines; a name over several columns stands in the first of them."""
    joined = [""] * width
    for row in rows:
        before = ""
        for at in range(width):
            cell = row[at] if at < len(row) else ""
            before = cell or (before if row is not rows[-1] else "")
            if before and before not in joined[at].split(" "):
                joined[at] = f"{joined[at]} {before}".strip()
    return joined


def default_names(width: int) -> list[str]:
    """Return column_1, column_2, …"""
    return [f"column_{at + 1}" for at in range(width)]


def unique(names: list[str]) -> list[str]:
    """Return distinct names; blanks are named after their place, doubles get a number."""
    found: list[str] = []
    taken: set[str] = set()
    for at, raw in enumerate(names):
        plain = " ".join(raw.strip().lstrip("\ufeff").split())
        name, double = plain or f"column_{at + 1}", 2
        while name in taken:
            name, double = f"{plain or 'column'}_{double}", double + 1
        taken.add(name)
        found.append(name)
    return found


def split_unit(name: str, unit: str) -> tuple[str, str]:
    """Return name and unit: `Temperature [°C]` and `Temp, °C (logger 3)` say both; a unit row wins."""
    if unit:
        return name, unit
    seen = NAME_WITH_UNIT.match(name)
    if seen is not None and seen[1].strip():
        return seen[1].strip(), seen[2].strip()
    before, comma, after = name.partition(", ")
    word = after.split(" (")[0].strip()
    if comma and UNIT.match(word):
        return before.strip(), word
    return name, unit
