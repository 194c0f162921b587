"""The result of scoring as a file: CSV and Parquet with a line for each row, JSON with alarms, HTML on one page."""

from __future__ import annotations

import html
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError
from engine.reading.summary import summary_of
from engine.scoring.score import alarms_of, summary, times_and_machines, write_scores

if TYPE_CHECKING:
    from pathlib import Path

    from engine.reading.profile import Profile
    from engine.reading.series import Table
    from engine.records import FloatArray
    from engine.scoring.policy import Policy
    from engine.scoring.score import Scored

KINDS = ("csv", "parquet", "json", "html")
LANES, POINTS = 12, 1200
STYLE = "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}table{border-collapse:collapse}"  # noqa: E501
STYLE += "td,th{padding:.25em .8em;border-bottom:1px solid #ccc;text-align:left}svg{display:block}.a{fill:#D55E00;opacity:.25}"  # noqa: E501
STYLE += "path{fill:none;stroke:#0072B2;stroke-width:1}"


def save_result(
    profile: Profile, table: Table, results: list[Scored], path: Path, policy: Policy | None = None
) -> None:
    """Write the result in the form that the file's ending names; it appears only when it is complete.

    Raises
    ------
    LabError
        When the ending is unknown or the file cannot be written.
    """
    kind = path.suffix.lower().lstrip(".") or "csv"
    if kind not in KINDS:
        raise LabError(f"{path} must end in one of: {', '.join(f'.{one}' for one in KINDS)}.")
    content, unfinished = result_bytes(profile, table, results, kind, policy), path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as problem:
        unfinished.unlink(missing_ok=True)
        raise LabError(f"{path} cannot be written ({problem.strerror}); choose another folder or free space.") from None


def result_bytes(
    profile: Profile, table: Table, results: list[Scored], kind: str, policy: Policy | None = None
) -> bytes:
    """Return the result as the bytes of a file of that kind."""
    if kind == "csv":
        out = io.StringIO()
        write_scores(table, results, out)
        return out.getvalue().encode()
    if kind == "parquet":
        return _parquet(table, results)
    if kind == "json":
        return json.dumps(report_of(profile, table, results, policy), indent=2).encode()
    return _html(profile, table, results, policy).encode()


def answer_of(profile: Profile, table: Table, result: Scored, policy: Policy | None = None) -> dict[str, Any]:
    """Return what the command line (--json), the API and the client answer about a file."""
    return {
        "summary": summary_of(profile, table),
        **summary(table, result, policy=policy),
        "profile": profile.as_json() | {"problems": problems_json(profile, table)},
    }


def problems_json(profile: Profile, table: Table) -> list[dict[str, Any]]:
    """Return what was mended, is to choose and cannot be used, of all stages."""
    return [{"group": p.group, "text": p.text, "lines": list(p.lines)} for p in (*profile.problems, *table.problems)]


def report_of(profile: Profile, table: Table, results: list[Scored], policy: Policy | None = None) -> dict[str, Any]:
    """Return the reading, and for each detector what it scored and all its alarms, as plain JSON-ready data."""
    found = []
    for result in results:
        alarms = [
            {"machine_id": block.machines[0], **alarm}
            for at, block in enumerate(table.blocks)
            for alarm in alarms_of(table, result, at, policy)
        ]
        found.append({**summary(table, result, most=0, policy=policy), "alarms": alarms})
    problems = [
        {"group": p.group, "text": p.text, "lines": list(p.lines)} for p in (*profile.problems, *table.problems)
    ]
    return {"summary": summary_of(profile, table), "problems": problems, "profile": profile.as_json(), "results": found}


def _parquet(table: Table, results: list[Scored]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    times, machines = times_and_machines(table)
    names = [block.machines[0] for block in table.blocks]
    columns: dict[str, Any] = {
        "line": pa.array(table.lines),
        "timestamp": pa.array(times, mask=machines < 0).cast(pa.timestamp("us", "UTC")),
        "machine_id": pa.DictionaryArray.from_arrays(pa.array(machines, mask=machines < 0).cast(pa.int32()), names),
    }
    for result in results:
        suffix = "" if len(results) == 1 else f"_{result.detector}"
        columns[f"score{suffix}"] = pa.array(result.scores, mask=~result.scored)
        columns[f"alarm{suffix}"] = pa.array(result.alarms, mask=~result.scored)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _html(profile: Profile, table: Table, results: list[Scored], policy: Policy | None) -> str:
    """Return one page without scripts: what was read, what was scored, the alarms, and a drawing of each machine."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{_safe(table.file)}</title><style>{STYLE}</style>"
    ]
    parts.append(f"<h1>{_safe(table.file)}</h1><p>{_safe(summary_of(profile, table))}</p>")
    for result in results:
        scored = result.coverage.text if result.coverage is not None else ""
        parts.append(
            f"<h2>{_safe(result.detector)}, threshold {(policy or result.policy).threshold:g}</h2><p>{_safe(scored)}</p>"  # noqa: E501
        )
        for at, block in enumerate(table.blocks[:20]):
            alarms = alarms_of(table, result, at, policy)
            parts.append(f"<h3>{_safe(block.machines[0])}: {len(alarms)} alarms</h3>{_alarm_rows(alarms)}")
            parts.append(_drawing(table, result, at, policy))
    said = "".join(f"<li>{_safe(p.group)}: {_safe(p.text)}</li>" for p in (*profile.problems, *table.problems))
    return "\n".join([*parts, f"<h2>How the file was read</h2><ul>{said}</ul></html>"])


def _safe(text: object) -> str:
    return html.escape(str(text))


def _alarm_rows(alarms: list[dict[str, Any]]) -> str:
    if not alarms:
        return ""
    rows = []
    for one in alarms[:200]:
        blamed = ", ".join(f"{s['sensor']} {100 * s['share']:.0f} %" for s in one["sensors"])
        cells = (one["start"], one["end"], f"{one['length_s']:g} s", f"{one['peak_score']:.3g}", blamed)
        rows.append("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in cells) + "</tr>")
    return "<table><tr><th>start<th>end<th>length<th>peak<th>sensors</tr>" + "".join(rows) + "</table>"


def _drawing(table: Table, result: Scored, at: int, policy: Policy | None) -> str:
    block, rows = table.blocks[at], table.rows[at]
    lanes = [(name, block.values[:, 0, place]) for place, name in enumerate(block.sensors[:LANES])]
    lanes.append(("score", result.scores[rows]))
    runs = result.alarm_runs(rows, policy)
    n, height = len(block), 60
    marks = "".join(
        f'<rect class="a" x="{900 * first / n:.1f}" width="{max(1.0, 900 * (last - first + 1) / n):.1f}" y="0" height="{height * len(lanes)}"/>'  # noqa: E501
        for first, last in runs[:500]
    )
    paths = "".join(
        f'<text x="4" y="{height * lane + 12}" font-size="11">{_safe(name)}</text><path d="{_path(values, lane * height, height)}"/>'  # noqa: E501
        for lane, (name, values) in enumerate(lanes)
    )
    return f'<svg viewBox="0 0 900 {height * len(lanes)}" width="100%">{marks}{paths}</svg>'


def _path(values: FloatArray, top: float, height: float) -> str:
    """Return a line through at most POINTS values, the lowest and highest of each stretch kept."""
    n = len(values)
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return ""
    low, span = float(finite.min()), float(np.ptp(finite)) or 1.0
    places = np.unique(np.linspace(0, n - 1, min(n, POINTS)).astype(int))
    points = []
    for start, stop in zip(places, [*places[1:], n], strict=True):
        part = values[start:stop]
        part = part[np.isfinite(part)]
        if len(part):
            points += [(start, part.min()), (start, part.max())] if len(part) > 1 else [(start, part[0])]
    drawn = [f"{900 * x / n:.1f},{top + 16 + (height - 20) * (1 - (y - low) / span):.1f}" for x, y in points]
    return "M" + "L".join(drawn)
