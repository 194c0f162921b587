// Pointer and keyboard on the charts: everything a drag does, keys do too.

import { clock } from "./plot.js"
import { setMode } from "./frame.js"

const DRAG_PX = 4

export function pointer(live) {
  const { plots } = live.ui
  let from = null, place = null
  const at = (event) => place.time(event.clientX - event.target.getBoundingClientRect().left)
  plots.addEventListener("pointerdown", (event) => {
    if (event.target.tagName !== "CANVAS" || event.button !== 0) return
    place = placeOf(live, event.target)
    if (!place) return
    from = { x: event.clientX, time: at(event), target: event.target }
    event.target.setPointerCapture(event.pointerId)
  })
  plots.addEventListener("pointermove", (event) => {
    if (event.target.tagName !== "CANVAS") return
    place = placeOf(live, event.target)
    if (!place) return
    live.cursor = at(event)
    if (from && Math.abs(event.clientX - from.x) > DRAG_PX) live.selection = [from.time, live.cursor]
    live.dirty = true
  })
  plots.addEventListener("pointerup", (event) => {
    if (from && live.selection) live.apply(live.selection)
    from = null
    live.dirty = true
  })
  plots.addEventListener("pointerleave", () => { if (!from) { live.cursor = null; live.dirty = true } })
  plots.addEventListener("pointercancel", () => { from = live.selection = null })
  plots.addEventListener("dblclick", () => live.setZoom(null))
}

function placeOf(live, canvas) {
  if (canvas === live.ui.lanes) return live.ui.lanesPlace
  return live.ui.charts.find((chart) => chart.canvas === canvas)?.place
}

export function keyboard(live) {
  live.ui.plots.addEventListener("keydown", (event) => {
    if (!live.series?.length || event.ctrlKey || event.metaKey || event.altKey) return
    const act = KEYS[event.key]
    if (!act) return
    act(live, event)
    event.preventDefault()
    live.dirty = true
  })
  live.ui.plots.addEventListener("blur", () => { live.cursor = live.selection = null; live.dirty = true })
}

function move(live, event, direction) {
  const view = live.view, was = live.cursor ?? view.end
  const to = Math.max(view.start, Math.min(view.end, was + (direction * (view.end - view.start)) / 60))
  if (live.heldAt === null && !live.zoom) live.hold(true) // a cursor on running ground would slide away
  if (event.shiftKey) live.selection = [live.selection?.[0] ?? was, to]
  else live.selection = null
  live.cursor = to
  live.ui.say(spoken(live))
}

function nearer(live, factor) {
  const view = live.view, middle = live.cursor ?? (view.start + view.end) / 2, half = ((view.end - view.start) / 2) * factor
  live.setZoom([middle - half, Math.min(middle + half, live.series.last)])
}

function leave(live) {
  live.cursor = live.selection = null
  live.setZoom(null)
  if (live.heldAt !== null) live.hold(false)
}

const KEYS = {
  ArrowLeft: (live, event) => move(live, event, -1),
  ArrowRight: (live, event) => move(live, event, 1),
  Enter: (live) => live.selection && live.apply(live.selection),
  Escape: leave,
  "+": (live) => nearer(live, 0.5),
  "-": (live) => nearer(live, 2),
  " ": (live) => live.hold(live.heldAt === null),
  m: (live) => setMode(live, live.mode === "zoom" ? "mark" : "zoom"),
}

function spoken(live) {
  const at = live.series.nearest(live.cursor)
  if (at < 0) return ""
  const values = live.info.sensors.map((sensor, k) => `${sensor.title} ${live.ui.charts[k].format(live.series.value(at, live.machine, k))} ${sensor.unit}`)
  return `${clock(live.series.times[at])}: ${values.join(", ")}`
}
