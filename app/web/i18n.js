// Texts of the page in the language of its reader, from one table.

import { el, store, stored } from "./dom.js";

let table = { languages: ["en"], texts: {} };
let column = 0;

export const language = () => table.languages[column];

export async function loadTexts() {
  const answer = await fetch(new URL("./texts.json", import.meta.url));
  table = await answer.json();
  const wanted = [stored(localStorage, "cuestream.language"), ...navigator.languages];
  const found = wanted.map((tag) => table.languages.indexOf((tag ?? "").split("-")[0])).find((at) => at >= 0);
  use(found ?? 0);
}

function use(at) {
  column = at;
  document.documentElement.lang = language();
}

/** The text of a key, with {name} replaced by values. */
export function t(key, values = {}) {
  const text = table.texts[key]?.[column] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const hasText = (key) => key in table.texts;

/** Mark an element whose text and tooltip the server gives in English alone, so that it is read aloud as English. */
export function english(element) {
  element.lang = "en";
  return element;
}

/** Give an element a tooltip of the server's, which is English; what is in the element stays in the page's language. */
export function withTooltip(element, text) {
  if (!text) return element;
  for (const child of element.children) child.lang = language();
  element.title = text;
  return english(element);
}

/** Write the texts of all elements that name one. */
export function write(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}

/** Offer the languages of the page; `changed` is called after another one was chosen. */
export function offerLanguages(select, changed) {
  select.replaceChildren(...table.languages.map((tag) => {
    const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag);
    return el("option", { value: tag, textContent: name, lang: tag });
  }));
  select.value = language();
  select.addEventListener("change", () => {
    use(table.languages.indexOf(select.value));
    store(localStorage, "cuestream.language", select.value);
    changed();
  });
}

export function languageName(tag) {
  try {
    return new Intl.DisplayNames([language()], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function duration(seconds) {
  const [value, unit] = seconds < 90 ? [Math.ceil(seconds), "second"]
    : seconds < 5400 ? [Math.round(seconds / 60), "minute"] : [Math.round(seconds / 3600), "hour"];
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "long" }).format(value);
}
