// A form for a media operation, out of the description that the server gives of its fields.

import { el } from "./dom.js";
import { hasText, t, withTooltip } from "./i18n.js";
import { listed } from "./jobs-view.js";
import { targetOptions } from "./new-view.js";

const UNSHOWN = new Set(["edited"]); // goes with the job
const isFirst = ({ name, kind, required }) => required || kind === "file" || name === "job_id";
const option = (value, text = value) => el("option", { value, textContent: text });
const nameOf = (prefix, name) => (hasText(`${prefix}_${name}`) ? t(`${prefix}_${name}`) : name.replaceAll("_", " "));
const reference = (number, name) => `${number}-${name}`; // two files may have one name

export const operationName = (name) => nameOf("op", name);

/** Fields that say which media and which text an operation works on. */
const SOURCES = new Set(["job_id", "subtitles", "tracks", "words", "url_words_json", "source_lang", "diarize", "path", "output_filename"]);
const isSource = ({ name, kind }) => kind === "file" || kind === "files" || SOURCES.has(name);

/** Return the fields of an operation that a job's own media and cues leave open; `put(form)` adds what they say. */
export function jobFields({ fields }, options) {
  const shown = fields.filter((field) => !UNSHOWN.has(field.name) && !isSource(field)).map((field) => control(field, options));
  return { elements: shown.map(({ element }) => element), put: (form) => shown.forEach(({ put }) => put(form)) };
}

/** Return the fields of an operation; `body()` is what they say as a form, `change` begins anew. */
export function operationForm({ fields }, options) {
  const shown = fields.filter(({ name }) => !UNSHOWN.has(name)).map((field) => control(field, options));
  const part = (wanted) => shown.filter(({ field }) => isFirst(field) === wanted).map(({ element }) => element);
  const others = part(false);
  const element = el("div", { className: "fields" }, ...part(true),
    others.length ? el("details", {}, el("summary", { textContent: t("more_fields") }), el("div", { className: "fields" }, ...others)) : null);
  const body = () => {
    const form = new FormData();
    for (const { put } of shown) put(form);
    return form;
  };
  return { element, body };
}

function control(field, options) {
  const make = { file: fileControl, files: filesControl, boolean: booleanControl }[field.kind] ?? valueControl;
  return { field, ...make(field, options) };
}

function labelled(field, input) {
  const title = nameOf("field", field.name);
  return withTooltip(el("label", { className: "field" }, el("span", { textContent: field.required ? `${title} *` : title }), input), field.description);
}

function fileControl(field) {
  const title = nameOf("field", field.name);
  const file = el("input", { type: "file", name: field.name, attr: { "aria-label": title } });
  const url = el("input", { type: "url", placeholder: "https://", autocomplete: "off", attr: { "aria-label": `${title}: ${t("address")}` } });
  const check = () => url.setCustomValidity(field.required && !file.files.length && !url.value ? t("file_needed") : "");
  for (const input of [file, url]) input.addEventListener("input", check);
  check();
  const element = withTooltip(el("div", { className: "field wide" }, el("span", { textContent: field.required ? `${title} *` : title }),
    el("div", { className: "pair", attr: { role: "group", "aria-label": title } }, file, url)), field.description);
  return { element, put: (form) => {
    if (file.files.length) form.append(field.name, file.files[0]);
    else if (url.value) form.append(field.name, url.value);
  } };
}

/** Several files; where an entry is an object, its numbers are the same for all of them. */
function filesControl(field) {
  const file = el("input", { type: "file", name: field.name, multiple: true, required: field.required });
  const numbers = field.items.filter(({ kind }) => kind === "number").map((each) => ({ each, ...valueControl({ ...each, default: each.default ?? 5 }) }));
  const item = (name, number) => {
    const place = `upload:${name}`;
    if (!field.items.length) return place;
    const entries = field.items.map((each) => [each.name, each.kind === "file" ? place : each.kind === "number"
      ? Number(numbers.find((one) => one.each === each).input.value) : String(number + 1)]);
    return Object.fromEntries(entries);
  };
  const element = el("div", { className: "field wide" }, labelled(field, file), ...numbers.map((one) => one.element));
  return { element, put: (form) => {
    const files = [...file.files];
    for (const [number, each] of files.entries()) form.append("files", each, reference(number, each.name));
    if (files.length) form.append(field.name, JSON.stringify(files.map((each, number) => item(reference(number, each.name), number))));
  } };
}

function booleanControl(field) {
  const input = el("select", { name: field.name },
    ...(field.default === null ? [option("", t("speakers_auto"))] : []), option("true", t("yes")), option("false", t("no")));
  input.value = field.default === null ? "" : String(field.default);
  return { element: labelled(field, input), put: (form) => input.value && form.append(field.name, input.value) };
}

function valueControl(field, options) {
  const input = field.kind === "object" ? el("textarea", { rows: 3, spellcheck: false, placeholder: "{ }" }) : inputFor(field, options);
  input.name = field.name;
  input.required = field.required;
  if (field.default !== null && field.default !== undefined) input.value = field.default;
  return { element: labelled(field, input), input, put: (form) => {
    const value = field.kind === "list" ? listOf(input) : input.value.trim();
    if (value) form.append(field.name, value);
    if (value && field.name === "job_id") form.append("edited", "true");
  } };
}

function inputFor({ name, kind, choices, minimum, maximum }, options) {
  if (name === "job_id") return jobSelect();
  if (choices.length) return el("select", { multiple: kind === "list" }, ...(kind === "list" ? [] : [option("", "–")]), ...choices.map((each) => option(each)));
  if (name === "profile") return el("select", {}, option("", "–"), ...options.profiles.map((each) => option(each)));
  if (name === "target_lang") return el("select", {}, option("", "–"), ...targetOptions(options));
  if (kind === "number") return el("input", { type: "number", step: "any", min: minimum ?? "", max: maximum ?? "" });
  if (kind === "list") return el("input", { type: "text", placeholder: "12.5; 00:01:02,500", spellcheck: false });
  return el("input", { type: "text", spellcheck: false });
}

function jobSelect() {
  const select = el("select", {}, option("", "–"));
  listed().then((jobs) => select.append(...jobs.filter(({ state }) => state === "done").map(({ id, title }) => option(id, title || id))),
    () => select.append(option("", t("unreachable"))));
  return select;
}

/** What a list says as JSON; empty where it has nothing. */
function listOf(input) {
  const values = input.multiple ? [...input.selectedOptions].map(({ value }) => value) : input.value.split(/[;\s]+/).filter(Boolean);
  return values.length ? JSON.stringify(values) : "";
}
