// The timeline: a waveform with cues that are moved and dragged by their edges.

import { SHORTEST_MS } from "./cue-operations.js";
import { clock, shownText } from "./times.js";
import { colourSamples, drawOverview, drawTimeline } from "./timeline-drawing.js";

const EDGE_PX = 7;
const SNAP_PX = 6;
const DRAG_PX = 3;
const SHORTEST_VIEW_MS = 1000;
const USUAL_VIEW_MS = 20_000;

/**
 * Canvases with the waveform and, below, the whole recording.
 *
 * Events: `seek` {time_ms}, `choose` {id}, `move` {id, start_ms, end_ms, done}.
 */
export class Timeline extends EventTarget {
  #look;
  #from = 0;
  #span = USUAL_VIEW_MS;
  #pending = 0;
  #drag = null;
  #hover = null;

  /** @param look returns {cues, model, active, chosen, marks, speakerHue, wave, length_ms, now_ms, texts}. */
  constructor(look) {
    super();
    this.#look = look;
    this.element = document.createElement("div");
    this.element.className = "timeline";
    this.canvas = document.createElement("canvas");
    this.canvas.className = "wave";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "slider");
    this.overview = document.createElement("canvas");
    this.overview.className = "overview";
    this.overview.setAttribute("aria-hidden", "true");
    this.element.append(this.canvas, this.overview, colourSamples());
    this.#listen();
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  get view() {
    return { from_ms: this.#from, span_ms: this.#span };
  }

  refresh() {
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0;
      this.#draw();
    });
  }

  /** Scroll until a stretch is seen. */
  reveal(start_ms, end_ms = start_ms) {
    const margin = this.#span * 0.08;
    if (start_ms < this.#from + margin || end_ms > this.#from + this.#span - margin) {
      this.scrollTo(start_ms - this.#span * 0.3);
    }
  }

  scrollTo(from_ms) {
    const { length_ms } = this.#look();
    this.#from = Math.max(0, Math.min(from_ms, Math.max(0, length_ms - this.#span * 0.5)));
    this.refresh();
  }

  /** Show less or more time, around a place. */
  zoom(factor, around_ms = this.#from + this.#span / 2) {
    const { length_ms } = this.#look();
    const most = Math.max(USUAL_VIEW_MS, length_ms);
    const span = Math.min(most, Math.max(SHORTEST_VIEW_MS, this.#span * factor));
    const share = (around_ms - this.#from) / this.#span;
    this.#span = span;
    this.scrollTo(around_ms - span * share);
  }

  #draw() {
    const look = this.#look();
    const view = { ...this.view, hover: this.#hover, drag: this.#drag };
    drawTimeline(this.canvas, look, view);
    drawOverview(this.overview, look, view);
    const { canvas } = this;
    canvas.setAttribute("aria-label", look.texts.timeline);
    canvas.setAttribute("aria-valuemin", "0");
    canvas.setAttribute("aria-valuemax", String(Math.round(look.length_ms)));
    canvas.setAttribute("aria-valuenow", String(Math.round(look.now_ms)));
    canvas.setAttribute("aria-valuetext", clock(look.now_ms));
  }

  #ms(x) {
    return this.#from + (x / this.canvas.clientWidth) * this.#span;
  }

  get #msPerPx() {
    return this.#span / Math.max(1, this.canvas.clientWidth);
  }

  /** Return the cue at a place with the part of it: "start", "end" or "body". */
  #hit(x) {
    const { model, cues, active } = this.#look();
    const ms = this.#ms(x);
    const near = EDGE_PX * this.#msPerPx;
    const at = model.before(ms + near);
    const around = cues.slice(Math.max(0, at - 3), at + 1).filter((cue) => cue.end_ms + near >= ms);
    around.sort((a, b) => (b.id === active) - (a.id === active) || b.start_ms - a.start_ms);
    let body = null;
    for (const cue of around) {
      const edge = Math.min(near, (cue.end_ms - cue.start_ms) / 3 + near / 3);
      if (Math.abs(ms - cue.start_ms) <= edge) return { cue, part: "start" };
      if (Math.abs(ms - cue.end_ms) <= edge) return { cue, part: "end" };
      if (ms >= cue.start_ms && ms <= cue.end_ms) body ??= { cue, part: "body" };
    }
    return body;
  }

  #listen() {
    const { canvas, overview } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#moved(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.#end());
    canvas.addEventListener("pointerleave", () => this.#hovered(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("transitionend", ({ target, propertyName }) => {
      if (target === this.element && propertyName === "color") this.refresh(); // another theme
    });
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    overview.addEventListener("pointerdown", (event) => {
      overview.setPointerCapture(event.pointerId);
      this.#overviewTo(event);
    });
    overview.addEventListener("pointermove", (event) => {
      if (event.buttons) this.#overviewTo(event);
    });
  }

  #overviewTo(event) {
    const { length_ms } = this.#look();
    const share = event.offsetX / Math.max(1, this.overview.clientWidth);
    this.scrollTo(share * length_ms - this.#span / 2);
  }

  #down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const hit = this.#hit(event.offsetX);
    const pans = event.pointerType === "touch" && hit?.cue.id !== this.#look().active;
    this.#drag = { hit: pans ? null : hit, x: event.offsetX, from: this.#from, began: false, pans };
    if (hit) this.#tell("choose", { id: hit.cue.id });
  }

  #moved(event) {
    const drag = this.#drag;
    if (!drag) {
      this.#hovered(this.#hit(event.offsetX));
      return;
    }
    if (!drag.began && Math.abs(event.offsetX - drag.x) < DRAG_PX) return;
    drag.began = true;
    if (drag.pans) this.scrollTo(drag.from - (event.offsetX - drag.x) * this.#msPerPx);
    else if (drag.hit) this.#move(event, false);
    else this.#tell("seek", { time_ms: Math.max(0, this.#ms(event.offsetX)) });
  }

  #up(event) {
    const drag = this.#drag;
    if (!drag) return;
    if (drag.began && drag.hit) this.#move(event, true);
    else if (!drag.began) this.#tell("seek", { time_ms: Math.max(0, this.#ms(event.offsetX)) });
    this.#end();
  }

  #end() {
    this.#drag = null;
    this.refresh();
  }

  #hovered(hit) {
    const key = hit && `${hit.cue.id} ${hit.part}`;
    if (key === (this.#hover && `${this.#hover.cue.id} ${this.#hover.part}`)) return;
    this.#hover = hit;
    this.canvas.style.cursor = !hit ? "" : hit.part === "body" ? "grab" : "ew-resize";
    this.canvas.title = hit ? shownText(hit.cue) : "";
    this.refresh();
  }

  /** Tell where a dragged cue is to be; with the Alt key it may overlap others. */
  #move(event, done) {
    const { hit, x } = this.#drag;
    const { cue, part } = hit;
    const { cues, model, now_ms } = this.#look();
    const at = model.indexOf(cue.id);
    const [before, after] = [cues[at - 1], cues[at + 1]];
    const free = event.altKey;
    const low = free || !before || before.end_ms > cue.start_ms ? 0 : before.end_ms;
    const high = free || !after || after.start_ms < cue.end_ms ? Infinity : after.start_ms;
    const delta = (event.offsetX - x) * this.#msPerPx;
    const targets = [before?.end_ms, after?.start_ms, now_ms].filter((ms) => ms !== undefined);
    const near = free ? 0 : SNAP_PX * this.#msPerPx;
    const snap = (ms) => targets.find((target) => Math.abs(target - ms) <= near) ?? ms;
    const { start_ms: start, end_ms: end } = cue;
    let moved = { start_ms: start, end_ms: end };
    if (part === "start") {
      moved.start_ms = Math.min(end - SHORTEST_MS, Math.max(low, snap(start + delta)));
    } else if (part === "end") {
      moved.end_ms = Math.max(start + SHORTEST_MS, Math.min(high, snap(end + delta)));
    } else {
      const length = end - start;
      let to = snap(start + delta);
      if (to === start + delta) to = snap(end + delta) - length;
      to = Math.max(low, Math.min(high - length, to));
      moved = { start_ms: to, end_ms: to + length };
    }
    this.#tell("move", {
      id: cue.id,
      start_ms: Math.max(0, Math.round(moved.start_ms)),
      end_ms: Math.round(moved.end_ms),
      done,
    });
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { now_ms, length_ms } = this.#look();
    const steps = { ArrowLeft: -1000, ArrowRight: 1000, PageUp: -this.#span, PageDown: this.#span };
    const ends = { Home: -now_ms, End: length_ms - now_ms };
    const step = steps[event.key] ?? ends[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const time_ms = Math.max(0, Math.min(length_ms, now_ms + step));
    this.#tell("seek", { time_ms });
    this.reveal(time_ms);
  }

  #wheel(event) {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.metaKey) {
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#ms(event.offsetX));
    } else if (sideways || event.shiftKey || event.deltaY) {
      const delta = sideways ? event.deltaX : event.deltaY;
      this.scrollTo(this.#from + delta * this.#msPerPx);
    }
    event.preventDefault();
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
