// What the charts show, in words and tables; cards of the fleet; the list of alarms.

import { SHAPES, clock, prepare } from "./plot.js"
import { element, levelOf } from "./frame.js"

const SPARK_TICKS = 120

export function fleetCard(live, index, name, words) {
  const card = live.ui.cards[index], state = live.stateOf(index), open = live.openAlarms(name).length
  card.state.textContent = `${SHAPES[state]} ${words[state]}`
  card.state.className = `state ${state}`
  card.note.textContent = filled(words.alarms_at, open, live.info.detectors.length)
  card.button.className = `card ${state}`
  card.button.setAttribute("aria-pressed", String(index === live.machine))
}

const filled = (text, open, all) => text.replace("{n}", open).replace("{all}", all)

// Of the last ticks, the median of the detectors' shares of their thresholds; the grey line is 100 %.
export function sparkline(live, index) {
  const { pen, width, height } = prepare(live.ui.cards[index].canvas), { series, theme } = live
  if (!width || !theme) return
  const from = Math.max(0, series.length - SPARK_TICKS), span = Math.max(1, series.length - 1 - from)
  pen.strokeStyle = theme.grid; pen.beginPath(); pen.moveTo(0, height / 2); pen.lineTo(width, height / 2); pen.stroke()
  pen.strokeStyle = theme.line; pen.lineWidth = 1.4; pen.lineJoin = "round"; pen.beginPath()
  for (let at = from; at < series.length; at++) {
    const shares = series.detectors.map((detector, k) => series.score(at, index, k) / live.info.thresholds[detector.name] || 0)
    const share = median(shares)
    pen.lineTo(((at - from) / span) * width, height - 1 - Math.min(1, share / 2) * (height - 2))
  }
  pen.stroke()
}

function median(numbers) {
  const sorted = numbers.sort((a, b) => a - b)
  return sorted.length ? sorted[sorted.length >> 1] : 0
}

export function summary(live) {
  const { words } = live.data, last = live.series.length - 1
  if (last < 0) return words.no_readings
  const beyond = live.info.sensors.map((sensor, k) => [sensor, live.series.value(last, live.machine, k), k]).filter(([sensor, value]) => value < sensor.normal[0] || value > sensor.normal[1] || levelOf(sensor, value))
  const facts = beyond.map(([sensor, value, k]) => `${sensor.title} ${live.ui.charts[k].format(value)} ${sensor.unit} (${rule(sensor, value, words)})`)
  const open = live.openAlarms(live.machineName).length
  return [facts.length ? `${words.outside}: ${facts.join("; ")}.` : `${words.all_normal}.`,
    open ? filled(words.alarms_of, open, live.info.detectors.length) : `${words.no_alarms}.`].join(" ")
}

function rule(sensor, value, words) {
  const level = levelOf(sensor, value)
  return level ? `${words[level]} ${sensor[level]}` : `${words.normal} ${sensor.normal[0]}–${sensor.normal[1]}`
}

export function alarmRows(live, words) {
  const rank = (alarm) => (alarm.end === null ? 0 : 1)
  const mine = [...live.alarms.values()].filter((a) => a.machine === live.machineName)
    .sort((a, b) => rank(a) - rank(b) || b.start - a.start).slice(0, 8)
  const key = JSON.stringify(mine.map((a) => [a.id, a.state, a.end])) + live.machineName + live.data.may_acknowledge + live.info.detectors.length
  if (key === live.alarmsShown) return
  live.alarmsShown = key
  const rows = mine.map((alarm) => element("tr", { class: alarm.end === null ? "open" : "" },
    element("td", { text: `${alarm.end === null ? "▲" : "●"} ${words["state_" + alarm.state] || alarm.state}` }), element("td", { text: alarm.title }),
    element("td", { text: clock(alarm.start) }), element("td", { text: alarm.end === null ? "–" : clock(alarm.end) }),
    element("td", { text: alarm.sensors.map((name) => live.info.sensors.find((s) => s.name === name)?.title ?? name).join(", ") || "–" }), element("td", {}, ...button(live, alarm, words))))
  const head = [words.state, words.detector, words.start, words.end, words.blamed, ""].map((text) => element("th", { scope: "col", text }))
  live.ui.alarms.replaceChildren(element("h4", { text: words.alarm_list }),
    rows.length ? element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)) : element("p", { class: "hint", text: words.none_yet }))
}

function button(live, alarm, words) {
  if (!live.data.may_acknowledge || alarm.end !== null || alarm.state !== "raised") return []
  return [element("button", { type: "button", onclick: () => live.acknowledge(alarm.id), text: words.acknowledge, "aria-label": `${words.acknowledge}: ${alarm.title}` })]
}

export function tables(live, words) {
  const { series, info, machine } = live, at = live.cursor === null ? series.length - 1 : series.nearest(live.cursor)
  if (at < 0) return
  const view = live.view, from = series.indexOf(view.start), to = Math.max(from + 1, series.indexOf(view.end))
  const sensors = info.sensors.map((sensor, k) => {
    let low = Infinity, high = -Infinity, sum = 0, count = 0
    for (let i = from; i < to; i++) {
      const value = series.value(i, machine, k)
      if (Number.isNaN(value)) continue
      low = Math.min(low, value); high = Math.max(high, value); sum += value; count++
    }
    const format = live.ui.charts[k].format
    return [sensor.title, `${format(series.value(at, machine, k))} ${sensor.unit}`, format(sum / count), format(low), format(high), `${sensor.normal[0]}–${sensor.normal[1]}`]
  })
  const detectors = info.detectors.map((detector, k) => {
    const score = series.score(at, machine, k), threshold = info.thresholds[detector.name]
    return [detector.title, score.toFixed(2), threshold.toFixed(2), score >= threshold ? `◆ ${words.above}` : `● ${words.below}`]
  })
  live.ui.table.replaceChildren(
    table(`${live.machineName}, ${clock(series.times[at])}`, [words.sensor, words.now, words.mean, words.lowest, words.highest, words.normal], sensors),
    table(words.detectors, [words.detector, words.score, words.threshold, words.state], detectors))
}

function table(caption, head, rows) {
  return element("table", {}, element("caption", { text: caption }), element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col", text })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text, k) => element(k ? "td" : "th", k ? { text } : { text, scope: "row" }))))))
}
