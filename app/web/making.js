// A media operation as it runs: its progress, then links to what it made.

import { call } from "./api.js";
import { el } from "./dom.js";
import { helpOf } from "./error-help.js";
import { readEvents } from "./events.js";
import { english, hasText, t } from "./i18n.js";

/** Do an operation with a form's fields and show it in `place`; whether it succeeded. */
export async function make(operation, body, place, signal) {
  place.replaceChildren(t("uploading"));
  let isMade = false;
  try {
    const answer = await call(`api/media/${operation}`, { method: "POST", body, headers: { Accept: "text/event-stream" }, signal });
    for await (const { data } of readEvents(answer)) {
      if (data.error) throw Object.assign(new Error(data.error), { code: data.code, advice: data.message });
      if (data.stage) place.replaceChildren(el("progress", { max: 100, value: data.percent, attr: { "aria-label": t("progress") } }), " ", doing(data));
      if (data.result) {
        place.replaceChildren(...results(data.result));
        isMade = true;
      }
    }
    if (!isMade) throw new Error(t("unreachable"));
  } catch (error) {
    if (error.name !== "AbortError") showFailure(place, error);
  }
  return isMade;
}

/** What an operation does at the moment, in the language of the page where it has a text for that. */
function doing({ activity, message }) {
  const key = `stage_${activity}`;
  return hasText(key) ? t(key) : english(el("span", { textContent: message }));
}

export function showFailure(place, error) {
  place.replaceChildren([error.message, helpOf(error.code) ?? error.advice].filter(Boolean).join(" "));
}

/** A link for each file of a result; a result without files, or that failed in parts, as it is too. */
function results(result) {
  const links = [...files(result)].map(({ url, name }) => el("a", { href: url, download: name, textContent: name }));
  const notices = (result.notices ?? []).map(({ code, message }) => english(el("p", { title: code, textContent: message })));
  const { success, notices: told, ...rest } = result;
  const isWhole = !Object.entries(result).some(([name, value]) => name.startsWith("failed_") && value?.length);
  const shown = links.length && isWhole ? links : [...links, el("pre", { tabIndex: 0, textContent: JSON.stringify(rest, null, 2) })];
  return [...shown.flatMap((each) => [each, " "]), ...notices];
}

function* files(value) {
  if (value === null || typeof value !== "object") return;
  for (const inner of Object.values(value)) {
    if (typeof inner === "string" && /^https?:\/\//.test(inner) && new URL(inner).pathname.includes("/files/")) {
      yield { url: inner, name: value.filename ?? decodeURIComponent(new URL(inner).pathname.split("/").pop()) };
    } else {
      yield* files(inner);
    }
  }
}
