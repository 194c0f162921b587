"""What detectors said of a stranger's file: what was scored, alarms to click, a policy to move, downloads, code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.access import viewer
from app.compare.xray_figures import blame_figure, inside_figure
from app.i18n import t
from app.jobs import Job, show_progress
from app.snippets import show_in_python
from app.upload_chart import results_figure
from app.upload_view import STATE, read_table
from engine.comparing.xray import look
from engine.detectors.scorable import scorable_detectors
from engine.reading.profile import labels_of
from engine.scoring.outputs import KINDS, result_bytes
from engine.scoring.policy import Policy
from engine.scoring.recommended import DETECTOR, REASON
from engine.scoring.score import Scored, alarms_of, model_before, score_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.reading.choices import Choices
    from engine.reading.profile import Profile
    from engine.reading.series import Table

MIMES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "html": "text/html",
}
BEFORE = 60  # readings before an alarm that its X-ray shows


def score_with_progress(profile: Profile, choices: Choices) -> tuple[Table, list[Scored]] | None:
    """Let the person choose detectors and score; returns the results once they are there."""
    kept = st.session_state[STATE]
    known = {name: cls for name, cls in scorable_detectors().items() if cls.family != "baseline"}
    names = [DETECTOR, *(name for name in known if name != DETECTOR)]
    chosen = st.multiselect(
        t("Detectors"), names, default=[DETECTOR], max_selections=6, key="upload-detectors",
        format_func=lambda name: f"{known[name].title}: {known[name].good_at}",
    )  # fmt: skip
    st.caption(t("Recommended: {title}, since {reason}.", title=known[DETECTOR].title, reason=REASON))
    table = read_table(profile, choices)
    if table is None:
        return None
    if st.button(t("Score the file"), type="primary", disabled=not chosen, icon=":material/play_arrow:"):
        kept["job"] = Job(_work(table, chosen)).start()
        kept["job"].wait(1.0)
    job: Job | None = kept.get("job")
    if job is None:
        return None
    if job.running:
        show_progress(job, "upload")
        return None
    if job.problem is not None:
        st.error(str(job.problem))
        return None
    outcome: tuple[Table, list[Scored]] = job.outcome
    if outcome[0] is not table:
        st.info(t("The file is read otherwise now; score it again."))
        return None
    return outcome


def _work(table: Table, detectors: list[str]) -> Callable[..., tuple[Table, list[Scored]]]:
    def work(progress: Callable[[float], None], cancelled: Callable[[], bool]) -> tuple[Table, list[Scored]]:
        results = []
        for at, name in enumerate(detectors):

            def advance(share: float, at: int = at) -> None:
                progress((at + share) / len(detectors))

            results.append(score_table(table, name, progress=advance, cancelled=cancelled))
        return table, results

    return work


def show_results(profile: Profile, choices: Choices, table: Table, results: list[Scored]) -> None:
    """Show what was scored, the alarms and the chart of one machine, downloads, and code that does the same."""
    result = results[0]
    if len(results) > 1:
        names = {one.detector: one for one in results}
        result = names[
            st.pills(t("Detector"), list(names), default=result.detector, key="upload-shown") or result.detector
        ]
    _coverage(result)
    policy = _policy(result)
    machine = table.machines[0]
    if len(table.machines) > 1:
        counts = {
            name: len(result.alarm_runs(rows, policy)) for name, rows in zip(table.machines, table.rows, strict=True)
        }
        machine = st.selectbox(
            t("Machine"), table.machines, max(range(len(table.machines)), key=lambda at: counts[table.machines[at]]),
            key="upload-machine",
            format_func=lambda name: f"{name} ({t('{n} alarms', n=counts[name])})",
        )  # fmt: skip
    at = table.machines.index(machine)
    alarms = alarms_of(table, result, at, policy)
    picked = _alarm_table(alarms, result.detector)
    labelled = _labelled(profile.with_choices(choices), table, at)
    figure = results_figure(
        table, [result, *(one for one in results if one is not result)], at, policy, labelled, picked
    )
    st.plotly_chart(figure, width="stretch", key=f"upload-plot-{picked['start'] if picked else ''}")
    st.caption(
        t("{n} alarms on {machine}; drag over the chart to zoom, all lanes follow.", n=len(alarms), machine=machine)
    )
    if picked is not None:
        _xray(table, result, at, picked)
    _downloads(profile.with_choices(choices), table, results, policy)
    show_in_python(_code(profile, choices, result, policy))
    if viewer().teaches and profile.with_choices(choices).of_role("label"):
        _show_label_metrics(profile.with_choices(choices), table, results)


def _coverage(result: Scored) -> None:
    """Say what was scored, and which sensors hardly were."""
    if result.coverage is None:
        return
    hardly = [one for one in result.coverage.sensors if one.why_not and one.scored < 0.8 * max(one.of, 1)]
    lines = "".join(f"\n- {one.sensor}: {one.why_not}" for one in hardly[:20]).replace("$", "\\$")
    box = st.warning if result.coverage.scored == 0 else st.info
    box(result.coverage.text + lines, icon=":material/fact_check:")


def _policy(result: Scored) -> Policy:
    """Draw threshold and alarm policy; their effect is seen at once, nothing is scored again."""
    highest = float(result.scores.max(initial=0.0))
    top = max(2.0 * result.threshold, min(highest, 20.0 * result.threshold), 1e-6)
    left, middle, right = st.columns([3, 2, 2])
    threshold = left.slider(
        t("Threshold"),
        0.0,
        float(top),
        float(result.threshold),
        step=float(top) / 200,
        key=f"upload-threshold-{result.detector}",
    )
    confirm = middle.slider(t("Readings that confirm an alarm"), 1, 20, 1, key=f"upload-confirm-{result.detector}")
    hold_off = right.slider(t("Calm readings that end it"), 0, 200, 10, key=f"upload-hold-off-{result.detector}")
    return Policy(float(threshold), int(confirm), int(hold_off))


def _alarm_table(alarms: list[dict[str, Any]], detector: str) -> dict[str, Any] | None:
    """Draw the alarms; returns the one that was clicked."""
    if not alarms:
        st.caption(t("No alarm at this threshold."))
        return None
    rows = [
        {
            t("start"): one["start"][:19].replace("T", " "),
            t("end"): one["end"][:19].replace("T", " "),
            t("length"): f"{one['length_s']:g} s",
            t("peak"): round(one["peak_score"], 2),
            t("driven by"): ", ".join(f"{s['sensor']} {100 * s['share']:.0f} %" for s in one["sensors"][:3]),
            t("lines"): f"{one['lines'][0]}–{one['lines'][1]}",
        }
        for one in alarms[:500]
    ]
    chosen = st.dataframe(
        rows, hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row",
        key=f"upload-alarms-{detector}-{len(alarms)}",
    )  # fmt: skip
    picked = chosen.selection.rows
    return alarms[picked[0]] if picked and picked[0] < len(alarms) else None


def _labelled(profile: Profile, table: Table, at: int) -> np.ndarray | None:
    """Return the ticks that the file itself calls strange, for those who teach; None = nobody may see any."""
    if not viewer().teaches or not profile.of_role("label"):
        return None
    return table.of_ticks(at, labels_of(profile))


def _xray(table: Table, result: Scored, at: int, alarm: dict[str, Any]) -> None:
    """Draw the inside of the detector at the peak of one alarm."""
    with st.expander(t("X-ray of this alarm"), icon=":material/radiology:", expanded=False):
        block = table.blocks[at]
        peak = int(
            np.searchsorted(
                block.times_us, np.datetime64(alarm["peak_time"].split("+")[0].rstrip("Z"), "us").astype(np.int64)
            )
        )
        peak = min(peak, len(block) - 1)
        first = max(0, peak - BEFORE)
        window = block.ticks(first, peak + 1)
        seen = look(model_before(table, result, at, first), window, block.machines[0], len(window) - 1)
        left, right = st.columns([5, 3])
        figure, said = inside_figure(seen, result.threshold)
        left.plotly_chart(figure, width="stretch", key="upload-inside")
        left.caption(said)
        right.plotly_chart(blame_figure(seen), width="stretch", key="upload-blame")


def _downloads(profile: Profile, table: Table, results: list[Scored], policy: Policy) -> None:
    labels = {
        "csv": t("Download the scores (CSV)"), "parquet": t("Scores (Parquet)"), "json": t("Alarms and reading (JSON)"),
        "html": t("Report on one page (HTML)"),
    }  # fmt: skip
    for column, kind in zip(st.columns(len(KINDS)), KINDS, strict=True):
        column.download_button(
            labels[kind], lambda kind=kind: result_bytes(profile, table, results, kind, policy), file_name=f"scores.{kind}",  # noqa: E501
            mime=MIMES[kind], icon=":material/download:", width="stretch", key=f"upload-download-{kind}",
        )  # fmt: skip


def _code(profile: Profile, choices: Choices, result: Scored, policy: Policy) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in choices.as_json().items())
    given = ", ".join([repr(result.detector), *([repr(result.parameters)] if result.parameters else [])])
    return (
        "from pathlib import Path\n\nfrom engine.reading.choices import Choices\nfrom engine.reading.profile import profile_of\n"  # noqa: E501
        "from engine.reading.series import table_of\nfrom engine.scoring.policy import Policy\n"
        "from engine.scoring.score import alarms_of, score_table\n\n"
        f"table = table_of(profile_of(Path({profile.file!r}), Choices({said})))\n"
        f"result = score_table(table, {given})\n"
        "print(result.coverage.text)\n"
        f"alarms = alarms_of(table, result, 0, Policy({policy.threshold:g}, {policy.confirm}, {policy.hold_off}))\n"
    )


def _show_label_metrics(profile: Profile, table: Table, results: list[Scored]) -> None:
    """Compare with the file's own labels; only an instructor's view calls this."""
    from app.upload_metrics import metrics_table

    with st.expander(t("Against the labels in the file (instructors)"), expanded=True):
        st.dataframe(metrics_table(labels_of(profile), table, results), hide_index=True, width="stretch")
