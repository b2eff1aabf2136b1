// Calls of the server: the key, and errors as values with their advice.

import { t } from "./i18n.js";
import { store, stored } from "./dom.js";

const BASE = new URL("../", import.meta.url);
const KEY = "cuestream.key";

export class ApiError extends Error {
  constructor({ error, code, retryable, retry_after, message }, status) {
    super(error);
    this.code = code;
    this.retryable = retryable ?? false;
    this.retryAfter_s = retry_after ?? null;
    this.advice = message ?? "";
    this.status = status;
  }
}

export const address = (path) => new URL(path.replace(/^\//, ""), BASE).href;

export const key = () => stored(sessionStorage, KEY) ?? "";

let asking = null;
let declined = false;

/** Ask for the key, once at a time; whether one was given. */
export function askKey(wasSent) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("key-dialog");
    const field = document.getElementById("key-field");
    document.getElementById("key-reason").textContent = t(wasSent ? "key_wrong" : "key_text");
    field.value = "";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      asking = null;
      const given = dialog.returnValue === "ok" ? field.value.trim() : "";
      declined = !given;
      document.getElementById("key").hidden = false;
      if (given) store(sessionStorage, KEY, given);
      resolve(Boolean(given));
    }, { once: true });
    dialog.showModal();
    field.focus();
  });
  return asking;
}

/** Ask anew for a key, by the reader's wish. */
export function changeKey() {
  declined = false;
  return askKey(false);
}

/** Like fetch for a path of this server, with the key; its refusals are thrown as ApiError. */
export async function call(path, init = {}) {
  for (;;) {
    const sent = key();
    const headers = new Headers(init.headers);
    if (sent) headers.set("X-API-Key", sent);
    let answer;
    try {
      answer = await fetch(address(path), { ...init, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError({ error: t("unreachable"), code: "unreachable", retryable: true }, 0);
    }
    if (answer.ok) return answer;
    // Somebody else may have given the right key while this call was on its way.
    if (answer.status === 401 && (key() !== sent || (!declined && (await askKey(Boolean(sent)))))) continue;
    throw new ApiError(await errorBody(answer), answer.status);
  }
}

async function errorBody(answer) {
  const fallback = { error: `${answer.status} ${answer.statusText}`, code: `http_${answer.status}` };
  fallback.retryable = [408, 429, 502, 503, 504].includes(answer.status);
  const wait_s = Number(answer.headers.get("Retry-After"));
  if (wait_s > 0) fallback.retry_after = wait_s;
  try {
    const body = await answer.json();
    return body.error ? { ...fallback, ...body } : fallback;
  } catch {
    return fallback;
  }
}

export async function getJson(path, init) {
  return (await call(path, init)).json();
}

export function postJson(path, body, init = {}) {
  const headers = { "Content-Type": "application/json" };
  return getJson(path, { ...init, method: "POST", headers, body: JSON.stringify(body) });
}
