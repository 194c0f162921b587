"""Long work beside the page: it reports progress, can be cancelled, and its outcome waits to be fetched."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t
from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass
class Job:
    """One piece of work in a thread of its own; the page polls it.

    `work(progress, cancelled)` gets a function that takes a share from 0 to 1 and one that says whether to stop.
    """

    work: Callable[[Callable[[float], None], Callable[[], bool]], Any]
    share: float = 0.0
    outcome: Any = None
    problem: LabError | None = None  # why there is no outcome; a defect of ours has a sentence, too
    told: bool = False  # whether the page has run again since the work ended
    _defect: str = ""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> Job:
        """Begin; returns itself."""
        self._defect = t(
            "This failed through a defect of the lab, not of yours; try again, and tell whoever runs the lab: "
            "its log says what happened."
        )  # in the language of who waits
        self._thread = threading.Thread(target=self._run, name="faultlab-job", daemon=True)
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether the work still goes on."""
        return self._thread is not None and self._thread.is_alive()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the work has ended (tests, and pages that need the outcome at once)."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self.outcome = self.work(self._advance, self._stop.is_set)
        except LabError as problem:
            self.problem = problem
        except MemoryError:
            self.problem = LabError("This needs more memory than is free; choose fewer rows or one detector.")
        except BaseException:  # whatever it is, somebody waits for an answer
            log.exception("work beside a page failed")
            self.problem = LabError(self._defect)

    def _advance(self, share: float) -> None:
        self.share = min(1.0, share)


@st.fragment(run_every=0.4)
def show_progress(job: Job, key: str, *, cancellable: bool = True) -> None:
    """Draw the job's progress and a Cancel button; the page runs again when the job has ended."""
    if not job.running:
        if job.told:  # the page has not taken what came of it: to run it again and again would help nobody
            if job.problem is not None:
                st.error(str(job.problem))
            return
        job.told = True
        st.rerun()
    st.progress(job.share, text=t("Working… {percent} %", percent=f"{100 * job.share:.0f}"))
    if cancellable and st.button(t("Cancel"), key=f"{key}-cancel", icon=":material/close:"):
        job.cancel()
