// The labelling page's moving part: what is shown and chosen. It holds readings and the person's own labels, no more.

import { themeOf } from "../assets/plot.js"
import { build, fill } from "./label_frame.js"
import { drawLane, drawOver, drawTile } from "./label_draw.js"
import { keyboard, pointer } from "./label_hand.js"

const HOUR = 3600e3, SEEN_MS = 24 * HOUR, LOOK_MS = 700, POLL_MS = 1000

export function mount(component) { return new Labeller(component) }

export class Labeller {
  constructor(component) {
    this.component = component
    this.data = component.data
    this.machine = this.data.machines[0]
    this.sensor = this.data.sensors[0].name
    this.mode = "zoom"
    this.cursor = this.selection = this.begun = null
    this.until = this.data.until ?? this.data.end
    this.seen = joined(this.data.seen)
    this.fresh = []
    this.over = new Map()
    this.view = this.firstView()
    this.ui = build(component.parentElement.querySelector("#labeller"), this)
    fill(this)
    this.resize = new ResizeObserver(() => { this.theme = null; this.load(); this.draw() })
    this.resize.observe(this.ui.root)
    pointer(this)
    keyboard(this)
    this.timer = setInterval(() => this.poll(), POLL_MS)
    this.load()
    for (const machine of this.data.machines) this.loadOver(machine)
  }

  stop() {
    this.dead = true
    clearInterval(this.timer)
    this.resize.disconnect()
    this.ui.root.replaceChildren()
  }

  // Streamlit calls again when data or theme change; window, mode and cursor stay.
  update(component) {
    const before = this.data
    this.component = component
    this.data = component.data
    this.theme = null
    if (this.data.selected !== null && this.data.selected !== before.selected) this.show(this.data.labels[this.data.selected])
    if (this.data.hidden && this.data.until > this.until) { this.until = this.data.until; this.follow() }
    this.draw()
  }

  // The first day, or what a hidden stream has shown last.
  firstView() {
    const { start, end, hidden } = this.data, width = Math.min(SEEN_MS, end - start)
    if (!hidden) return { start, end: start + width }
    return this.tail(Math.min(width, 6 * HOUR))
  }

  tail(width) {
    const last = Math.max(this.until, this.data.start + width)
    return { start: last - width, end: last }
  }

  follow() {
    if (this.data.hidden && this.following !== false) this.view = this.tail(this.view.end - this.view.start)
    this.load()
    this.draw()
  }

  poll() {
    if (this.dead || document.hidden || !this.data.hidden || !this.data.speed || this.until >= this.data.end) return
    this.until = Math.min(this.data.end, this.until + this.data.speed * POLL_MS) // the server cuts what is later
    this.follow()
  }

  async ask(machine, start, end, points) {
    const asked = new URL(this.data.url, document.baseURI)
    asked.search = new URLSearchParams({ machine, start, end, points })
    const answer = await fetch(asked, { signal: AbortSignal.timeout(20000) })
    if (!answer.ok) throw new Error(String(answer.status))
    return answer.json()
  }

  // The window in view, thinned by the server; the newest question wins.
  load() {
    this.ui?.root.classList.add("loading")
    const mine = (this.asked = (this.asked || 0) + 1)
    clearTimeout(this.soon)
    this.soon = setTimeout(async () => {
      const { start, end } = this.view, machine = this.machine
      const points = Math.max(50, Math.min(1200, Math.round(this.ui.lane.clientWidth || 600)))
      try {
        const window = await this.ask(machine, start, end, points)
        if (this.dead || mine !== this.asked) return
        this.window = { ...window, machine }
        if (this.data.hidden) this.until = Math.min(this.until, window.until)
        this.ui.note.hidden = true
        this.ui.root.classList.remove("loading")
        this.ui.root.dataset.loads = Number(this.ui.root.dataset.loads || 0) + 1
        this.draw()
        setTimeout(() => this.look(machine, start, end), LOOK_MS)
      } catch { if (!this.dead && mine === this.asked) this.ui.note.hidden = false }
    }, 60)
  }

  async loadOver(machine) {
    if (this.data.hidden) return
    try {
      this.over.set(machine, await this.ask(machine, this.data.start, this.data.end, 300))
      if (!this.dead) this.draw()
    } catch { /* the strip does without a line */ }
  }

  // What stayed in view long enough, and was near enough to judge, counts as seen.
  look(machine, start, end) {
    if (this.dead || machine !== this.machine || start !== this.view.start || end !== this.view.end) return
    if (end - start > SEEN_MS + 1000) return
    const span = [machine, Math.max(start, this.data.start), Math.min(end, this.until)]
    if (span[2] <= span[1]) return
    this.seen = joined([...this.seen, span])
    this.fresh.push(span)
    this.draw()
  }

  share() {
    const total = this.seen.reduce((sum, [, start, end]) => sum + end - start, 0)
    return total / ((this.data.end - this.data.start) * this.data.machines.length)
  }

  nextUnseen() {
    const width = Math.min(SEEN_MS, this.view.end - this.view.start), order = this.data.machines
    for (let k = 0; k < order.length; k++) {
      const machine = order[(order.indexOf(this.machine) + k) % order.length]
      let to = this.data.start
      for (const [, start, end] of this.seen.filter((s) => s[0] === machine)) {
        if (start > to + 60e3) break
        to = Math.max(to, end)
      }
      if (to < this.until - 60e3) { this.choose(machine); return this.setView(to, to + width) }
    }
  }

  setView(start, end) {
    const whole = this.data.end - this.data.start, width = Math.max(60e3, Math.min(whole, end - start))
    const from = Math.max(this.data.start, Math.min(this.data.end - width, start))
    this.view = { start: from, end: from + width }
    this.following = this.until >= from && this.until <= from + width
    this.selection = null
    this.load()
    this.draw()
  }

  pan(share) { const w = this.view.end - this.view.start; this.setView(this.view.start + w * share, this.view.end + w * share) }

  zoom(factor) {
    const middle = this.cursor ?? (this.view.start + this.view.end) / 2, half = ((this.view.end - this.view.start) / 2) * factor
    this.setView(middle - half, middle + half)
  }

  choose(machine) {
    if (machine === this.machine || !this.data.machines.includes(machine)) return
    this.machine = machine
    this.window = null
    this.load()
    this.draw()
  }

  setMode(mode) {
    this.mode = mode
    const label = mode === "label", words = this.data.words
    this.ui.mode.setAttribute("aria-pressed", String(label))
    this.ui.modeText.textContent = label ? words.labelling : words.zooming
    this.ui.plots.classList.toggle("labelling", label)
    this.ui.say(this.ui.modeText.textContent)
    this.selection = null
    this.draw()
  }

  // A span was picked: look closer, or label it.
  apply(span) {
    const [start, end] = [Math.min(...span), Math.max(...span)]
    this.selection = null
    if (this.mode === "zoom") return end - start > 10e3 && this.setView(start, end)
    this.mark(start, end)
  }

  mark(start, end) { if (!this.data.hidden && end > start) this.act({ act: "mark", machine: this.machine, start_us: us(start), end_us: us(end) }) }

  begin() { this.begun = this.cursor ?? (this.view.start + this.view.end) / 2; this.draw() }

  finish() {
    const at = this.cursor ?? (this.view.start + this.view.end) / 2
    if (this.begun === null || at <= this.begun) return
    this.mark(this.begun, at)
    this.begun = null
  }

  labelAt(time, machine = this.machine) { return this.data.labels.findIndex((l) => l.machine === machine && l.start <= time && time < l.end) }

  pick(index) { if (index >= 0) this.act({ act: "pick", index }) }

  nextLabel() { if (this.data.labels.length) this.pick(((this.data.selected ?? -1) + 1) % this.data.labels.length) }

  show(label) {
    if (!label) return
    this.choose(label.machine)
    if (label.start >= this.view.start && label.end <= this.view.end) return
    const width = Math.max(this.view.end - this.view.start, (label.end - label.start) * 1.5), middle = (label.start + label.end) / 2
    this.setView(middle - width / 2, middle + width / 2)
  }

  act(what) {
    if (this.data.hidden && what.act !== "look") return
    const seen = this.fresh.splice(0).map(([machine, start, end]) => [machine, us(start), us(end)])
    this.component.setTriggerValue("act", { ...what, seen, n: (this.acts = (this.acts || 0) + 1) })
    this.draw()
  }

  draw() {
    if (this.drawing || this.dead) return
    this.drawing = true
    requestAnimationFrame(() => { this.drawing = false; if (!this.dead) this.drawNow() })
  }

  drawNow() {
    this.theme ??= themeOf(this.ui.root)
    drawOver(this)
    drawLane(this)
    this.ui.tiles.forEach((tile, k) => drawTile(this, tile, k))
    this.ui.readout(this)
    Object.assign(this.ui.root.dataset, { start: Math.round(this.view.start), end: Math.round(this.view.end), machine: this.machine, mode: this.mode, until: Math.round(this.until) })
  }
}

const us = (ms) => Math.round(ms * 1000)

// Spans of each machine in order, with those that touch made one.
function joined(spans) {
  const sorted = [...spans].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1])), found = []
  for (const [machine, start, end] of sorted) {
    const last = found.at(-1)
    if (last && last[0] === machine && start <= last[2]) last[2] = Math.max(last[2], end)
    else found.push([machine, start, end])
  }
  return found
}
