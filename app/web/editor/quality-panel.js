// Findings of the server's quality control, each of which leads to its cue.

const MOST_SHOWN = 200; // of one rule

/**
 * A list of rules with what breaks them.
 *
 * Events: `jump` {id}. `marks` says of each cue's id what is wrong: {severity, meanings}.
 */
export class QualityPanel extends EventTarget {
  #texts = {};
  #report = null;
  #ids = [];
  #open = new Set();

  constructor() {
    super();
    this.marks = new Map();
    this.limits = { speed: Infinity, line: Infinity };
    this.element = document.createElement("aside");
    this.element.className = "quality";
    this.element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-id]");
      if (!button) return;
      this.dispatchEvent(new CustomEvent("jump", { detail: { id: Number(button.dataset.id) } }));
    });
  }

  write(texts) {
    this.#texts = texts;
    this.element.setAttribute("aria-label", texts.quality);
    this.#draw();
  }

  /** Show a report of the server. */
  show(report) {
    this.#report = report;
    this.#ids = report.ids ?? [];
    this.marks = new Map();
    for (const rule of report.rules) {
      if (rule.rule === "reading_speed" && rule.limit) this.limits.speed = rule.limit;
      if (rule.rule === "line_length" && rule.limit) this.limits.line = rule.limit;
      for (const fault of rule.faults) this.#mark(rule, fault);
    }
    this.#draw();
  }

  /** Return the id of the next cue with a finding behind a place in the list, or null. */
  nextFault(model, place, by = 1) {
    const places = [...this.marks.keys()].map((id) => model.indexOf(id)).filter((at) => at >= 0);
    places.sort((a, b) => (a - b) * by);
    const at = places.find((each) => (each - place) * by > 0) ?? places[0];
    return at === undefined ? null : model.cues[at].id;
  }

  #mark(rule, fault) {
    const id = this.#ids[fault.cue - 1];
    if (id === undefined) return;
    const mark = this.marks.get(id) ?? { severity: rule.severity, meanings: [] };
    if (rule.severity === "error") mark.severity = "error";
    mark.meanings.push(this.#meaning(rule));
    this.marks.set(id, mark);
  }

  #meaning(rule) {
    return this.#texts[`rule_${rule.rule}`] ?? rule.meaning;
  }

  #draw() {
    const { element } = this;
    const head = document.createElement("h2");
    head.textContent = this.#texts.quality;
    if (!this.#report) {
      element.replaceChildren(head);
      return;
    }
    const score = document.createElement("output");
    score.className = "score";
    score.textContent = `${(Math.floor(this.#report.score * 1000) / 10).toFixed(1)} %`;
    score.title = `${this.#report.conforming} / ${this.#report.cues}`;
    score.dataset.good = String(this.#report.score >= 0.95);
    head.append(score);
    const profile = document.createElement("p");
    profile.className = "profile";
    profile.textContent = `${this.#texts.profile} ${this.#report.profile}`;
    const broken = this.#report.rules.filter((rule) => rule.count > 0);
    broken.sort((a, b) => (a.severity === "advice") - (b.severity === "advice") || b.count - a.count);
    const none = document.createElement("p");
    none.textContent = broken.length ? "" : this.#texts.noFaults;
    element.replaceChildren(head, profile, none, ...broken.map((rule) => this.#rule(rule)));
  }

  #rule(rule) {
    const details = document.createElement("details");
    details.className = rule.severity;
    details.open = this.#open.has(rule.rule);
    const summary = document.createElement("summary");
    const count = document.createElement("span");
    count.className = "count";
    count.textContent = String(rule.count);
    const limit = rule.limit === null || rule.limit === undefined ? "" : `: ${rule.limit} ${rule.unit}`;
    summary.append(count, `${this.#meaning(rule)}${limit}`);
    details.append(summary);
    const fill = () => {
      if (details.childElementCount > 1) return;
      const list = document.createElement("ul");
      list.append(...rule.faults.slice(0, MOST_SHOWN).map((fault) => this.#fault(rule, fault)));
      details.append(list);
      if (rule.faults.length > MOST_SHOWN) {
        const rest = document.createElement("p");
        rest.textContent = `+ ${rule.faults.length - MOST_SHOWN}`;
        details.append(rest);
      }
    };
    if (details.open) fill();
    details.addEventListener("toggle", () => {
      if (details.open) this.#open.add(rule.rule);
      else this.#open.delete(rule.rule);
      if (details.open) fill();
    });
    return details;
  }

  #fault(rule, fault) {
    const item = document.createElement("li");
    const id = this.#ids[fault.cue - 1];
    const value = fault.value === null ? "" : `${fault.value} ${typeof fault.value === "number" ? rule.unit : ""}`;
    if (id === undefined) {
      item.textContent = value;
      return item;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = String(id);
    const number = document.createElement("b");
    number.textContent = `#${fault.cue}`;
    button.append(number, value);
    item.append(button);
    return item;
  }
}
