// Streams sound as the browser extension does, with the same library, and prints what it hears.
//
// node live.mjs BASE OPTIONS
//
// OPTIONS, a JSON object:
//   target: language of start_stream.
//   pcm: file of 16-bit mono sound at 16 kHz; speed: how much faster than real time it is sent.
//   raw: send bare bytes instead of an object that holds them.
//   first: events to send ahead of start_stream, as [name, argument]; {"bytes": n} is binary.
//   then: events to send after the first result, in the same way.
//   again: send start_stream that many times more.
//   origin, auth, headers: of the handshake.
//   until: {"results": n}, {"finals": n} or {"disconnected": true}; ends after 150 s in any case.

import { readFileSync } from "node:fs";
import { io } from "socket.io-client";

const CHUNK_BYTES = 8192;
const CHUNK_MS = 256;

const [base, text] = process.argv.slice(2);
const options = JSON.parse(text);
const heard = [];
const told = { connects: 0, disconnected: null, refused: null };
let finished = false;

const socket = io(`${base}/live`, {
  transports: ["websocket"],
  reconnectionAttempts: 5,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  auth: options.auth,
  extraHeaders: { Origin: options.origin ?? "chrome-extension://abcdefghijkl", ...options.headers },
});

function finish() {
  if (finished) return;
  finished = true;
  console.log(JSON.stringify({ ...told, heard }));
  socket.disconnect();
  setTimeout(() => process.exit(0), 50);
}

function isOver() {
  const until = options.until ?? {};
  if (until.results && heard.length >= until.results) return true;
  if (until.finals) return heard.filter((r) => r.status === "final").length >= until.finals;
  return Boolean(until.disconnected && told.disconnected);
}

function argument(value) {
  if (value && typeof value === "object" && "bytes" in value) return new ArrayBuffer(value.bytes);
  if (value && typeof value === "object" && "audio" in value) return { audio: argument(value.audio) };
  return value;
}

function stream(pcm) {
  let at = 0;
  const timer = setInterval(() => {
    const chunk = pcm.subarray(at, at + CHUNK_BYTES);
    if (chunk.length < CHUNK_BYTES) {
      clearInterval(timer);
      return;
    }
    at += CHUNK_BYTES;
    const bytes = chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + CHUNK_BYTES);
    socket.emit("audio_chunk", options.raw ? bytes : { audio: bytes });
  }, CHUNK_MS / (options.speed ?? 1));
}

socket.on("connect", () => {
  told.connects += 1;
  for (const [name, value] of options.first ?? []) socket.emit(name, argument(value));
  if ("target" in options) {
    for (let n = 0; n <= (options.again ?? 0); n += 1) {
      socket.emit("start_stream", { target_lang: options.target });
    }
  }
  if (options.pcm && told.connects === 1) stream(readFileSync(options.pcm));
});
socket.on("connect_error", (error) => {
  told.refused = error.message;
  finish();
});
socket.on("disconnect", (reason) => {
  told.disconnected = reason;
  if (isOver()) finish();
});
socket.on("live_result", (result) => {
  heard.push(result);
  if (heard.length === 1) {
    for (const [name, value] of options.then ?? []) socket.emit(name, argument(value));
  }
  if (isOver()) finish();
});
setTimeout(finish, 150000);
