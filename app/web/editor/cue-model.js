// The cues of an editor, with commands that can be undone.

const MOST_COMMANDS = 5000;
const MOST_CUES = 400_000; // that the history holds together: some 100 MB at most
const TYPING_MS = 1500;

const byTime = (a, b) => a.start_ms - b.start_ms || a.end_ms - b.end_ms || a.id - b.id;

/** Return a cue of foreign origin with all its fields. */
export function wholeCue(cue) {
  return {
    id: cue.id,
    start_ms: Math.round(cue.start_ms),
    end_ms: Math.round(cue.end_ms),
    text: cue.text ?? "",
    translation: cue.translation ?? null,
    speaker: cue.speaker || null,
    origin: cue.origin === undefined ? cue.id : cue.origin,
  };
}

/**
 * Cues, sorted by time and never changed in place: an edit puts new objects in their stead.
 *
 * Events: `change` with `detail` {reason: "load" | "edit" | "undo" | "redo", ids}.
 */
export class CueModel extends EventTarget {
  #cues = [];
  #index = null;
  #done = [];
  #undone = [];
  #held = 0;
  #nextId = 0;

  get cues() {
    return this.#cues;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Replace everything and forget the history. */
  load(cues) {
    this.#cues = cues.map(wholeCue).sort(byTime);
    this.#nextId = this.#cues.reduce((most, cue) => Math.max(most, cue.id, cue.origin ?? 0), -1) + 1;
    this.#done = [];
    this.#undone = [];
    this.#held = 0;
    this.#changed("load", []);
  }

  /** Return the place of a cue, or -1. */
  indexOf(id) {
    this.#index ??= new Map(this.#cues.map((cue, at) => [cue.id, at]));
    return this.#index.get(id) ?? -1;
  }

  get(id) {
    return this.#cues[this.indexOf(id)];
  }

  /** Return the place of the last cue that begins at a time or before it, or -1. */
  before(ms) {
    let low = 0;
    let high = this.#cues.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cues[middle].start_ms <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Return an id that no cue has had. */
  newId() {
    return this.#nextId++;
  }

  /**
   * Do a command: put `after` in place of `before`, which are cues of the model by their ids.
   *
   * Commands with the same `typing` key that follow one another within a moment become one; those
   * of one drag always do.
   */
  run(before, after, { typing = null, select = null } = {}) {
    const removed = before.map((cue) => this.get(cue.id)).filter(Boolean);
    if (removed.length === after.length && removed.every((cue, n) => same(cue, after[n]))) return;
    const now = performance.now();
    const last = this.#done.at(-1);
    const isDrag = typing?.startsWith("drag ");
    const joins =
      typing !== null && last?.typing === typing && (isDrag || now - last.at < TYPING_MS);
    if (joins) {
      last.after = after;
      last.at = now;
    } else {
      this.#done.push({ before: removed, after, typing, select, at: now });
      this.#held += removed.length + after.length;
      this.#bound();
    }
    this.#undone = [];
    this.#swap(removed, after);
    this.#changed("edit", after.map((cue) => cue.id));
  }

  /** Change fields of one cue. */
  change(id, fields, options = {}) {
    const cue = this.get(id);
    if (cue) this.run([cue], [{ ...cue, ...fields }], options);
  }

  undo() {
    return this.#move(this.#done, this.#undone, "undo", "after", "before");
  }

  redo() {
    return this.#move(this.#undone, this.#done, "redo", "before", "after");
  }

  /** End the joining of what is typed, such as when a field is left. */
  endTyping() {
    const last = this.#done.at(-1);
    if (last) last.typing = null;
  }

  #move(from, to, reason, taken, put) {
    const command = from.pop();
    if (!command) return null;
    command.typing = null;
    this.#swap(command[taken], command[put]);
    to.push(command);
    const ids = command[put].map((cue) => cue.id);
    this.#changed(reason, ids);
    return ids[0] ?? command.select ?? null;
  }

  #swap(removed, added) {
    const gone = new Set(removed.map((cue) => cue.id));
    const kept = gone.size ? this.#cues.filter((cue) => !gone.has(cue.id)) : [...this.#cues];
    kept.push(...added);
    this.#cues = kept.sort(byTime); // almost sorted: linear
    this.#index = null;
  }

  #bound() {
    while (this.#done.length > MOST_COMMANDS || (this.#held > MOST_CUES && this.#done.length > 1)) {
      const oldest = this.#done.shift();
      this.#held -= oldest.before.length + oldest.after.length;
    }
  }

  #changed(reason, ids) {
    this.#index = null;
    this.dispatchEvent(new CustomEvent("change", { detail: { reason, ids } }));
  }
}

function same(a, b) {
  return ["id", "start_ms", "end_ms", "text", "translation", "speaker"].every((k) => a[k] === b[k]);
}
