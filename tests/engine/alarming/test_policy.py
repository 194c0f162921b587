"""The policy in YAML: defaults, exceptions, silences, deliveries, and errors that name the line."""

import pytest

from engine.alarming.policy import SHIPPED, load_policy, policy_problems, read_policy
from engine.alarming.rules import AlarmRules
from engine.alarms import AlarmDesk
from engine.errors import FileProblemError
from engine.records import SECOND_US, time_us


def test_a_detector_keeps_the_default_where_its_section_says_nothing():
    policy = read_policy("default:\n  confirm: 5\n  off_delay_s: 30\ndetectors:\n  cusum:\n    confirm: 1\n")

    desk = AlarmDesk(policy.rules)

    assert desk.rules_for("ewma") == AlarmRules(confirm=5, off_delay_s=30.0)
    assert desk.rules_for("cusum") == AlarmRules(confirm=1, off_delay_s=30.0)


@pytest.mark.parametrize("text", ["", "# only words\n"])
def test_an_empty_file_means_the_defaults(text):
    policy = read_policy(text)

    assert policy.rules == {"default": AlarmRules()}
    assert policy.deliveries == ()


def test_the_shipped_policy_is_good_and_writes_a_file():
    policy = load_policy(SHIPPED)

    assert [(one.name, one.to) for one in policy.deliveries] == [("log", "file")]
    assert policy.rules["limit"].confirm == 3


def test_a_silence_has_its_reason_and_its_time():
    span = 'begin: "2026-01-05T08:00:00Z", end: "2026-01-05T09:00:00Z"'
    policy = read_policy(f"suppress:\n  - {{reason: runs in, machine: M1, {span}}}\n")
    begin, end = time_us("2026-01-05T08:00:00Z"), time_us("2026-01-05T09:00:00Z")

    silent = [policy.guards.silences("M1", "ewma", at) for at in (begin - 1, begin, end - 1, end)]

    assert silent == [False, True, True, False]
    assert not policy.guards.silences("M2", "ewma", begin)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("default:\n  confirn: 3\n", "line 2", "did you mean 'confirm'"),
        ("detectors:\n  ewma:\n    confirm: 0\n", "line 3", "confirm must be from 1 to 1000 readings"),
        ("detectors:\n  ewma: 3\n", "line 2", ""),
        ("a: [1\nb: 2", "line 2", "not valid YAML"),
        ("default:\n  priority: loud\n", "line 2", "notice"),
        ("delivery:\n  - {name: a, to: webhok, url: 'http://x'}\n", "line 2", "webhook"),
        ("delivery:\n  - {name: a, to: webhook, url: 'ftp://x'}\n", "line 2", "url must be an http or https address"),
        ("delivery:\n  - {name: a, to: email, server: s, sender: a@b, receivers: [x]}\n", "line 2", "teacher@school"),
        ("delivery:\n  - {name: a, to: file, path: ../x.log}\n", "line 2", "path must be a plain name"),
        (
            'delivery:\n  - {name: a, to: webhook, url: "http://x", headers: {A: "b\\r\\nC: d"}}\n',
            "line 2",
            "headers must be a name and one line",
        ),
        ("suppress:\n  - {reason: all is quiet}\n", "line 2", "needs an end"),
        ("delivery:\n  - {name: a, to: file}\n  - {name: a, to: file}\n", "line 1", "two deliveries are called 'a'"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(text, line, told):
    (problem, *_) = policy_problems(text)

    assert line in problem.place
    assert told in str(problem)
    with pytest.raises(FileProblemError):
        read_policy(text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileProblemError, match="cannot be read"):
        load_policy(tmp_path / "no.yaml")


def test_new_rules_hold_from_the_next_reading_on():
    from tests.engine.test_alarms import block_of_scores

    desk = AlarmDesk({"default": AlarmRules(confirm=1)})
    policy = read_policy("default:\n  confirm: 50\n")
    desk.set_rules(policy.rules, policy.guards)
    block, scores = block_of_scores([2.0] * 60)

    changes = desk.process(block, {"ewma": scores}, {"ewma": 1.0})

    assert [(change.what, change.at_us // SECOND_US) for change in changes] == [("raised", 49)]
