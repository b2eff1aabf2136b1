// How long the extension waits, in milliseconds.

const TIMES = {
  // Popup: until the health check's answer.
  health: 15_000,
  // Tiers 3 and 4: until the headers of the response.
  headers: 300_000,
  // Tier 4: between any two bytes.
  silence: 180_000,
  // Serverless: between two questions, and for the whole job.
  poll: 2_000,
  job: 300_000,
  // Ours, not the extension's: how long a server may leave a stream open after its end.
  close: 5_000,
};

export function times(changed = {}) {
  return { ...TIMES, ...changed };
}
