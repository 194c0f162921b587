// The elements of the live page: built once, filled when the plant says hello.

// What a newcomer must know to read the page: class, sign and word.
const LEGEND = [["running", "●", "legend_running"], ["watch", "◆", "legend_watch"], ["alarm", "▲", "legend_alarm"], ["maintenance", "■", "legend_maintenance"],
  ["normal", "", "legend_normal"], ["dashes", "", "legend_threshold"], ["begun", "▲", "legend_begun"], ["median", "", "legend_median"]]

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else if (name === "text") made.textContent = value
    else if (value !== false && value !== null) made.setAttribute(name, value)
  }
  made.append(...children)
  return made
}

export function build(root, live) {
  const { words, windows, window_s: chosen } = live.data
  const ui = { root, charts: [], cards: [] }
  ui.link = element("span", { class: "link", role: "status" })
  ui.time = element("span", { class: "time" })
  ui.speed = element("span", { class: "speed", title: words.speed })
  ui.pause = element("button", { type: "button", "aria-pressed": "false", class: "pause", onclick: () => live.hold(live.heldAt === null), text: words.pause })
  ui.window = element("select", { "aria-label": words.window, onchange: () => live.setWindow(Number(ui.window.value)) },
    ...windows.map(([seconds, text]) => element("option", { value: seconds, text, selected: seconds === chosen && "" })))
  ui.window.title = words.window
  ui.mark = element("button", { type: "button", "aria-pressed": "false", title: words.mark_help, onclick: () => setMode(live, live.mode === "zoom" ? "mark" : "zoom"), text: words.mark })
  ui.back = element("button", { type: "button", class: "back", hidden: "", onclick: () => live.setZoom(null), text: words.back })
  ui.fleet = element("div", { class: "fleet", role: "group", "aria-label": words.fleet })
  ui.title = element("h3")
  ui.state = element("span", { class: "state" })
  ui.summary = element("span", { class: "text" })
  ui.about = element("span", { class: "unseen" })
  ui.grid = element("div", { class: "grid" })
  ui.lanes = element("canvas", { class: "lanes", "aria-hidden": "true" })
  ui.lanesHead = element("div", { class: "head" }, element("span", { class: "what", text: words.watching }), element("span", { class: "hint", text: words.lanes_hint }))
  ui.plots = element("div", { class: "plots", tabindex: "0", role: "application", "aria-label": words.keys_help, title: "" }, ui.grid)
  ui.lanebox = element("div", { class: "tile lanebox" }, ui.lanesHead, ui.lanes)
  ui.spoken = element("div", { class: "spoken", "aria-live": "polite" })
  ui.alarms = element("div", { class: "alarms" })
  ui.table = element("div", { class: "tables" })
  ui.details = element("details", { ontoggle: () => (live.late = true) }, element("summary", { text: words.table }), ui.table)
  ui.legend = element("ul", { class: "tile legend", "aria-label": words.legend }, ...LEGEND.map(([look, sign, word]) =>
    element("li", {}, element("span", { class: `sign ${look}`, text: sign, "aria-hidden": "true" }), words[word])))
  ui.keys = element("details", {}, element("summary", { text: words.keys }), element("p", { text: words.keys_help }))
  const bar = element("div", { class: "bar" }, ui.link, ui.time, ui.speed, element("span", { class: "gap" }), ui.back, ui.mark, ui.window, ui.pause)
  root.replaceChildren(bar, ui.fleet, element("div", { class: "name" }, ui.title, ui.state, element("p", { class: "summary" }, ui.about, ui.summary)), ui.plots, ui.alarms, ui.details, ui.keys, ui.spoken)
  root.classList.toggle("brief", live.data.brief)
  ui.say = (text) => { ui.spoken.textContent = text }
  ui.connection = (state, names) => { ui.link.textContent = `${state === "live" ? "●" : "○"} ${names["link_" + state] || state}`; ui.link.className = `link ${state}` }
  ui.held = (on, names) => { ui.pause.textContent = on ? names.resume : names.pause; ui.pause.setAttribute("aria-pressed", String(on)) }
  ui.zoomed = (on) => { ui.back.hidden = !on }
  ui.fill = (filled) => fill(ui, filled)
  return ui
}

export function setMode(live, mode) {
  live.mode = mode
  live.ui.mark.setAttribute("aria-pressed", String(mode === "mark"))
  live.ui.plots.classList.toggle("marking", mode === "mark")
}

function fill(ui, live) {
  ui.cards = live.info.machines.map((name) => card(name, live))
  ui.fleet.replaceChildren(...ui.cards.map((one) => one.button))
  ui.fleet.classList.toggle("many", ui.cards.length > 10)
  ui.charts = live.info.sensors.map((sensor) => tile(sensor, live.data.words))
  ui.grid.replaceChildren(...ui.charts.map((chart) => chart.box), ui.lanebox, ui.legend)
  arrange(ui)
}

// In three columns or more the lanes take two rows at the upper right, so that they are seen without scrolling; the
// legend takes what is left of the last row, or a row of its own.
export function arrange(ui) {
  const columns = getComputedStyle(ui.grid).gridTemplateColumns.split(" ").length, beside = columns >= 3
  const left = (columns - ((ui.charts.length + (beside ? 4 : 0)) % columns)) % columns
  ui.lanebox.style.gridArea = beside ? `1 / ${columns - 1} / span 2 / span 2` : "auto / 1 / auto / -1"
  ui.legend.style.gridColumn = beside && left ? `span ${left}` : "1 / -1"
  ui.legend.classList.toggle("row", !(beside && left === 1))
}

function card(name, live) {
  const state = element("span", { class: "state" }), note = element("span", { class: "note" })
  const canvas = element("canvas", { "aria-hidden": "true" })
  const button = element("button", { type: "button", class: "card", "data-machine": name, onclick: () => live.choose(name) },
    element("span", { class: "who", text: name }), state, note, canvas)
  return { button, state, note, canvas }
}

function tile(sensor, words) {
  const value = element("span", { class: "value" }), mark = element("span", { class: "mark" })
  const canvas = element("canvas", { "aria-hidden": "true" })
  const box = element("div", { class: "tile", "data-sensor": sensor.name }, element("div", { class: "head" }, element("span", { class: "what", text: sensor.title }), mark, value), canvas)
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(sensor.resolution || 0.1) + 1e-9)))
  const format = (number) => (Number.isFinite(number) ? number.toFixed(digits) : "–")
  const show = (number) => {
    value.textContent = `${format(number)} ${sensor.unit}`
    const word = levelOf(sensor, number)
    mark.textContent = word ? `${word === "critical" ? "▲" : "◆"} ${words[word]}` : ""
    mark.className = `mark ${word || ""}`
  }
  return { box, canvas, sensor, show, format, place: null }
}

// Which mark a reading has passed; on the low side for levels that fall.
export function levelOf(sensor, value) {
  const passed = (mark) => mark !== null && (sensor.low_side ? value <= mark : value >= mark)
  return passed(sensor.critical) ? "critical" : passed(sensor.warning) ? "warning" : null
}
