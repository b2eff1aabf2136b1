// What the editor is made of beside its views: playback and the question about a conflict.

/** The media element of the page, and where it is; without one only the place. */
export class Playback {
  #media = null;
  #tell;
  #now_ms = 0;
  #stop_ms = Infinity;
  #frame = 0;
  #listening = null;

  /** @param tell is called with the place and whether it plays, whenever that changes. */
  constructor(tell) {
    this.#tell = tell;
    this.cueId = null;
  }

  set media(media) {
    this.#listening?.abort();
    this.#media = media;
    if (!media) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    for (const name of ["timeupdate", "seeked", "pause", "loadedmetadata"]) {
      media.addEventListener(name, () => this.#look(), { signal });
    }
    media.addEventListener("play", () => this.#run(), { signal });
  }

  get now_ms() {
    return this.#media ? this.#media.currentTime * 1000 : this.#now_ms;
  }

  get length_ms() {
    const length = this.#media?.duration ?? 0;
    return Number.isFinite(length) ? length * 1000 : 0;
  }

  seek(ms) {
    this.#now_ms = ms;
    this.#stop_ms = Infinity;
    if (this.#media) this.#media.currentTime = ms / 1000;
    this.#tell(ms, false);
  }

  toggle() {
    this.#stop_ms = Infinity;
    if (this.#media?.paused) this.#media.play();
    else this.#media?.pause();
  }

  /** Play a stretch. */
  play(from_ms, until_ms) {
    if (!this.#media) return;
    this.seek(Math.max(0, from_ms));
    this.#stop_ms = until_ms;
    this.#media.play();
  }

  #run() {
    cancelAnimationFrame(this.#frame);
    const step = () => {
      this.#look();
      if (this.#media && !this.#media.paused) this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  #look() {
    if (!this.#media) return;
    if (this.now_ms >= this.#stop_ms) {
      this.#stop_ms = Infinity;
      this.#media.pause();
    }
    this.#tell(this.now_ms, !this.#media.paused);
  }
}

/** Return how many cues of two lists differ. */
function differing(mine, theirs) {
  const known = new Map(theirs.map((cue) => [cue.id, cue]));
  const fields = ["start_ms", "end_ms", "text", "translation", "speaker"];
  const isSame = (a, b) => b && fields.every((name) => (a[name] ?? null) === (b[name] ?? null));
  const own = new Set(mine.map((cue) => cue.id));
  const changed = mine.filter((cue) => !isSame(cue, known.get(cue.id))).length;
  return changed + theirs.filter((cue) => !own.has(cue.id)).length;
}

/** Ask whose cues are to stay; return "mine" or "theirs". */
export function askConflict(root, texts, { mine, theirs }) {
  const dialog = document.createElement("dialog");
  dialog.className = "conflict";
  dialog.setAttribute("role", "alertdialog");
  const head = Object.assign(document.createElement("h2"), { id: "conflict-title" });
  head.textContent = texts.conflictTitle;
  const text = Object.assign(document.createElement("p"), { id: "conflict-text" });
  text.textContent = texts.conflictText.replace("{n}", differing(mine, theirs));
  dialog.setAttribute("aria-labelledby", head.id);
  dialog.setAttribute("aria-describedby", text.id);
  const buttons = document.createElement("p");
  buttons.className = "answers";
  dialog.append(head, text, buttons);
  root.append(dialog);
  return new Promise((answer) => {
    for (const [value, label] of [["theirs", texts.takeTheirs], ["mine", texts.keepMine]]) {
      const button = Object.assign(document.createElement("button"), { type: "button", value });
      button.textContent = label;
      button.addEventListener("click", () => {
        dialog.remove();
        answer(value);
      });
      buttons.append(button);
    }
    // Neither answer is a harmless one, so the Escape key gives none.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
  });
}

/** Ask for the number of a cue; return it, or 0. */
export function askNumber(root, texts, most) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "number", min: 1, max: most });
  input.required = true;
  label.append(`${texts.goToNumber} `, input);
  const button = Object.assign(document.createElement("button"), { value: "go", textContent: texts.go });
  form.append(label, " ", button);
  dialog.append(form);
  root.append(dialog);
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "go" ? Number(input.value) : 0);
    });
  });
}
