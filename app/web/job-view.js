// A job: its video, progress, cues, files and what can be made of it.

import { address, call, getJson, postJson } from "./api.js";
import { el } from "./dom.js";
import { followJob, readEvents } from "./events.js";
import { duration, hasText, language, t } from "./i18n.js";
import { Job } from "./job.js";
import { remember } from "./jobs-view.js";
import { Player } from "./player.js";
import { upload } from "./upload.js";

const POSITION_MS = 250;
const files = new Map(); // media that this page has opened, by job

/** A view of a job that begins now, or of one that there is already. */
export class JobView {
  #ending = new AbortController();
  #timer = null;

  constructor({ id = null, file = null, fields = {} }) {
    this.fields = fields;
    this.file = file ?? files.get(id) ?? null;
    this.player = new Player();
    if (this.file) this.player.file = this.file;
    this.player.addEventListener("seek", ({ detail }) => this.#moved(detail.time_ms));
    this.#build();
    this.editing = null;
    (id ? this.#follow(id) : this.#begin()).catch((error) => this.fail(error));
  }

  close() {
    this.#ending.abort();
    this.player.release();
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
      this.file = open.files[0] ?? this.file;
      if (this.file) this.player.file = this.file;
      if (this.job) files.set(this.job.id, this.file);
    } } });
    this.menu = el("div", { className: "menu", hidden: true });
    this.made = el("div", { className: "made", attr: { role: "status" } });
    this.editor = el("section", { className: "edit", hidden: true });
    this.element = el("div", { className: "job" },
      el("section", { className: "screen" }, this.player.video,
        el("div", { className: "tools" }, el("label", {}, el("span", { data: { t: "show" }, textContent: t("show") }), " ", shown),
          el("label", { className: "button quiet" }, el("span", { data: { t: "open_media" }, textContent: t("open_media") }), open), this.cancel),
        this.bar, this.status, this.link, this.problem, this.menu, this.made, this.told),
      el("section", { className: "side" }, el("h2", { data: { t: "cues" }, textContent: t("cues") }), this.player.list), this.editor);
  }

  async #begin() {
    const { signal } = this.#ending;
    const input = { ...this.fields, position_s: this.player.video.currentTime };
    if (this.file) {
      this.#say(t("uploading"), 0);
      input.upload_id = await upload(this.file, { signal, progress: (share, isCut) => {
        this.#say(isCut ? t("upload_cut") : t("uploading"), Math.round(share * 100));
      } });
    }
    const { id } = await postJson("run", { input }, { signal });
    if (this.file) files.set(id, this.file);
    remember({ id, title: this.file?.name ?? this.fields.url, url: this.fields.url ?? null, created: Date.now() });
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
    if (job.progress && !job.ended) this.#progress(job.progress);
    this.notices.replaceChildren(...job.notices.map(({ code, message }) => el("li", { title: code, textContent: message })));
    this.told.hidden = job.notices.length === 0;
    this.noticeCount.textContent = t("notices", { n: job.notices.length });
    this.element.dataset.state = job.error ? "failed" : job.result ? "done" : "running";
    this.cancel.hidden = job.ended;
    if (job.error) this.fail(job.error);
    else if (job.result) this.#finished();
  }

  #progress({ stage, percent, eta, message }) {
    const text = hasText(`stage_${stage}`) ? t(`stage_${stage}`) : message;
    this.#say(eta ? `${text} · ${t("left", { eta })}` : text, percent);
    if (stage === "waiting" && !this.asked) {
      this.asked = true;
      getJson("api/queue").then(({ waiting, own, expected_wait_s }) => {
        if (this.job?.progress?.stage !== "waiting") return;
        this.#say(`${t("queue_place", { n: waiting, own })} · ${t("busy", { wait: duration(expected_wait_s) })}`, 0);
      }, () => {});
    }
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
      this.element.dispatchEvent(new CustomEvent("again", { bubbles: true, detail: { file: this.file, fields: this.fields } }));
    } } });
    const known = hasText(`error_${code}`) ? t(`error_${code}`) : null;
    this.problem.replaceChildren(...[known && el("strong", { textContent: known }),
      el("p", { textContent: error.error ?? error.message }),
      error.advice ? el("p", { textContent: error.advice }) : null,
      wait_s ? el("p", { textContent: t("retry_in", { wait: duration(wait_s) }) }) : null,
      el("p", {}, el("code", { textContent: code })),
      this.file || this.fields.url ? again : null].filter(Boolean));
  }

  #finished() {
    this.#say(this.player.list.childElementCount ? t("stage_complete") : t("error_no_speech"), 100);
    if (!this.menu.hidden) return;
    this.menu.hidden = false;
    getJson("api/options").then((options) => this.#offer(options), (error) => this.fail(error));
    this.#offerEditor();
    this.#showEdits().catch((error) => this.#unmade(error));
  }

  /** Show what was edited before, by this browser or another one of the same key. */
  async #showEdits() {
    const { edited, cues } = await getJson(`api/jobs/${this.job.id}/edits`);
    if (edited && !this.editing) this.#edited(cues);
  }

  #offer(options) {
    const names = options.formats.flatMap(({ name, options: takes }) => [name, ...takes.filter((each) => each === "bilingual").map((each) => `${name}:${each}`)]);
    const format = el("select", { data: { tLabel: "format" }, attr: { "aria-label": t("format") } }, ...names.map((name) => el("option", { value: name, textContent: name })));
    const get = el("button", { type: "button", className: "main", data: { t: "download" }, textContent: t("download"), on: { click: () => {
      const kind = options.formats.find(({ name }) => name === format.value.split(":")[0]);
      this.#download(format.value, kind.extension).catch((error) => this.#unmade(error));
    } } });
    const has = new Set(options.operations.map(({ name }) => name));
    const wanted = ["caption", "mux", ...(options.speech ? ["dub"] : [])].filter((name) => has.has(name));
    this.menu.append(format, get, ...wanted.map((name) => el("button", { type: "button", data: { t: `make_${name}` }, textContent: t(`make_${name}`), on: { click: () => this.#make(name) } })));
  }

  async #download(format, extension) {
    if (this.editing?.sync && !(await this.editing.sync.flush())) throw new Error(t("edits_unsaved"));
    this.made.replaceChildren();
    const stem = (this.file?.name ?? "subtitles").replace(/\.[^.]*$/, "");
    const query = new URLSearchParams({ format, edited: true });
    const answer = await call(`api/jobs/${this.job.id}/files/${encodeURIComponent(`${stem}.${extension}`)}?${query}`);
    const url = URL.createObjectURL(await answer.blob());
    el("a", { href: url, download: `${stem}.${extension}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async #make(operation) {
    const body = new FormData();
    if (this.file) body.append("video", this.file);
    else if (this.fields.url) body.append("url_video", this.fields.url);
    else return this.made.replaceChildren(t("needs_media"));
    body.append("job_id", this.job.id);
    this.made.replaceChildren(t("uploading"));
    try {
      const answer = await call(`api/media/${operation}`, { method: "POST", body, headers: { Accept: "text/event-stream" }, signal: this.#ending.signal });
      for await (const { data } of readEvents(answer)) {
        if (data.error) throw Object.assign(new Error(data.error), data);
        if (data.stage) this.made.replaceChildren(el("progress", { max: 100, value: data.percent }), ` ${data.message}`);
        if (data.result) this.#made(data.result);
      }
    } catch (error) {
      this.#unmade(error);
    }
    return null;
  }

  #unmade(error) {
    if (error.name !== "AbortError") this.made.replaceChildren([error.message, error.advice].filter(Boolean).join(" "));
  }

  #made(result) {
    const url = result.video_url ?? result.audio_url ?? result.url ?? Object.values(result).find((value) => /^https?:/.test(value));
    this.made.replaceChildren(el("a", { href: url, download: result.filename ?? "", textContent: result.filename ?? t("download") }));
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
    this.menu.append(open);
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
