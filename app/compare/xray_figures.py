"""Pictures of the inside of detectors: one small function per kind of view that `explain` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.charts import DASHES, OKABE_ITO, moments
from app.compare.lanes import for_theme
from app.i18n import t

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.comparing.xray import Look

HEIGHT_PX = 320
NOW, USUAL, LIMIT = OKABE_ITO[1], OKABE_ITO[2], OKABE_ITO[1]
MOST_LINES = 4
CHI_95 = 2.4477  # sqrt of the 95 % quantile of chi² with two degrees of freedom


def inside_figure(look: Look, level: float) -> tuple[go.Figure, str]:
    """Return the picture of the inside view, and in words what is to be seen."""
    kind = str(look.inside.get("kind", "")) if look.inside.get("ready", True) else ""
    figure, words = _DRAWN.get(kind, _fed)(look, level)
    figure.update_layout(
        height=HEIGHT_PX, margin={"l": 50, "r": 10, "t": 30, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, uirevision=kind + look.machine,
    )  # fmt: skip
    return for_theme(figure), words


def score_figure(look: Look, times_us: Any, level: float) -> go.Figure:
    """Return the scores of the window with the threshold and the moment that is looked at."""
    figure = _new()
    at = moments(times_us)
    figure.add_scatter(x=at, y=look.scores, mode="lines", line={"color": OKABE_ITO[0], "width": 1.2}, name=t("score"))
    if np.isfinite(level):
        figure.add_hline(level, line={"dash": "dash", "color": LIMIT, "width": 1})
    marker = {"symbol": "diamond", "size": 11, "color": NOW}
    figure.add_scatter(x=[at[look.at]], y=[look.scores[look.at]], mode="markers", marker=marker, name=t("looked at"))
    figure.update_layout(height=112, margin={"l": 50, "r": 10, "t": 6, "b": 24}, showlegend=False)
    figure.update_yaxes(rangemode="tozero", nticks=3)
    return for_theme(figure)


def blame_figure(look: Look) -> go.Figure:
    """Return each sensor's share of the score as bars, the strongest on top."""
    figure = _new()
    total = float(look.blame.sum())
    shares = 100 * look.blame / total if total > 0 else np.zeros(len(look.blame))
    order = np.argsort(shares, kind="stable")
    names = [look.sensors[k].replace("_", " ") for k in order]
    text = [f"{shares[k]:.0f} %" for k in order]
    colors = [NOW if k == order[-1] and total > 0 else OKABE_ITO[0] for k in order]
    figure.add_bar(x=shares[order], y=names, orientation="h", marker_color=colors, text=text, textposition="auto")
    figure.update_layout(height=70 + 28 * len(names), margin={"l": 10, "r": 10, "t": 6, "b": 34}, showlegend=False)
    figure.update_xaxes(title=t("share of the score (%)"), range=[0, 100])
    figure.update_yaxes(automargin=True)
    return figure


def _new() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def _number(look: Look) -> int:
    return list(look.fed.machines).index(look.machine)


def _strongest(look: Look, count: int = MOST_LINES) -> list[int]:
    return [int(k) for k in np.argsort(-look.blame, kind="stable")[:count]]


def _lines(look: Look, values: Any, unit: str, dashed: Any = None) -> go.Figure:
    """Draw values (n_sensors, n) of the most blamed sensors over the window's last n ticks."""
    figure = _new()
    for place, k in enumerate(_strongest(look)):
        color = OKABE_ITO[place % len(OKABE_ITO)]
        y = np.asarray(values[k], float)
        at = moments(look.fed.times_us[-len(y) :])
        name = look.sensors[k].replace("_", " ")
        figure.add_scatter(
            x=at, y=y, mode="lines", name=name, line={"color": color, "width": 1.6, "dash": DASHES[place]}
        )
        if dashed is not None:
            line = {"color": color, "width": 1, "dash": "dot"}
            figure.add_scatter(x=at, y=np.asarray(dashed[k], float), mode="lines", line=line, showlegend=False)
    figure.update_yaxes(title=unit)
    return figure


def _ladder(look: Look, level: float) -> tuple[go.Figure, str]:
    ladder = look.inside["machines"][look.machine]
    figure = _lines(look, ladder["up"], t("ladder (σ), up and down"))
    for place, k in enumerate(_strongest(look)):
        line = {"color": OKABE_ITO[place % len(OKABE_ITO)], "width": 1.6, "dash": DASHES[place]}
        at = moments(look.fed.times_us)
        figure.add_scatter(x=at, y=-np.asarray(ladder["down"][k]), mode="lines", line=line, showlegend=False)
    for edge in (level, -level):
        figure.add_hline(edge, line={"dash": "dash", "color": LIMIT, "width": 1})
    return figure, t(
        "Every reading beyond {slack} σ of forgiveness adds a rung; calm takes rungs away. An alarm is due when a "
        "ladder reaches the dashed line: up for too high, down for too low.", slack=f"{look.inside['slack']:g}",
    )  # fmt: skip


def _ellipse(look: Look, level: float) -> tuple[go.Figure, str]:
    covariance = np.array(look.inside["machines"][look.machine]["covariance"])
    a, b = _strongest(look, 2)
    figure = _new()
    angle = np.linspace(0, 2 * np.pi, 120)
    pair = covariance[np.ix_([a, b], [a, b])] + 1e-9 * np.eye(2)
    ring = np.linalg.cholesky(pair) @ np.stack([np.cos(angle), np.sin(angle)])
    for size, dash, name in ((CHI_95, "dash", t("95 % of normal")), (2 * CHI_95, "dot", t("twice as far"))):
        line = {"color": USUAL, "dash": dash, "width": 1.5}
        figure.add_scatter(x=size * ring[0], y=size * ring[1], mode="lines", line=line, name=name)
    z = look.z if look.z is not None else look.fed.values[:, _number(look)]
    recent = z[-300:]
    marker = {"size": 4, "color": OKABE_ITO[0], "opacity": 0.45}
    figure.add_scatter(x=recent[:, a], y=recent[:, b], mode="markers", marker=marker, name=t("window"))
    marker = {"size": 13, "color": NOW, "symbol": "x"}
    figure.add_scatter(x=[z[-1, a]], y=[z[-1, b]], mode="markers", marker=marker, name=t("this reading"))
    figure.update_xaxes(title=t("{sensor} (σ)", sensor=look.sensors[a].replace("_", " ")))
    figure.update_yaxes(title=t("{sensor} (σ)", sensor=look.sensors[b].replace("_", " ")))
    return figure, t(
        "The two sensors blamed most. The ellipse is how they move together; a reading can lie in the range of both "
        "and still be far outside the ellipse."
    )


def _paths(look: Look, level: float) -> tuple[go.Figure, str]:
    m = _number(look)
    paths, normal = np.array(look.inside["paths"][m]), float(look.inside["normal_path"])
    figure = _new()
    figure.add_histogram(x=paths, xbins={"size": 0.5}, marker_color=OKABE_ITO[0], name=t("trees"))
    for value, dash, words in ((normal, "dash", t("usual")), (float(paths.mean()), "solid", t("this reading"))):
        color = USUAL if dash == "dash" else NOW
        figure.add_vline(value, line={"dash": dash, "color": color, "width": 2}, annotation_text=words)
    figure.update_xaxes(title=t("random cuts until the reading is alone"))
    figure.update_yaxes(title=t("trees"))
    return figure, t(
        "{n} trees cut at random. A strange reading is alone after few cuts: {mean} on average here, {usual} usually.",
        n=len(paths), mean=f"{paths.mean():.1f}", usual=f"{normal:.1f}",
    )  # fmt: skip


def _mass(look: Look, level: float) -> tuple[go.Figure, str]:
    stops = look.inside["machines"][look.machine]
    window = max(1, int(look.inside["window"][_number(look)]))
    share = 100 * np.array(stops["mass"]) / window
    figure = _new()
    order = np.argsort(share)
    depth = np.array(stops["depth"])[order]
    figure.add_bar(
        x=np.arange(1, len(share) + 1), y=share[order], name=t("trees"),
        marker={"color": depth, "colorscale": "Viridis", "colorbar": {"title": t("depth"), "thickness": 12}},
        hovertemplate="%{y:.2f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=t("trees, the emptiest half-space first"))
    figure.update_yaxes(title=t("readings in the same half-space (%)"))
    return figure, t(
        "Each tree halves the space again and again. Bars: how many of the last {n} readings fell where this one "
        "falls. Many low bars = nobody was here before.", n=f"{window:,}",
    )  # fmt: skip


def _neighbours(look: Look, level: float) -> tuple[go.Figure, str]:
    m = _number(look)
    reading, near = np.array(look.inside["reading"][m]), np.array(look.inside["neighbours"][m])
    figure = _new()
    names = [sensor.replace("_", " ") for sensor in look.sensors]
    for row in near:
        line = {"color": OKABE_ITO[0], "width": 1}
        figure.add_scatter(x=names, y=row, mode="lines", line=line, opacity=0.4, showlegend=False, hoverinfo="skip")
    figure.add_scatter(x=names, y=near.mean(axis=0), mode="lines", name=t("nearest training readings"),
                       line={"color": OKABE_ITO[0], "width": 2, "dash": "dash"})  # fmt: skip
    figure.add_scatter(x=names, y=reading, mode="lines+markers", name=t("this reading"), marker={"symbol": "x"},
                       line={"color": NOW, "width": 2.5})  # fmt: skip
    figure.update_yaxes(title=t("deviation (σ)"))
    distance = np.array(look.inside["distances"][m])
    return figure, t(
        "The {n} training readings that are most like this one. Even the nearest is {d} σ away.",
        n=len(near), d=f"{distance.min():.2f}",
    )  # fmt: skip


def _two_shapes(look: Look, now: list[Any], other: list[Any], name: str) -> go.Figure:
    from plotly.subplots import make_subplots

    shown = _strongest(look, 3)
    titles = [look.sensors[k].replace("_", " ") for k in shown]
    figure = make_subplots(rows=1, cols=len(shown), subplot_titles=titles, horizontal_spacing=0.08)
    for column, k in enumerate(shown, start=1):
        first = column == 1
        line = {"color": USUAL, "dash": "dash", "width": 2}
        figure.add_scatter(y=other[k], mode="lines", line=line, name=name, showlegend=first, row=1, col=column)
        line = {"color": NOW, "width": 2}
        figure.add_scatter(y=now[k], mode="lines", line=line, name=t("now"), showlegend=first, row=1, col=column)
    figure.update_xaxes(title=t("readings"))
    return figure


def _motif(look: Look, level: float) -> tuple[go.Figure, str]:
    lanes = look.inside["lanes"][_number(look)]
    now, before = [], []
    for lane in lanes:
        stretch, motif = np.array(lane["stretch"]), np.array(lane["motif"])
        now.append(stretch - stretch.mean())
        before.append((motif - motif.mean()) / max(float(motif.std()), 1e-12) * stretch.std())
    k = _strongest(look, 1)[0]
    return _two_shapes(look, now, before, t("most like it before")), t(
        "The newest stretch of each sensor on its best match in the past (moved and scaled). For {sensor} that was "
        "{n} readings ago, at distance {d}: far = a shape never seen before.",
        sensor=look.sensors[k], n=lanes[k]["ago"], d=f"{lanes[k]['distance']:.2f}",
    )  # fmt: skip


def _stretches(look: Look, level: float) -> tuple[go.Figure, str]:
    m = _number(look)
    figure = _two_shapes(look, look.inside["stretch"][m], look.inside["usual"][m], t("usual shape"))
    return figure, t("The newest stretch of the sensors blamed most, and the usual shape nearest to it.")


def _bars(look: Look, values: Any, title: str) -> go.Figure:
    figure = _new()
    names = [sensor.replace("_", " ") for sensor in look.sensors]
    figure.add_bar(x=names, y=np.asarray(values, float), marker_color=OKABE_ITO[0])
    figure.update_yaxes(title=title)
    figure.update_layout(showlegend=False)
    return figure


def _spe(look: Look, level: float) -> tuple[go.Figure, str]:
    inside = look.inside["machines"][look.machine]
    figure = _bars(look, inside["shares"], t("squared error (σ²)"))
    figure.add_hline(inside["limit"], line={"dash": "dash", "color": LIMIT}, annotation_text=t("limit of the sum"))
    return figure, t(
        "A few directions explain how the sensors usually move together. Bars: what they leave unexplained of each "
        "sensor; their sum is measured against the dashed limit."
    )


def _projections(look: Look, level: float) -> tuple[go.Figure, str]:
    shares = look.inside["machines"][look.machine]["shares"]
    words = t("{n} random projections, each of a few sensors. Bars: how much stranger those with the sensor are.",
              n=len(look.inside["projections"]))  # fmt: skip
    return _bars(look, shares, t("bits")), words


def _forest(look: Look, level: float) -> tuple[go.Figure, str]:
    inside = look.inside["machines"][look.machine]
    figure = _new()
    x = np.linspace(inside["usual"] - 5 * inside["spread"], inside["usual"] + 8 * inside["spread"], 200)
    y = np.exp(-0.5 * ((x - inside["usual"]) / max(inside["spread"], 1e-12)) ** 2)
    figure.add_scatter(x=x, y=y, mode="lines", fill="tozeroy", line={"color": OKABE_ITO[0]}, name=t("usual"))
    now = inside["usual"] + look.scores[look.at] * inside["spread"]
    figure.add_vline(now, line={"color": NOW, "width": 2}, annotation_text=t("this reading"))
    figure.update_xaxes(title=t("strangeness that the trees give"))
    figure.update_yaxes(showticklabels=False)
    return figure, t("How strange the trees usually find this machine, and how strange they find this reading.")


def _deviations(look: Look, level: float) -> tuple[go.Figure, str]:
    figure = _lines(look, look.inside["machines"][look.machine], str(look.inside.get("unit", "σ")))
    if np.isfinite(level):
        figure.add_hline(level, line={"dash": "dash", "color": LIMIT, "width": 1})
    return figure, t("The sensors blamed most, each in its own standard deviations; the largest is the score.")


def _limits(look: Look, level: float) -> tuple[go.Figure, str]:
    k, m = _strongest(look, 1)[0], _number(look)
    figure = _new()
    at = moments(look.fed.times_us)
    line = {"color": OKABE_ITO[0], "width": 1.6}
    figure.add_scatter(x=at, y=look.fed.values[:, m, k], mode="lines", line=line, name=look.sensors[k])
    for name, dash in (("low_mark", "dash"), ("low", "dot"), ("high", "dot"), ("high_mark", "dash")):
        value = look.inside[name][k]
        if value is not None:
            figure.add_hline(value, line={"dash": dash, "color": LIMIT, "width": 1}, annotation_text=name)
    return figure, t("The sensor nearest to its marks. The score is 0 inside the dotted lines and 1 at the dashed one.")


def _tails(look: Look, level: float) -> tuple[go.Figure, str]:
    m = _number(look)
    figure = _new()
    names = [sensor.replace("_", " ") for sensor in look.sensors]
    for side, words, color in (("left", t("this low"), OKABE_ITO[0]), ("right", t("this high"), OKABE_ITO[1])):
        figure.add_bar(x=names, y=np.asarray(look.inside[side][m], float), name=words, marker_color=color)
    figure.update_yaxes(type="log", title=t("share of training readings"))
    return figure, t("How rare a value this low or this high was in training, sensor by sensor (logarithmic).")


def _prediction(look: Look, level: float) -> tuple[go.Figure, str]:
    m = _number(look)
    figure = _lines(look, look.inside["readings"][m], t("as fed"), look.inside["foretold"][m])
    return figure, t("Solid: what came. Dotted: what the last readings foretold. The gap is the score.")


def _saliency(look: Look, level: float) -> tuple[go.Figure, str]:
    figure = _lines(look, look.inside["saliency"][_number(look)], t("saliency"))
    return figure, t("What remains of each sensor when everything regular is taken out of its spectrum.")


def _profile(look: Look, level: float) -> tuple[go.Figure, str]:
    figure = _new()
    for place, k in enumerate(_strongest(look, 3)):
        day = np.array(look.inside["profile"][_number(look)][k], float)
        line = {"color": OKABE_ITO[place], "dash": DASHES[place]}
        figure.add_scatter(x=np.arange(48) / 2, y=day, mode="lines", line=line, name=look.sensors[k].replace("_", " "))
    figure.update_xaxes(title=t("hour of the day"))
    return figure, t("The usual day of the sensors blamed most, in half hours, as the detector knows it.")


def _fed(look: Look, level: float) -> tuple[go.Figure, str]:
    figure = _lines(look, look.fed.values[:, _number(look)].T, t("as fed"))
    return figure, t("This method shows nothing of its inside yet; here is what it was fed, most blamed sensors first.")


_DRAWN: dict[str, Any] = {
    "ladder": _ladder, "ellipse": _ellipse, "isolation_paths": _paths, "half-space mass": _mass,
    "neighbours": _neighbours, "motif": _motif, "stretches": _stretches, "prediction error": _spe,
    "projections": _projections, "forest": _forest, "averages": _deviations, "deviations": _deviations,
    "limits": _limits, "tails": _tails, "prediction": _prediction, "saliency": _saliency, "daily_profile": _profile,
}  # fmt: skip
