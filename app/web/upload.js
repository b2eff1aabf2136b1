// Uploads in parts by the tus protocol 1.0.0, so that a cut connection costs one part at most.

import { ApiError, call } from "./api.js";

const PART_BYTES = 4 * 2 ** 20;
const TUS = { "Tus-Resumable": "1.0.0" };
const ATTEMPTS = 30;

/** Upload a file; return its id. `progress(share, isCut)` is called as it goes. */
export async function upload(file, { progress, signal }) {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name || "media")));
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${name}` };
  const begun = await call("api/uploads", { method: "POST", headers, signal });
  const id = begun.headers.get("Location").split("/").pop();
  const path = `api/uploads/${id}`;
  let offset = 0;
  let failures = 0;
  while (offset < file.size) {
    try {
      offset = await sendPart(path, file, offset, signal);
      failures = 0;
      progress(offset / file.size, false);
    } catch (error) {
      const mayGoOn = error instanceof ApiError && (error.retryable || [409, 423].includes(error.status));
      failures += 1;
      if (!mayGoOn || failures > ATTEMPTS) throw error;
      progress(offset / file.size, true);
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 400 * failures)));
      offset = await arrived(path, offset, signal);
    }
  }
  return id;
}

async function sendPart(path, file, offset, signal) {
  const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  const body = file.slice(offset, offset + PART_BYTES);
  const answer = await call(path, { method: "PATCH", headers, body, signal });
  return Number(answer.headers.get("Upload-Offset"));
}

/** Ask how much has arrived; the old number where nobody answers. */
async function arrived(path, offset, signal) {
  try {
    const answer = await call(path, { method: "HEAD", headers: TUS, signal });
    return Number(answer.headers.get("Upload-Offset"));
  } catch (error) {
    if (error instanceof ApiError && error.retryable) return offset;
    throw error;
  }
}
