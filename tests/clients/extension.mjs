// A client that asks and reads as the browser extension does: same bodies and headers, same
// rules for splitting a stream, same ends. It prints what its page would have been shown.
//
// node extension.mjs TIER BASE BODY [KEY]

const [tier, base, body, key] = process.argv.slice(2);
const seen = { progress: [], batches: [], comments: 0 };

function finish(outcome) {
  console.log(JSON.stringify({ ...seen, ...outcome }));
  process.exit(0);
}

// Lines end with LF and nothing else; a payload is dispatched at a blank line, or when its own
// line ended a chunk; what is no JSON is skipped.
class LineReader {
  constructor(dispatch) {
    this.dispatch = dispatch;
    this.rest = "";
    this.payload = null;
  }

  flush() {
    if (this.payload === null) return;
    const text = this.payload;
    this.payload = null;
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      seen.unreadable = (seen.unreadable ?? 0) + 1;
      return;
    }
    this.dispatch(event);
  }

  push(chunk) {
    const lines = (this.rest + chunk).split("\n");
    this.rest = lines.pop();
    for (const line of lines) {
      if (line === "") this.flush();
      else if (line.startsWith(":")) seen.comments += 1;
      else if (line.startsWith("data:")) {
        const part = line.slice(5).replace(/^ /, "");
        this.payload = this.payload === null ? part : `${this.payload}\n${part}`;
      }
    }
    if (this.rest === "") this.flush();
  }
}

function tier3(event) {
  if (event.stage && event.message) seen.progress.push(event);
  if (event.result) return { result: event.result.subtitles };
  // An error inside a stream is thrown where parsing errors are swallowed: it shows nowhere.
  return null;
}

function tier4(event) {
  if (event.stage === "subtitles" && Array.isArray(event.subtitles)) {
    seen.batches.push({
      index: event.batchInfo?.current || 1,
      total: event.batchInfo?.total || 1,
      subtitles: event.subtitles,
    });
  } else if (event.stage && event.message) {
    seen.progress.push(event);
  }
  if (event.result) return { result: event.result.subtitles };
  if (event.error) return { error: String(event.error) };
  return null;
}

const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
if (key) headers.Authorization = `Bearer ${key}`;
const path = tier === "3" ? "/api/process" : "/api/stream";
const response = await fetch(`${base}${path}`, { method: "POST", headers, body });
if (!response.ok) {
  let told = null;
  try {
    told = (await response.json()).error;
  } catch {
    told = null;
  }
  finish({ status: response.status, error: told || `Server Error ${response.status}` });
}

let outcome = null;
const reader = new LineReader((event) => {
  outcome ??= (tier === "3" ? tier3 : tier4)(event);
});
const decoder = new TextDecoder();
for await (const chunk of response.body) {
  reader.push(decoder.decode(chunk, { stream: true }));
  if (outcome && tier === "4") finish(outcome);
}
if (outcome) finish(outcome);
const got = seen.batches.flatMap((batch) => batch.subtitles);
finish(got.length ? { result: got, incomplete: true } : { error: "Stream ended without result" });
