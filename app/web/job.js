// A job as its events have told it so far.

/** What `apply` says of an event. */
export class Job extends EventTarget {
  constructor(id) {
    super();
    this.id = id;
    this.cues = new Map();
    this.progress = null;
    this.length_ms = null;
    this.notices = [];
    this.result = null;
    this.error = null;
  }

  get ended() {
    return this.result !== null || this.error !== null;
  }

  get sorted() {
    return [...this.cues.values()].sort((a, b) => a.start_ms - b.start_ms || a.id - b.id);
  }

  /** Take an event of the native view; whether it was the last one. */
  apply(data) {
    if (data.type === "cues") this.#take(data.cues.map((cue) => plainCue(cue, data.final)));
    else if (data.type === "dropped") this.#drop(data.ids);
    else if (data.type === "media") this.length_ms = data.duration_ms;
    else if (data.type === "notice") this.#note(data);
    else if (data.result) this.#finish(data.result);
    else if (data.error) this.error ??= data;
    else if (data.stage) this.progress = data;
    this.#tell("change", data);
    return this.ended;
  }

  #take(cues) {
    const fresh = cues.filter((cue) => (this.cues.get(cue.id)?.revision ?? -1) < cue.revision || cue.final);
    for (const cue of fresh) this.cues.set(cue.id, cue);
    if (fresh.length) this.#tell("cues", { changed: fresh, dropped: [] });
  }

  #drop(ids) {
    for (const id of ids) this.cues.delete(id);
    this.#tell("cues", { changed: [], dropped: ids });
  }

  #note({ code, message }) {
    if (!this.notices.some((each) => each.code === code && each.message === message)) {
      this.notices.push({ code, message });
    }
  }

  #finish(result) {
    this.result = result;
    this.length_ms = result.duration_ms ?? this.length_ms;
    for (const notice of result.notices ?? []) this.#note(notice);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function plainCue(cue, final) {
  const { id, revision, span, text, translation, speaker, language } = cue;
  return { id, revision, text, translation, speaker, language, final, start_ms: span.start_ms, end_ms: span.end_ms };
}
