// The form that begins a job: a file or an address, languages, profile, speakers.

import { el } from "./dom.js";
import { getJson } from "./api.js";
import { languageName, t } from "./i18n.js";
import { jobOperations } from "./job-menu.js";

const COMMON = "ar bg ca cs da de el en es et fi fr he hi hr hu id it ja ko lt lv ms nb nl pl pt-BR pt-PT ro ru sk sl sr sv th tr uk vi zh-CN zh-TW".split(" ");

const MOST_SPEAKERS = 50;

const option = (value, text) => el("option", { value, textContent: text });
const labelled = (key, field) => el("label", { className: "field" }, el("span", { textContent: t(key) }), field);

function languages(tags) {
  const named = tags.map((tag) => [tag, languageName(tag)]);
  return named.sort((a, b) => a[1].localeCompare(b[1])).map(([tag, name]) => option(tag, name));
}

/** Options of a list of target languages: those of the server, else the common ones. */
export const targetOptions = (found) => languages(found.target_languages ?? COMMON);

/** Return the view; `begin({file, fields, after})` gets what the reader wants, `after` once the job is done. */
export async function newView(begin, fail) {
  const choose = el("input", { type: "file", id: "file", accept: "video/*,audio/*,.srt,.vtt,.ass", className: "unseen" });
  const drop = el("label", { className: "drop", htmlFor: "file" },
    el("strong", { textContent: t("drop") }), el("span", { textContent: t("choose_file") }));
  const url = el("input", { type: "url", name: "url", placeholder: "https://", autocomplete: "off" });
  const spoken = el("select", { name: "source_lang" }, option("", t("detect")));
  const target = el("select", { name: "target_lang" }, option("", t("no_translation")));
  const profile = el("select", { name: "profile" });
  const speakers = el("select", { name: "diarize" }, option("", t("speakers_auto")));
  const count = el("input", { type: "number", name: "num_speakers", min: 1, max: MOST_SPEAKERS, placeholder: t("detect") });
  const format = el("select", { name: "format" }, option("", t("choose_later")));
  const operation = el("select", { name: "operation" }, option("", t("choose_later")));
  const counted = labelled("speaker_count", count);
  speakers.addEventListener("change", () => { count.disabled = speakers.value === "false"; });
  const go = el("button", { className: "main", textContent: t("start") });
  const fields = () => Object.fromEntries([spoken, target, profile].filter((each) => each.value).map((each) => [each.name, each.value]));
  const wanted = () => {
    const isCounted = count.value && !count.disabled;
    return { ...fields(), ...(speakers.value || isCounted ? { diarize: isCounted || speakers.value === "true" } : {}),
      ...(isCounted ? { num_speakers: Number(count.value) } : {}) };
  };
  const after = () => ({ format: format.value, operation: operation.value });
  const take = (file) => {
    if (!file || !form.reportValidity()) return;
    begin({ file, fields: wanted(), after: after() });
  };
  choose.addEventListener("change", () => take(choose.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") take(event.dataTransfer.files[0]);
    });
  }
  const form = el("form", { className: "new", on: { submit: (event) => {
    event.preventDefault();
    if (url.value) begin({ file: null, fields: { ...wanted(), url: url.value }, after: after() });
    else choose.click();
  } } },
  el("h1", { textContent: t("new_title") }),
  el("div", { className: "choices" }, labelled("spoken", spoken), labelled("target", target), labelled("profile", profile), labelled("speakers", speakers), counted, labelled("file_after", format), labelled("make_after", operation)),
  choose, drop, el("div", { className: "row" }, labelled("or_address", url), go));
  getJson("api/options").then((found) => {
    spoken.append(...languages(found.spoken_languages ?? COMMON));
    target.append(...targetOptions(found));
    profile.append(...found.profiles.map((name) => option(name, name)));
    profile.value = found.default_profile;
    format.append(...found.formats.map(({ name }) => option(name, name)));
    operation.append(...jobOperations(found).map((name) => option(name, t(`make_${name}`))));
    counted.hidden = !found.speakers;
    if (found.speakers) speakers.append(option("true", t("yes")));
    speakers.append(option("false", t("no")));
  }, fail);
  return form;
}
