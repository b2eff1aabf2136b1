// Uploads a file in parts with tus-js-client and prints where it lies and what happened.
//
// node resumable.mjs ENDPOINT FILE PART_BYTES STOP_AT [UPLOAD_URL]
//
// STOP_AT: bytes after which the client stops in the middle of things, 0 for never.
// UPLOAD_URL: goes on with an earlier upload.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import * as tus from "tus-js-client";

const [endpoint, path, partBytes, stopAt, uploadUrl] = process.argv.slice(2);
const told = { parts: [], firstOffset: null };

function finish(outcome) {
  console.log(JSON.stringify({ ...told, ...outcome }));
  process.exit(0);
}

const upload = new tus.Upload(readFileSync(path), {
  endpoint,
  uploadUrl: uploadUrl ?? null,
  chunkSize: Number(partBytes),
  retryDelays: [100, 300, 900],
  metadata: { filename: basename(path), filetype: "audio/wav" },
  onBeforeRequest(request) {
    const offset = request.getHeader("Upload-Offset");
    if (request.getMethod() === "PATCH" && told.firstOffset === null) told.firstOffset = offset;
  },
  onChunkComplete(_, accepted) {
    told.parts.push(accepted);
  },
  onProgress(sent) {
    if (Number(stopAt) && sent >= Number(stopAt)) finish({ url: upload.url, stopped: true });
  },
  onError: (error) => finish({ url: upload.url, error: error.message }),
  onSuccess: () => finish({ url: upload.url, done: true }),
});
upload.start();
