// Drawing on canvas: a sensor over time, the detectors' lanes, a small line for a card. No library: see DESIGN.md.

// Okabe and Ito (2008), "Color universal design"; each colour always comes with a shape and a word.
export const INK = { blue: "#0072B2", sky: "#56B4E9", green: "#009E73", orange: "#E69F00", red: "#D55E00", purple: "#CC79A7" }
export const SHAPES = { running: "●", watch: "◆", alarm: "▲", maintenance: "■", nodata: "○" }
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]

export function themeOf(element) {
  const style = getComputedStyle(element)
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback
  const paper = read("--st-background-color", "#ffffff")
  const dark = luminance(paper) < 0.4
  return {
    dark, paper, text: read("--st-text-color", "#222"), line: dark ? INK.sky : INK.blue, soft: dark ? "#9fb0c0" : "#5b6876",
    grid: dark ? "rgba(255,255,255,.09)" : "rgba(20,40,60,.09)", band: dark ? "rgba(0,158,115,.15)" : "rgba(0,158,115,.10)",
    select: dark ? "rgba(86,180,233,.25)" : "rgba(0,114,178,.16)", stop: dark ? "rgba(255,255,255,.06)" : "rgba(20,40,60,.06)",
    red: dark ? "#FF8A3D" : INK.red, orange: dark ? "#F0B429" : "#B77700",
    font: read("--st-font", "sans-serif"), rem: parseFloat(getComputedStyle(document.documentElement).fontSize) || 16,
  }
}

function luminance(colour) {
  const probe = document.createElement("canvas").getContext("2d")
  probe.fillStyle = colour
  const hex = probe.fillStyle
  if (hex[0] !== "#") return 1
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

// A canvas in the size of its box, sharp on every display; returns its context in CSS pixels.
export function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight
  const w = Math.round(width * ratio), h = Math.round(height * ratio)
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h }
  const pen = canvas.getContext("2d")
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  return { pen, width, height }
}

// Where things are: the plot area inside the canvas, time and value to pixels and back.
export function scales(width, height, view, low, high, left, bottom) {
  const right = 6, top = 6, spanX = Math.max(1, view.end - view.start), spanY = high - low || 1
  const w = Math.max(1, width - left - right), h = Math.max(1, height - top - bottom)
  return {
    left, top, w, h, x: (time) => left + ((time - view.start) / spanX) * w, y: (value) => top + (1 - (value - low) / spanY) * h,
    time: (x) => view.start + ((x - left) / w) * spanX,
  }
}

export function drawSensor(canvas, theme, series, view, machine, sensor, range, marks, cursor, selection) {
  const { pen, width, height } = prepare(canvas), size = Math.round(theme.rem * 0.69), left = size * 3.6
  const place = scales(width, height, view, range.low, range.high, left, size * 1.7)
  const meta = series.sensors[sensor]
  pen.font = `${size}px ${theme.font}`
  band(pen, place, theme, meta.normal, range)
  stops(pen, place, theme, series, view, machine)
  yAxis(pen, place, theme, range, size)
  timeAxis(pen, place, theme, view, size)
  limit(pen, place, meta, "warning", range, theme.orange, [5, 4])
  limit(pen, place, meta, "critical", range, theme.red, [])
  picked(pen, place, theme, selection)
  line(pen, place, series, view, (at) => series.value(at, machine, sensor), theme.line, 1.6)
  limitName(pen, place, theme, meta, "warning", range, theme.orange, size)
  limitName(pen, place, theme, meta, "critical", range, theme.red, size)
  alarmMarks(pen, place, theme, marks, view, size, meta.name)
  cross(pen, place, theme, cursor)
  if (cursor !== null) dot(pen, place, theme, series, machine, sensor, cursor)
  return place
}

function band(pen, place, theme, normal, range) {
  const high = place.y(Math.min(normal[1], range.high)), low = place.y(Math.max(normal[0], range.low))
  pen.fillStyle = theme.band
  if (low > high) pen.fillRect(place.left, high, place.w, low - high)
}

function stops(pen, place, theme, series, view, machine) {
  const from = series.indexOf(view.start), to = series.indexOf(view.end)
  pen.fillStyle = theme.stop
  let since = null
  for (let at = from; at <= to; at++) {
    const stopped = at < to && series.state(at, machine) === 1
    if (stopped && since === null) since = series.times[at]
    if (!stopped && since !== null) {
      const x = place.x(since)
      pen.fillRect(x, place.top, Math.max(1, place.x(series.times[Math.max(from, at - 1)]) - x), place.h)
      since = null
    }
  }
}

function yAxis(pen, place, theme, range, size) {
  pen.textAlign = "right"; pen.textBaseline = "middle"; pen.strokeStyle = theme.grid; pen.fillStyle = theme.soft; pen.lineWidth = 1
  const rough = (range.high - range.low) / Math.max(2, Math.min(6, Math.floor(place.h / (size * 1.5))))
  const power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((k) => k * power >= rough) * power
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  for (let value = Math.ceil(range.low / step) * step; value <= range.high; value += step) {
    const y = Math.round(place.y(value)) + 0.5
    pen.beginPath(); pen.moveTo(place.left, y); pen.lineTo(place.left + place.w, y); pen.stroke()
    pen.fillText(value.toFixed(digits), place.left - 5, y)
  }
}

export function timeAxis(pen, place, theme, view, size) {
  const seconds = (view.end - view.start) / 1000, most = Math.max(2, place.w / (size * 5))
  const step = (STEPS_S.find((s) => seconds / s <= most) || STEPS_S.at(-1)) * 1000
  pen.textAlign = "center"; pen.textBaseline = "top"; pen.fillStyle = theme.soft
  for (let time = Math.ceil(view.start / step) * step; time <= view.end; time += step) {
    const x = place.x(time)
    if (x < place.left + size * 2 || x > place.left + place.w - size * 2) continue
    pen.fillText(clock(time, step >= 60000), x, place.top + place.h + 4)
  }
}

function limit(pen, place, meta, word, range, colour, dash) {
  const value = meta[word]
  if (value === null || value < range.low || value > range.high) return
  const y = Math.round(place.y(value)) + 0.5
  pen.strokeStyle = colour; pen.lineWidth = 1.2; pen.setLineDash(dash)
  pen.beginPath(); pen.moveTo(place.left, y); pen.lineTo(place.left + place.w, y); pen.stroke(); pen.setLineDash([])
}

// After the line and with a halo, so that it can be read on top of it.
function limitName(pen, place, theme, meta, word, range, colour, size) {
  const value = meta[word]
  if (value === null || value < range.low || value > range.high) return
  const y = place.y(value), text = `${meta.words[word]} ${value}`
  pen.textAlign = word === "warning" ? "right" : "left"; pen.textBaseline = y - place.top < size * 1.4 ? "top" : "bottom"
  const x = word === "warning" ? place.left + place.w - 5 : place.left + 5 // apart, should their marks be close
  const at = y + (pen.textBaseline === "top" ? 3 : -3)
  pen.lineWidth = 3.5; pen.lineJoin = "round"; pen.strokeStyle = theme.paper; pen.strokeText(text, x, at)
  pen.fillStyle = colour; pen.fillText(text, x, at)
}

// A line through all ticks in view; where pixels are fewer than ticks, lowest and highest of each pixel.
export function line(pen, place, series, view, valueAt, colour, thickness) {
  const from = Math.max(0, series.indexOf(view.start) - 1), to = Math.min(series.length, series.indexOf(view.end) + 1)
  pen.save(); pen.beginPath(); pen.rect(place.left, place.top - 4, place.w, place.h + 8); pen.clip()
  pen.strokeStyle = colour; pen.lineWidth = thickness; pen.lineJoin = "round"; pen.beginPath()
  let down = false
  const step = Math.max(1, (to - from) / (place.w * 1.5))
  for (let k = from; k < to; k += step) {
    const start = Math.floor(k), stop = Math.max(start + 1, Math.min(to, Math.floor(k + step)))
    let low = Infinity, high = -Infinity, last = NaN
    for (let at = start; at < stop; at++) {
      last = valueAt(at)
      if (last < low) low = last
      if (last > high) high = last
    }
    if (low === Infinity) { down = false; continue }
    const x = place.x(series.times[start])
    for (const value of low === high ? [low] : [low, high]) {
      if (down) pen.lineTo(x, place.y(value))
      else pen.moveTo(x, place.y(value))
      down = true
    }
  }
  pen.stroke(); pen.restore()
}

// Where alarms began: on the sensors that the detector blames, or on all when it blames none.
function alarmMarks(pen, place, theme, marks, view, size, sensor) {
  let lastX = -100
  for (const mark of marks) {
    if (mark.start < view.start || mark.start > view.end) continue
    if (mark.sensors.length && !mark.sensors.includes(sensor)) continue
    const x = place.x(mark.start)
    if (x - lastX < 7) continue
    lastX = x
    pen.strokeStyle = theme.red; pen.globalAlpha = 0.55; pen.lineWidth = 1; pen.setLineDash([2, 3])
    pen.beginPath(); pen.moveTo(x, place.top); pen.lineTo(x, place.top + place.h); pen.stroke()
    pen.setLineDash([]); pen.globalAlpha = 1
    triangle(pen, x, place.top + place.h - 1, size * 0.5, theme.red)
  }
}

export function triangle(pen, x, y, half, colour) {
  pen.fillStyle = colour
  pen.beginPath(); pen.moveTo(x - half, y); pen.lineTo(x + half, y); pen.lineTo(x, y - half * 1.7); pen.closePath(); pen.fill()
}

export function cross(pen, place, theme, cursor) {
  if (cursor === null) return
  const x = place.x(cursor)
  if (x < place.left || x > place.left + place.w) return
  pen.strokeStyle = theme.text; pen.globalAlpha = 0.5; pen.lineWidth = 1
  pen.beginPath(); pen.moveTo(x, place.top); pen.lineTo(x, place.top + place.h); pen.stroke(); pen.globalAlpha = 1
  const right = x > place.left + place.w / 2
  pen.textAlign = right ? "right" : "left"; pen.textBaseline = "top"; pen.lineWidth = 3.5; pen.lineJoin = "round"; pen.strokeStyle = theme.paper
  pen.strokeText(clock(cursor), x + (right ? -5 : 5), place.top); pen.fillStyle = theme.text; pen.fillText(clock(cursor), x + (right ? -5 : 5), place.top)
}

// The reading under the cursor, whose number stands at the head of the chart.
function dot(pen, place, theme, series, machine, sensor, cursor) {
  const at = series.nearest(cursor), value = at < 0 ? NaN : series.value(at, machine, sensor)
  const x = at < 0 ? 0 : place.x(series.times[at])
  if (Number.isNaN(value) || x < place.left || x > place.left + place.w) return
  pen.fillStyle = theme.line; pen.strokeStyle = theme.paper; pen.lineWidth = 2
  pen.beginPath(); pen.arc(x, place.y(value), 4, 0, 2 * Math.PI); pen.fill(); pen.stroke()
}

export function picked(pen, place, theme, selection) {
  if (!selection) return
  const from = Math.max(place.left, place.x(Math.min(...selection))), to = Math.min(place.left + place.w, place.x(Math.max(...selection)))
  pen.fillStyle = theme.select
  if (to > from) pen.fillRect(from, place.top, to - from, place.h)
}

export const clock = (time, short = false) => new Date(time).toISOString().slice(11, short ? 16 : 19)
