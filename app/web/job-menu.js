// What can be had of a finished job: files, videos with its subtitles, an editor.

import { call, getJson } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { make, showFailure } from "./making.js";
import { jobFields } from "./operation-form.js";

/** `job` says {id, file, url, flush, signal} as they are when something is chosen. */
export class JobMenu {
  constructor(job) {
    this.job = job;
    this.put = new Map(); // what adds the choices of an operation to its form, by its name
    this.element = el("div", { className: "menu", hidden: true });
    this.made = el("div", { className: "made", attr: { role: "status" } });
  }

  /** Offer all that the server can make, and begin with what was asked for when the job began. */
  async offer({ format: wanted, operation } = {}) {
    this.element.hidden = false;
    const options = await getJson("api/options");
    const names = options.formats.flatMap(({ name, options: takes }) => [name, ...takes.filter((each) => each === "bilingual").map((each) => `${name}:${each}`)]);
    const format = el("select", { data: { tLabel: "format" }, attr: { "aria-label": t("format") } }, ...names.map((name) => el("option", { value: name, textContent: name })));
    const extension = () => options.formats.find(({ name }) => name === format.value.split(":")[0]).extension;
    const get = el("button", { type: "button", className: "main", data: { t: "download" }, textContent: t("download"), on: {
      click: () => this.#tried(() => this.#download(format.value, extension())) } });
    if (names.includes(wanted)) format.value = wanted;
    const operations = jobOperations(options);
    this.element.prepend(format, get, ...operations.map((name) => el("button", {
      type: "button", data: { t: `make_${name}` }, textContent: t(`make_${name}`), on: { click: () => this.#make(name) } })));
    this.element.after(this.#choices(operations, options));
    if (names.includes(wanted)) await this.#tried(() => this.#link(wanted, extension()));
    if (operation) await this.#make(operation);
  }

  /** What else the operations may be told, each with its own fields, folded away. */
  #choices(names, options) {
    const sets = names.map((name) => {
      const { elements, put } = jobFields(options.operations.find((each) => each.name === name), options);
      this.put.set(name, put);
      return el("fieldset", { className: "fields", data: { operation: name } }, el("legend", { data: { t: `make_${name}` }, textContent: t(`make_${name}`) }), ...elements);
    });
    return el("details", { className: "more" }, el("summary", { data: { t: "more_fields" }, textContent: t("more_fields") }), ...sets);
  }

  async #tried(work) {
    try {
      await work();
    } catch (error) {
      showFailure(this.made, error);
    }
  }

  async #file(format, extension) {
    await this.#flush();
    const { id, file } = this.job();
    const name = `${(file?.name ?? "subtitles").replace(/\.[^.]*$/, "")}.${extension}`;
    const query = new URLSearchParams({ format, edited: true });
    const answer = await call(`api/jobs/${id}/files/${encodeURIComponent(name)}?${query}`);
    return { name, url: URL.createObjectURL(await answer.blob()) };
  }

  async #download(format, extension) {
    this.made.replaceChildren();
    const { name, url } = await this.#file(format, extension);
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** Show a link to a file: browsers save one unasked after a click alone. */
  async #link(format, extension) {
    const { name, url } = await this.#file(format, extension);
    this.made.before(el("p", { className: "made" }, el("a", { href: url, download: name, textContent: name })));
  }

  /** Make a video or a sound file with the cues as they are edited. */
  #make(operation) {
    return this.#tried(async () => {
      const source = await this.#source();
      if (!source) return this.made.replaceChildren(t("needs_media"));
      const { id, signal } = this.job();
      const body = new FormData();
      body.append(...source);
      body.append("job_id", id);
      body.append("edited", "true");
      this.put.get(operation)(body);
      await this.#flush();
      await make(operation, body, this.made, signal);
    });
  }

  /** The field that says which media is worked on: the reader's own, else the server's copy, else what is at the job's address. */
  async #source() {
    const { id, file, url, signal } = this.job();
    if (file) return ["video", file];
    try {
      await getJson(`api/jobs/${id}/media`, { signal });
      return ["url_video", `job:${id}`];
    } catch (error) {
      if (error.code !== "media_not_stored") throw error;
      return url ? ["url_video", url] : null;
    }
  }

  async #flush() {
    if (!(await this.job().flush())) throw new Error(t("edits_unsaved"));
  }
}

/** Names of the operations that a job's menu offers. */
export function jobOperations(options) {
  const has = new Set(options.operations.map(({ name }) => name));
  return ["caption", "mux", ...(options.speech ? ["dub"] : [])].filter((name) => has.has(name));
}
