// The list of cues: only rows that are seen are in the document.

import { clock, readingSpeed } from "./times.js";

export const ROW_PX = 46;
const SPARE_ROWS = 8;

/**
 * A grid with a row for each cue.
 *
 * Events: `choose` {id, extend, toggle}, `open` {id}.
 */
export class CueList extends EventTarget {
  #rows = new Map();
  #free = [];
  #pending = 0;
  #cues = [];
  #look;

  /** @param look returns {texts, speakerHue, marks, translated, active, chosen, playing}. */
  constructor(look) {
    super();
    this.#look = look;
    this.element = make("div", "grid");
    Object.assign(this.element, { tabIndex: 0 });
    this.element.setAttribute("role", "grid");
    this.element.setAttribute("aria-multiselectable", "true");
    this.head = make("div", "head");
    this.head.setAttribute("role", "row");
    this.head.setAttribute("aria-rowindex", "1");
    this.body = make("div", "body");
    this.body.setAttribute("role", "rowgroup");
    this.element.append(this.head, this.body);
    this.element.addEventListener("scroll", () => this.refresh(), { passive: true });
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("dblclick", (event) => this.#opened(event));
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  /** Show other cues. */
  show(cues) {
    this.#cues = cues;
    this.body.style.height = `${cues.length * ROW_PX}px`;
    this.element.setAttribute("aria-rowcount", String(cues.length + 1));
    this.refresh();
  }

  /** Write the names of the columns. */
  writeHead() {
    const { texts, translated } = this.#look();
    const names = [texts.number, texts.time, texts.speed, texts.speaker, texts.text];
    if (translated) names.push(texts.translation);
    this.element.setAttribute("aria-label", texts.list);
    this.element.classList.toggle("translated", translated);
    this.head.replaceChildren(
      ...names.map((name) => {
        const cell = make("span", "", name);
        cell.setAttribute("role", "columnheader");
        return cell;
      }),
    );
  }

  /** Draw what is seen before the next frame. */
  refresh() {
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0;
      this.#draw();
    });
  }

  /** Scroll until a row is seen, in the middle where it was far away. */
  reveal(index, { centre = false } = {}) {
    const top = index * ROW_PX;
    const seen = this.element.clientHeight - this.head.offsetHeight;
    const { scrollTop } = this.element;
    const isSeen = top >= scrollTop && top + ROW_PX <= scrollTop + seen;
    if (isSeen && !centre) return;
    const near = Math.abs(top - scrollTop) < seen + ROW_PX * 2 && !centre;
    let target = top - seen / 2 + ROW_PX / 2;
    if (near) target = top < scrollTop ? top : top + ROW_PX - seen;
    this.element.scrollTop = target;
    this.#draw();
  }

  /** How many rows fit. */
  get pageRows() {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW_PX) - 1);
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_PX) - SPARE_ROWS);
    const seen = Math.ceil(this.element.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    const last = Math.min(this.#cues.length, first + seen);
    for (const [index, row] of this.#rows) {
      if (index < first || index >= last) {
        this.#rows.delete(index);
        this.#free.push(row);
      }
    }
    const look = this.#look();
    const fresh = [];
    for (let index = first; index < last; index += 1) {
      let row = this.#rows.get(index);
      if (!row) {
        row = this.#free.pop() ?? makeRow();
        this.#rows.set(index, row);
        if (!row.element.isConnected) fresh.push(row.element);
      }
      fill(row, this.#cues[index], index, look);
    }
    this.body.append(...fresh);
    for (const row of this.#free.splice(0)) row.element.remove();
    const active = this.#cues.findIndex((cue) => cue.id === look.active);
    if (this.#rows.has(active)) this.element.setAttribute("aria-activedescendant", `cue-${look.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #idAt(event) {
    const row = event.target.closest?.("[data-id]");
    return row ? Number(row.dataset.id) : null;
  }

  #clicked(event) {
    const id = this.#idAt(event);
    if (id === null) return;
    const detail = { id, extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey };
    this.dispatchEvent(new CustomEvent("choose", { detail }));
  }

  #opened(event) {
    const id = this.#idAt(event);
    if (id === null) return;
    const field = event.target.closest(".to") ? "translation" : "text";
    this.dispatchEvent(new CustomEvent("open", { detail: { id, field } }));
  }
}

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

function makeRow() {
  const element = make("div", "row");
  element.setAttribute("role", "row");
  const cells = {};
  for (const name of ["number", "time", "speed", "speaker", "from", "to"]) {
    cells[name] = make("span", name);
    cells[name].setAttribute("role", "gridcell");
    element.append(cells[name]);
  }
  cells.start = make("span", "start");
  cells.end = make("span", "end");
  cells.time.append(cells.start, cells.end);
  cells.from.dir = cells.to.dir = "auto";
  return { element, cells };
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill({ element, cells }, cue, index, look) {
  const mark = look.marks.get(cue.id);
  element.dataset.id = String(cue.id);
  element.id = `cue-${cue.id}`;
  element.style.transform = `translateY(${index * ROW_PX}px)`;
  element.style.setProperty("--hue", String(look.speakerHue(cue.speaker)));
  element.classList.toggle("voiced", Boolean(cue.speaker));
  element.classList.toggle("active", cue.id === look.active);
  element.classList.toggle("playing", cue.id === look.playing);
  element.dataset.mark = mark?.severity ?? "";
  element.title = mark ? mark.meanings.join("\n") : "";
  element.setAttribute("aria-rowindex", String(index + 2));
  element.setAttribute("aria-selected", String(look.chosen.has(cue.id)));
  put(cells.number, String(index + 1));
  put(cells.start, clock(cue.start_ms));
  put(cells.end, clock(cue.end_ms));
  const speed = readingSpeed(cue);
  put(cells.speed, speed.toFixed(1));
  cells.speed.dataset.fast = String(speed > look.maxSpeed);
  put(cells.speaker, cue.speaker ?? "");
  put(cells.from, cue.text);
  put(cells.to, cue.translation ?? "");
  cells.to.hidden = !look.translated;
}
