// A job: its video, progress, cues, files and what can be made of it.

import { call, getJson, postJson } from "./api.js";
import { el } from "./dom.js";
import { helpOf } from "./error-help.js";
import { followJob } from "./events.js";
import { duration, english, hasText, language, t } from "./i18n.js";
import { JobMenu } from "./job-menu.js";
import { JobTimeline } from "./job-timeline.js";
import { Job } from "./job.js";
import { known, remember } from "./jobs-view.js";
import { keepMedia, keptMedia } from "./kept-media.js";
import { showFailure } from "./making.js";
import { Player } from "./player.js";
import { StoredMedia } from "./stored-media.js";
import { upload } from "./upload.js";

const POSITION_MS = 250;
const QUEUE_MS = 3000;
const files = new Map(); // media that this page has opened, by job

/** A view of a job that begins now, or of one that there is already. */
export class JobView {
  #ending = new AbortController();
  #timer = null;

  constructor({ id = null, file = null, fields = {}, after = {} }) {
    const url = known(id)?.url;
    this.fields = url ? { ...fields, url } : fields;
    this.after = after;
    this.editing = null;
    this.file = file ?? files.get(id) ?? null;
    this.player = new Player();
    if (this.file) this.player.file = this.file;
    this.timeline = new JobTimeline(this.player);
    this.player.addEventListener("seek", ({ detail }) => this.#moved(detail.time_ms));
    this.stored = new StoredMedia(this.player, this.#ending.signal);
    this.#build();
    this.opening = id && !this.file ? this.#openKept(id) : null;
    (id ? this.#follow(id) : this.#begin()).catch((error) => this.fail(error));
  }

  close() {
    this.#ending.abort();
    this.player.close();
  }

  /** Say everything in the language that the page has now; elements with `data-t` are written by it. */
  rewrite() {
    if (this.job) this.#changed();
    if (this.editing) this.editing.texts = language();
  }

  #build() {
    this.status = el("p", { className: "status", attr: { role: "status" } });
    this.bar = el("progress", { max: 100, value: 0, data: { tLabel: "progress" }, attr: { "aria-label": t("progress") } });
    this.link = el("p", { className: "link", hidden: true, attr: { role: "status" } });
    this.problem = el("div", { className: "problem", hidden: true, attr: { role: "alert" } });
    this.notices = el("ul");
    this.noticeCount = el("summary");
    this.told = el("details", { className: "notices", hidden: true }, this.noticeCount, this.notices);
    this.cancel = el("button", { type: "button", className: "quiet", data: { t: "cancel_job" }, textContent: t("cancel_job"), on: { click: () => this.#cancel() } });
    const shown = el("select", { on: { change: () => this.player.show(shown.value) } },
      ...["target", "source", "both", "none"].map((value) => el("option", { value, data: { t: `show_${value}` }, textContent: t(`show_${value}`) })));
    const open = el("input", { type: "file", className: "unseen", on: { change: () => {
      if (open.files[0]) this.#use(this.job?.id, open.files[0]);
    } } });
    this.menu = new JobMenu(() => ({
      id: this.job.id, file: this.file, url: this.fields.url, signal: this.#ending.signal,
      flush: async () => !this.editing?.sync || this.editing.sync.flush(),
    }));
    this.editor = el("section", { className: "edit", hidden: true });
    this.element = el("div", { className: "job" },
      el("section", { className: "screen" }, this.player.video, this.timeline.element,
        el("div", { className: "tools" }, el("label", {}, el("span", { data: { t: "show" }, textContent: t("show") }), " ", shown),
          el("label", { className: "button quiet" }, el("span", { data: { t: "open_media" }, textContent: t("open_media") }), open), this.cancel),
        this.bar, this.status, this.link, this.problem, this.menu.element, this.menu.made, this.told),
      el("section", { className: "side" }, el("h2", { data: { t: "cues" }, textContent: t("cues") }), this.player.list), this.editor);
  }

  /** Play what the browser has kept of the job's media. */
  async #openKept(id) {
    const kept = known(id)?.media;
    const file = kept ? await keptMedia(kept).catch(() => null) : null;
    if (!file || this.file || this.#ending.signal.aborted) return;
    this.#use(id, file);
  }

  /** Play what the server has of the media, where this browser has nothing. */
  async #openStored() {
    await this.opening;
    if (!this.file) await this.stored.look(this.job);
  }

  #use(id, file) {
    this.file = file;
    this.player.file = file;
    if (id) files.set(id, file);
    if (this.editing) this.editing.file = file;
  }

  async #begin() {
    const { signal } = this.#ending;
    const input = { ...this.fields, position_s: this.player.video.currentTime };
    // Beside the upload and done before the job begins: whoever sees the job can open it again.
    const keeping = this.file && keepMedia(this.file).catch(() => null);
    if (this.file) {
      this.#say(t("uploading"), 0);
      input.upload_id = await upload(this.file, { signal, progress: (share, isCut) => {
        this.#say(isCut ? t("upload_cut") : t("uploading"), Math.round(share * 100));
      } });
    }
    const media = await keeping; // null where it was not kept; it can be opened by hand
    const { id } = await postJson("run", { input }, { signal });
    if (this.file) files.set(id, this.file);
    remember({ id, media, title: this.file?.name ?? this.fields.url, url: this.fields.url ?? null, created: Date.now() });
    history.replaceState(null, "", `#job/${id}`);
    await this.#follow(id);
  }

  async #follow(id) {
    this.job = new Job(id);
    this.job.addEventListener("cues", ({ detail }) => this.player.update(detail));
    this.job.addEventListener("change", () => this.#changed());
    await followJob(id, { signal: this.#ending.signal, take: (data) => this.job.apply(data), state: (name, details) => this.#connected(name, details) });
  }

  #connected(name, { after, wait_ms }) {
    this.element.dataset.connection = name;
    if (name === "open") return;
    this.link.hidden = false;
    this.link.textContent = name === "cut" ? t("cut", { wait: duration(wait_ms / 1000) }) : t("resumed", { n: after });
  }

  #changed() {
    const { job } = this;
    this.#openStored();
    this.timeline.show([...job.cues.values()], job.length_ms);
    if (job.progress && !job.ended) this.#progress(job.progress);
    this.notices.replaceChildren(...job.notices.map(({ code, message }) => english(el("li", { title: code, textContent: message }))));
    this.told.hidden = job.notices.length === 0;
    this.noticeCount.textContent = t("notices", { n: job.notices.length });
    this.element.dataset.state = job.error ? "failed" : job.result ? "done" : "running";
    this.cancel.hidden = job.ended;
    if (job.error) this.fail(job.error);
    else if (job.result) this.#finished();
  }

  #progress({ stage, activity, percent, eta, message }) {
    const key = [`stage_${activity}`, `stage_${stage}`].find(hasText);
    const text = key ? t(key) : message;
    if (stage === "waiting") this.#showQueue(text);
    else this.#say(eta ? `${text} · ${t("left", { eta })}` : text, percent);
  }

  /** Say how much waits and for how long the engines are busy, again and again while the job waits. */
  #showQueue(text) {
    if (this.asking) return;
    this.asking = true;
    this.#say(text, 0);
    const look = async () => {
      if (this.#ending.signal.aborted || this.job.ended || this.job.progress.stage !== "waiting") {
        this.asking = false;
        return;
      }
      try {
        const { waiting, own, expected_wait_s } = await getJson("api/queue");
        const wait = t("busy", { wait: duration(expected_wait_s) });
        if (this.job.progress.stage === "waiting" && !this.job.ended) this.#say(`${t("queue_place", { n: waiting, own })} · ${wait}`, 0);
      } catch {
        // The connection itself says that it is cut.
      }
      setTimeout(look, QUEUE_MS);
    };
    look();
  }

  #say(text, percent) {
    this.status.textContent = `${text}${percent ? ` · ${percent} %` : ""}`;
    this.bar.value = percent;
  }

  /** Show what went wrong, with what the server advises. */
  fail(error) {
    if (error.name === "AbortError") return;
    const code = error.code ?? "internal";
    const wait_s = error.retryAfter_s ?? error.retry_after;
    this.element.dataset.state = "failed";
    this.#say(t("stage_failed"), 0);
    this.cancel.hidden = true;
    this.problem.hidden = false;
    const again = el("button", { type: "button", textContent: t("again"), on: { click: () => {
      this.element.dispatchEvent(new CustomEvent("again", { bubbles: true, detail: { file: this.file, fields: this.fields, after: this.after } }));
    } } });
    const advice = helpOf(code) ?? error.advice;
    const known = hasText(`error_${code}`) ? t(`error_${code}`) : null;
    this.problem.replaceChildren(...[known && el("strong", { textContent: known }),
      el("p", { textContent: error.error ?? error.message }),
      advice ? el("p", { textContent: advice }) : null,
      wait_s ? el("p", { textContent: t("retry_in", { wait: duration(wait_s) }) }) : null,
      el("p", {}, el("code", { textContent: code })),
      this.file || this.fields.url ? again : null].filter(Boolean));
  }

  #finished() {
    this.#say(this.player.list.childElementCount ? t("stage_complete") : t("error_no_speech"), 100);
    if (!this.menu.element.hidden) return;
    this.menu.offer(this.after).catch((error) => this.fail(error));
    this.#offerEditor();
    this.#showEdits().catch((error) => showFailure(this.menu.made, error));
  }

  /** Show what was edited before, by this browser or another one of the same key. */
  async #showEdits() {
    const { edited, cues } = await getJson(`api/jobs/${this.job.id}/edits`);
    if (edited && !this.editing) this.#edited(cues);
  }

  async #offerEditor() {
    try {
      await import("./editor/cue-editor.js");
    } catch {
      return; // this server has no editor
    }
    const open = el("button", { type: "button", data: { t: "edit" }, textContent: t("edit"), on: { click: () => {
      open.hidden = true;
      this.#openEditor();
    } } });
    this.menu.element.append(open);
  }

  #openEditor() {
    const editor = document.createElement("cue-editor");
    editor.request = (path, init) => call(path, init);
    editor.texts = language();
    editor.media = this.player.video;
    if (this.file) editor.file = this.file;
    editor.addEventListener("edit", ({ detail }) => this.#edited(detail.cues));
    editor.addEventListener("state", () => editor.cues.length && this.#edited(editor.cues)); // a draft was restored
    editor.jobId = this.job.id;
    this.editing = editor;
    this.editor.replaceChildren(editor);
    this.editor.hidden = false;
    this.element.classList.add("editing");
  }

  #edited(cues) {
    const fields = ["start_ms", "end_ms", "text", "translation", "speaker"];
    const known = this.job.cues;
    const kept = new Set(cues.map(({ id }) => id));
    const dropped = [...known.keys()].filter((id) => !kept.has(id));
    const isNew = (cue) => !known.has(cue.id) || fields.some((name) => (known.get(cue.id)[name] ?? null) !== (cue[name] ?? null));
    const changed = cues.filter(isNew).map((cue) => ({ language: "und", ...known.get(cue.id), ...cue, final: true }));
    for (const id of dropped) known.delete(id);
    for (const cue of changed) known.set(cue.id, cue);
    this.player.update({ changed, dropped });
  }

  #moved(time_ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.job || this.job.ended) return;
      postJson(`api/jobs/${this.job.id}/position`, { position_s: time_ms / 1000 }).catch((error) => this.#say(error.message, this.bar.value));
    }, POSITION_MS);
  }

  async #cancel() {
    if (!this.job) {
      this.#ending.abort();
      this.fail({ error: t("error_cancelled"), code: "cancelled" });
      return;
    }
    this.#ending.abort(); // the work stops with its last reader
    try {
      await call(`cancel/${this.job.id}`, { method: "POST" });
    } catch (error) {
      this.fail(error);
      return;
    }
    if (!this.job.ended) this.job.apply({ error: t("error_cancelled"), code: "cancelled" });
  }
}
