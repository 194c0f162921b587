"""A tone for new alarms: muted at first, made in the browser, and never twice within the cool-down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.i18n import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.alarming.records import Alarm

PRIORITIES = ("notice", "warning", "critical")
COOL_DOWNS_S = (10, 30, 60, 300)
# Browsers allow sound only after a person has acted in the page; pressing the button is that act. Choices live in the
# browser: each listener mutes for himself.
PLAYER = """
const held = new WeakMap()
const tones = { notice: [660], warning: [660, 880], critical: [880, 660, 880, 660] }
const kept = (name, otherwise) => { try { return localStorage.getItem("faultlab-" + name) ?? otherwise } catch { return otherwise } }
const keep = (name, value) => { try { localStorage.setItem("faultlab-" + name, value) } catch { /* private window */ } }

export default function (component) {
  const place = component.parentElement.querySelector(".sound"), data = component.data
  let mine = held.get(place)
  if (!mine) {
    mine = { seen: null, last: 0, on: false, audio: null, played: 0 }
    held.set(place, mine)
    const button = place.querySelector("button"), choice = place.querySelector("select"), test = place.querySelector(".test")
    for (const [seconds, word] of data.choices) choice.add(new Option(word, seconds))
    choice.value = kept("sound-cool-down", "30")
    choice.onchange = () => keep("sound-cool-down", choice.value)
    button.onclick = () => { mine.on = !mine.on; if (mine.on) unlock(mine); show(place, mine, mine.data) }
    test.onclick = () => { unlock(mine); play(place, mine, "warning") }
  }
  mine.data = data
  show(place, mine, data)
  const fresh = mine.seen === null ? [] : data.alarms.filter(([number]) => !mine.seen.has(number))
  mine.seen = new Set(data.alarms.map(([number]) => number))
  const wait = Number(place.querySelector("select").value) * 1000
  if (mine.on && fresh.length && Date.now() - mine.last >= wait) {
    const order = ["notice", "warning", "critical"]
    play(place, mine, fresh.map(([, priority]) => priority).sort((a, b) => order.indexOf(b) - order.indexOf(a))[0])
  }
}

function unlock(mine) { mine.audio ??= new AudioContext(); mine.audio.resume() }

function show(place, mine, data) {
  const button = place.querySelector("button")
  button.textContent = mine.on ? "🔔 " + data.words.on : "🔕 " + data.words.off
  button.setAttribute("aria-pressed", String(mine.on))
  place.querySelector("label span").textContent = data.words.cool
  place.querySelector(".test").textContent = data.words.test
}

function play(place, mine, priority) {
  if (!mine.audio) return
  mine.last = Date.now()
  place.dataset.played = String(++mine.played)
  place.dataset.priority = priority
  tones[priority].forEach((pitch, k) => {
    const tone = mine.audio.createOscillator(), loud = mine.audio.createGain(), at = mine.audio.currentTime + k * 0.22
    tone.frequency.value = pitch
    tone.connect(loud).connect(mine.audio.destination)
    loud.gain.setValueAtTime(0.0001, at)
    loud.gain.exponentialRampToValueAtTime(0.18, at + 0.02)
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.2)
    tone.start(at); tone.stop(at + 0.21)
  })
}
"""
STYLE = """
.sound { display: flex; flex-wrap: wrap; gap: 0.5rem 0.8rem; align-items: center; justify-content: flex-end; font-family: var(--st-font); font-size: 0.88rem; color: var(--st-text-color); }
button, select { font: inherit; color: inherit; background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color); border-radius: 0.5rem; padding: 0.3rem 0.7rem; min-height: 2.2rem; cursor: pointer; }
button:hover { border-color: var(--st-primary-color); }
button[aria-pressed="true"] { border-color: var(--st-primary-color); box-shadow: inset 0 0 0 1px var(--st-primary-color); }
button:focus-visible, select:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
"""  # noqa: E501, one rule to a line
_component = st.components.v2.component(
    "faultlab_alarm_sound",
    html='<div class="sound"><button type="button"></button><label><span></span> <select></select></label>'
    '<button type="button" class="test"></button></div>',
    js=PLAYER,
    css=STYLE,
)


def alarm_sound(alarms: Sequence[Alarm], key: str = "alarm_sound") -> None:
    """Draw the switch; alarms that are raised and were not there the last time make the tone of their priority."""
    heard = [[alarm.number, alarm.priority] for alarm in alarms if alarm.state == "raised"]
    words = {
        "on": t("Sound on"),
        "off": t("Sound off"),
        "cool": t("Silence between tones"),
        "test": t("Hear it"),
    }
    choices = [[seconds, t("{n} s", n=seconds)] for seconds in COOL_DOWNS_S]
    _component(key=key, data={"alarms": heard, "words": words, "choices": choices})
