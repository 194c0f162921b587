// Lanes of the pipeline lab. Everything comes with the data; nothing is asked of Python while the film plays.
const SPEEDS = [1, 4, 8, 20]
const MOST_DOTS = 4
const held = new WeakMap()

export default function (component) {
  const place = component.parentElement
  let mine = held.get(place)
  if (!mine) {
    mine = make(place.querySelector("#pipeline"))
    held.set(place, mine)
    mine.stop = () => { clearInterval(mine.timer); held.delete(place) }
  }
  show(mine, component.data)
  return mine.stop
}

function element(tag, classes, text) {
  const made = document.createElement(tag)
  if (classes) made.className = classes
  if (text !== undefined) made.textContent = text
  return made
}

function make(root) {
  return { root, film: null, at: 0, playing: false, speed: 8, timer: 0, calm: matchMedia("(prefers-reduced-motion: reduce)").matches }
}

function show(app, film) {
  const fresh = !app.film || app.film.reel !== film.reel
  const wasAtEnd = app.film && app.at >= app.film.stills.length - 1
  const place = app.film?.stills[app.at]?.s ?? 0
  app.film = film
  build(app)
  if (fresh) { app.at = app.calm ? film.stills.length - 1 : 0; play(app, !app.calm) }
  else {
    const same = film.stills.findIndex((still) => still.s >= place)
    app.at = wasAtEnd || same < 0 ? film.stills.length - 1 : same
    play(app, app.playing && !wasAtEnd)
  }
  draw(app)
}

// ---- what stands on the page

function build(app) {
  const { root, film } = app
  const focused = root.getRootNode().activeElement?.id
  root.replaceChildren(bar(app), lanes(app), line(app), books(app))
  if (focused) root.querySelector("#" + focused)?.focus()
  root.querySelector(".slider").max = film.stills.length - 1
}

function button(app, id, sign, label, act) {
  const made = element("button", "", sign)
  made.id = id
  made.type = "button"
  made.title = label
  made.setAttribute("aria-label", label)
  made.addEventListener("click", act)
  return made
}

function bar(app) {
  const { words } = app.film
  const made = element("div", "bar")
  app.play = button(app, "play", "", words.play, () => {
    if (!app.playing && app.at >= app.film.stills.length - 1) app.at = 0
    play(app, !app.playing)
    draw(app)
  })
  app.play.classList.add("main")
  const speed = element("select")
  speed.id = "speed"
  speed.setAttribute("aria-label", words.speed)
  speed.title = words.speed
  for (const one of SPEEDS) speed.add(new Option(`${one} s/s`, one, false, one === app.speed))
  speed.addEventListener("change", () => { app.speed = Number(speed.value); play(app, app.playing) })
  app.clock = element("span", "clock")
  app.alerts = element("span", "alerts")
  made.append(
    app.play,
    button(app, "again", "|◂", words.again, () => go(app, 0)),
    button(app, "back", "−1 s", words.back, () => go(app, app.at - 1)),
    button(app, "forth", "+1 s", words.forth, () => go(app, app.at + 1)),
    button(app, "end", "▸|", words.end, () => go(app, app.film.stills.length - 1)),
    speed, app.clock, element("span", "gap"), app.alerts,
  )
  return made
}

function lanes(app) {
  const { film } = app
  const made = element("div", "lanes")
  app.cards = film.lanes.map((lane, k) => {
    if (k) made.append(element("div", "pipe"))
    const card = element("section", "lane " + lane.id)
    card.dataset.lane = lane.id
    const parts = { card, came: element("span"), went: element("span"), big: element("div", "big"), unit: element("div", "unit", lane.unit), gone: element("div", "gone"), note: element("div", "note"), fill: element("i") }
    const flow = element("div", "flow")
    flow.append(parts.came, parts.went)
    const level = element("div", "level")
    level.append(parts.fill)
    const chart = spark(film, k)
    parts.needle = chart.needle
    card.append(element("h4", "", lane.title), parts.big, parts.unit, chart.svg, level, flow, parts.gone, parts.note)
    level.hidden = lane.id !== "queue"
    made.append(card)
    return parts
  })
  app.pipes = [...made.querySelectorAll(".pipe")]
  return made
}

function spark(film, k) {
  const space = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(space, "svg")
  const numbers = film.stills.map((still) => still.lanes[k][2])
  const top = Math.max(1, ...numbers), end = film.stills.at(-1).s || 1
  const points = film.stills.map((still, i) => `${(100 * still.s / end).toFixed(2)},${(24 - 22 * numbers[i] / top).toFixed(2)}`)
  svg.setAttribute("viewBox", "0 0 100 25")
  svg.setAttribute("preserveAspectRatio", "none")
  svg.setAttribute("aria-hidden", "true")
  const area = document.createElementNS(space, "polygon")
  area.setAttribute("points", `0,25 ${points.join(" ")} 100,25`)
  const trace = document.createElementNS(space, "polyline")
  trace.setAttribute("points", points.join(" "))
  const needle = document.createElementNS(space, "line")
  needle.setAttribute("y1", 0)
  needle.setAttribute("y2", 25)
  svg.append(area, trace, needle)
  return { svg, needle }
}

function line(app) {
  const { film } = app
  const made = element("div", "line")
  const end = film.stills.at(-1).s || 1
  for (const [kind, span] of [["outage", film.outage], ["away", film.crash]]) {
    if (!span || span[0] > end) continue
    const zone = element("span", "zone " + kind)
    zone.style.left = `${100 * span[0] / end}%`
    zone.style.width = `${Math.max(0.6, 100 * (Math.min(span[1], end) - span[0]) / end)}%`
    zone.title = film.words[kind]
    made.append(zone)
  }
  const slider = element("input", "slider")
  slider.id = "slider"
  slider.type = "range"
  slider.min = 0
  slider.setAttribute("aria-label", film.words.second)
  slider.addEventListener("input", () => go(app, Number(slider.value)))
  app.slider = slider
  made.append(slider)
  return made
}

function books(app) {
  const { words } = app.film
  const made = element("section", "books")
  app.parts = ["stored", "under_way", "lost"].map((name) => {
    const part = element("span", "part " + name)
    part.dataset.book = name
    return part
  })
  app.made = element("span", "made")
  const head = element("div", "head")
  head.append(element("h4", "", words.truth), app.made)
  const stack = element("div", "stack")
  stack.append(...app.parts)
  app.figures = element("div", "figures")
  app.chips = ["stored", "under_way", "lost", "late", "doubled", "wrong", "missed", "repeats"].map((name) => {
    const chip = element("div", "chip " + name)
    chip.dataset.figure = name
    chip.append(element("b"), element("span", "", words[name]))
    app.figures.append(chip)
    return chip
  })
  app.even = element("p", "even")
  app.spoken = element("p", "spoken")
  app.spoken.setAttribute("role", "status")
  made.append(head, stack, app.figures, app.even, app.spoken, element("p", "keys", words.keys))
  return made
}

// ---- time

function play(app, on) {
  clearInterval(app.timer)
  app.playing = on
  if (on) app.timer = setInterval(() => tick(app), 1000 / app.speed)
}

function tick(app) {
  if (!app.root.isConnected) { clearInterval(app.timer); return }
  if (app.at >= app.film.stills.length - 1) { play(app, false); draw(app); return }
  app.at += 1
  draw(app)
  if (!app.calm) move(app)
}

function go(app, at) {
  play(app, false)
  app.at = Math.max(0, Math.min(app.film.stills.length - 1, at))
  draw(app)
}

// ---- drawing

const number = (n) => n.toLocaleString()

function draw(app) {
  const { film, at } = app, still = film.stills[at], { words } = film
  app.play.textContent = app.playing ? "❚❚ " + words.pause : "▶ " + words.play
  app.play.setAttribute("aria-label", app.playing ? words.pause : words.play)
  app.slider.value = at
  app.slider.setAttribute("aria-valuetext", `${words.second} ${still.s}`)
  app.clock.textContent = `${words.second} ${still.s} ${words.of} ${film.stills.at(-1).s}` + (still.watermark === null ? "" : ` · ${words.watermark} ${still.watermark}`)
  const out = film.outage && still.s >= film.outage[0] && still.s < film.outage[1]
  app.alerts.replaceChildren(...[[out, words.outage, "outage"], [still.away, words.away, "away"]].filter(([on]) => on).map(([, text, kind]) => element("span", "alert " + kind, "▲ " + text)))
  drawLanes(app, still, out)
  drawBooks(app, still)
  app.root.dataset.second = still.s
  app.root.dataset.playing = app.playing
}

function drawLanes(app, still, out) {
  const { film } = app, end = film.stills.at(-1).s || 1
  app.cards.forEach((parts, k) => {
    const [came, went, big, gone] = still.lanes[k], id = film.lanes[k].id
    parts.big.textContent = number(big)
    parts.came.textContent = `${film.words.in} ${number(came)}`
    parts.went.textContent = `${film.words.out} ${number(went)}`
    parts.gone.textContent = gone ? `▼ ${number(gone)} ${id === "windows" ? film.words.late_here : film.words.lost_here}` : ""
    parts.note.textContent = still.notes[k]
    parts.needle.setAttribute("x1", 100 * still.s / end)
    parts.needle.setAttribute("x2", 100 * still.s / end)
    if (id === "queue") {
      const full = Math.min(1, big / film.room)
      parts.fill.style.width = `${100 * full}%`
      parts.fill.className = full >= 1 ? "full" : ""
    }
    parts.card.classList.toggle("trouble", (id === "network" && !!out) || (still.away && ["windows", "detector", "store"].includes(id)))
  })
}

function drawBooks(app, still) {
  const { words } = app.film, [made, stored, way, lost] = still.books
  const [late, doubled, wrong, windows, missed, alarms, planted, repeats] = still.faults
  app.made.textContent = `${number(made)} ${words.made}`
  ;[stored, way, lost].forEach((n, k) => { app.parts[k].style.flexGrow = n; app.parts[k].hidden = !n; app.parts[k].textContent = made && n / made > 0.05 ? number(n) : "" })
  const figures = [stored, way, lost, late, doubled, wrong, missed, repeats]
  const bad = [false, false, lost, late, doubled, wrong, missed, repeats]
  const of = { wrong: windows, missed: planted }
  app.chips.forEach((chip, k) => {
    const name = chip.dataset.figure
    chip.firstChild.textContent = number(figures[k]) + (name in of ? ` / ${number(of[name])}` : "")
    chip.classList.toggle("bad", !!bad[k])
  })
  app.even.textContent = still.balanced ? "✓ " + words.balanced : "▲ " + words.unbalanced
  if (!app.playing) app.spoken.textContent = `${words.second} ${still.s}: ` + app.chips.map((chip) => `${chip.firstChild.textContent} ${chip.lastChild.textContent}`).join(", ")
}

function move(app) {
  const now = app.film.stills[app.at].lanes, before = app.film.stills[app.at - 1].lanes, step = 1000 / app.speed
  app.pipes.forEach((pipe, k) => dots(pipe, now[k][1] - before[k][1], step, k === 3 || k === 4))
  app.cards.forEach((parts, k) => drops(parts.card, now[k][3] - before[k][3], step))
}

function dots(pipe, count, step, rare) {
  const shown = Math.min(MOST_DOTS, rare ? Math.max(0, count) : Math.ceil(Math.max(0, count) / 2))
  const travel = Math.max(step, 350)
  for (let i = 0; i < shown; i++) fly(pipe, [{ left: "-20%" }, { left: "100%" }], travel, (i * step) / shown, "dot")
}

function drops(card, count, step) {
  for (let i = 0; i < Math.min(MOST_DOTS, count); i++) {
    const from = [{ top: "70%", left: `${20 + 18 * i}%`, opacity: 1 }, { top: "125%", left: `${20 + 18 * i}%`, opacity: 0 }]
    fly(card, from, Math.max(700, step), (i * step) / MOST_DOTS, "dot drop")
  }
}

function fly(inside, frames, duration, delay, classes) {
  const dot = element("span", classes)
  inside.append(dot)
  dot.animate(frames, { duration, delay, fill: "both" }).finished.then(() => dot.remove(), () => dot.remove())
}
