// Drawing: overview strip with coverage, the lane of labels, a sensor's thinned readings.

import { INK, prepare, scales, timeAxis } from "../assets/plot.js"

const ROW = 26, DAY = 86400e3

export function drawOver(app) {
  const { ui, data, theme } = app, canvas = ui.over, size = Math.round(theme.rem * 0.7)
  canvas.style.height = `${data.machines.length * ROW + size * 1.7 + 4}px`
  const { pen, width, height } = prepare(canvas), left = app.overLeft = Math.max(...data.machines.map((m) => m.length)) * size * 0.62 + 14
  const place = app.overPlace = scales(width, height, { start: data.start, end: data.end }, 0, 1, left, size * 1.7)
  pen.font = `${size}px ${theme.font}`
  data.machines.forEach((machine, k) => {
    const y = 3 + k * ROW, chosen = machine === app.machine
    pen.fillStyle = theme.stop
    pen.fillRect(place.left, y, place.w, ROW - 3)
    pen.fillStyle = theme.dark ? "rgba(86,180,233,.20)" : "rgba(0,114,178,.13)"
    for (const [name, start, end] of app.seen) if (name === machine) pen.fillRect(place.x(start), y, Math.max(1, place.x(end) - place.x(start)), ROW - 3)
    sparkline(pen, app, machine, place, y)
    for (const label of data.labels) if (label.machine === machine) bar(pen, app, label, place, y + 3, ROW - 9, false)
    pen.fillStyle = chosen ? theme.text : theme.soft; pen.textAlign = "left"; pen.textBaseline = "middle"
    pen.font = `${chosen ? "600 " : ""}${size}px ${theme.font}`
    pen.fillText(machine, 8, y + ROW / 2 - 1)
    pen.font = `${size}px ${theme.font}`
    if (chosen) frame(pen, app, place, y)
  })
  future(pen, app, place, height)
  const axis = { ...place, top: 0, h: data.machines.length * ROW }
  if (data.end - data.start <= 2 * DAY) timeAxis(pen, axis, theme, { start: data.start, end: data.end }, size)
  else days(pen, axis, theme, data, size)
}

// Days by date; midnight is where one begins.
function days(pen, place, theme, data, size) {
  const every = Math.max(1, Math.ceil((((data.end - data.start) / DAY) * size * 4) / place.w))
  pen.textAlign = "left"; pen.textBaseline = "top"; pen.fillStyle = theme.soft; pen.strokeStyle = theme.grid; pen.lineWidth = 1
  for (let at = Math.ceil(data.start / DAY) * DAY; at < data.end; at += every * DAY) {
    const x = Math.round(place.x(at)) + 0.5
    pen.beginPath(); pen.moveTo(x, 3); pen.lineTo(x, place.h + 6); pen.stroke()
    if (x < place.left + place.w - size * 3) pen.fillText(new Date(at).toISOString().slice(5, 10), x + 3, place.h + 4)
  }
}

function frame(pen, app, place, y) {
  const x = place.x(app.view.start), w = Math.max(3, place.x(app.view.end) - x)
  pen.strokeStyle = app.theme.text; pen.lineWidth = 2
  pen.strokeRect(x, y - 0.5, w, ROW - 2)
}

function sparkline(pen, app, machine, place, y) {
  const over = app.over.get(machine), low = over?.lo?.[app.sensor]
  if (!low) return
  const high = over.hi[app.sensor] ?? low, all = [...low, ...high].filter((v) => v !== null)
  const [bottom, top] = [Math.min(...all), Math.max(...all)], scale = (v) => y + ROW - 5 - ((v - bottom) / (top - bottom || 1)) * (ROW - 8)
  pen.strokeStyle = app.theme.soft; pen.lineWidth = 1; pen.globalAlpha = 0.8; pen.beginPath()
  over.t.forEach((t, k) => { if (low[k] !== null) { pen.moveTo(place.x(t), scale(low[k])); pen.lineTo(place.x(t), scale(high[k]) - 0.8) } })
  pen.stroke(); pen.globalAlpha = 1
}

// What the stream has not reached is hatched: there is nothing to see, not even in the page's memory.
function future(pen, app, place, height) {
  if (!app.data.hidden || app.until >= app.data.end) return
  const x = Math.max(place.left, place.x(app.until)), to = place.left + place.w
  if (x >= to) return
  pen.save(); pen.beginPath(); pen.rect(x, 0, to - x, height); pen.clip()
  pen.strokeStyle = app.theme.grid; pen.lineWidth = 3; pen.beginPath()
  for (let k = x - height; k < to; k += 10) { pen.moveTo(k, height); pen.lineTo(k + height, 0) }
  pen.stroke(); pen.restore()
  pen.strokeStyle = app.theme.red; pen.lineWidth = 1.5
  pen.beginPath(); pen.moveTo(x, 0); pen.lineTo(x, height); pen.stroke()
}

export function drawLane(app) {
  const { ui, data, theme, view } = app, { pen, width, height } = prepare(ui.lane), size = Math.round(theme.rem * 0.69)
  const place = (ui.lanePlace = scales(width, height, view, 0, 1, size * 3.8, 2))
  pen.font = `${size}px ${theme.font}`
  pen.fillStyle = theme.stop
  pen.fillRect(place.left, 3, place.w, height - 6)
  clipped(pen, place, height, () => {
    data.labels.forEach((label, k) => label.machine === app.machine && bar(pen, app, label, place, 4, height - 8, true, k === data.selected))
    picked(pen, app, place, 3, height - 6)
  })
  if (!data.labels.some((l) => l.machine === app.machine && l.end > view.start && l.start < view.end)) {
    pen.fillStyle = theme.soft; pen.textAlign = "left"; pen.textBaseline = "middle"
    pen.fillText(data.words.lane, place.left + 8, height / 2)
  }
  future(pen, app, place, height)
}

function clipped(pen, place, height, draw) {
  pen.save(); pen.beginPath(); pen.rect(place.left, 0, place.w, height); pen.clip()
  draw()
  pen.restore()
}

// A label: solid when sure, striped when maybe; the chosen one has a frame.
function bar(pen, app, label, place, y, h, named, chosen = false) {
  const x = Math.max(place.left, place.x(label.start)), w = Math.min(place.left + place.w, Math.max(x + 2, place.x(label.end))) - x
  if (w <= 0) return
  pen.fillStyle = INK.orange
  pen.globalAlpha = label.maybe ? 0.45 : 0.95
  pen.fillRect(x, y, w, h)
  pen.globalAlpha = 1
  if (label.maybe) {
    pen.save(); pen.beginPath(); pen.rect(x, y, w, h); pen.clip(); pen.strokeStyle = INK.orange; pen.lineWidth = 3; pen.beginPath()
    for (let k = x - h; k < x + w; k += 8) { pen.moveTo(k, y + h); pen.lineTo(k + h, y) }
    pen.stroke(); pen.restore()
  }
  if (chosen) { pen.strokeStyle = app.theme.text; pen.lineWidth = 2; pen.strokeRect(x, y, w, h) }
  if (!named) return
  const text = (label.title || app.data.words.unnamed) + (label.maybe ? " ?" : "")
  if (pen.measureText(text).width > w - 8) return
  pen.fillStyle = "#1b1400"; pen.textAlign = "left"; pen.textBaseline = "middle"
  pen.fillText(text, x + 5, y + h / 2 + 0.5)
}

function picked(pen, app, place, y, h) {
  if (app.begun !== null) {
    pen.strokeStyle = INK.orange; pen.lineWidth = 2; pen.setLineDash([4, 3])
    pen.beginPath(); pen.moveTo(place.x(app.begun), y); pen.lineTo(place.x(app.begun), y + h); pen.stroke(); pen.setLineDash([])
  }
  if (!app.selection) return
  const [from, to] = [Math.min(...app.selection), Math.max(...app.selection)]
  pen.fillStyle = app.mode === "label" ? "rgba(230,159,0,.35)" : app.theme.select
  pen.fillRect(place.x(from), y, place.x(to) - place.x(from), h)
}

export function drawTile(app, tile, k) {
  const { theme, view, window } = app, { pen, width, height } = prepare(tile.canvas)
  const size = Math.round(theme.rem * 0.66), last = k === app.ui.tiles.length - 1
  const range = rangeOf(window, tile.sensor), place = (tile.place = scales(width, height, view, range[0], range[1], size * 4, last ? size * 1.7 : 3))
  pen.font = `${size}px ${theme.font}`
  ground(pen, app, tile.sensor, place, range, size)
  clipped(pen, place, height, () => {
    for (const label of app.data.labels) if (label.machine === app.machine) {
      pen.fillStyle = app.data.labels[app.data.selected] === label ? "rgba(230,159,0,.30)" : "rgba(230,159,0,.17)"
      pen.fillRect(place.x(label.start), place.top, place.x(label.end) - place.x(label.start), place.h)
    }
    picked(pen, app, place, place.top, place.h)
    if (window) readings(pen, window, tile.sensor.name, place, theme)
    if (app.cursor !== null) {
      pen.strokeStyle = theme.soft; pen.lineWidth = 1
      pen.beginPath(); pen.moveTo(place.x(app.cursor), place.top); pen.lineTo(place.x(app.cursor), place.top + place.h); pen.stroke()
    }
  })
  future(pen, app, place, place.top + place.h)
  if (last) timeAxis(pen, place, theme, view, size)
}

function rangeOf(window, sensor) {
  const low = (window?.lo?.[sensor.name] ?? []).filter((v) => v !== null), high = (window?.hi?.[sensor.name] ?? window?.lo?.[sensor.name] ?? []).filter((v) => v !== null)
  if (!low.length) return sensor.normal
  const bottom = low.reduce((a, b) => Math.min(a, b)), top = high.reduce((a, b) => Math.max(a, b)), room = (top - bottom) * 0.08 || 0.5
  return [bottom - room, top + room]
}

function ground(pen, app, sensor, place, [low, high], size) {
  const { theme, window } = app, top = place.y(Math.min(sensor.normal[1], high)), bottom = place.y(Math.max(sensor.normal[0], low))
  pen.fillStyle = theme.band
  if (bottom > top) pen.fillRect(place.left, top, place.w, bottom - top)
  pen.fillStyle = theme.soft; pen.strokeStyle = theme.grid; pen.textAlign = "right"; pen.textBaseline = "middle"; pen.lineWidth = 1
  const rough = (high - low) / 2.6, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((k) => k * power >= rough) * power
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    const y = Math.round(place.y(value)) + 0.5
    pen.beginPath(); pen.moveTo(place.left, y); pen.lineTo(place.left + place.w, y); pen.stroke()
    if (y > size * 0.6) pen.fillText(value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))), place.left - 5, y)
  }
  pen.fillStyle = theme.dark ? "rgba(204,121,167,.22)" : "rgba(204,121,167,.20)"
  window?.m?.forEach((stopped, k) => { if (stopped) pen.fillRect(place.x(window.t[k]), place.top, Math.max(1, (window.step_ms * place.w) / (app.view.end - app.view.start)), place.h) })
}

// From lowest to highest of each stretch, joined: the same picture as with all readings, in a thousandth of the time.
function readings(pen, window, name, place, theme) {
  const low = window.lo[name], high = window.hi[name] ?? low
  if (!low) return
  pen.strokeStyle = theme.line; pen.lineWidth = 1.3; pen.lineJoin = "round"; pen.beginPath()
  let down = false
  for (let k = 0; k < low.length; k++) {
    if (low[k] === null) { down = false; continue }
    const x = place.x(window.t[k])
    if (down) pen.lineTo(x, place.y(low[k]))
    else pen.moveTo(x, place.y(low[k]))
    if (high[k] !== low[k]) pen.lineTo(x, place.y(high[k]))
    down = true
  }
  pen.stroke()
}
