// The server's copy of a job's media, which is played where this browser has no file of its own.

import { address, getJson } from "./api.js";

const EVERY_MS = 3000;
const AGAIN_MS = 30_000;
const LAST_WAITS_MS = [500, 1500, 4000]; // what came with the job's end may still be on its way to the disk

export class StoredMedia {
  #player;
  #signal;
  #job = null;
  #askedAt = -Infinity;
  #foundAt = -Infinity;
  #isAsking = false;
  #waits = null;

  constructor(player, signal) {
    this.#player = player;
    this.#signal = signal;
    player.addEventListener("lost", ({ detail }) => this.#lost(detail));
  }

  /** Ask whether there is one: now and then while the job goes on, and at its end. */
  async look(job) {
    this.#job = job;
    if (!job.ended) this.#waits ??= [...LAST_WAITS_MS];
    const isEarly = !job.ended && Date.now() - this.#askedAt < EVERY_MS;
    if (this.#isAsking || isEarly || this.#player.hasMedia || this.#signal.aborted) return;
    this.#isAsking = true;
    this.#askedAt = Date.now();
    try {
      const { url } = await getJson(`api/jobs/${job.id}/media`, { signal: this.#signal });
      this.#play(url);
    } catch {
      this.#lookLater(); // media_not_stored; whatever else is wrong, the job's own connection says
    } finally {
      this.#isAsking = false;
    }
  }

  #play(url) {
    if (this.#player.hasMedia || this.#signal.aborted) return;
    this.#foundAt = Date.now();
    // A proxy may have another name for the server than this page has, and the policy allows one.
    this.#player.address = address(`api/jobs/${this.#job.id}/media/content${new URL(url).search}`);
  }

  #lookLater() {
    const wait_ms = this.#job.ended ? this.#waits?.shift() : undefined;
    if (wait_ms) setTimeout(() => this.look(this.#job), wait_ms);
  }

  /** Take a fresh link where an old one has expired; a fresh one that fails is of no use. */
  #lost({ wasPlaying }) {
    if (wasPlaying && Date.now() - this.#foundAt > AGAIN_MS) this.look(this.#job);
  }
}
