"""Rows on standard output."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Annotated, BinaryIO, ClassVar

from engine.params import Choice
from engine.streams.counts import SinkCounts
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink


@dataclass
class Console(Sink):
    """JSON lines or CSV on standard output, and nothing else there, so that it can be piped.

    Parameters
    ----------
    format
        json (one object on a line) or csv (with a header).
    """

    name: ClassVar[str] = "console"
    title: ClassVar[str] = "Terminal"
    format: Annotated[str, Choice(("json", "csv"))] = "json"

    def __post_init__(self) -> None:
        self._out: BinaryIO = sys.stdout.buffer
        self._counts = SinkCounts()
        self._header_due = self.format == "csv"
        self.reader_gone = False

    def write(self, rows: Rows) -> None:
        self._counts.accepted += len(rows)
        if self.reader_gone:
            self._counts.lost += len(rows)
            return
        try:
            if self._header_due:
                self._out.write(rows.csv_header())
                self._header_due = False
            self._out.write(rows.json_lines() if self.format == "json" else rows.csv_lines())
            self._out.flush()
            self._counts.delivered += len(rows)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            self.reader_gone = True
            self._counts.lost += len(rows)
            self._let_go()
        except OSError:
            self._counts.lost += len(rows)
            self._let_go()
            raise

    def close(self, timeout_s: float = 10.0) -> None:
        with contextlib.suppress(ValueError):
            self._out.flush()

    def _let_go(self) -> None:
        """Send to nowhere what is left in the buffer, so that Python's own flush at the end does not complain."""
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @property
    def counts(self) -> SinkCounts:
        return SinkCounts(**vars(self._counts))
