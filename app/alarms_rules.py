"""The alarm policy as YAML, tried on the last hours before it holds; and what became of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.controls import command, problem_box
from app.i18n import t
from app.lab import lab
from engine.alarming.policy import read_policy
from engine.alarms import AlarmDesk

if TYPE_CHECKING:
    from engine.alarming.policy import Policy

TRIED_S = 7200.0
TEXT_KEY = "alarm_policy_text"


def rules_view() -> None:
    """Draw the editor of the policy."""
    office = lab().office
    problem_box()
    if office.problem:
        st.warning(t("The policy file could not be used, so the shipped rules hold: {why}", why=office.problem))
    st.caption(t("Rules, silences and deliveries in one file. Nothing changes until you press Apply."))
    st.html("<style>[data-testid=stTextArea] textarea{font-family:monospace;font-size:.86rem}</style>")
    text = st.text_area(t("Alarm policy (YAML)"), office.policy.text, height=520, key=TEXT_KEY)
    fed = frozenset(machine for plant in lab().desks.externals.plants.values() for machine in plant.spec.machines)
    problems = office.problems(text, fed)
    for problem in problems:
        st.error(str(problem), icon=":material/error:")
    with st.container(horizontal=True):
        if st.button(t("Apply"), type="primary", icon=":material/check:", disabled=bool(problems), key="policy_apply"):
            command(office.set_policy, text, fed, done=t("The rules hold from the next reading on."))
            st.rerun()
        st.button(t("Back to the shipped rules"), icon=":material/undo:", key="policy_reset", on_click=_reset)
        if st.button(
            t("Try on the last two hours"), icon=":material/science:", disabled=bool(problems), key="policy_try"
        ):
            _try(read_policy(text), office.policy)


def _reset() -> None:
    command(lab().office.reset, done=t("The shipped rules hold again."))
    st.session_state[TEXT_KEY] = lab().office.policy.text


def _try(policy: Policy, now: Policy) -> None:
    """Say how many alarms the last hours would have given under each policy."""
    before, after = alarms_under(now), alarms_under(policy)
    left, right = st.columns(2)
    left.metric(t("Alarms with the rules that hold"), before, border=True)
    right.metric(t("Alarms with these rules"), after, after - before, delta_color="inverse", border=True)
    st.caption(t("The same scores of the last two hours of plant time, judged twice; nothing was delivered."))


def alarms_under(policy: Policy) -> int:
    """Return how many alarms the scores in memory would have raised under a policy."""
    runner = lab().runner
    block, scores = runner.recent(TRIED_S)
    desk = AlarmDesk(policy.rules, runner.core.marks, policy.guards)
    known = {name: values for name, values in scores.items() if name in runner.thresholds}
    changes = desk.process(block, known, runner.thresholds)
    return sum(change.what == "raised" for change in changes)


def deliveries_view() -> None:
    """Draw where alarms go, and whether they arrive."""
    figures = lab().office.figures()
    st.caption(
        t(
            "Each delivery has a queue and a thread of its own: a receiver that is slow or away never slows the plant. "
            "What cannot be delivered waits on disk, in order, and is tried again."
        )
    )
    if not figures:
        st.info(t("Nothing is delivered. Add a delivery to the rules: a webhook, e-mail, a file or a Kafka topic."))
        return
    st.dataframe(
        [
            {
                t("Delivery"): one["name"],
                t("To"): one["to"],
                t("Accepted"): one["accepted"],
                t("Delivered"): one["delivered"],
                t("Waiting"): one["waiting"] + one["spooled"],
                t("Refused"): one["refused"],
                t("Lost"): one["lost"],
                t("Tries again"): one["retries"],
                t("Problem"): one["problem"] or t("none"),
            }
            for one in figures
        ],
        hide_index=True,
        width="stretch",
    )
