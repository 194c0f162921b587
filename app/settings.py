"""Sliders and fields made from what a part says about its own parameters."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app.i18n import t
from engine.params import Choice, Parameter, Range, parameters_of


def settings_form(cls: type, key: str, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Draw one widget for each parameter of a part and return the chosen values, ready for `catalog.make`.

    Parameters
    ----------
    cls
        The part: a dataclass whose fields carry Range or Choice.
    key
        Put before each widget's key, so that two forms of one part can stand on a page.
    leave_out
        Names of parameters that the page asks for in its own way.
    """
    shown = [parameter for parameter in parameters_of(cls) if parameter.name not in leave_out]
    if not shown:
        st.caption(t("Nothing to set."))
    return {parameter.name: field(parameter, f"{key}/{parameter.name}") for parameter in shown}


def field(parameter: Parameter, key: str) -> Any:
    """Draw the widget of one parameter and return its value."""
    unit = f" ({parameter.unit})" if parameter.unit else ""
    label = parameter.name.replace("_", " ").capitalize() + unit
    if parameter.kind is bool:
        return st.toggle(label, bool(parameter.default), key=key, help=parameter.help)
    if isinstance(parameter.rule, Choice):
        options = list(parameter.rule.options)
        at = options.index(parameter.default) if parameter.default in options else 0
        return st.selectbox(label, options, at, key=key, help=parameter.help)
    if isinstance(parameter.rule, Range) and parameter.kind in (int, float):
        return _number(parameter, parameter.rule, label, key)
    return st.text_input(label, str(parameter.default or ""), key=key, help=parameter.help)


def _number(parameter: Parameter, rule: Range, label: str, key: str) -> Any:
    kind = parameter.kind
    low, high = kind(rule.low), kind(rule.high)
    value = kind(parameter.default if parameter.default is not None else low)
    if rule.log and low > 0:
        steps = log_steps(low, high, value, whole=kind is int)
        return st.select_slider(label, steps, value, key=key, help=parameter.help, format_func=lambda v: f"{v:g}")
    step = kind(rule.step) if rule.step else (1 if kind is int else nice_step(low, high))
    return st.slider(label, low, high, value, step, key=key, help=parameter.help)


def nice_step(low: float, high: float) -> float:
    """Return a round step that divides the range in 50 to 500 parts."""
    if high <= low:
        return 1.0
    return 10.0 ** math.floor(math.log10((high - low) / 50))


def log_steps(low: float, high: float, value: float, *, whole: bool) -> list[Any]:
    """Return values from low to high, evenly spaced in powers of ten, rounded, with `value` among them."""
    count = max(2, round(math.log10(high / low) * 9) + 1)
    points = [low * (high / low) ** (k / (count - 1)) for k in range(count)]
    rounded = {round(p) if whole else float(f"{p:.2g}") for p in points} | {low, high, value}
    return sorted(point for point in rounded if low <= point <= high)
