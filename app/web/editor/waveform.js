// Peaks of a recording, from the server or decoded in the browser.

const BIN_MS = 20;
const LEVEL = 16;
const CHUNK_BYTES = 8 * 2 ** 20;
const MOST_WHOLE_BYTES = 256 * 2 ** 20; // decoded as a whole, a minute of stereo takes 3 MB at 8 kHz
const DECODED_HZ = 8000;

/** Peaks with coarser levels, so that any zoom looks at few of them. */
export class Waveform {
  /** @param values a byte for each bin; `bin_ms` the time of a bin. */
  constructor(values, bin_ms) {
    this.bin_ms = bin_ms;
    this.levels = [values];
    for (let fine = values; fine.length > LEVEL; ) {
      const coarse = new Uint8Array(Math.ceil(fine.length / LEVEL));
      for (let n = 0; n < fine.length; n += 1) {
        const at = (n / LEVEL) | 0;
        if (fine[n] > coarse[at]) coarse[at] = fine[n];
      }
      this.levels.push(coarse);
      fine = coarse;
    }
    this.loudest = this.levels.at(-1).reduce((most, value) => Math.max(most, value), 1);
  }

  /** Return the loudest peak of a stretch, 0 to 1. */
  peak(from_ms, until_ms) {
    let level = 0;
    let size = this.bin_ms;
    while (level + 1 < this.levels.length && size * LEVEL * 2 <= until_ms - from_ms) {
      level += 1;
      size *= LEVEL;
    }
    const values = this.levels[level];
    const first = Math.max(0, Math.floor(from_ms / size));
    const last = Math.min(values.length, Math.max(first + 1, Math.ceil(until_ms / size)));
    let most = 0;
    for (let n = first; n < last; n += 1) if (values[n] > most) most = values[n];
    return most / this.loudest;
  }
}

/** Return the waveform that the server has of a job, or null where its sound is not stored. */
export async function serverWaveform(api, jobId) {
  const answer = await api.request(`/api/jobs/${jobId}/peaks?bin_ms=${BIN_MS}`);
  if (!answer.ok) return null;
  const { bin_ms, peaks_base64, error } = await answer.json();
  if (error || !peaks_base64) return null;
  const text = atob(peaks_base64);
  return new Waveform(Uint8Array.from(text, (char) => char.charCodeAt(0)), bin_ms);
}

/**
 * Return the waveform of a file of the user's own, decoded here; null where that would take too
 * much memory or the browser cannot decode it.
 *
 * WAV and MP3 are decoded in pieces of some megabytes, other kinds as a whole.
 */
export async function fileWaveform(blob, signal) {
  const head = new Uint8Array(await blob.slice(0, 4096).arrayBuffer());
  const wav = wavLayout(head);
  const collected = [];
  try {
    if (wav) await eachWavPiece(blob, wav, (samples) => collected.push(samples), signal);
    else if (isMp3(head)) await eachMp3Piece(blob, (samples) => collected.push(samples), signal);
    else if (blob.size <= MOST_WHOLE_BYTES) collected.push(await decoded(await blob.arrayBuffer()));
    else return null;
  } catch (error) {
    if (error.name === "EncodingError" || error.name === "AbortError") return null;
    throw error;
  }
  const values = joinedBytes(collected);
  return values.length ? new Waveform(values, BIN_MS) : null;
}

function joinedBytes(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Decode bytes and return their peaks. */
async function decoded(bytes) {
  const context = new OfflineAudioContext(1, 1, DECODED_HZ);
  const buffer = await context.decodeAudioData(bytes);
  return peaksOf(
    Array.from({ length: buffer.numberOfChannels }, (_, n) => buffer.getChannelData(n)),
    buffer.sampleRate,
  );
}

function peaksOf(channels, rate) {
  const size = (rate * BIN_MS) / 1000;
  const values = new Uint8Array(Math.ceil(channels[0].length / size));
  for (const samples of channels) {
    for (let bin = 0; bin < values.length; bin += 1) {
      const end = Math.min(samples.length, Math.round((bin + 1) * size));
      let most = 0;
      for (let n = Math.round(bin * size); n < end; n += 1) {
        const level = Math.abs(samples[n]);
        if (level > most) most = level;
      }
      values[bin] = Math.max(values[bin], Math.min(255, Math.round(most * 255)));
    }
  }
  return values;
}

/** Return where the samples of a WAV lie; null for another kind, or samples that are no integers. */
function wavLayout(head) {
  const view = new DataView(head.buffer);
  const tag = (at) => String.fromCharCode(...head.subarray(at, at + 4));
  if (head.length < 44 || tag(0) !== "RIFF" || tag(8) !== "WAVE") return null;
  let found = null;
  for (let at = 12; at + 8 <= head.length; ) {
    const length = view.getUint32(at + 4, true);
    if (tag(at) === "fmt " && at + 24 <= head.length) {
      const [kind, channels] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
      const bits = view.getUint16(at + 22, true);
      if (kind !== 1 || bits !== 16 || !channels) return null;
      found = { channels, rate: view.getUint32(at + 12, true) };
    }
    if (tag(at) === "data") return found && { ...found, start: at + 8, length };
    at += 8 + length + (length % 2);
  }
  return null;
}

async function eachWavPiece(blob, { channels, rate, start, length }, take, signal) {
  const frame = channels * 2;
  const perBin = Math.round((rate * BIN_MS) / 1000) * frame;
  const step = Math.max(1, Math.floor(CHUNK_BYTES / perBin)) * perBin;
  const end = Math.min(blob.size, start + (length || Infinity));
  for (let at = start; at < end; at += step) {
    signal?.throwIfAborted();
    const bytes = await blob.slice(at, Math.min(end, at + step)).arrayBuffer();
    const samples = new Int16Array(bytes, 0, bytes.byteLength >> 1);
    take(peaksOfPcm(samples, perBin / 2));
    await new Promise((resume) => setTimeout(resume));
  }
}

function peaksOfPcm(samples, perBin) {
  const values = new Uint8Array(Math.ceil(samples.length / perBin));
  for (let bin = 0; bin < values.length; bin += 1) {
    const end = Math.min(samples.length, (bin + 1) * perBin);
    let most = 0;
    for (let n = bin * perBin; n < end; n += 1) {
      const level = Math.abs(samples[n]);
      if (level > most) most = level;
    }
    values[bin] = Math.min(255, most >> 7);
  }
  return values;
}

const isMp3 = (head) =>
  (head[0] === 0x49 && head[1] === 0x44 && head[2] === 0x33) ||
  (head[0] === 0xff && (head[1] & 0xe6) === 0xe2);

/** Decode an MP3 in pieces: a decoder finds the next whole frame by itself. */
async function eachMp3Piece(blob, take, signal) {
  for (let at = 0; at < blob.size; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    take(await decoded(await blob.slice(at, at + CHUNK_BYTES).arrayBuffer()));
  }
}
