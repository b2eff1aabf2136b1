// Server-sent events by fetch, which can send a key, and the events of a job with resumption.

import { ApiError, call } from "./api.js";

const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const SILENCE_MS = 45_000; // the server says something every 10 s

/** Yield {id, event, data} of a response; an end in the middle of an event drops it. */
export async function* readEvents(answer, heard = () => {}) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const found = { id: null, event: "message", data: "" };
      for (const line of part.split("\n")) {
        const at = line.indexOf(":");
        if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
      }
      if (found.data) yield { id: found.id, event: found.event, data: JSON.parse(found.data) };
    }
  }
}

/**
 * Follow a job to its end. A cut connection goes on behind the last event that came.
 *
 * `take(data)` gets every event once; it returns true for the last one. `state(name, details)` gets
 * "open", "resumed" {after}, and "cut" {wait_ms}.
 */
export async function followJob(id, { take, state, signal }) {
  let last = 0;
  let cuts = 0;
  let wasCut = false;
  while (!signal.aborted) {
    const watch = watchdog(signal);
    try {
      const headers = last ? { "Last-Event-ID": String(last) } : {};
      const answer = await call(`api/jobs/${id}/events?view=native`, { headers, signal: watch.signal });
      if (answer.status === 204) return;
      state(wasCut ? "resumed" : "open", { after: last });
      for await (const event of readEvents(answer, watch.heard)) {
        if (event.event === "error" && !event.data.error) continue;
        if (event.id) last = Number(event.id);
        cuts = 0;
        if (take(event.data)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status && !error.retryable) throw error;
    } finally {
      watch.end();
    }
    if (signal.aborted) return;
    wasCut = true;
    const wait_ms = WAITS_MS[Math.min(cuts, WAITS_MS.length - 1)];
    cuts += 1;
    state("cut", { wait_ms });
    await pause(wait_ms, signal);
  }
}

function watchdog(outer) {
  const inner = new AbortController();
  const abort = () => inner.abort();
  outer.addEventListener("abort", abort);
  let timer = setTimeout(abort, SILENCE_MS);
  return {
    signal: inner.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    },
    end() {
      clearTimeout(timer);
      outer.removeEventListener("abort", abort);
      inner.abort();
    },
  };
}

/** Wait; the network's return or the end of interest ends it early. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
