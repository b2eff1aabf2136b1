// <cue-editor>: an editor of subtitles with a list, a timeline and quality control.

import { CueDetail } from "./cue-detail.js";
import { CueList } from "./cue-list.js";
import { CueModel, wholeCue } from "./cue-model.js";
import * as operations from "./cue-operations.js";
import { runCommand } from "./editor-commands.js";
import { askConflict, Playback } from "./editor-parts.js";
import { EditorApi, EditSync } from "./edit-sync.js";
import { FindBar } from "./find-bar.js";
import { QualityPanel } from "./quality-panel.js";
import { commandOf } from "./shortcuts.js";
import { EDITOR_TEXTS } from "./texts.js";
import { Timeline } from "./timeline.js";
import { fileWaveform, serverWaveform } from "./waveform.js";

const HUES = [212, 28, 145, 290, 350, 185, 52, 255];
const QUALITY_MS = 400;
const TOOLS = [
  ["undo", "redo"], ["split", "merge", "insertAfter", "remove"],
  ["translateAgain", "alignFromHere"], ["find", "nextFault", "help"],
];

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
  #looking = 0;
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
    this.#build();
    this.#listen();
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
      translated: this.#isTranslated,
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
    if (time_ms !== undefined) this.#tell("jump", { id, time_ms });
  }

  seek(time_ms) {
    this.playback.seek(time_ms);
    this.#tell("seek", { time_ms: Math.round(time_ms) });
    this.timeline.refresh();
  }

  refresh() {
    this.list.refresh();
    this.timeline.refresh();
    this.detail.show(this.active === null ? null : this.model.get(this.active));
    const enabled = {
      undo: this.model.canUndo, redo: this.model.canRedo, merge: this.model.cues.length > 1,
      translateAgain: this.#isTranslated && Boolean(this.#jobId), alignFromHere: Boolean(this.#jobId),
    };
    for (const button of this.tools.querySelectorAll("button")) {
      const needsCue = !["undo", "redo", "find", "help", "nextFault", "insertAfter"].includes(button.name);
      button.disabled = !(enabled[button.name] ?? true) || (needsCue && this.active === null);
    }
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

  get #isTranslated() {
    return this.target !== null || this.model.cues.some((cue) => cue.translation !== null);
  }

  #hue(name) {
    if (!name) return 220;
    if (!this.#speakers.has(name)) this.#speakers.set(name, this.#speakers.size % HUES.length);
    return HUES[this.#speakers.get(name)];
  }

  #build() {
    const part = (tag, name) => Object.assign(document.createElement(tag), { className: name });
    const style = part("link", "");
    Object.assign(style, { rel: "stylesheet", href: new URL("./editor.css", import.meta.url).href });
    this.tools = part("div", "tools");
    this.tools.setAttribute("role", "toolbar");
    this.status = part("output", "status");
    this.message = part("output", "message");
    for (const output of [this.status, this.message]) output.setAttribute("aria-live", "polite");
    const bar = part("div", "bar");
    bar.append(this.tools, this.message, this.status);
    const left = part("div", "left");
    left.append(this.findBar.element, this.list.element);
    const lower = part("div", "lower");
    lower.append(left, this.quality.element);
    this.frame = part("div", "editor");
    this.frame.append(bar, this.timeline.element, this.detail.element, lower);
    this.shadowRoot.append(style, this.frame);
  }

  #write() {
    const { texts } = this;
    const groups = TOOLS.map((names) => {
      const group = Object.assign(document.createElement("span"), { className: "group" });
      group.append(
        ...names.map((name) => {
          const button = Object.assign(document.createElement("button"), { type: "button", name });
          button.textContent = texts[name] ?? texts[`do_${name}`];
          button.title = texts[`do_${name}`] ?? "";
          button.addEventListener("click", () => runCommand(this, name));
          return button;
        }),
      );
      return group;
    });
    this.tools.replaceChildren(...groups);
    this.tools.setAttribute("aria-label", texts.tools);
    this.findBar.write(texts);
    this.quality.write(texts);
    this.#writeColumns();
    this.refresh();
  }

  #writeColumns() {
    this.list.writeHead();
    this.detail.write();
    this.shownColumns = `${this.#isTranslated} ${this.language} ${this.target}`;
  }

  #listen() {
    this.model.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.list.addEventListener("choose", ({ detail }) => {
      this.choose(detail.id, { ...detail, seek: !detail.extend && !detail.toggle });
    });
    this.list.addEventListener("open", ({ detail }) => this.detail.focusText(detail.field));
    this.timeline.addEventListener("seek", ({ detail }) => this.seek(detail.time_ms));
    this.timeline.addEventListener("choose", ({ detail }) => this.choose(detail.id));
    this.timeline.addEventListener("move", ({ detail: { id, start_ms, end_ms, done } }) => {
      this.model.change(id, { start_ms, end_ms }, { typing: `drag ${id}` });
      if (done) this.model.endTyping();
    });
    this.detail.addEventListener("time", ({ detail: { edge, ms, nudged } }) => {
      const options = nudged ? { typing: `${edge} ${this.active}` } : {};
      operations.setTime(this.model, this.active, edge, ms, options);
      this.refresh();
    });
    this.detail.addEventListener("write", ({ detail: { field, value } }) => {
      const typing = `${field} ${this.active}`;
      this.model.change(this.active, { [field]: field === "speaker" ? value || null : value }, { typing });
    });
    this.detail.addEventListener("leave", () => {
      this.model.endTyping();
      this.refresh();
    });
    this.quality.addEventListener("jump", ({ detail }) => this.jump(detail.id));
    this.findBar.addEventListener("found", ({ detail }) => this.choose(detail.match.id, { centre: true }));
    this.findBar.addEventListener("replace", ({ detail }) => {
      operations.rewrite(this.model, detail.rows);
      this.say(this.texts.replaced.replace("{n}", detail.count));
    });
    this.findBar.addEventListener("closed", () => this.list.element.focus());
    this.frame.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const { target } = event;
    const isField = target.matches?.("textarea, input:not([type=checkbox])") ?? false;
    const inList = target === this.list.element;
    if (inList && this.#listKey(event)) return;
    const isButton = target.matches?.("button, summary") && [" ", "Enter"].includes(event.key);
    const onTimeline = target === this.timeline.canvas && event.key === "Enter";
    if (event.defaultPrevented || isButton || onTimeline) return;
    const command = commandOf(event, isField ? "field" : inList ? "list" : "other");
    if (command && runCommand(this, command, event) !== false) event.preventDefault();
  }

  /** Move in the list by arrows. */
  #listKey(event) {
    const { key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const at = this.model.indexOf(this.active);
    const last = this.model.cues.length - 1;
    const page = this.list.pageRows;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - page, PageDown: at + page, Home: 0, End: last }[key];
    if (to === undefined || last < 0) return false;
    event.preventDefault();
    const cue = this.model.cues[Math.max(0, Math.min(last, to))];
    this.choose(cue.id, { extend: event.shiftKey });
    return true;
  }

  #changed({ reason }) {
    for (const cue of this.model.cues) if (cue.speaker) this.#hue(cue.speaker);
    for (const id of this.chosen) if (this.model.indexOf(id) < 0) this.chosen.delete(id);
    if (this.active !== null && this.model.indexOf(this.active) < 0) this.active = null;
    if (this.shownColumns !== `${this.#isTranslated} ${this.language} ${this.target}`) this.#writeColumns();
    this.list.show(this.model.cues);
    this.refresh();
    this.findBar.again();
    if (reason === "load") return;
    this.sync?.changed();
    this.#tell("edit", { cues: this.model.cues });
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

  async #open() {
    const sync = new EditSync(this.api, this.#jobId, () => this.model.cues.map(wholeCue));
    this.sync = sync;
    this.#follow(sync);
    serverWaveform(this.api, this.#jobId).then((wave) => {
      if (wave && sync === this.sync) this.wave = wave;
      this.timeline.refresh();
    }).catch(() => {}); // without a waveform the timeline has its cues
    try {
      const found = await sync.open();
      if (sync !== this.sync) return;
      this.language = found.language;
      this.target = found.target_lang ?? null;
      this.length_ms = found.duration_ms ?? 0;
      this.model.load(found.cues);
      if (found.restored) this.say(this.texts.restored);
      if (this.active === null && this.model.cues.length) this.choose(this.model.cues[0].id);
      this.#lookAtQuality();
    } catch (error) {
      this.#stateChanged("offline", error.message);
    }
  }

  #follow(sync) {
    sync.addEventListener("state", ({ detail }) => this.#stateChanged(detail.state, detail.message));
    sync.addEventListener("draft-failed", () => this.say(this.texts.draftFailed));
    sync.addEventListener("theirs", ({ detail }) => {
      this.#replaceAll(detail.cues);
      sync.takeTheirs(sync.version);
      this.say(this.texts.theirsLoaded);
    });
    sync.addEventListener("conflict", async ({ detail }) => {
      const answer = await askConflict(this.shadowRoot, this.texts, detail);
      if (answer === "mine") {
        await sync.keepMine(detail.version);
        return;
      }
      this.#replaceAll(detail.theirs);
      await sync.takeTheirs(detail.version);
      this.say(this.texts.theirsTaken);
    });
  }

  /** Put other cues in place of all as one command, so that nothing is lost. */
  #replaceAll(cues) {
    this.model.run(this.model.cues, cues.map(wholeCue));
    if (this.active === null && cues.length) this.choose(this.model.cues[0].id);
  }

  #stateChanged(state, message) {
    this.status.dataset.state = state;
    this.status.textContent = this.texts[`state_${state}`] + (message ? ` (${message})` : "");
    this.#tell("state", { state, message });
    if (state === "saved") this.#lookAtQuality();
  }

  #lookAtQuality() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.checkQuality(), QUALITY_MS);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("cue-editor", CueEditor);
