// The popup's health check, and tiers 1 and 2: plain JSON.

import { ask, bearer, refusal, stripped } from "./asking.mjs";

const SHORTEST_GAP_MS = 500;
const LONGEST_CUE_MS = 8_000;
const DEFAULT_CUE_MS = 3_000;

export async function health(options) {
  const url = `${stripped(options.base)}/health`;
  const started = Date.now();
  try {
    const init = { headers: bearer(options.backendApiKey) };
    const response = await ask(url, init, options.limits.health);
    const body = response.ok ? await response.json() : {};
    const online = body.status === "ok" || Boolean(body.workers) || Boolean(body.jobs);
    return { online: response.ok && online, status: response.status, ms: Date.now() - started };
  } catch {
    return { online: false, ms: Date.now() - started };
  }
}

export async function subtitles(options) {
  return fetched("subtitles", options);
}

export async function transcribe(options) {
  return fetched("transcribe", options);
}

// The base is taken as it was typed; no time limits this.
async function fetched(route, { base, backendApiKey, videoId, tier }) {
  const query = new URLSearchParams({ video_id: videoId, tier });
  const response = await ask(`${base}/api/${route}?${query}`, { headers: bearer(backendApiKey) });
  if (!response.ok) return refusal(response);
  const body = await response.json();
  return { cues: parsed(body), cached: body.cached, jobId: body.job_id };
}

// Cues in milliseconds.
function parsed(body) {
  if (Array.isArray(body.segments)) {
    const cues = body.segments.map(({ start, end, text, speaker }) => ({
      start: start * 1000,
      end: end * 1000,
      text: text.trim(),
      speaker,
    }));
    return merged(cues.filter((cue) => cue.text));
  }
  return (body.events ?? [])
    .filter((event) => event.segs)
    .map(({ tStartMs, dDurationMs, segs }) => ({
      start: tStartMs,
      end: tStartMs + (dDurationMs || DEFAULT_CUE_MS),
      text: segs.map((part) => part.utf8 ?? "").join("").trim(),
    }))
    .filter((cue) => cue.text);
}

function merged(cues) {
  const kept = [];
  for (const cue of cues) {
    const last = kept.at(-1);
    const joins =
      last &&
      cue.speaker === last.speaker &&
      cue.start - last.end <= SHORTEST_GAP_MS &&
      cue.end - last.start <= LONGEST_CUE_MS;
    if (joins) Object.assign(last, { end: cue.end, text: `${last.text} ${cue.text}` });
    else kept.push({ ...cue });
  }
  return kept;
}
