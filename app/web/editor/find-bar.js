// Find and replace.

const LIMIT_MS = 2000;
const ASK_MS = 150;

/**
 * A bar with what to find and what to put in its place.
 *
 * Events: `found` {match}, `replace` {rows, count}, `closed`.
 */
export class FindBar extends EventTarget {
  #look;
  #worker = null;
  #timer = 0;
  #asked = 0;
  #isCurrent = false;
  #act = null;
  #matches = [];
  #at = -1;
  #texts = {};

  /** @param look returns {cues, translated}. */
  constructor(look) {
    super();
    this.#look = look;
    this.element = document.createElement("form");
    this.element.className = "find";
    this.element.setAttribute("role", "search");
    this.element.hidden = true;
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("input", () => this.#ask());
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get matches() {
    return this.#matches;
  }

  write(texts) {
    this.#texts = texts;
    const field = (name, label) => {
      const input = document.createElement("input");
      Object.assign(input, { name, type: "text", placeholder: label, maxLength: 500 });
      input.setAttribute("aria-label", label);
      input.spellcheck = false;
      input.value = this.element.elements[name]?.value ?? "";
      return input;
    };
    const box = (name, label, hint) => {
      const whole = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { name, type: "checkbox" });
      input.checked = this.element.elements[name]?.checked ?? false;
      whole.append(input, label);
      whole.title = hint;
      return whole;
    };
    const button = (label, act, hint = "") => {
      const made = document.createElement("button");
      Object.assign(made, { type: "button", textContent: label, title: hint });
      made.addEventListener("click", act);
      return made;
    };
    this.count = document.createElement("output");
    const close = button("✕", () => this.close());
    close.setAttribute("aria-label", texts.close);
    this.element.setAttribute("aria-label", texts.findAndReplace);
    this.element.replaceChildren(
      field("pattern", texts.find),
      this.count,
      button("↑", () => this.step(-1), texts.findPrevious),
      button("↓", () => this.step(1), texts.findNext),
      field("replacement", texts.replaceWith),
      button(texts.replace, () => this.replaceOne()),
      button(texts.replaceAll, () => this.replaceAll()),
      box("isCase", "Aa", texts.matchCase),
      box("isWord", "“ab”", texts.wholeWords),
      box("isRegex", ".*", texts.regex),
      close,
    );
    for (const arrow of this.element.querySelectorAll("button[title]:not([title=''])")) {
      arrow.setAttribute("aria-label", arrow.title);
    }
  }

  open({ replace = false, text = "" } = {}) {
    this.element.hidden = false;
    const { pattern, replacement } = this.element.elements;
    if (text && !text.includes("\n")) pattern.value = text;
    (replace && pattern.value ? replacement : pattern).focus();
    pattern.select();
    this.#ask();
  }

  close() {
    this.element.hidden = true;
    this.#matches = [];
    this.dispatchEvent(new CustomEvent("closed"));
  }

  /** Look again, since the cues have changed. */
  again() {
    if (this.isOpen) this.#ask();
  }

  step(by) {
    if (!this.#matches.length) return;
    this.#at = (this.#at + by + this.#matches.length) % this.#matches.length;
    this.#tellCount();
    this.dispatchEvent(new CustomEvent("found", { detail: { match: this.#matches[this.#at] } }));
  }

  replaceOne() {
    this.#whenFound(() => {
      const match = this.#matches[Math.max(0, this.#at)];
      if (match) this.#replace([match]);
    });
  }

  replaceAll() {
    this.#whenFound(() => {
      if (this.#matches.length) this.#replace(this.#matches);
    });
  }

  /** Act on what is found for the fields as they stand: somebody may click while they are being read. */
  #whenFound(act) {
    if (this.#isCurrent) return act();
    this.#act = act;
    clearTimeout(this.#asked);
    this.#start();
  }

  #replace(matches) {
    const cues = new Map(this.#look().cues.map((cue) => [cue.id, cue]));
    const rows = new Map();
    for (const match of [...matches].sort((a, b) => b.start - a.start)) {
      const row = rows.get(match.id) ?? { id: match.id };
      const text = row[match.field] ?? cues.get(match.id)?.[match.field] ?? "";
      row[match.field] = text.slice(0, match.start) + match.instead + text.slice(match.end);
      rows.set(match.id, row);
    }
    this.#at = Math.max(-1, this.#at - 1);
    const detail = { rows: [...rows.values()], count: matches.length };
    this.dispatchEvent(new CustomEvent("replace", { detail }));
  }

  #key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target.name === "replacement") this.replaceOne();
    else if (event.key === "Enter" && event.target.type === "text") this.step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #ask() {
    this.#isCurrent = false;
    this.#act = null;
    clearTimeout(this.#asked);
    this.#asked = setTimeout(() => this.#start(), ASK_MS);
  }

  #start() {
    const { elements } = this.element;
    const pattern = elements.pattern.value;
    this.#stop();
    if (!pattern) {
      this.#show([], "");
      return;
    }
    const { cues, translated } = this.#look();
    this.#worker = new Worker(new URL("./find-worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => {
      this.#stop();
      if (data.error) this.#show([], this.#texts.badRegex);
      else this.#show(data.matches, "");
    };
    this.#timer = setTimeout(() => {
      this.#stop();
      this.#show([], this.#texts.regexTooSlow);
    }, LIMIT_MS);
    this.#worker.postMessage({
      rows: cues.map(({ id, text, translation }) => ({ id, text, translation })),
      fields: translated ? ["text", "translation"] : ["text"],
      pattern,
      replacement: elements.replacement.value,
      isCase: elements.isCase.checked,
      isWord: elements.isWord.checked,
      isRegex: elements.isRegex.checked,
    });
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #show(matches, problem) {
    this.#matches = matches;
    this.#at = Math.min(this.#at, matches.length - 1);
    this.element.classList.toggle("wrong", Boolean(problem));
    if (problem) this.count.textContent = problem;
    else this.#tellCount();
    this.dispatchEvent(new CustomEvent("matches"));
    this.#isCurrent = true;
    const act = this.#act;
    this.#act = null;
    if (!problem) act?.();
  }

  #tellCount() {
    const asked = this.element.elements.pattern.value;
    const total = this.#matches.length;
    this.count.textContent = !asked ? "" : `${this.#at < 0 ? "–" : this.#at + 1} / ${total}`;
  }
}
