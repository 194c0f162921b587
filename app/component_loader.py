"""The script that starts a component of ours: it loads the drawing module once and hands it each new state."""

from __future__ import annotations

# Runs again at each change of data or theme; the cleanup it returns runs once, when the page is left.
LOADER = """
const held = new WeakMap()
export default function (component) {
  const place = component.parentElement
  let mine = held.get(place)
  if (mine) { mine.next = component; mine.app?.update(component); return mine.stop }
  mine = { next: component, app: null, gone: false }
  mine.stop = () => { mine.gone = true; mine.app?.stop(); held.delete(place) }
  held.set(place, mine)
  import(new URL("MODULE", document.baseURI).href)
    .then((drawing) => { if (!mine.gone) mine.app = drawing.mount(mine.next) })
    .catch((problem) => { place.querySelector("ROOT").textContent = "SORRY: " + problem })
  return mine.stop
}
"""


def loader(module: str, root: str, sorry: str) -> str:
    """Return the script for a module that has `mount(component)`, its root element, and what to say when it fails."""
    return LOADER.replace("MODULE", module).replace("ROOT", root).replace("SORRY", sorry)
