"""The server: `streamlit run app/main.py` carries the pages, the API, the live stream and the engine's life.

Streamlit finds `app` by reading this file's syntax tree, so the call of `st.App` must stay literal and stand here.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# First of all, whoever else put it somewhere: `python -m streamlit run` has it on the path already, behind this folder,
# and then app/lessons would hide the course.
sys.path[:] = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT)]

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.routing import Mount, Route  # noqa: E402

from app import server  # noqa: E402
from app.access import Access  # noqa: E402
from app.api import build_api  # noqa: E402
from app.api.export import export_csv  # noqa: E402
from app.api.wall import Wall  # noqa: E402
from app.login import login, logout  # noqa: E402

server.prepare(ROOT)
api = build_api()

app = st.App(
    "shell.py",
    lifespan=server.lifespan,
    routes=[
        Route("/login", login, methods=["GET", "POST"]),
        Route("/logout", logout, methods=["GET", "POST"]),
        Route("/export-csv", export_csv),
        Route("/home", server.to_home),
        Route("/predictions", server.to_live),
        Mount("/api", app=api),
        Mount("/label-assets", app=server.Assets(directory=ROOT / "app" / "classroom" / "label_chart" / "assets")),
        Mount("/assets", app=server.Assets(directory=ROOT / "app" / "live_chart" / "assets")),
    ],
    middleware=[Middleware(Access), Middleware(Wall, refused=api.state.traffic.refuse)],
)
