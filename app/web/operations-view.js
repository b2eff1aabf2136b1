// Media operations on files of the reader's own: any of them, by a form of its fields.

import { getJson } from "./api.js";
import { el } from "./dom.js";
import { language, t } from "./i18n.js";
import { make } from "./making.js";
import { operationForm, operationName } from "./operation-form.js";

export function operationsView(fail) {
  const ending = new AbortController();
  const choice = el("select", { name: "operation" });
  const place = el("div");
  const made = el("div", { className: "made", attr: { role: "status" } });
  const go = el("button", { className: "main", textContent: t("start") });
  let fields = null;
  const form = el("form", { className: "operation", hidden: true, on: { submit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    await make(choice.value, fields.body(), made, ending.signal);
    go.disabled = false;
  } } }, el("label", { className: "field" }, el("span", { textContent: t("operation") }), choice), place, el("div", { className: "row" }, go));
  const element = el("section", { className: "list" }, el("h1", { textContent: t("view_operations") }), form, made);
  getJson("api/options").then((options) => {
    const show = () => {
      fields = operationForm(options.operations.find(({ name }) => name === choice.value), options);
      place.replaceChildren(fields.element);
      made.replaceChildren();
    };
    // An option has its text and its tooltip in one language, and summaries are English.
    const tooltip = (summary) => (language() === "en" ? summary : null);
    choice.append(...options.operations.map(({ name, summary }) => el("option", { value: name, title: tooltip(summary), textContent: operationName(name) })));
    choice.addEventListener("change", show);
    show();
    form.hidden = false;
  }, fail);
  return { element, close: () => ending.abort() };
}
