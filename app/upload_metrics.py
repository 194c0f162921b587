"""Metrics of an upload against the labels in the file itself; only an instructor's view calls this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.i18n import t
from engine.metrics.panel import Settings, panel
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.reading.series import Table
    from engine.records import BoolArray
    from engine.scoring.score import Scored

SHOWN = ("event_recall", "event_precision", "f1", "delay_p50_minutes", "false_alarms_per_day", "roc_auc", "vus_pr")


def metrics_table(labels: BoolArray, table: Table, results: list[Scored]) -> list[dict[str, Any]]:
    """Return one row per machine and detector, baselines beside it; undefined values say why."""
    rows = []
    for block, places in zip(table.blocks, table.rows, strict=True):
        steps = np.diff(block.times_us)
        period_s = float(np.median(steps)) / SECOND_US if len(steps) and np.median(steps) > 0 else 1.0
        truth = labels[places].astype(np.int64)
        for result in results:
            found = panel(
                truth, result.alarms[places].astype(np.int64), result.scores[places],
                readings=np.nan_to_num(block.values[:, 0]), settings=Settings(period_s=period_s), baselines=False,
            )  # fmt: skip
            row = {t("machine"): block.machines[0], t("detector"): result.detector}
            rows.append(row | {name: _text(found.numbers[name]) for name in SHOWN if name in found.numbers})
    return rows


def _text(number: Any) -> str:
    return f"{number.value:.3g}" if number.value is not None else t("undefined: {reason}", reason=number.reason)
