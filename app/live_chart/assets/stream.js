// The WebSocket of one viewer: closed while the tab is hidden, opened again with growing pauses when it breaks.

const FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 15000

export class Stream {
  constructor(url, { onHello, onFrame, onState }) {
    this.url = new URL(url, document.baseURI).href.replace(/^http/, "ws")
    this.handlers = { hello: onHello, frame: onFrame }
    this.onState = onState
    this.pause = FIRST_PAUSE_MS
    this.text = new TextDecoder()
    this.onVisibility = () => (document.hidden ? this._close("hidden") : this._open())
    document.addEventListener("visibilitychange", this.onVisibility)
    this._open()
  }

  stop() {
    this.stopped = true
    clearTimeout(this.timer)
    document.removeEventListener("visibilitychange", this.onVisibility)
    this._close("stopped")
  }

  _open() {
    if (this.stopped || document.hidden || this.socket) return
    clearTimeout(this.timer)
    this.onState("connecting")
    const socket = (this.socket = new WebSocket(this.url))
    socket.binaryType = "arraybuffer"
    socket.onmessage = (event) => {
      const message = JSON.parse(this.text.decode(event.data))
      if (message.kind === "hello") this.pause = FIRST_PAUSE_MS
      this.onState("live")
      this.handlers[message.kind]?.(message)
    }
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.socket = null
      if (this.stopped || document.hidden) return
      this.onState("waiting")
      this.timer = setTimeout(() => this._open(), this.pause * (0.75 + Math.random() / 2)) // not all viewers at once
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS)
    }
  }

  _close(state) {
    const socket = this.socket
    this.socket = null
    socket?.close()
    this.onState(state)
  }
}
