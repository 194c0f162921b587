// The live page's moving part: fleet, one machine's charts, lanes, alarms, table; fed by the WebSocket, no script reruns.

import { Series } from "./series.js"
import { Stream } from "./stream.js"
import { arrange, build } from "./frame.js"
import { SHAPES, clock, drawSensor, themeOf } from "./plot.js"
import { drawLanes, lanesHeight } from "./lanes.js"
import { pointer, keyboard } from "./hand.js"
import { alarmRows, fleetCard, sparkline, summary, tables } from "./words.js"

const DRAW_MS = 95, TEXT_MS = 500, SUMMARY_MS = 2000

export function mount(component) {
  const live = new Live(component)
  return { update: (next) => live.update(next), stop: () => live.stop() }
}

export class Live {
  constructor(component) {
    this.frameCount = 0
    this.cursor = this.selection = this.zoom = this.heldAt = null
    this.mode = "zoom"
    this.ranges = new Map()
    this.alarms = new Map()
    this.series = null
    this.component = component
    this.data = component.data
    this.windowS = component.data.window_s
    this.ui = build(component.parentElement.querySelector("#live"), this)
    this.resize = new ResizeObserver(() => { this.theme = null; this.dirty = true; arrange(this.ui) })
    this.resize.observe(this.ui.root)
    pointer(this)
    keyboard(this)
    this.stream = new Stream(this.data.url, {
      onHello: (hello) => this.hello(hello), onFrame: (frame) => this.frame(frame), onState: (state) => this.connection(state),
    })
    this.loop = (now) => { if (!this.dead) { this.tick(now); requestAnimationFrame(this.loop) } }
    requestAnimationFrame(this.loop)
  }

  stop() {
    this.dead = true
    this.stream.stop()
    this.resize.disconnect()
    this.ui.root.replaceChildren()
  }

  // Streamlit calls again when data or theme change; zoom, window and pause stay.
  update(component) {
    this.component = component
    if (component.data.machine && component.data.machine !== this.data.machine) this.choose(component.data.machine, false)
    this.data = component.data
    this.theme = null
    this.dirty = true
  }

  hello(hello) {
    const words = this.data.words
    for (const sensor of hello.sensors) sensor.words = words
    this.info = hello
    this.status = hello
    this.series = new Series(hello)
    for (const part of hello.history) this.series.push(part)
    this.alarms = new Map(hello.alarms.map((alarm) => [alarm.id, { ...alarm, title: this.titleOf(alarm) }]))
    const known = hello.machines.indexOf(this.machineName || this.data.machine || this.worst(hello.machines))
    this.machine = Math.max(0, known)
    this.machineName = hello.machines[this.machine]
    this.ui.fill(this)
    this.dirty = this.late = true
    // Another plant is on stage: what Python drew around the charts is not about this one.
    if (this.data.stage && hello.stage !== this.data.stage) this.component.setStateValue("stage", hello.stage)
  }

  frame(frame) {
    if (!this.series) return
    this.frameCount++
    this.series.push(frame)
    this.status = frame
    if (frame.thresholds) this.info.thresholds = frame.thresholds
    for (const alarm of frame.alarms) {
      const fresh = !this.alarms.has(alarm.id)
      alarm.title = this.titleOf(alarm)
      this.alarms.set(alarm.id, alarm)
      if (fresh && alarm.end === null) this.ui.say(`${alarm.machine}: ${this.data.words.alarm}, ${alarm.title}`)
      this.late = true
    }
    if (this.alarms.size > 800) for (const [id, alarm] of this.alarms) if (alarm.end !== null && this.alarms.size > 600) this.alarms.delete(id)
    this.dirty = true
  }

  titleOf(alarm) { return this.info.detectors.find((detector) => detector.name === alarm.detector)?.title ?? alarm.detector }

  connection(state) {
    if (this.connected === state) return
    this.connected = state
    this.ui.connection(state, this.data.words)
  }

  // What is seen: the zoomed span, or the window that ends now (or where drawing was paused).
  get view() {
    if (this.zoom) return { start: this.zoom[0], end: this.zoom[1] }
    const end = this.heldAt ?? this.series.last ?? 0
    return { start: end - this.windowS * 1000, end }
  }

  hold(on) {
    this.heldAt = on ? this.series?.last ?? null : null
    if (!on) this.zoom = null
    this.ui.held(on, this.data.words)
    this.dirty = this.late = true
  }

  setZoom(span) {
    this.zoom = span && span[1] - span[0] >= 2000 ? span : null
    this.selection = null
    this.ui.zoomed(this.zoom !== null)
    this.dirty = this.late = true
  }

  setWindow(seconds) {
    this.windowS = seconds
    this.setZoom(null)
  }

  choose(name, tell = true) {
    if (!this.info) return
    this.machine = Math.max(0, this.info.machines.indexOf(name))
    this.machineName = this.info.machines[this.machine]
    this.ranges.clear()
    this.dirty = this.late = true
    this.summed = -1e9
    if (tell) this.component.setStateValue("machine", this.machineName)
  }

  // A span was picked: look closer, or hand it to Python as a marked interval.
  apply(span) {
    const [start, end] = [Math.min(...span), Math.max(...span)]
    this.selection = null
    this.dirty = true
    if (end - start < 1000) return
    if (this.mode === "zoom") return this.setZoom([start, end])
    this.component.setTriggerValue("brush", { machine: this.machineName, start_us: Math.round(start * 1000), end_us: Math.round(end * 1000) })
  }

  acknowledge(id) { this.component.setTriggerValue("acknowledge", id) }

  openAlarms(machine) { return [...this.alarms.values()].filter((a) => a.end === null && a.machine === machine && a.state !== "suppressed") }

  worst(machines) { return [...machines].sort((a, b) => this.openAlarms(b).length - this.openAlarms(a).length)[0] }

  stateOf(index) {
    if (!this.series?.length) return "nodata"
    if (this.series.state(this.series.length - 1, index) === 1) return "maintenance"
    const open = this.openAlarms(this.info.machines[index]).length
    return open >= Math.min(2, this.info.detectors.length) ? "alarm" : open ? "watch" : "running"
  }

  tick(now) {
    if (!this.series || document.hidden) return
    this.theme ??= themeOf(this.ui.root)
    if (this.dirty && now - (this.drawn || 0) >= DRAW_MS) { this.drawn = now; this.dirty = false; this.draw() }
    if (this.late || now - (this.written || 0) >= TEXT_MS) { this.written = now; this.late = false; this.write() }
    if (now - (this.summed || -1e9) >= SUMMARY_MS) { this.summed = now; this.sum() }
  }

  sum() {
    this.ui.about.textContent = `${this.machineName}: ${this.data.words[this.stateOf(this.machine)]}. `
    this.ui.summary.textContent = summary(this)
  }

  draw() {
    const { series, ui, theme, view } = this, name = this.machineName
    const marks = [...this.alarms.values()].filter((a) => a.machine === name).sort((a, b) => a.start - b.start)
    ui.charts.forEach((chart, k) => {
      if (!chart.canvas.clientWidth) return
      chart.place = drawSensor(chart.canvas, theme, series, view, this.machine, k, this.range(k, view), marks, this.cursor, this.selection)
    })
    ui.lanes.style.minHeight = `${lanesHeight(theme, series.detectors.length)}px`
    if (ui.lanes.clientWidth) ui.lanesPlace = drawLanes(ui.lanes, theme, series, view, this.machine, this.info.thresholds, marks, this.cursor, this.selection)
    this.readout()
    Object.assign(ui.root.dataset, { frames: this.frameCount, start: Math.round(view.start), end: Math.round(view.end) })
  }

  // The value axis grows at once and shrinks slowly, so that lines do not jump about.
  range(sensor, view) {
    const meta = this.series.sensors[sensor], key = `${this.machine}/${sensor}`
    let [low, high] = meta.normal
    for (let at = this.series.indexOf(view.start), to = this.series.indexOf(view.end); at < to; at++) {
      const value = this.series.value(at, this.machine, sensor)
      if (value < low) low = value
      if (value > high) high = value
    }
    const room = (high - low) * 0.08 || 1, was = this.ranges.get(key)
    const now = { low: low - room, high: high + room }
    if (was) {
      if (now.low > was.low) now.low = was.low + (now.low - was.low) * 0.05
      if (now.high < was.high) now.high = was.high - (was.high - now.high) * 0.05
    }
    this.ranges.set(key, now)
    return now
  }

  readout() {
    const at = this.cursor === null ? this.series.length - 1 : this.series.nearest(this.cursor)
    if (at < 0) return
    this.ui.charts.forEach((chart, k) => chart.show(this.series.value(at, this.machine, k), this))
    const speed = this.status.paused ? this.data.words.plant_paused : `×${this.status.speed}`
    this.ui.time.classList.toggle("picked", this.cursor !== null)
    this.ui.time.textContent = `${new Date(this.cursor ?? this.series.last).toISOString().slice(0, 10)} ${clock(this.cursor ?? this.series.last)} UTC`
    this.ui.speed.textContent = speed
  }

  write() {
    const words = this.data.words
    this.info.machines.forEach((name, index) => fleetCard(this, index, name, words))
    this.info.machines.forEach((name, index) => sparkline(this, index))
    const state = this.stateOf(this.machine)
    this.ui.title.textContent = this.machineName
    this.ui.state.textContent = `${SHAPES[state]} ${words[state]}`
    this.ui.state.className = `state ${state}`
    alarmRows(this, words)
    if (this.ui.details.open) tables(this, words)
  }
}

