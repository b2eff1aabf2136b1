// Sound as 16-bit samples, a quarter of a second at a time.

const SAMPLES = 4000;

class Pcm extends AudioWorkletProcessor {
  #samples = new Int16Array(SAMPLES);
  #count = 0;

  process([[channel]]) {
    for (const value of channel ?? []) {
      this.#samples[this.#count++] = Math.max(-1, Math.min(1, value)) * 32767;
      if (this.#count < SAMPLES) continue;
      this.port.postMessage(this.#samples.buffer.slice(0));
      this.#count = 0;
    }
    return true;
  }
}

registerProcessor("pcm", Pcm);
