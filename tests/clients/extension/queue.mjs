// Tier 3 against a RunPod queue: hand the job in, then ask how it does.

import { ABORTED, ask, bearer, refusal, stripped } from "./asking.mjs";

const PERCENT = { IN_QUEUE: 10, IN_PROGRESS: 50 };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function queued(options) {
  const { backendApiKey, body, limits } = options;
  if (!backendApiKey) return { error: "An API key is needed", asked: false };
  const base = stripped(options.base);
  const headers = { "Content-Type": "application/json", ...bearer(backendApiKey) };
  const init = { method: "POST", headers, body: JSON.stringify({ input: body }) };
  const started = Date.now();
  const response = await ask(`${base}/run`, init, limits.headers);
  if (!response.ok) return refusal(response);
  const { id } = await response.json();
  if (!id) return { error: "No job id" };
  return { id, ...(await polled(`${base}/status/${id}`, headers, limits, started)) };
}

async function polled(url, headers, limits, started) {
  const progress = [];
  let last = null;
  for (;;) {
    await pause(limits.poll);
    if (Date.now() - started > limits.job) return { progress, error: ABORTED };
    const response = await ask(url, { headers });
    if (!response.ok) continue;
    const job = await response.json();
    if (job.status !== last) {
      last = job.status;
      progress.push({ stage: last.toLowerCase(), percent: PERCENT[last] ?? 0 });
    }
    const outcome = ended(job);
    if (outcome) return { progress, ...outcome };
  }
}

function ended({ status, output, error }) {
  if (status === "COMPLETED") return finished(output);
  if (status === "FAILED") return { error: String(error || output?.error || "Job failed") };
  if (status === "CANCELLED") return { error: "Job was cancelled" };
  return null;
}

function finished(output) {
  if (!output) return { error: "The job has no output" };
  const parts = Array.isArray(output) ? output : [output];
  const failed = parts.find((part) => part.error);
  if (failed) return { error: String(failed.error) };
  return { result: parts.flatMap((part) => part.subtitles ?? []), parts: parts.length };
}
