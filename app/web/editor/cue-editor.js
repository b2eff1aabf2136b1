// <cue-editor>: an editor of subtitles with a list, a timeline and quality control.

import { CueDetail } from "./cue-detail.js";
import { CueList } from "./cue-list.js";
import { CueModel } from "./cue-model.js";
import { EditedJob } from "./edited-job.js";
import { buildFrame, refreshTools, writeTools } from "./editor-frame.js";
import { listen } from "./editor-events.js";
import { Playback } from "./editor-parts.js";
import { EditorApi } from "./edit-sync.js";
import { FindBar } from "./find-bar.js";
import { QualityPanel } from "./quality-panel.js";
import { EDITOR_TEXTS } from "./texts.js";
import { Timeline } from "./timeline.js";
import { fileWaveform } from "./waveform.js";

const HUES = [212, 28, 145, 290, 350, 185, 52, 255];

/**
 * Properties: `cues`, `media` (an HTMLMediaElement), `jobId`, `texts`, `apiKey` or `request` (like
 * fetch), `file` (a Blob of the recording, for its waveform).
 *
 * Events: `seek` {time_ms}, `jump` {id, time_ms}, `edit` {cues}, `state` {state, message}.
 */
export class CueEditor extends HTMLElement {
  #jobId = null;
  #media = null;
  #texts = EDITOR_TEXTS.en;
  #speakers = new Map();
  #reading = null;
  #hasTexts = false;

  constructor() {
    super();
    this.model = new CueModel();
    this.active = null;
    this.chosen = new Set();
    this.anchor = null;
    this.sync = null;
    this.wave = null;
    this.target = null;
    this.length_ms = 0;
    this.playback = new Playback((ms, isPlaying) => this.#played(ms, isPlaying));
    this.api = new EditorApi((path, init) => this.request(path, init));
    const look = () => this.look();
    this.list = new CueList(look);
    this.timeline = new Timeline(look);
    this.detail = new CueDetail(look);
    this.quality = new QualityPanel();
    this.findBar = new FindBar(look);
    this.attachShadow({ mode: "open" });
    buildFrame(this);
    listen(this);
  }

  connectedCallback() {
    if (!this.#hasTexts) this.texts = null;
    if (this.#jobId && !this.sync) this.#open();
  }

  disconnectedCallback() {
    this.sync?.close();
    this.sync = null;
    this.playback.media = null;
    this.#reading?.abort();
  }

  /** Ask the server; replaced by pages that add a key of their own. */
  request(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.apiKey) headers.set("X-API-Key", this.apiKey);
    return fetch(path, { ...init, headers });
  }

  get cues() {
    return this.model.cues;
  }

  set cues(cues) {
    this.model.load(cues);
  }

  get media() {
    return this.#media;
  }

  set media(media) {
    this.#media = media;
    this.playback.media = media;
  }

  get jobId() {
    return this.#jobId;
  }

  set jobId(jobId) {
    if (jobId === this.#jobId) return;
    this.sync?.close();
    this.sync = null;
    this.#jobId = jobId;
    this.wave = null;
    if (jobId && this.isConnected) this.#open();
  }

  get texts() {
    return this.#texts;
  }

  /** A table of texts, or the tag of one of the languages of `EDITOR_TEXTS`. */
  set texts(texts) {
    const tag = typeof texts === "string" ? texts : this.closest("[lang]")?.lang || navigator.language;
    const own = texts && typeof texts === "object" ? texts : EDITOR_TEXTS[tag.split("-")[0].toLowerCase()];
    this.#texts = { ...EDITOR_TEXTS.en, ...own };
    this.#hasTexts = texts !== null;
    this.#write();
  }

  /** A recording of the user's own: its waveform is decoded here. */
  set file(blob) {
    this.#reading?.abort();
    this.#reading = new AbortController();
    fileWaveform(blob, this.#reading.signal).then((wave) => {
      if (wave) this.wave = wave;
      this.timeline.refresh();
    });
  }

  /** What the parts look at. */
  look() {
    const { model, texts, chosen, active, wave, quality } = this;
    return {
      model, texts, chosen, active, wave,
      cues: model.cues,
      marks: quality.marks,
      maxSpeed: quality.limits.speed,
      maxLine: quality.limits.line,
      translated: this.isTranslated,
      speakers: [...this.#speakers.keys()],
      speakerHue: (name) => this.#hue(name),
      language: this.language,
      target: this.target,
      now_ms: this.playback.now_ms,
      playing: this.playback.cueId,
      length_ms: Math.max(this.length_ms, this.playback.length_ms, model.cues.at(-1)?.end_ms ?? 0),
    };
  }

  /** Choose a cue: its fields are shown, and the list and the timeline scroll to it. */
  choose(id, { extend = false, toggle = false, seek = false, centre = false } = {}) {
    const at = this.model.indexOf(id);
    if (at < 0) {
      this.active = null;
      this.chosen.clear();
      this.refresh();
      return;
    }
    this.model.endTyping();
    if (extend && this.anchor !== null && this.model.indexOf(this.anchor) >= 0) {
      const [low, high] = [at, this.model.indexOf(this.anchor)].sort((a, b) => a - b);
      this.chosen = new Set(this.model.cues.slice(low, high + 1).map((cue) => cue.id));
    } else if (toggle) {
      if (this.chosen.has(id) && this.chosen.size > 1) this.chosen.delete(id);
      else this.chosen.add(id);
      this.anchor = id;
    } else {
      this.chosen = new Set([id]);
      this.anchor = id;
    }
    this.active = id;
    const cue = this.model.get(id);
    this.list.reveal(at, { centre });
    this.timeline.reveal(cue.start_ms, cue.end_ms);
    if (seek) this.seek(cue.start_ms);
    this.refresh();
  }

  /** Choose a cue from elsewhere, such as a finding, and tell the page. */
  jump(id) {
    this.choose(id, { seek: true, centre: true });
    const time_ms = this.model.get(id)?.start_ms;
    if (time_ms !== undefined) this.tell("jump", { id, time_ms });
  }

  seek(time_ms) {
    this.playback.seek(time_ms);
    this.tell("seek", { time_ms: Math.round(time_ms) });
    this.timeline.refresh();
  }

  refresh() {
    this.list.refresh();
    this.timeline.refresh();
    this.detail.show(this.active === null ? null : this.model.get(this.active));
    refreshTools(this);
  }

  /** Say something in the status line. */
  say(text) {
    this.message.textContent = text;
  }

  /** Read the findings of what is saved. */
  async checkQuality() {
    if (!this.sync) return;
    try {
      this.quality.show(await this.api.json(`${this.sync.path}/quality`));
      this.refresh();
    } catch (error) {
      this.say(error.message);
    }
  }

  get isTranslated() {
    return this.target !== null || this.model.cues.some((cue) => cue.translation !== null);
  }

  #hue(name) {
    if (!name) return 220;
    if (!this.#speakers.has(name)) this.#speakers.set(name, this.#speakers.size % HUES.length);
    return HUES[this.#speakers.get(name)];
  }

  #write() {
    writeTools(this);
    this.findBar.write(this.texts);
    this.quality.write(this.texts);
    this.#writeColumns();
    this.refresh();
  }

  #writeColumns() {
    this.list.writeHead();
    this.detail.write();
    this.shownColumns = `${this.isTranslated} ${this.language} ${this.target}`;
  }

  /** Take a change of the model. */
  changed({ reason }) {
    for (const cue of this.model.cues) if (cue.speaker) this.#hue(cue.speaker);
    for (const id of this.chosen) if (this.model.indexOf(id) < 0) this.chosen.delete(id);
    if (this.active !== null && this.model.indexOf(this.active) < 0) this.active = null;
    if (this.shownColumns !== `${this.isTranslated} ${this.language} ${this.target}`) this.#writeColumns();
    this.list.show(this.model.cues);
    this.refresh();
    this.findBar.again();
    if (reason === "load") return;
    this.sync?.changed();
    this.tell("edit", { cues: this.model.cues });
  }

  #played(ms, isPlaying) {
    const at = this.model.before(ms);
    const cue = this.model.cues[at];
    const id = cue && cue.end_ms > ms ? cue.id : null;
    if (id !== this.playback.cueId) {
      this.playback.cueId = id;
      this.list.refresh();
      if (isPlaying && at >= 0 && !this.shadowRoot.activeElement?.matches("textarea, input")) this.list.reveal(at);
    }
    if (isPlaying) {
      const { from_ms, span_ms } = this.timeline.view;
      if (ms > from_ms + span_ms * 0.92 || ms < from_ms) this.timeline.scrollTo(ms - span_ms * 0.08);
    }
    this.timeline.refresh();
  }

  #open() {
    new EditedJob(this).open(this.#jobId);
  }

  /** Tell the page. */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("cue-editor", CueEditor);
