"""Settings of the switches that show one thing each."""

from __future__ import annotations

from app.i18n import t
from engine.streams.pipeline_lab import AT_LEAST, AT_MOST, LabSettings
from engine.streams.queues import DROP_OLDEST

NORMAL = "normal"
LESSONS = {
    NORMAL: LabSettings(),
    "disorder": LabSettings(disorder_s=12.0, out_of_orderness_s=4),
    "slow": LabSettings(consumer_rows=2, queue_rows=30),
    "slow_drop": LabSettings(consumer_rows=2, queue_rows=30, queue_policy=DROP_OLDEST),
    "outage": LabSettings(outage_at_s=40, outage_s=20, outage_of="one", out_of_orderness_s=2),
    "twice": LabSettings(duplicates=0.2, delivery=AT_LEAST),
    "crash_work": LabSettings(crash_at_s=62, delivery=AT_LEAST),
    "crash_commit": LabSettings(crash_at_s=62, delivery=AT_MOST),
}


def lesson_words(name: str) -> tuple[str, str]:
    """Return the title of a lesson, and what to look at."""
    return {
        NORMAL: (
            t("All is well"),
            t("Nothing goes wrong: each row arrives once, in order, and each window counts what the source made."),
        ),
        "disorder": (
            t("Disorder"),
            t(
                "Rows overtake each other. The watermark waits 4 s only, so slower rows are late and windows count too "
                "little. Give it 12 s of patience, or allow lateness instead: what does each cost?"
            ),
        ),
        "slow": (
            t("Slow consumer"),
            t(
                "Three rows come each second, two are handled. The sender has to wait: nothing is lost, but everything "
                "comes later and later. How old is the newest row in the store at the end?"
            ),
        ),
        "slow_drop": (
            t("Slow, drops rows"),
            t(
                "The same consumer, but a full queue drops its oldest rows. The rest is fresh; look what the windows "
                "count now, and whether a planted fault was among the dropped rows."
            ),
        ),
        "outage": (
            t("Outage"),
            t(
                "The first machine has no network for 20 s. Its sender keeps the rows, but the other machines move the "
                "watermark on: when the rows come at last, they are late. Which switch saves them?"
            ),
        ),
        "twice": (
            t("Sent twice"),
            t(
                "A sender that gets no answer sends again. At least once stores both copies. "
                "Effectively once knows each row by machine and time: the copies fold into one."
            ),
        ),
        "crash_work": (
            t("Crash before commit"),
            t(
                "The consumer has worked but not yet said so when it dies. After the restart the same rows are worked "
                "on again: stored twice, and one alarm is raised twice."
            ),
        ),
        "crash_commit": (
            t("Crash after commit"),
            t(
                "At most once commits first. The consumer dies before its work, nobody sends the rows again: they are "
                "lost, and with them a planted fault. Nothing else in the system will ever tell you."
            ),
        ),
    }[name]
