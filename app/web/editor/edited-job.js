// The job that an editor shows: its cues, its waveform, and whether the server has the edits.

import { wholeCue } from "./cue-model.js";
import { askConflict } from "./editor-parts.js";
import { EditSync } from "./edit-sync.js";
import { serverWaveform } from "./waveform.js";

const QUALITY_MS = 400;

/** Opens a job for an editor and follows its edits, until the editor has another `sync`. */
export class EditedJob {
  #editor;
  #looking = 0;

  constructor(editor) {
    this.#editor = editor;
  }

  async open(jobId) {
    const editor = this.#editor;
    const sync = new EditSync(editor.api, jobId, () => editor.model.cues.map(wholeCue));
    editor.sync = sync;
    this.#follow(sync);
    serverWaveform(editor.api, jobId).then((wave) => {
      if (wave && sync === editor.sync) editor.wave = wave;
      editor.timeline.refresh();
    }).catch(() => {}); // without a waveform the timeline has its cues
    try {
      const found = await sync.open();
      if (sync !== editor.sync) return;
      editor.language = found.language;
      editor.target = found.target_lang ?? null;
      editor.length_ms = found.duration_ms ?? 0;
      editor.model.load(found.cues);
      if (found.restored) editor.say(editor.texts.restored);
      if (editor.active === null && editor.model.cues.length) editor.choose(editor.model.cues[0].id);
      this.#lookAtQuality();
    } catch (error) {
      this.#stateChanged("offline", error.message);
    }
  }

  #follow(sync) {
    const editor = this.#editor;
    sync.addEventListener("state", ({ detail }) => this.#stateChanged(detail.state, detail.message));
    sync.addEventListener("draft-failed", () => editor.say(editor.texts.draftFailed));
    sync.addEventListener("theirs", ({ detail }) => {
      this.#replaceAll(detail.cues);
      sync.takeTheirs(sync.version);
      editor.say(editor.texts.theirsLoaded);
    });
    sync.addEventListener("conflict", async ({ detail }) => {
      const answer = await askConflict(editor.shadowRoot, editor.texts, detail);
      if (answer === "mine") {
        await sync.keepMine(detail.version);
        return;
      }
      this.#replaceAll(detail.theirs);
      await sync.takeTheirs(detail.version);
      editor.say(editor.texts.theirsTaken);
    });
  }

  /** Put other cues in place of all as one command, so that nothing is lost. */
  #replaceAll(cues) {
    const { model, active } = this.#editor;
    model.run(model.cues, cues.map(wholeCue));
    if (active === null && cues.length) this.#editor.choose(model.cues[0].id);
  }

  #stateChanged(state, message) {
    const { status, texts } = this.#editor;
    status.dataset.state = state;
    status.textContent = texts[`state_${state}`] + (message ? ` (${message})` : "");
    this.#editor.tell("state", { state, message });
    if (state === "saved") this.#lookAtQuality();
  }

  #lookAtQuality() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#editor.checkQuality(), QUALITY_MS);
  }
}
