// Keeps the edits of a job on the server and in the browser, and tells conflicts.

import { dropDraft, keepDraft, readDraft, sweepDrafts } from "./drafts.js";

const SAVE_MS = 1200;
const DRAFT_MS = 120;
const RETRY_MS = 10_000;

/** An answer of the server that is an error. */
export class ApiFailure extends Error {
  constructor(status, body) {
    super(body?.error ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? "";
    this.version = body?.version;
  }
}

/** Calls of the server: `request` is like fetch and adds the key. */
export class EditorApi {
  constructor(request) {
    this.request = request;
  }

  async json(path, { body, headers = {}, ...options } = {}) {
    const init = { ...options, headers: { ...headers } };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers["Content-Type"] = "application/json";
    }
    const answer = await this.request(path, init);
    const found = await answer.json().catch(() => null);
    if (!answer.ok || (found && typeof found.error === "string" && found.code)) {
      throw new ApiFailure(answer.status, found);
    }
    return found;
  }
}

/**
 * The edits of one job.
 *
 * Events: `state` {state: "saved" | "pending" | "saving" | "offline" | "gone" | "refused",
 * message}; `conflict` {theirs, mine, version}, which is answered by `keepMine` or `takeTheirs`;
 * `theirs` {cues}: another tab has saved, and this one had nothing of its own.
 */
export class EditSync extends EventTarget {
  #api;
  #cues;
  #version = 0;
  #dirty = false;
  #changes = 0;
  #saving = null;
  #saveTimer = 0;
  #draftTimer = 0;
  #conflict = false;
  #channel;
  #closed = false;
  #tabId = crypto.getRandomValues(new Uint32Array(2)).join("-");

  constructor(api, jobId, cues) {
    super();
    this.#api = api;
    this.jobId = jobId;
    this.#cues = cues;
    this.state = "saved";
    this.#channel = new BroadcastChannel(`cuestream-edits-${jobId}`);
    this.#channel.onmessage = ({ data }) => this.#told(data);
    this.#leave = () => this.#writeDraft();
    addEventListener("pagehide", this.#leave);
  }

  #leave;

  get path() {
    return `/api/jobs/${encodeURIComponent(this.jobId)}/edits`;
  }

  get version() {
    return this.#version;
  }

  get dirty() {
    return this.#dirty;
  }

  /**
   * Read the edits; a draft of the browser goes first where nobody has saved since it began.
   *
   * Returns {cues, language, target_lang, duration_ms, conflict}; null without server and draft.
   */
  async open() {
    sweepDrafts().catch(() => {});
    const draft = await readDraft(this.jobId).catch(() => undefined);
    let found;
    try {
      found = await this.#api.json(this.path);
    } catch (error) {
      if (!draft) throw error;
      this.#version = draft.base;
      this.#dirty = draft.dirty;
      this.#tell(error.status === 404 ? "gone" : "offline", error.message);
      if (error.status !== 404) this.#saveSoon(RETRY_MS);
      return { cues: draft.cues, restored: true };
    }
    this.#version = found.version;
    if (!draft?.dirty) {
      this.#tell("saved");
      return found;
    }
    this.#dirty = true;
    if (draft.base === found.version) {
      this.changed();
      return { ...found, cues: draft.cues, restored: true };
    }
    this.#raise(found, draft.cues);
    return { ...found, cues: draft.cues, restored: true };
  }

  /** Note that the cues were edited: keep them here at once and on the server soon. */
  changed() {
    this.#dirty = true;
    this.#changes += 1;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#writeDraft(), DRAFT_MS);
    if (this.state === "gone" || this.#conflict) return;
    this.#tell("pending");
    this.#saveSoon(SAVE_MS);
  }

  /** Save now what is not saved; return whether all of it is. */
  async flush() {
    clearTimeout(this.#saveTimer);
    await this.#saving;
    if (this.#dirty && !this.#conflict) await this.#save();
    return !this.#dirty;
  }

  /** Answer a conflict: this tab's cues replace those of the server. */
  async keepMine(version) {
    this.#conflict = false;
    this.#version = version;
    this.#dirty = true;
    await this.flush();
  }

  /** Answer a conflict: the server's cues replace those of this tab, which has put them in. */
  takeTheirs(version) {
    this.#conflict = false;
    this.#version = version;
    this.#dirty = false;
    this.#tell("saved");
    return this.#writeDraft();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#saveTimer);
    if (this.#dirty) this.#writeDraft();
    this.#channel.close();
    removeEventListener("pagehide", this.#leave);
  }

  #saveSoon(ms) {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.flush(), ms);
  }

  async #writeDraft() {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = 0;
    try {
      if (this.#dirty) await keepDraft(this.jobId, this.#version, this.#cues(), true);
      else await dropDraft(this.jobId);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("draft-failed", { detail: { message: error?.message } }));
    }
  }

  async #save() {
    const cues = this.#cues();
    this.#tell("saving");
    this.#saving = this.#put(cues);
    await this.#saving;
    this.#saving = null;
  }

  async #put(cues) {
    const changes = this.#changes;
    try {
      const headers = { "If-Match": `"${this.#version}"` };
      const saved = await this.#api.json(this.path, { method: "PUT", headers, body: { cues } });
      this.#version = saved.version;
      this.#dirty = this.#changes !== changes; // something was typed meanwhile
      if (!this.#closed) this.#channel.postMessage({ saved: saved.version, by: this.#tabId });
      this.#tell(this.#dirty ? "pending" : "saved");
      await this.#writeDraft();
      if (this.#dirty) this.#saveSoon(SAVE_MS);
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #failed(error) {
    if (error.code === "edits_changed") {
      await this.#lookAtTheirs();
    } else if (error.code === "job_not_found") {
      this.#tell("gone", error.message);
    } else if (error.status >= 400 && error.status < 500 && error.status !== 429) {
      this.#tell("refused", error.message);
    } else {
      this.#tell("offline", error.message);
      if (!this.#closed) this.#saveSoon(RETRY_MS);
    }
  }

  async #told({ saved, by }) {
    if (by === this.#tabId || saved <= this.#version || this.#conflict) return;
    await this.#saving;
    await this.#lookAtTheirs();
  }

  /** Read what somebody else has saved: a conflict where this tab has edits of its own. */
  async #lookAtTheirs() {
    let theirs;
    try {
      theirs = await this.#api.json(this.path);
    } catch (error) {
      this.#tell("offline", error.message);
      this.#saveSoon(RETRY_MS);
      return;
    }
    if (theirs.version === this.#version) return;
    if (this.#dirty) {
      this.#raise(theirs, this.#cues());
      return;
    }
    this.#version = theirs.version;
    this.dispatchEvent(new CustomEvent("theirs", { detail: { cues: theirs.cues } }));
  }

  #raise(theirs, mine) {
    this.#conflict = true;
    clearTimeout(this.#saveTimer);
    this.#tell("conflict");
    const detail = { theirs: theirs.cues, mine, version: theirs.version };
    queueMicrotask(() => this.dispatchEvent(new CustomEvent("conflict", { detail })));
  }

  #tell(state, message = "") {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, message } }));
  }
}
