// The detectors' lanes: one row each, score as a share of its threshold, alarms as bars with a triangle at their start.

import { cross, picked, prepare, scales, timeAxis, triangle } from "./plot.js"

const FULL = 2 // the lane's top is twice the threshold

const AXIS_REM = 1.6

// The least that the lanes need; where their box is higher they share it.
export const lanesHeight = (theme, count) => Math.round(theme.rem * (1.5 * count + AXIS_REM))

export function drawLanes(canvas, theme, series, view, machine, thresholds, alarms, cursor, selection) {
  const { pen, width, height } = prepare(canvas), size = Math.round(theme.rem * 0.75), gutter = size * 4.5
  const row = Math.floor((height - theme.rem * AXIS_REM) / Math.max(1, series.detectors.length))
  pen.font = `${size}px ${theme.font}`
  const longest = Math.max(0, ...series.detectors.map((detector) => pen.measureText(detector.title).width))
  const left = Math.min(width * 0.36, longest + 14), place = scales(width - gutter, height, view, 0, 1, left, size * 1.7)
  picked(pen, place, theme, selection)
  series.detectors.forEach((detector, k) => {
    const top = 4 + k * row, threshold = thresholds[detector.name]
    const at = cursor === null ? series.length - 1 : series.nearest(cursor)
    const score = at < 0 ? NaN : series.score(at, machine, k)
    const spans = alarms.filter((alarm) => alarm.detector === detector.name)
    background(pen, theme, place, top, row)
    for (const span of spans) tint(pen, theme, place, view, span, series.last, top, row)
    area(pen, theme, place, series, view, machine, k, threshold, top, row)
    for (const span of spans) bar(pen, theme, place, view, span, series.last, top, row, size)
    names(pen, theme, place, detector, score, threshold, spans.some((s) => s.end === null), top, row, size, width)
  })
  pen.font = `${Math.round(theme.rem * 0.69)}px ${theme.font}`
  timeAxis(pen, place, theme, view, Math.round(theme.rem * 0.69))
  cross(pen, place, theme, cursor)
  return place
}

function background(pen, theme, place, top, row) {
  pen.strokeStyle = theme.grid; pen.lineWidth = 1; pen.beginPath()
  pen.moveTo(place.left, top + row - 2.5); pen.lineTo(place.left + place.w, top + row - 2.5); pen.stroke()
  pen.strokeStyle = theme.soft; pen.globalAlpha = 0.55; pen.setLineDash([3, 4]); pen.beginPath()
  const middle = Math.round(top + (row - 3) / FULL) + 0.5
  pen.moveTo(place.left, middle); pen.lineTo(place.left + place.w, middle); pen.stroke()
  pen.setLineDash([]); pen.globalAlpha = 1
}

// The highest score of each pixel, so that a single strange tick never disappears.
function area(pen, theme, place, series, view, machine, detector, threshold, top, row) {
  const from = Math.max(0, series.indexOf(view.start)), to = Math.min(series.length, series.indexOf(view.end) + 1)
  if (to <= from) return
  const floor = top + row - 3, step = Math.max(1, (to - from) / place.w)
  pen.save(); pen.beginPath(); pen.rect(place.left, top, place.w, row); pen.clip()
  pen.beginPath(); pen.moveTo(place.x(series.times[from]), floor)
  for (let k = from; k < to; k += step) {
    let most = 0
    for (let at = Math.floor(k); at < Math.min(to, Math.max(Math.floor(k) + 1, k + step)); at++)
      most = Math.max(most, series.score(at, machine, detector) || 0)
    pen.lineTo(place.x(series.times[Math.floor(k)]), floor - Math.min(1, most / threshold / FULL) * (row - 4))
  }
  pen.lineTo(place.x(series.times[to - 1]), floor); pen.closePath()
  pen.globalAlpha = 0.28; pen.fillStyle = theme.line; pen.fill()
  pen.globalAlpha = 1; pen.strokeStyle = theme.line; pen.lineWidth = 1.2; pen.stroke(); pen.restore()
}

// From where to where an alarm is drawn, or null when it is out of view.
function reach(place, view, alarm, now) {
  const end = alarm.end ?? now
  if (alarm.start > view.end || end < view.start) return null
  const x = Math.max(place.left, place.x(alarm.start)), until = Math.min(place.left + place.w, place.x(end))
  return [x, Math.max(2, until - x)]
}

function tint(pen, theme, place, view, alarm, now, top, row) {
  const span = reach(place, view, alarm, now)
  if (!span) return
  pen.fillStyle = theme.red; pen.globalAlpha = 0.14; pen.fillRect(span[0], top, span[1], row - 3); pen.globalAlpha = 1
}

function bar(pen, theme, place, view, alarm, now, top, row, size) {
  const span = reach(place, view, alarm, now)
  if (!span) return
  const [x] = span
  pen.fillStyle = theme.red; pen.fillRect(x, top + row - 6, span[1], 3)
  if (alarm.start >= view.start) triangle(pen, x, top + row - 6, size * 0.45, theme.red)
}

function names(pen, theme, place, detector, score, threshold, alarmed, top, row, size, width) {
  const middle = top + row / 2 - 1
  pen.textBaseline = "middle"; pen.textAlign = "right"; pen.fillStyle = theme.text
  const lines = folded(pen, detector.title, place.left - 14)
  lines.forEach((text, k) => pen.fillText(text, place.left - 9, middle + (k - (lines.length - 1) / 2) * size * 1.02))
  pen.textAlign = "left"; pen.fillStyle = alarmed ? theme.red : theme.soft
  const share = Number.isFinite(score) ? `${((score / threshold) * 100).toFixed(0)} %` : "–"
  pen.fillText(`${alarmed ? "▲" : score >= threshold ? "◆" : "●"} ${share}`, width - size * 4.3, middle)
}

// A long name in two lines, cut only where that is not enough.
function folded(pen, text, room) {
  const words = text.split(" "), first = [words.shift()]
  while (words.length && pen.measureText([...first, words[0]].join(" ")).width <= room) first.push(words.shift())
  return (words.length ? [first.join(" "), words.join(" ")] : [text]).map((part) => fitted(pen, part, room))
}

function fitted(pen, text, room) {
  if (pen.measureText(text).width <= room) return text
  while (text.length > 3 && pen.measureText(text + "…").width > room) text = text.slice(0, -1)
  return text + "…"
}
