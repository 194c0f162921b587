"""Economics: what alarms cost and save, and the ledger behind the sums."""

import streamlit as st

from app.access import viewer
from app.compare.economics_view import choose, show_costs
from app.compare.replay import asked_moment, show_replay
from app.i18n import t
from app.snippets import show_in_python
from engine.errors import LabError

SNIPPET = """
from engine.comparing.compare import run_contender
from engine.comparing.contenders import Contender
from engine.comparing.money import bills
from engine.comparing.practice import Practice
from engine.economics import Attention, Prices

practice = Practice("pump_medium", first_seed=1, hours=72)
(stretch,), (truth,) = practice.stretches, practice.reveal()
alarms = run_contender(Contender("ewma", fed="context"), stretch).alarms
for bill in bills("EWMA", alarms, stretch, truth, Prices(), Attention()):
    print(bill.title, bill.cost.per_day, bill.cost.parts)
"""
teaches = viewer().teaches

st.title(t("Economics"))
try:
    moment = asked_moment(st.query_params)
    if moment is not None:
        show_replay(moment)
        st.divider()
    data, contender, prices, attention, interval_h = choose(teaches)
    show_costs(data, contender, prices, attention, interval_h, teaches)
    show_in_python(SNIPPET)
except LabError as problem:
    st.error(str(problem))
