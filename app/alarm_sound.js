// Browsers allow sound only after a person has acted in the page; pressing the button is that act. Choices live in the
// browser: each listener mutes for himself.
const held = new WeakMap()
const tones = { notice: [660], warning: [660, 880], critical: [880, 660, 880, 660] }
const kept = (name, otherwise) => { try { return localStorage.getItem("faultlab-" + name) ?? otherwise } catch { return otherwise } }
const keep = (name, value) => { try { localStorage.setItem("faultlab-" + name, value) } catch { /* private window */ } }

export default function (component) {
  const place = component.parentElement.querySelector(".sound"), data = component.data
  let mine = held.get(place)
  if (!mine) {
    mine = { seen: null, last: 0, on: false, audio: null, played: 0 }
    held.set(place, mine)
    const button = place.querySelector("button"), choice = place.querySelector("select"), test = place.querySelector(".test")
    for (const [seconds, word] of data.choices) choice.add(new Option(word, seconds))
    choice.value = kept("sound-cool-down", "30")
    choice.onchange = () => keep("sound-cool-down", choice.value)
    button.onclick = () => { mine.on = !mine.on; if (mine.on) unlock(mine); show(place, mine, mine.data) }
    test.onclick = () => { unlock(mine); play(place, mine, "warning") }
  }
  mine.data = data
  show(place, mine, data)
  const fresh = mine.seen === null ? [] : data.alarms.filter(([number]) => !mine.seen.has(number))
  mine.seen = new Set(data.alarms.map(([number]) => number))
  const wait = Number(place.querySelector("select").value) * 1000
  if (mine.on && fresh.length && Date.now() - mine.last >= wait) {
    const order = ["notice", "warning", "critical"]
    play(place, mine, fresh.map(([, priority]) => priority).sort((a, b) => order.indexOf(b) - order.indexOf(a))[0])
  }
}

function unlock(mine) { mine.audio ??= new AudioContext(); mine.audio.resume() }

function show(place, mine, data) {
  const button = place.querySelector("button")
  button.textContent = mine.on ? "♪ " + data.words.on : "♪ " + data.words.off
  button.setAttribute("aria-pressed", String(mine.on))
  place.querySelector("label span").textContent = data.words.cool
  place.querySelector(".test").textContent = data.words.test
}

function play(place, mine, priority) {
  if (!mine.audio) return
  mine.last = Date.now()
  place.dataset.played = String(++mine.played)
  place.dataset.priority = priority
  tones[priority].forEach((pitch, k) => {
    const tone = mine.audio.createOscillator(), loud = mine.audio.createGain(), at = mine.audio.currentTime + k * 0.22
    tone.frequency.value = pitch
    tone.connect(loud).connect(mine.audio.destination)
    loud.gain.setValueAtTime(0.0001, at)
    loud.gain.exponentialRampToValueAtTime(0.18, at + 0.02)
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.2)
    tone.start(at); tone.stop(at + 0.21)
  })
}
