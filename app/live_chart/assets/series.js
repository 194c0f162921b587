// Readings, scores and states of all machines in flat arrays, oldest first; the oldest fall out when it is full.

const NUMBERS = 6e6 // at most this many readings are kept (24 MB), however many machines there are

export class Series {
  constructor(hello) {
    this.machines = hello.machines
    this.sensors = hello.sensors
    this.detectors = hello.detectors
    const width = this.machines.length * (this.sensors.length + this.detectors.length + 1)
    this.keep = Math.max(600, Math.min(7200, Math.floor(NUMBERS / width)))
    const room = this.keep * 2
    this.times = new Float64Array(room)
    this.values = new Float32Array(room * this.machines.length * this.sensors.length)
    this.scores = new Float32Array(room * this.machines.length * this.detectors.length)
    this.states = new Uint8Array(room * this.machines.length)
    this.length = 0
  }

  get last() { return this.length ? this.times[this.length - 1] : null }
  get first() { return this.length ? this.times[0] : null }

  push(frame) {
    const { t, v, s, m } = frame
    if (this.length && t.length && t[0] <= this.last) this._forgetFrom(t[0]) // the plant was sent back in time
    for (let k = 0; k < t.length; k++) {
      if (this.length === this.times.length) this._dropOldest()
      const at = this.length++
      this.times[at] = t[k]
      this._copy(this.values, at, v[k], this.sensors.length)
      this._copy(this.scores, at, s[k], this.detectors.length)
      for (let i = 0; i < this.machines.length; i++) this.states[at * this.machines.length + i] = m[k][i]
    }
  }

  value(at, machine, sensor) {
    return this.values[(at * this.machines.length + machine) * this.sensors.length + sensor]
  }

  score(at, machine, detector) {
    return this.scores[(at * this.machines.length + machine) * this.detectors.length + detector]
  }

  state(at, machine) { return this.states[at * this.machines.length + machine] }

  // Index of the first tick at or after this time.
  indexOf(time) {
    let low = 0, high = this.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.times[middle] < time) low = middle + 1
      else high = middle
    }
    return low
  }

  // Index of the tick nearest to this time, or -1.
  nearest(time) {
    const at = this.indexOf(time)
    if (!this.length) return -1
    if (at === this.length) return at - 1
    return at > 0 && time - this.times[at - 1] < this.times[at] - time ? at - 1 : at
  }

  _copy(into, at, rows, width) {
    const base = at * this.machines.length * width
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      for (let j = 0; j < width; j++) into[base + i * width + j] = row[j] === null ? NaN : row[j]
    }
  }

  _forgetFrom(time) { this.length = this.indexOf(time) }

  _dropOldest() {
    const { keep } = this, machines = this.machines.length
    for (const [array, width] of [[this.times, 1], [this.values, machines * this.sensors.length],
      [this.scores, machines * this.detectors.length], [this.states, machines]])
      array.copyWithin(0, keep * width, this.length * width)
    this.length -= keep
  }
}
