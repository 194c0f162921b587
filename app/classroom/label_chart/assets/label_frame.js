// The elements of the labelling component, built once.

import { element } from "../assets/frame.js"

export function build(root, app) {
  const { words, windows } = app.data, ui = { root, words }
  const button = (text, act, more = {}) => element("button", { type: "button", onclick: act, text, ...more })
  ui.modeText = element("span", { text: words.zooming })
  ui.mode = element("button", { type: "button", class: "mode", "aria-pressed": "false", title: words.mode_help, onclick: () => app.setMode(app.mode === "zoom" ? "label" : "zoom") },
    ui.modeText, element("kbd", { text: "L", "aria-hidden": "true" }))
  ui.begin = button(words.begin, () => app.begin(), { title: "[" })
  ui.finish = button(words.finish, () => app.finish(), { title: "]" })
  ui.window = element("select", { "aria-label": words.window, onchange: () => size(app, Number(ui.window.value)) },
    ...windows.map(([hours, text]) => element("option", { value: hours, text, selected: hours === 24 && "" })),
    element("option", { value: 0, text: words.all }))
  const icon = (text, name, act) => button(text, act, { "aria-label": name, title: name })
  const bar = element("div", { class: "bar" }, ui.mode, ui.begin, ui.finish, element("span", { class: "gap" }),
    icon("◀", words.earlier, () => app.pan(-0.8)), icon("▶", words.later, () => app.pan(0.8)),
    icon("+", words.nearer, () => app.zoom(0.5)), icon("−", words.farther, () => app.zoom(2)), ui.window)
  ui.unseen = button(words.unseen, () => app.nextUnseen(), { title: "U" })
  bar.append(ui.unseen)
  for (const one of [ui.mode, ui.begin, ui.finish]) one.hidden = app.data.hidden
  ui.share = element("span", { class: "share", title: words.seen_help })
  ui.over = element("canvas", { class: "over", "aria-label": words.overview, role: "img" })
  ui.title = element("h3")
  ui.span = element("span", { class: "span" })
  ui.at = element("span", { class: "at" })
  ui.lane = element("canvas", { class: "lane", "aria-hidden": "true" })
  ui.note = element("p", { class: "note", role: "alert", text: words.lost, hidden: "" })
  ui.grid = element("div", {})
  ui.plots = element("div", { class: "plots", tabindex: "0", role: "application", "aria-label": words.keys_help },
    element("div", { class: "name" }, ui.title, ui.span, ui.at), ui.note, ui.lane, ui.grid)
  ui.spoken = element("div", { class: "spoken", "aria-live": "polite" })
  const keys = element("details", {}, element("summary", { text: words.keys }), element("p", { text: words.keys_help }))
  root.replaceChildren(bar, element("div", { class: "overhead" }, element("span", { text: words.overview }), ui.share), ui.over, ui.plots, keys, ui.spoken)
  ui.say = (text) => { ui.spoken.textContent = text }
  ui.readout = readout
  return ui
}

function size(app, hours) {
  if (!hours) return app.setView(app.data.start, app.data.end)
  const middle = app.cursor ?? app.view.start, width = hours * 3600e3
  app.setView(app.cursor === null ? middle : middle - width / 2, (app.cursor === null ? middle : middle - width / 2) + width)
}

export function fill(app) {
  app.ui.tiles = app.data.sensors.map((sensor) => {
    const canvas = element("canvas", { "aria-hidden": "true" }), value = element("span", { class: "value" })
    const what = element("button", { type: "button", class: "what", text: sensor.title, "aria-pressed": "false", onclick: () => { app.sensor = sensor.name; app.draw() } })
    const box = element("div", { class: "tile", "data-sensor": sensor.name },
      element("div", { class: "head" }, what, element("span", { class: "unit", text: sensor.unit }), value), canvas)
    return { box, canvas, value, what, sensor }
  })
  app.ui.grid.replaceChildren(...app.ui.tiles.map((tile) => tile.box))
}

export function moment(ms) { return new Date(ms).toISOString().slice(0, 16).replace("T", " ") }

function readout(app) {
  const { ui, window, view, data } = app
  ui.title.textContent = app.machine
  ui.span.textContent = waiting(ui) + `${moment(view.start)} – ${moment(view.end)} UTC`
  ui.at.textContent = app.cursor === null ? "" : new Date(app.cursor).toISOString().slice(0, 19).replace("T", " ")
  ui.share.textContent = `${data.words.seen} ${Math.round(100 * Math.min(1, app.share()))} %`
  ui.finish.disabled = app.begun === null
  const at = window?.t?.length && app.cursor !== null ? nearest(window.t, app.cursor) : -1
  for (const tile of ui.tiles) {
    const low = at < 0 ? null : window.lo[tile.sensor.name]?.[at], high = at < 0 ? null : (window.hi[tile.sensor.name] ?? window.lo[tile.sensor.name])?.[at]
    tile.value.textContent = low === null || low === undefined ? "" : Math.abs(high - low) < 1e-9 ? short(low) : `${short(low)} … ${short(high)}`
    tile.what.setAttribute("aria-pressed", String(app.sensor === tile.sensor.name))
  }
}

const waiting = (ui) => (ui.root.classList.contains("loading") && ui.words ? ui.words.loading + " … " : "")

export function short(value) { return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4))) }

export function nearest(times, at) {
  let low = 0, high = times.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] < at) low = middle + 1
    else high = middle
  }
  return low > 0 && at - times[low - 1] < times[low] - at ? low - 1 : low
}
