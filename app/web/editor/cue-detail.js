// The fields of the cue that is worked on.

import { readingSpeed, clock, readClock, width } from "./times.js";

const NUDGE_MS = 10;
const LARGE_NUDGE_MS = 100;

/**
 * Times, speaker, text and translation of one cue.
 *
 * Events: `time` {edge, ms}, `write` {field, value}, `leave`, and `act` {command} of its buttons.
 */
export class CueDetail extends EventTarget {
  #look;
  #fields = {};
  #counts = {};
  #id = null;

  /** @param look returns {texts, translated, speakers, language, target, maxSpeed, maxLine}. */
  constructor(look) {
    super();
    this.#look = look;
    this.element = document.createElement("section");
    this.element.className = "detail";
  }

  get fields() {
    return this.#fields;
  }

  write() {
    const { texts, translated, language, target } = this.#look();
    const times = ["start", "end", "duration"].map((edge) => this.#timeField(edge, texts[edge]));
    const speaker = this.#field("input", "speaker", texts.speaker);
    const list = document.createElement("datalist");
    list.id = "speakers";
    this.#fields.speaker.setAttribute("list", list.id);
    this.#fields.speaker.maxLength = 200;
    this.speakers = list;
    const text = this.#field("textarea", "text", texts.text, true);
    const translation = this.#field("textarea", "translation", texts.translation, true);
    this.#fields.text.lang = language ?? "";
    this.#fields.translation.lang = target ?? "";
    translation.hidden = !translated;
    const row = document.createElement("div");
    row.className = "times";
    row.append(...times, speaker, list);
    const both = document.createElement("div");
    both.className = "texts";
    both.append(text, translation);
    this.element.setAttribute("aria-label", texts.cue);
    this.element.replaceChildren(row, both);
    this.#id = null;
  }

  /** Show a cue; what is being typed stays as it is. */
  show(cue) {
    const { speakers } = this.#look();
    const isOther = cue?.id !== this.#id;
    this.#id = cue?.id ?? null;
    for (const [name, field] of Object.entries(this.#fields)) {
      field.disabled = !cue;
      const value = cue ? shownValue(cue, name) : "";
      const isTyped = !isOther && field.getRootNode().activeElement === field && field.dataset.typing;
      if (!isTyped && field.value !== value) field.value = value;
      if (isOther) {
        delete field.dataset.typing;
        field.removeAttribute("aria-invalid");
      }
    }
    const names = speakers.join("\n");
    if (this.speakers.dataset.names !== names) {
      this.speakers.dataset.names = names;
      this.speakers.replaceChildren(...speakers.map((name) => new Option(name, name)));
    }
    this.#count(cue);
  }

  focusText(name = "text") {
    const { translated } = this.#look();
    const field = this.#fields[translated ? name : "text"];
    field.focus();
  }

  /** Return the field that has the caret, with its place; null where none of the texts has. */
  get caret() {
    const active = this.element.getRootNode().activeElement;
    const name = ["text", "translation"].find((each) => this.#fields[each] === active);
    return name ? { field: name, place: active.selectionStart } : null;
  }

  #count(cue) {
    const { maxSpeed, maxLine } = this.#look();
    for (const name of ["text", "translation"]) {
      const output = this.#counts[name];
      const value = cue?.[name] ?? "";
      const lines = value.split("\n").map((line) => width(line));
      const isShown = cue && (name === "translation" ? cue.translation : !cue.translation);
      const speed = cue ? readingSpeed(cue, value) : 0;
      const said = value ? `${lines.join(" + ")} · ${speed.toFixed(1)}/s` : "";
      if (output.textContent !== said) output.textContent = said;
      output.dataset.over = String(Boolean(isShown) && (speed > maxSpeed || lines.some((n) => n > maxLine * 2)));
    }
  }

  #field(tag, name, label, counted = false) {
    const whole = document.createElement("label");
    whole.className = `field ${name}`;
    const head = document.createElement("span");
    head.textContent = label;
    const input = document.createElement(tag);
    input.name = name;
    if (tag === "textarea") Object.assign(input, { rows: 3, dir: "auto", maxLength: 4000 });
    input.spellcheck = tag === "textarea";
    input.addEventListener("input", () => {
      input.dataset.typing = "1";
      this.#tell("write", { field: name, value: input.value });
    });
    input.addEventListener("blur", () => {
      delete input.dataset.typing;
      this.#tell("leave", {});
    });
    this.#fields[name] = input;
    whole.append(head);
    if (counted) {
      this.#counts[name] = document.createElement("output");
      head.append(this.#counts[name]);
    }
    whole.append(input);
    return whole;
  }

  #timeField(edge, label) {
    const whole = this.#field("input", edge, label);
    const input = this.#fields[edge];
    input.replaceWith(input.cloneNode()); // its times are told once they are whole
    const own = whole.querySelector("input");
    this.#fields[edge] = own;
    own.inputMode = "decimal";
    own.addEventListener("input", () => {
      own.dataset.typing = "1";
      own.toggleAttribute("aria-invalid", readClock(own.value) === null);
    });
    own.addEventListener("change", () => this.#typed(edge, own));
    own.addEventListener("blur", () => {
      delete own.dataset.typing;
      own.removeAttribute("aria-invalid");
      this.#tell("leave", {});
    });
    own.addEventListener("keydown", (event) => this.#nudge(event, edge, own));
    return whole;
  }

  #typed(edge, input) {
    const ms = readClock(input.value);
    delete input.dataset.typing;
    if (ms !== null) this.#tell("time", { edge, ms });
    else this.#tell("leave", {});
  }

  #nudge(event, edge, input) {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter") this.#typed(edge, input);
    if (!way || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    const ms = readClock(input.value);
    if (ms === null) return;
    const step = event.shiftKey ? LARGE_NUDGE_MS : NUDGE_MS;
    delete input.dataset.typing;
    this.#tell("time", { edge, ms: Math.max(0, ms + way * step), nudged: true });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function shownValue(cue, name) {
  if (name === "start") return clock(cue.start_ms, true);
  if (name === "end") return clock(cue.end_ms, true);
  if (name === "duration") return clock(cue.end_ms - cue.start_ms);
  return cue[name] ?? "";
}
