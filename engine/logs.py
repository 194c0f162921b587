"""The lab's log: JSON lines in a file that rotates, plain sentences on the terminal.

A record may carry `facts`, a dict that becomes fields of the line: `log.info("request", extra={"facts": {...}})`.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE_NAME = "faultlab.log"
MOST_BYTES, BACKUPS = 5_000_000, 5  # 30 MB at most, weeks of a lab that is watched
# What instructors command is the truth about the plant; it is in the journal, and a log may be read by anybody.
SILENT_BELOW_WARNING = ("engine.runner",)
OWN = ("faultlab", "app", "engine", "lessons")  # loggers of this project; libraries keep theirs


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC, ISO 8601), level, logger, message, then the facts."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Plain(logging.Formatter):
    """For people: time of day, level when it is not info, sentence; never a traceback (the file has it)."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{moment} {level}{record.getMessage()}".splitlines()[0]


def tells_no_truth(record: logging.LogRecord) -> bool:
    """Return whether a record may be written down (a filter of handlers)."""
    return record.levelno >= logging.WARNING or record.name not in SILENT_BELOW_WARNING


class Terminal(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to whatever standard error is now: servers and tests put another in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class Logs:
    """The log of one process; `close` takes the handlers away again.

    Parameters
    ----------
    folder
        The file is `faultlab.log` in it; made when missing.
    terminal
        Least level shown on the terminal; the file has everything from INFO on.
    """

    def __init__(
        self, folder: Path, terminal: int = logging.WARNING, most_bytes: int = MOST_BYTES, backups: int = BACKUPS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        file = logging.handlers.RotatingFileHandler(
            self.path, maxBytes=most_bytes, backupCount=backups, encoding="utf-8", delay=True
        )
        file.setFormatter(JsonLines())
        shown = Terminal()
        shown.setLevel(terminal)
        shown.setFormatter(Plain())
        self._handlers = (file, shown)
        for handler in self._handlers:
            handler.addFilter(tells_no_truth)
        self._before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in OWN}
        for name in OWN:
            logger = logging.getLogger(name)
            logger.setLevel(logging.INFO)
            logger.propagate = False
            for handler in self._handlers:
                logger.addHandler(handler)

    def close(self) -> None:
        """Write what waits and take the handlers away. May be called twice."""
        for name in OWN:
            logger = logging.getLogger(name)
            logger.level, logger.propagate = self._before[name]
            for handler in self._handlers:
                logger.removeHandler(handler)
        for handler in self._handlers:
            if not isinstance(handler, logging.handlers.RotatingFileHandler):
                continue
            handler.close()
