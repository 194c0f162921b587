"""Explore: ask the store in SQL, read only, and see the answer as table and chart."""

import streamlit as st

from app.explore_view import KEY, QUERY_KEY, question, schema, show_answer
from app.i18n import t
from app.snippets import show_in_python
from app.watched import choose_plant
from engine.errors import LabError

st.title(t("Explore"))
st.caption(t("Everything that the sensors said and the detectors thought of it, ready to be asked."))

choose_plant(KEY)
try:
    schema()
    question()
    show_answer()
except LabError as problem:
    st.info(str(problem))
else:
    query = st.session_state[QUERY_KEY]
    show_in_python(f'''
from engine.store.store import Store

store = Store("copy-of-the-lab")        # a copy of the lab's folder: the running lab holds its own
answer = store.explore("""{query}""")
for row in answer.rows:
    print(dict(zip(answer.columns, row)))
''')
