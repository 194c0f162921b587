"""The log: JSON lines in a file that rotates, plain sentences on the terminal."""

from __future__ import annotations

import json
import logging

import pytest

from engine.logs import Logs

log = logging.getLogger("engine.example")


@pytest.fixture
def logs(tmp_path, capsys):
    made = Logs(tmp_path, most_bytes=2000, backups=2)
    yield made
    made.close()


def lines(logs):
    return [json.loads(line) for line in logs.path.read_text(encoding="utf-8").splitlines()]


def test_a_line_has_time_level_message_and_facts(logs):
    log.info("a request", extra={"facts": {"ms": 1.5, "path": "/api/ä"}})

    line = lines(logs)[0]
    assert (line["level"], line["message"], line["ms"], line["path"]) == ("info", "a request", 1.5, "/api/ä")
    assert line["time"].endswith("+00:00")


def test_the_terminal_gets_warnings_in_one_plain_line(logs, capsys):
    log.info("nothing to see")
    try:
        raise ValueError("inside")
    except ValueError:
        log.exception("it broke")

    shown = capsys.readouterr().err
    assert shown.splitlines() == [shown.strip()]
    assert shown.strip().endswith("error: it broke")
    assert "ValueError: inside" in lines(logs)[-1]["error"]


def test_the_file_rotates_and_old_ones_go(logs, tmp_path):
    for number in range(200):
        log.info("line %d", number)

    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 2000 for file in files)


def test_what_an_instructor_commands_is_not_in_the_log(logs):
    """The runner tells its log what was injected where: that is truth."""
    logging.getLogger("engine.runner").info("inject overheating on M1")
    logging.getLogger("engine.runner").warning("the thread had died")

    assert [line["message"] for line in lines(logs)] == ["the thread had died"]


def test_closing_puts_the_loggers_back(tmp_path):
    before = logging.getLogger("engine").handlers[:]

    Logs(tmp_path).close()

    assert logging.getLogger("engine").handlers == before
