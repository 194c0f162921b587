"""Questions in SQL over the views that this viewer may see: examples, answer as table and chart, download."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.access import viewer
from app.charts import OKABE_ITO
from app.explore_examples import examples
from app.i18n import t
from app.lab import lab
from app.watched import plant_chosen
from engine.errors import LabError
from engine.store.explore import INSTRUCTOR_VIEWS, MOST_COPIED, MOST_ROWS, STUDENT_VIEWS
from engine.store.sandbox_process import MOST_BYTES

if TYPE_CHECKING:
    from engine.store.explore import Answer

QUERY_KEY, ANSWER_KEY, CHART_KEY = "explore_query", "explore_answer", "explore_chart"
KEY, ASKED_KEY = "explore_plant", "explore_asked"
TIME_LIMIT_S, ROW_LIMITS = 5.0, (100, 1000, MOST_ROWS)
MOST_DRAWN = 5000
CHARTS = ("none", "line", "bar", "points")


def allowed_views() -> tuple[str, ...]:
    """Return the views of this viewer's role; a student's hold no truth."""
    return INSTRUCTOR_VIEWS if viewer().teaches else STUDENT_VIEWS


def schema() -> None:
    """Draw the views and their columns."""
    columns = lab().store.view_columns(allowed_views(), plant_chosen(KEY).name)
    with st.expander(t("Views and their columns"), icon=":material/schema:"):
        for name, found in columns.items():
            st.markdown(f"**{name}** · " + ", ".join(f"`{column}`" for column in found))


def question() -> None:
    """Draw the examples, the query and the run button."""
    chosen = plant_chosen(KEY)
    detectors = lab().store.plant_table(chosen.name).detectors
    sensors = tuple(sensor.name for sensor in chosen.sensors)
    known = {one.title: one for one in examples(sensors, chosen.machines, detectors)}
    if st.session_state.setdefault(ASKED_KEY, chosen.name) != chosen.name:  # another plant has other columns
        st.session_state[ASKED_KEY] = chosen.name
        st.session_state.pop(QUERY_KEY, None)
    if QUERY_KEY not in st.session_state:  # a first answer says more than an empty page
        st.session_state[QUERY_KEY] = next(iter(known.values())).query
        ask()

    def take() -> None:
        chosen = known.get(st.session_state["explore_example"])
        if chosen is not None:
            st.session_state[QUERY_KEY], st.session_state[CHART_KEY] = chosen.query, chosen.chart
            ask()

    st.selectbox(
        t("Examples"), list(known), index=None, key="explore_example", on_change=take, placeholder=t("Choose one")
    )
    st.html("<style>[data-testid=stTextArea] textarea{font-family:monospace;font-size:.9rem}</style>")
    st.text_area(t("Your question in SQL"), key=QUERY_KEY, height=190, max_chars=20_000)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(t("Run"), type="primary", icon=":material/play_arrow:", on_click=ask, key="explore_run")
        st.button(
            t("How would it be answered?"),
            icon=":material/account_tree:",
            on_click=ask,
            kwargs={"explain": True},
            key="explore_explain",
            help=t("DuckDB's plan: which steps it would take, without taking them (EXPLAIN)."),
        )
        st.selectbox(t("Rows at most"), ROW_LIMITS, 1, key="explore_rows", format_func=lambda n: f"{n:,}", width=150)
    st.caption(
        t(
            "Read only, in a sandbox: one SELECT, at most {seconds} s, {rows} rows and {size} MB; of each view the "
            "newest {copied} rows can be asked. Files, other databases and settings are out of reach.",
            seconds=f"{TIME_LIMIT_S:g}",
            rows=f"{MOST_ROWS:,}",
            size=MOST_BYTES >> 20,
            copied=f"{MOST_COPIED:,}",
        )
    )


def ask(*, explain: bool = False) -> None:
    """Run the query (or ask how it would be run) and keep the answer, or the sentence that says why there is none."""
    rows = st.session_state.get("explore_rows", ROW_LIMITS[1])
    try:
        lab().store.flush()
        answer: Any = lab().store.explore(
            st.session_state[QUERY_KEY], allowed_views(), rows, TIME_LIMIT_S, plant_chosen(KEY).name, explain=explain
        )
    except LabError as problem:
        answer = problem
    size = getattr(answer, "bytes", 0)
    st.session_state[ANSWER_KEY] = lab().answers.put(answer, size, st.session_state.get(ANSWER_KEY, ""))


def show_answer() -> None:
    """Draw the last answer of this tab."""
    answer = lab().answers.get(st.session_state[ANSWER_KEY])
    if answer is None:
        st.info(t("This answer was let go because others needed its place; run the question again."))
        return
    if isinstance(answer, LabError):
        st.error(str(answer), icon=":material/error:")
        return
    told = t("{n} rows in {seconds} s.", n=f"{len(answer.rows):,}", seconds=f"{answer.seconds:.2f}")
    cut = t("There are more; ask for less, or allow more rows.") if answer.cut else ""
    st.caption(f"{told} {cut}")
    if not answer.rows:
        st.info(t("The answer is empty: nothing in the store is like that."))
        return
    if answer.columns[-1:] == ("explain_value",):
        st.code("\n".join(str(row[-1]) for row in answer.rows), language=None)
        return
    _chart(answer)
    data = {name: [row[at] for row in answer.rows] for at, name in enumerate(unique(answer.columns))}
    st.dataframe(data, hide_index=True, width="stretch", height=min(460, 38 + 35 * len(answer.rows)))
    st.download_button(
        t("Download CSV"),
        lambda: as_csv(answer),
        "answer.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def unique(names: tuple[str, ...]) -> list[str]:
    """Return the column names, a repeated one with its number."""
    found: list[str] = []
    for at, name in enumerate(names):
        found.append(name if name not in names[:at] else f"{name} ({at + 1})")
    return found


def as_csv(answer: Answer) -> bytes:
    """Return the answer as CSV; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_plain(name) for name in answer.columns])
    writer.writerows([[_plain(value) for value in row] for row in answer.rows])
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def numeric_columns(answer: Answer) -> list[int]:
    """Return the places of the columns that hold numbers."""
    words = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "NUMBER", "HUGEINT")
    return [at for at, kind in enumerate(answer.types) if any(word in kind.upper() for word in words)]


def _chart(answer: Answer) -> None:
    numbers = numeric_columns(answer)
    if not numbers or len(answer.columns) < 2:
        return
    names = {"none": t("table only"), "line": t("line"), "bar": t("bars"), "points": t("points")}
    if st.session_state.get(CHART_KEY) not in CHARTS:
        st.session_state[CHART_KEY] = "none"
    kind, across, up = st.columns([2, 1, 2], vertical_alignment="bottom")
    chosen = kind.segmented_control(t("Chart"), CHARTS, format_func=names.get, key=CHART_KEY, required=True)
    if chosen in (None, "none"):
        return
    columns = unique(answer.columns)
    x = across.selectbox(t("Across"), range(len(columns)), format_func=columns.__getitem__, key="explore_x")
    rest = [at for at in numbers if at != x]
    picked = up.multiselect(
        t("Up"), rest, rest[:1], format_func=columns.__getitem__, key=f"explore_y/{'/'.join(columns)}"
    )
    if picked:
        _draw(answer, columns, chosen, x, picked)


def _draw(answer: Answer, columns: list[str], kind: str, x: int, ups: list[int]) -> None:
    import plotly.graph_objects as go

    rows = answer.rows[:MOST_DRAWN]
    if kind == "line":
        rows = tuple(sorted(rows, key=lambda row: (row[x] is None, row[x])))
    figure, across = go.Figure(), [row[x] for row in rows]
    dashes = ("solid", "dash", "dot", "dashdot")
    shapes = ("circle", "diamond", "triangle-up", "square")
    for k, at in enumerate(ups):
        colour, values = OKABE_ITO[k % len(OKABE_ITO)], [None if row[at] is None else float(row[at]) for row in rows]
        if kind == "bar":
            figure.add_bar(x=across, y=values, name=columns[at], marker_color=colour)
        elif kind == "line":
            figure.add_scatter(x=across, y=values, name=columns[at], line={"color": colour, "dash": dashes[k % 4]})
        else:
            marker = {"color": colour, "symbol": shapes[k % 4], "size": 6, "opacity": 0.7}
            figure.add_scatter(x=across, y=values, name=columns[at], mode="markers", marker=marker)
    figure.update_layout(margin={"l": 50, "r": 12, "t": 12, "b": 40}, height=340, showlegend=len(ups) > 1)
    figure.update_xaxes(title=columns[x])
    figure.update_yaxes(title=columns[ups[0]] if len(ups) == 1 else "")
    st.plotly_chart(figure, key="explore_figure")
    if len(answer.rows) > MOST_DRAWN:
        st.caption(t("The first {n} rows are drawn.", n=f"{MOST_DRAWN:,}"))
