"""The feedback report as one HTML page: no script, everything escaped, prints on A4, shapes beside colours."""

from __future__ import annotations

from html import escape

from engine.classroom.feedback import Counts, Report, minutes
from engine.records import MINUTE_US, iso_time

WIDTH, LANE = 900, 18
# Okabe and Ito (2008): distinguishable for colour-blind readers; truth is hatched as well, labels are solid.
TRUTH, LABEL, FALSE = "#0072B2", "#E69F00", "#D55E00"
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#111;background:#fff}
table{border-collapse:collapse;width:100%;margin:.6em 0 1.4em}th,td{text-align:left;padding:.3em .6em;
border-bottom:1px solid #bbb;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto}.big{font-size:2em}@media print{body{margin:0;font-size:11pt}section{break-inside:avoid}}
"""


def counts_page(counts: Counts) -> str:
    """Return the page of the phase in which only counts may be seen."""
    return _page(counts.title, _head(counts) + _lines(counts) + _notes(counts))


def report_page(report: Report) -> str:
    """Return the whole report as a page that can be saved and printed."""
    counts = report.counts
    body = _head(counts) + _timeline(report) + _lines(counts) + _losses(report) + _events(report) + _false(report)
    return _page(counts.title, body + _baselines(report) + _steps(report) + _notes(counts))


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _head(c: Counts) -> str:
    points = "not graded yet" if c.points is None else f"{c.points:.1f} of {c.out_of:g} points"
    late = "" if c.percent == 100 else f" (late credit {c.percent:g} %)"
    found = "" if c.found is None else f"<p>{_counts_sentence(c)}</p>"
    who = f"{escape(c.handle)}, variant {escape(c.variant)}, attempt {c.attempt}, receipt {escape(c.submission)}"
    return f'<p>{who}</p><p class="big">{points}{late}</p>{found}<p><small>{escape(c.versions)}</small></p>'


def _counts_sentence(c: Counts) -> str:
    of = "" if c.of is None else f" of {c.of}"
    return f"{c.found}{of} events found; {c.false} false intervals; {c.duplicates} duplicates."


def _lines(c: Counts) -> str:
    if not c.lines:
        return ""
    comments = dict(c.comments)
    rows = "".join(
        f'<tr><td>{escape(x.title)}</td><td class="n">{"to be read" if x.points is None else f"{x.points:.1f}"}</td>'
        f'<td class="n">{x.out_of:g}</td><td>{escape(x.formula)}</td><td>{escape(comments.get(x.id, ""))}</td></tr>'
        for x in c.lines
    )
    head = '<tr><th>Line</th><th class="n">Points</th><th class="n">Of</th><th>How</th><th>Comment</th></tr>'
    return f"<section><h2>Rubric</h2><table>{head}{rows}</table></section>"


def _losses(r: Report) -> str:
    """What cost the points: the measure with its numbers, and how many points it took."""
    if not r.losses:
        return ""
    rows = "".join(
        f'<tr><td>{escape(x.line)}</td><td class="n">−{x.lost:.1f}</td><td>{escape(x.words)}</td></tr>'
        for x in r.losses
    )
    head = '<tr><th>Line</th><th class="n">Points</th><th>What cost them</th></tr>'
    return f"<section><h2>What cost points</h2><table>{head}{rows}</table></section>"


def _timeline(r: Report) -> str:
    """Truth above (hatched), labels below (solid), for every machine, on one axis."""
    lanes, y = [], 0
    for machine in r.machines:
        lanes.append(f'<text x="0" y="{y + 12}" font-size="12">{escape(machine)}</text>')
        for e in r.events:
            if e.machine == machine:
                state = "found" if e.found else "missed"
                lanes.append(_bar(r, e.detectable_us, e.end_us, y + 16, "url(#hatch)", f"truth: {e.fault}, {state}"))
        for mark in r.marks:
            if mark.machine == machine:
                wrong = any(
                    (f.machine, f.start_us) == (mark.machine, mark.start_us) and f.kind == "false" for f in r.false
                )
                words = "false interval" if wrong else "your label"
                lanes.append(_bar(r, mark.start_us, mark.end_us, y + 16 + LANE, FALSE if wrong else LABEL, words))
        y += 16 + 2 * LANE + 8
    hatch = (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#fff"/><rect width="3" height="6" fill="{TRUTH}"/></pattern></defs>'
    )
    said = (
        f"{sum(e.found for e in r.events)} of {len(r.events)} events have a label; {len(r.false)} labels have no event."
    )
    svg = f'<svg viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(said)}">{hatch}{"".join(lanes)}</svg>'
    return f"<section><h2>Timeline</h2><p>Above, hatched: the truth. Below, solid: your labels.</p>{svg}</section>"


def _bar(r: Report, start_us: int, end_us: int, y: int, fill: str, words: str) -> str:
    scale = WIDTH / max(1, r.end_us - r.start_us)
    x, width = (start_us - r.start_us) * scale, max(2.0, (end_us - start_us) * scale)
    edge = f'stroke="{TRUTH}" stroke-width="1"' if fill.startswith("url") else ""
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{LANE - 4}" fill="{fill}" {edge}>'
        f"<title>{escape(words)}, {iso_time(start_us, seconds_only=True)}</title></rect>"
    )


def _events(r: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(e.machine)}</td><td>{iso_time(e.detectable_us // MINUTE_US * MINUTE_US)}</td>"
        f"<td>{escape(e.fault)}</td><td>{'found' if e.found else 'missed'}</td>"
        f'<td class="n">{"" if e.delay_s is None else minutes(e.delay_s * 1e6)}</td>'
        f'<td class="n">{"" if e.tiou is None else f"{e.tiou:.2f}"}</td><td>{escape(e.said)}</td></tr>'
        for e in r.events
    )
    head = (
        "<th>Machine</th><th>Detectable from</th><th>Fault</th><th></th><th class='n'>Delay</th><th class='n'>tIoU</th>"
    )
    return f"<section><h2>Events</h2><table><tr>{head}<th>You said</th></tr>{rows}</table></section>"


def _false(r: Report) -> str:
    if not r.false:
        return ""
    words = {
        "false": "no event",
        "duplicate": "one more label of a found event",
        "partly": "it covers too little of an event, or much beside it",
        "early": "before the event could be seen",
    }
    rows = "".join(
        f"<tr><td>{escape(f.machine)}</td><td>{iso_time(f.start_us, seconds_only=True)}</td>"
        f'<td class="n">{minutes(f.end_us - f.start_us)}</td><td>{words[f.kind]}</td><td>{escape(f.seen)}</td></tr>'
        for f in r.false
    )
    head = "<th>Machine</th><th>Start</th><th class='n'>Length</th><th></th><th>What you may have seen</th>"
    return f"<section><h2>Other intervals</h2><table><tr>{head}</tr>{rows}</table></section>"


def _baselines(r: Report) -> str:
    if not r.baselines:
        return ""
    rows = "".join(f'<tr><td>{escape(name)}</td><td class="n">{points:.1f}</td></tr>' for name, points in r.baselines)
    head = "<tr><th>On the same data</th><th class='n'>Automatic points</th></tr>"
    return f"<section><h2>Baselines</h2><table>{head}{rows}</table></section>"


def _steps(r: Report) -> str:
    return "<section><h2>Next</h2><ol>" + "".join(f"<li>{escape(x)}</li>" for x in r.next_steps) + "</ol></section>"


def _notes(c: Counts) -> str:
    if not c.notes:
        return ""
    return "<section><h2>Changes</h2><ul>" + "".join(f"<li>{escape(x)}</li>" for x in c.notes) + "</ul></section>"
