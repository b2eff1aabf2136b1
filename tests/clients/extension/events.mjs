// Splitting a response into server-sent events by the extension's rules, faults included.
//
// - Lines end with LF and nothing else; a CR belongs to the line.
// - Only `data` counts. A blank line dispatches what was gathered.
// - What was gathered when a chunk ends after a whole line is dispatched at once. If a blank line
//   came earlier in that chunk, the lines are read again with the next chunk and the event comes
//   twice.
// - What was gathered when a chunk ends inside a line is lost.
// - A payload that is no JSON is skipped.

export class EventReader {
  constructor(dispatch) {
    this.dispatch = dispatch;
    this.decoder = new TextDecoder();
    this.rest = "";
    this.comments = 0;
    this.unreadable = 0;
  }

  // Takes the bytes of one chunk.
  push(bytes) {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop();
    let frame = [];
    let payload = null;
    let blankSeen = false;
    for (const line of lines) {
      if (line === "") {
        this.#deliver(payload);
        [frame, payload, blankSeen] = [[], null, true];
        continue;
      }
      frame.push(line);
      payload = this.#gather(line, payload);
    }
    if (payload === null || this.rest !== "") return;
    this.#deliver(payload);
    if (blankSeen) this.rest = `${frame.join("\n")}\n`;
  }

  // Tier 3 alone: a last line without its end still counts.
  finish() {
    this.#deliver(this.#gather(this.rest, null));
    this.rest = "";
  }

  #gather(line, payload) {
    if (line.startsWith(":")) this.comments += 1;
    const colon = line.indexOf(":");
    if (colon < 1 || line.slice(0, colon) !== "data") return payload;
    const value = line.slice(colon + 1).replace(/^ /, "");
    return payload === null ? value : `${payload}\n${value}`;
  }

  #deliver(payload) {
    if (payload === null) return;
    let event;
    try {
      event = JSON.parse(payload);
    } catch {
      this.unreadable += 1;
      return;
    }
    this.dispatch(event);
  }
}

// Reads chunks that a test made up, texts or lists of bytes; every case is a stream of its own.
export async function parseChunks({ cases, rescue = false }) {
  return cases.map((chunks) => {
    const events = [];
    const reader = new EventReader((event) => events.push(event));
    for (const chunk of chunks) reader.push(bytesOf(chunk));
    if (rescue) reader.finish();
    return { events, comments: reader.comments, unreadable: reader.unreadable };
  });
}

function bytesOf(chunk) {
  return typeof chunk === "string" ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk);
}
