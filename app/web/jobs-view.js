// Jobs that wait, run or have ended: those of the key, else those that this browser began.

import { call, getJson } from "./api.js";
import { el, store, stored } from "./dom.js";
import { hasText, language, t } from "./i18n.js";

const KEPT = "cuestream.jobs";
const MOST = 50;
const EVERY_MS = 3000;

const own = () => stored(localStorage, KEPT) ?? [];

/** What this browser knows of a job that it began. */
export const known = (id) => own().find((job) => job.id === id) ?? null;

/** Keep a job in this browser's list. */
export function remember(job) {
  store(localStorage, KEPT, [job, ...own().filter(({ id }) => id !== job.id)].slice(0, MOST));
}

/** The jobs of the key, else those that this browser began. */
export async function listed() {
  const options = await getJson("api/options");
  if (options.jobs_listed) {
    const { jobs } = await getJson("api/jobs?limit=100");
    return jobs.map((job) => ({ ...job, id: job.job_id, created: Date.parse(job.created_at) }));
  }
  return Promise.all(own().map(async (job) => (["done", "failed", "gone"].includes(job.state) ? job : stateOf(job))));
}

async function stateOf(job) {
  try {
    const { state, progress, code } = await getJson(`api/jobs/${job.id}`);
    const now = { ...job, state, progress, code };
    store(localStorage, KEPT, own().map((each) => (each.id === job.id ? now : each)));
    return now;
  } catch (error) {
    if (error.status === 404) return { ...job, state: "gone" };
    throw error;
  }
}

export function jobsView(fail) {
  const body = el("tbody");
  const none = el("p", { className: "empty", textContent: t("jobs_none"), hidden: true });
  const columns = ["job", "state", "created", "actions"];
  const element = el("section", { className: "list" }, el("h1", { textContent: t("view_jobs") }),
    el("div", { className: "scroll", tabIndex: 0, attr: { role: "region", "aria-label": t("view_jobs") } },
      el("table", {}, el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", { scope: "col", textContent: t(`column_${name}`) })))), body)), none);
  const look = async () => {
    try {
      const jobs = await listed();
      none.hidden = jobs.length > 0;
      body.replaceChildren(...jobs.map((job) => row(job, look, fail)));
    } catch (error) {
      fail(error);
    }
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return { element, close: () => clearInterval(timer) };
}

function row(job, look, fail) {
  const { state, progress } = job;
  const isOpen = ["queued", "running", "stopping"].includes(state);
  const code = hasText(`error_${job.code}`) ? t(`error_${job.code}`) : job.code;
  const detail = isOpen && progress ? ` · ${progress.percent} %` : state === "failed" ? ` · ${code}` : "";
  const cancel = el("button", { type: "button", className: "quiet", textContent: t("cancel_job"), on: {
    click: () => call(`cancel/${job.id}`, { method: "POST" }).then(look, fail) } });
  const created = new Intl.DateTimeFormat(language(), { dateStyle: "short", timeStyle: "short" }).format(job.created);
  const title = job.title || job.id;
  return el("tr", { data: { id: job.id, state } }, el("td", {}, state === "gone" ? title : el("a", { href: `#job/${job.id}`, textContent: title })),
    el("td", {}, el("span", { className: `dot ${state}` }), `${t(`job_${state}`)}${detail}`),
    el("td", { className: "time", textContent: created }), el("td", {}, isOpen ? cancel : null));
}
