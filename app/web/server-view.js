// What runs here: state, engines, device, queue, cost, cache and versions.

import { getJson } from "./api.js";
import { bytes, el } from "./dom.js";
import { duration, language, t } from "./i18n.js";

const EVERY_MS = 5000;

const panel = (title, rows) => el("section", { className: "panel", data: { name: title } }, el("h2", { textContent: t(title) }),
  el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", { textContent: name }), el("dd", { textContent: value })])));

/** Return the view; its numbers are read again and again while it is open. */
export function serverView(fail) {
  const now = el("div", { className: "panels" });
  const element = el("section", { className: "server" }, el("h1", { textContent: t("view_server") }), now);
  let cache = null; // it is summed up on disk, so it is asked for once
  let timer = null;
  let isClosed = false;
  const show = async () => {
    try {
      now.replaceChildren(...(await panels()), ...(cache ? [cache] : []));
      if (!cache) {
        cache = panel("cache", flat((await getJson("cache")).summary));
        now.append(cache);
      }
    } catch (error) {
      if (!isClosed) fail(error);
    }
    if (!isClosed) timer = setTimeout(show, EVERY_MS);
  };
  show();
  return { element, close: () => {
    isClosed = true;
    clearTimeout(timer);
  } };
}

async function panels() {
  const [health, version, queue, usage] = await Promise.all(
    ["health", "api/version", "api/queue", "api/usage"].map((path) => getJson(path)));
  const cost = usage.cost_usd === null ? "–" : new Intl.NumberFormat(language(), { style: "currency", currency: "USD", maximumFractionDigits: 4 }).format(usage.cost_usd);
  return [
    panel("engines", health.engines.map(({ role, name, state, device, detail, error }) =>
      [t(`role_${role}`), [state === "disabled" ? null : name, detail, device, error, t(`engine_${state}`)].filter(Boolean).join(" · ")])),
    panel("device", health.gpu ? [[health.gpu.name, `${bytes(health.gpu.free_bytes, language())} / ${bytes(health.gpu.total_bytes, language())}`]] : [["CPU", "✓"]]),
    panel("queue", [[t("job_running"), queue.running], [t("job_queued"), queue.waiting], [t("busy_label"), duration(queue.expected_wait_s)], [t("view_live"), health.live]]),
    panel("cost", [["USD", cost], [t("requests"), usage.requests]]),
    panel("versions", [["Cuestream", version.version], ["yt-dlp", version.yt_dlp], [t("device"), version.platform]]),
  ];
}

/** The numbers of an object as rows. */
function flat(value, before = "") {
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = before ? `${before} ${name}` : name;
    if (inner !== null && typeof inner === "object") return flat(inner, path);
    return [[path.replaceAll("_", " "), /bytes|size/.test(name) ? bytes(inner, language()) : String(inner)]];
  });
}
