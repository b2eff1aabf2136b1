// Tiers 3 and 4: a request whose answer is a stream.

import { ABORTED, ask, bearer, refusal, stripped } from "./asking.mjs";
import { EventReader } from "./events.mjs";

const NO_RESULT = "Stream ended without result";

// What a page has been told so far.
class Page {
  constructor() {
    this.progress = [];
    this.batches = [];
    this.outcome = null;
    this.late = 0;
  }

  tell(event) {
    this.progress.push(event);
  }

  get streamed() {
    return this.batches.flatMap((batch) => batch.subtitles);
  }
}

function seenByTier3(page, event) {
  if (event.stage && event.message) page.tell(event);
  if (event.result) page.outcome = { result: event.result.subtitles };
  // An error inside the stream is thrown where parsing errors are swallowed: it shows nowhere.
}

function seenByTier4(page, event) {
  if (event.stage === "subtitles" && Array.isArray(event.subtitles)) {
    const { current, total } = event.batchInfo ?? {};
    page.batches.push({ index: current || 1, total: total || 1, subtitles: event.subtitles });
  } else if (event.stage && event.message) {
    page.tell(event);
  }
  if (event.result) page.outcome = { result: event.result.subtitles };
  else if (event.error) page.outcome = { error: String(event.error) };
}

// Follows one stream to its end.
class Follower {
  constructor(page, see, options) {
    this.page = page;
    this.options = options;
    this.controller = new AbortController();
    this.reader = new EventReader((event) => {
      if (page.outcome) page.late += 1;
      else see(page, event);
    });
  }

  async read(response, silenceMs) {
    const body = response.body.getReader();
    for (;;) {
      const { done, value } = await this.#next(body, silenceMs);
      if (done) return;
      this.reader.push(value);
      const { leaveAfter } = this.options;
      if (leaveAfter && this.page.progress.length + this.page.batches.length >= leaveAfter) {
        this.controller.abort();
        throw new DOMException("left", "AbortError");
      }
    }
  }

  async #next(body, silenceMs) {
    const limitMs = this.page.outcome ? this.options.limits.close : silenceMs;
    if (!limitMs) return body.read();
    const timer = setTimeout(() => this.controller.abort(), limitMs);
    try {
      return await body.read();
    } finally {
      clearTimeout(timer);
    }
  }
}

async function follow(url, key, see, silenceMs, options) {
  const page = new Page();
  const follower = new Follower(page, see, options);
  const headers = {
    "Content-Type": "application/json",
    Accept: "text/event-stream",
    ...bearer(key),
  };
  const init = { method: "POST", headers, body: JSON.stringify(options.body) };
  let response;
  try {
    response = await ask(url, init, options.limits.headers, follower.controller);
  } catch {
    return { page, follower, ended: { error: ABORTED } };
  }
  if (!response.ok) return { page, follower, ended: await refusal(response) };
  let closed = true;
  try {
    await follower.read(response, silenceMs);
  } catch {
    closed = false;
    if (!page.outcome) return { page, follower, ended: { error: ABORTED } };
  }
  return { page, follower, closed };
}

function shown({ page, follower, closed, ended }, outcome) {
  return {
    progress: page.progress,
    batches: page.batches,
    comments: follower.reader.comments,
    unreadable: follower.reader.unreadable,
    // Whether the server closed the stream after its end, and what it sent in between.
    closed,
    late: page.late,
    ...(ended ?? outcome),
  };
}

export async function process(options) {
  const url = `${stripped(options.base)}/api/process`;
  const told = await follow(url, options.backendApiKey, seenByTier3, null, options);
  if (!told.ended) told.follower.reader.finish();
  return shown(told, told.page.outcome ?? { error: NO_RESULT });
}

// The base is taken as it was typed, and the key is that of the language model.
export async function stream(options) {
  const url = `${options.base}/api/stream`;
  const told = await follow(url, options.apiKey, seenByTier4, options.limits.silence, options);
  const got = told.page.streamed;
  const without = got.length ? { result: got, incomplete: true } : { error: NO_RESULT };
  return shown(told, told.page.outcome ?? without);
}
