"""What an evaluation found: a table of numbers, or the few values of a benchmark, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.metrics.numbers import BASELINES, Panel

PANEL_COLUMNS = ("name", "value", "unit", "interval", *BASELINES, "skill", "parameters")


@dataclass(frozen=True)
class Report:
    """One evaluation.

    Parameters
    ----------
    kind
        "intervals", "rows", "nab" or "skab".
    rows
        Plain rows, all with the same keys.
    notes
        What a reader must know: what was assumed, what is missing.
    """

    kind: str
    rows: Sequence[dict[str, Any]]
    notes: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"kind": self.kind, "rows": list(self.rows), "notes": list(self.notes)}

    def text(self) -> str:
        """Return the rows as a table of plain text, notes below."""
        shown = [_shown(row) if self.kind in ("intervals", "rows") else row for row in self.rows]
        table = [list(shown[0]), *([_cell(value) for value in row.values()] for row in shown)] if shown else []
        widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))] if table else []
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def panel_report(kind: str, judged: Panel, notes: Sequence[str] = ()) -> Report:
    """Return a panel as a report; missing baselines become notes."""
    missing = [f"baseline {which} is missing: {reason}" for which, reason in judged.missing.items()]
    return Report(kind, judged.rows(), (*notes, *missing))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the text table; an undefined value shows its reason."""
    interval = "" if row["low"] is None else f"{row['low']:.3g} … {row['high']:.3g}"
    told = "; ".join(f"{key}={value}" for key, value in row["parameters"].items())
    made = {**row, "interval": interval, "parameters": told if row["value"] is not None else row["reason"]}
    made["name"] = f"{row['name']} (pitfall)" if row["pitfall"] else row["name"]
    return {name: made[name] for name in PANEL_COLUMNS}


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value + 0.0:.6g}" if isinstance(value, float) else str(value)
