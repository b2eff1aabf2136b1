// The page: which view is shown, and how the server is.

import { address, changeKey } from "./api.js";
import { el, store, stored } from "./dom.js";
import { helpOf } from "./error-help.js";
import { loadTexts, offerLanguages, t, write } from "./i18n.js";
import { JobView } from "./job-view.js";
import { jobsView } from "./jobs-view.js";
import { liveView } from "./live-view.js";
import { newView } from "./new-view.js";
import { operationsView } from "./operations-view.js";
import { serverView } from "./server-view.js";

const HEALTH_MS = 15_000;
const SOON_MS = 3_000;
const main = document.getElementById("main");
const banner = document.getElementById("banner");
let close = () => {};
let job = null;

function fail(error) {
  banner.hidden = false;
  banner.replaceChildren(el("span", { textContent: [error.message, helpOf(error.code) ?? error.advice].filter(Boolean).join(" ") }),
    el("button", { type: "button", className: "quiet", textContent: t("close"), on: { click: () => { banner.hidden = true; } } }));
}

function showJob(wanted) {
  const view = new JobView(wanted);
  view.element.addEventListener("again", ({ detail }) => {
    close();
    showJob(detail);
  });
  main.replaceChildren(view.element);
  job = view;
  close = () => {
    view.close();
    job = null;
  };
}

async function show() {
  close();
  close = () => {};
  banner.hidden = true;
  const [name, id] = (location.hash.slice(1) || "new").split("/");
  for (const link of document.querySelectorAll("#views a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "job") return showJob({ id });
  const viewOf = { jobs: jobsView, live: liveView, operations: operationsView, server: serverView }[name];
  if (viewOf) {
    const view = viewOf(fail);
    close = view.close;
    return main.replaceChildren(view.element);
  }
  return main.replaceChildren(await newView(showJob, fail));
}

async function lookAtHealth() {
  const pill = document.getElementById("health");
  let state = "gone";
  try {
    state = (await (await fetch(address("health"))).json()).state ?? "gone";
  } catch {
    state = "gone";
  }
  pill.textContent = t(`state_${state}`);
  pill.dataset.state = state;
  setTimeout(lookAtHealth, state === "ready" ? HEALTH_MS : SOON_MS);
}

function offerThemes(select) {
  const use = () => {
    document.documentElement.dataset.theme = select.value;
    store(localStorage, "cuestream.theme", select.value);
  };
  select.value = stored(localStorage, "cuestream.theme") ?? "auto";
  select.addEventListener("change", use);
  use();
}

await loadTexts();
write();
offerThemes(document.getElementById("theme"));
offerLanguages(document.getElementById("language"), () => {
  write();
  if (job) job.rewrite();
  else show();
});
document.getElementById("key").addEventListener("click", async () => {
  if (await changeKey()) show();
});
addEventListener("hashchange", show);
lookAtHealth();
show();
