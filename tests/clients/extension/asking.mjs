// What all calls share: bases, headers, and the text of a refusal.

export const ABORTED = "Request aborted";

export function stripped(base) {
  return base.replace(/\/+$/, "");
}

export function bearer(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

// Asks; gives up when the headers take longer than a time, if one is given.
export async function ask(url, init, headersMs, controller = new AbortController()) {
  const timer = headersMs && setTimeout(() => controller.abort(), headersMs);
  try {
    return await fetch(url, { ...init, signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

// The text that is shown for an answer that is not 2xx.
export async function refusal(response) {
  let told = null;
  try {
    told = (await response.json()).error;
  } catch {
    told = null;
  }
  const error = told ? String(told) : `Server Error ${response.status}: ${response.statusText}`;
  return { status: response.status, error };
}
