// Pointer and keyboard: everything a drag does, keys and buttons do too.

import { moment, nearest, short } from "./label_frame.js"

const DRAG_PX = 4

export function pointer(app) {
  const { plots, over } = app.ui
  let from = null
  const placeOf = (canvas) => (canvas === app.ui.lane ? app.ui.lanePlace : app.ui.tiles.find((tile) => tile.canvas === canvas)?.place)
  const time = (event, canvas = event.target) => {
    const at = placeOf(canvas)?.time(event.clientX - canvas.getBoundingClientRect().left)
    return at === undefined ? null : Math.max(app.view.start, Math.min(app.view.end, at))
  }
  plots.addEventListener("pointerdown", (event) => {
    if (event.target.tagName !== "CANVAS" || event.button !== 0) return
    from = { x: event.clientX, time: time(event), target: event.target }
    event.target.setPointerCapture(event.pointerId)
  })
  plots.addEventListener("pointermove", (event) => {
    if (event.target.tagName !== "CANVAS") return
    app.cursor = time(event)
    if (from && Math.abs(event.clientX - from.x) > DRAG_PX) app.selection = [from.time, app.cursor]
    app.draw()
  })
  plots.addEventListener("pointerup", (event) => {
    if (from && app.selection) app.apply(app.selection)
    else if (from) app.pick(app.labelAt(from.time))
    from = null
    app.draw()
  })
  plots.addEventListener("pointerleave", () => { if (!from) { app.cursor = null; app.draw() } })
  plots.addEventListener("pointercancel", () => { from = app.selection = null; app.draw() })
  plots.addEventListener("dblclick", (event) => { if (event.target.tagName === "CANVAS" && app.mode === "zoom") app.zoom(4) })
  over.addEventListener("click", (event) => {
    const box = over.getBoundingClientRect(), row = Math.floor((event.clientY - box.top - 3) / 26)
    const width = app.view.end - app.view.start, at = app.overPlace.time(event.clientX - box.left)
    if (app.data.machines[row]) app.choose(app.data.machines[row])
    if (at >= app.data.start) app.setView(at - width / 2, at + width / 2)
  })
}

export function keyboard(app) {
  app.ui.plots.addEventListener("keydown", (event) => {
    if (event.altKey || event.target !== app.ui.plots) return
    const control = event.ctrlKey || event.metaKey
    const act = control ? CONTROL[event.key.toLowerCase()] : KEYS[event.key] ?? KEYS[event.key.toLowerCase()] ?? machineOf(app, event.key)
    if (!act) return
    act(app, event)
    event.preventDefault()
    event.stopPropagation()
    app.draw()
  })
}

function machineOf(app, key) {
  const machine = /^[1-9]$/.test(key) && app.data.machines[Number(key) - 1]
  return machine ? () => app.choose(machine) : null
}

function move(app, event, direction) {
  const { start, end } = app.view, was = app.cursor ?? (start + end) / 2, step = Math.max(app.window?.step_ms || 0, (end - start) / 120)
  const to = Math.max(start, Math.min(end, was + direction * step))
  app.selection = event.shiftKey ? [app.selection?.[0] ?? was, to] : null
  app.cursor = to
  app.ui.say(spoken(app))
}

function leave(app) {
  app.cursor = app.selection = app.begun = null
  if (app.mode === "label") app.setMode("zoom")
}

const KEYS = {
  ArrowLeft: (app, event) => move(app, event, -1),
  ArrowRight: (app, event) => move(app, event, 1),
  Enter: (app) => app.selection && app.apply(app.selection),
  Escape: leave,
  PageUp: (app) => app.pan(-0.8),
  PageDown: (app) => app.pan(0.8),
  Home: (app) => app.setView(app.data.start, app.data.end),
  "+": (app) => app.zoom(0.5),
  "-": (app) => app.zoom(2),
  "[": (app) => app.begin(),
  "]": (app) => app.finish(),
  l: (app) => !app.data.hidden && app.setMode(app.mode === "zoom" ? "label" : "zoom"),
  n: (app) => app.nextLabel(),
  u: (app) => app.nextUnseen(),
  Delete: (app) => app.data.selected !== null && app.act({ act: "remove", index: app.data.selected }),
}
const CONTROL = { z: (app) => app.act({ act: "undo" }), y: (app) => app.act({ act: "redo" }) }

function spoken(app) {
  const times = app.window?.t
  if (!times?.length) return ""
  const at = nearest(times, app.cursor)
  const values = app.data.sensors.map((s) => { const v = app.window.lo[s.name]?.[at]; return v === null || v === undefined ? "" : `${s.title} ${short(v)} ${s.unit}` })
  const label = app.labelAt(app.cursor)
  return `${moment(times[at])}: ${values.filter(Boolean).join(", ")}${label >= 0 ? `; ${app.data.words.lane} ${label + 1}` : ""}`
}
