// The video with its cues as the browser's own text tracks, and the list of cues beside it.

import { clock, el } from "./dom.js";
import { language, t } from "./i18n.js";

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Events: `seek` {time_ms}, by the reader's hand; `lost` {wasPlaying}, where media of the server fails. */
export class Player extends EventTarget {
  #shown = new Map();
  #rows = new Map();
  #order = [];
  #current = null;

  constructor() {
    super();
    this.video = el("video", { controls: true, playsInline: true, data: { tLabel: "video" }, attr: { "aria-label": t("video") } });
    this.source = this.video.addTextTrack("subtitles", t("show_source"), "und");
    this.target = this.video.addTextTrack("subtitles", t("show_target"), "und");
    this.list = el("ol", { className: "cues", tabIndex: 0, data: { tLabel: "cues" }, attr: { "aria-label": t("cues") } });
    this.show("target");
    this.video.hidden = true; // until there is media
    this.video.addEventListener("error", () => this.#failed());
    this.video.addEventListener("timeupdate", () => this.#follow());
    this.video.addEventListener("seeking", () => {
      this.#tell(this.video.currentTime * 1000);
      this.#follow();
    });
  }

  set file(file) {
    this.#play(URL.createObjectURL(file));
  }

  /** Play what the server has, where the reader was. */
  set address(url) {
    const at_s = this.video.currentTime;
    this.#play(url);
    if (at_s) this.video.addEventListener("loadedmetadata", () => { this.video.currentTime = at_s; }, { once: true });
  }

  #play(url) {
    this.release();
    this.url = url;
    this.video.src = url;
    this.video.hidden = false;
  }

  release() {
    if (this.url?.startsWith("blob:")) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  /** Let go of the media, and stop to fetch it. */
  close() {
    this.release();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Media of the server may be of a kind that this browser lacks, or its link has expired: `lost` {wasPlaying}. */
  #failed() {
    if (!this.url || this.url.startsWith("blob:")) return;
    const wasPlaying = this.video.readyState > 0;
    this.url = null;
    this.video.hidden = true;
    this.dispatchEvent(new CustomEvent("lost", { detail: { wasPlaying } }));
  }

  get hasMedia() {
    return Boolean(this.url);
  }

  /** Show "source", "target", "both" or "none"; without a translation the target is the source. */
  show(which) {
    this.which = which;
    const translated = [...this.#shown.values()].some(({ target }) => target);
    const isSource = which === "source" || which === "both" || (which === "target" && !translated);
    this.source.mode = isSource ? "showing" : "hidden";
    this.target.mode = which === "target" || which === "both" ? "showing" : "hidden";
  }

  /** Put new and revised cues in place of their earlier revisions, and take dropped ones away. */
  update({ changed, dropped }) {
    for (const id of dropped) this.#remove(id);
    for (const cue of changed) {
      this.#remove(cue.id);
      this.#add(cue);
    }
    if (changed.length) this.show(this.which);
    this.#follow();
  }

  #add(cue) {
    const make = (text) => new VTTCue(cue.start_ms / 1000, Math.max(cue.end_ms, cue.start_ms + 1) / 1000, escaped(text));
    const shown = { source: make(cue.text), target: cue.translation ? make(cue.translation) : null };
    this.source.addCue(shown.source);
    if (shown.target) this.target.addCue(shown.target);
    this.#shown.set(cue.id, shown);
    const row = this.#row(cue);
    let at = this.#order.length;
    while (at > 0 && this.#order[at - 1].start_ms > cue.start_ms) at -= 1;
    this.list.insertBefore(row, this.#order[at] ? this.#rows.get(this.#order[at].id) : null);
    this.#order.splice(at, 0, cue);
    this.#rows.set(cue.id, row);
  }

  #remove(id) {
    const shown = this.#shown.get(id);
    if (!shown) return;
    this.source.removeCue(shown.source);
    if (shown.target) this.target.removeCue(shown.target);
    this.#rows.get(id).remove();
    this.#rows.delete(id);
    this.#shown.delete(id);
    this.#order = this.#order.filter((cue) => cue.id !== id);
  }

  #row(cue) {
    const speaker = cue.speaker ? el("span", { className: "speaker", textContent: cue.speaker.replace("SPEAKER_", "S") }) : null;
    const lang = cue.language === "und" ? undefined : cue.language;
    const button = el("button", { type: "button", on: { click: () => this.seek(cue.start_ms) } },
      el("span", { className: "time", textContent: clock(cue.start_ms, true) }), speaker,
      el("span", { className: "text", lang, dir: "auto", textContent: cue.text }),
      cue.translation && cue.translation !== cue.text ? el("span", { className: "translation", dir: "auto", textContent: cue.translation }) : null);
    return el("li", { className: cue.final ? "" : "draft", data: { id: cue.id } }, button);
  }

  seek(time_ms) {
    if (this.hasMedia) this.video.currentTime = time_ms / 1000;
    else this.#tell(time_ms);
  }

  #tell(time_ms) {
    this.dispatchEvent(new CustomEvent("seek", { detail: { time_ms } }));
  }

  #follow() {
    const now_ms = this.video.currentTime * 1000;
    const cue = this.#order.find((each) => each.start_ms <= now_ms && now_ms < each.end_ms);
    const row = cue ? this.#rows.get(cue.id) : null;
    if (row === this.#current) return;
    this.#current?.removeAttribute("aria-current");
    this.#current = row;
    row?.setAttribute("aria-current", "true");
    if (row && !this.video.paused) this.list.scrollTop = row.offsetTop - this.list.clientHeight / 3;
  }
}
