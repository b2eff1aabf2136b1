// The timeline of a job: which parts have cues already, where the reader is, and a click that seeks.

import { clock, el } from "./dom.js";
import { t } from "./i18n.js";

const STEP_MS = 5000;
const PARTS = 300; // gaps between cues that are smaller than such a part of the whole are not drawn

export class JobTimeline {
  #player;
  #parts = el("div", { className: "parts" });
  #playhead = el("i", { className: "playhead" });
  #cues = [];
  #told_ms = null;
  #at_ms = 0;
  #pending = 0;

  constructor(player) {
    this.#player = player;
    this.element = el("div", {
      className: "timeline", hidden: true, tabIndex: 0, data: { tLabel: "timeline" },
      attr: { role: "slider", "aria-label": t("timeline"), "aria-valuemin": "0" },
      on: { pointerdown: (event) => this.#pressed(event), keydown: (event) => this.#key(event) },
    }, this.#parts, this.#playhead);
    for (const name of ["timeupdate", "loadedmetadata", "durationchange"]) {
      player.video.addEventListener(name, () => this.#refresh());
    }
    player.addEventListener("seek", ({ detail }) => {
      this.#at_ms = detail.time_ms;
      this.#refresh();
    });
  }

  /** Show where cues are; `length_ms` is null while nobody knows how long the recording is. */
  show(cues, length_ms) {
    this.#cues = cues;
    this.#told_ms = length_ms;
    this.#refresh();
  }

  get #length_ms() {
    const { duration } = this.#player.video;
    return this.#told_ms ?? (Number.isFinite(duration) ? duration * 1000 : 0);
  }

  get #now_ms() {
    return this.#player.hasMedia ? this.#player.video.currentTime * 1000 : this.#at_ms;
  }

  #refresh() {
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0;
      this.#draw();
    });
  }

  #draw() {
    const length_ms = this.#length_ms;
    this.element.hidden = !length_ms;
    if (!length_ms) return;
    const share = (ms) => `${Math.min(100, (ms / length_ms) * 100)}%`;
    const stretches = joined(this.#cues, length_ms / PARTS);
    while (this.#parts.childElementCount > stretches.length) this.#parts.lastChild.remove();
    while (this.#parts.childElementCount < stretches.length) this.#parts.append(el("i"));
    stretches.forEach(([start_ms, end_ms], n) => {
      const { style } = this.#parts.children[n];
      style.insetInlineStart = share(start_ms);
      style.inlineSize = share(end_ms - start_ms);
    });
    const now_ms = Math.min(length_ms, this.#now_ms);
    this.#playhead.style.insetInlineStart = share(now_ms);
    this.element.setAttribute("aria-valuemax", String(Math.round(length_ms)));
    this.element.setAttribute("aria-valuenow", String(Math.round(now_ms)));
    this.element.setAttribute("aria-valuetext", `${clock(now_ms)} / ${clock(length_ms)}`);
  }

  #pressed(event) {
    if (event.button !== 0) return;
    const { left, width } = this.element.getBoundingClientRect();
    this.#seek(((event.clientX - left) / width) * this.#length_ms);
  }

  #key(event) {
    const page_ms = this.#length_ms / 10;
    const by_ms = { ArrowLeft: -STEP_MS, ArrowRight: STEP_MS, PageUp: -page_ms, PageDown: page_ms }[event.key];
    const to_ms = { Home: 0, End: this.#length_ms }[event.key] ?? (by_ms === undefined ? null : this.#now_ms + by_ms);
    if (to_ms === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#seek(to_ms);
  }

  #seek(time_ms) {
    this.#player.seek(Math.round(Math.max(0, Math.min(this.#length_ms, time_ms))));
  }
}

/** Join the stretches of cues whose gaps are too small to be seen; [[start_ms, end_ms]…] in order. */
function joined(cues, gap_ms) {
  const found = [];
  for (const { start_ms, end_ms } of [...cues].sort((a, b) => a.start_ms - b.start_ms)) {
    const last = found.at(-1);
    if (last && start_ms - last[1] <= gap_ms) last[1] = Math.max(last[1], end_ms);
    else found.push([start_ms, end_ms]);
  }
  return found;
}
