// RunPod's own JavaScript client with jobs that take their time; prints what it got and asked for.

import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import runpodSdk from "runpod-sdk";

const options = JSON.parse(process.argv[2]);
// The client prints to the console on its way; our output is the last line.
const endpoint = runpodSdk(options.key, { baseUrl: `${options.base}/v2` }).endpoint("my-endpoint");
const gate = (name) => `${options.folder}/${name}`;
const open = (name) => writeFileSync(gate(name), "");

const asked = [];
const send = globalThis.fetch;
globalThis.fetch = (...request) => {
  const url = String(request[0]?.url ?? request[0]);
  asked.push(url);
  // The job of runSync goes on only once the client long-polls for it.
  if (url.includes("/status-sync/")) pause(300).then(() => open("sync"));
  return send(...request);
};
const calls = (operation) => asked.filter((url) => url.includes(`/${operation}`)).length;

// 54: the wait is over long before the job.
async function waited() {
  const done = await endpoint.runSync({ input: { answer: { n: 1 }, until: gate("sync") } }, 1500);
  return { done, runs: calls("runsync"), polls: calls("status-sync/") };
}

// 55: the first chunk takes longer than the server holds a poll.
async function streamed() {
  const started = Date.now();
  const waits = { first: 1300, second: 700, third: 700 };
  const parts = Object.keys(waits).flatMap((name, n) => [`wait ${gate(name)}`, { n }]);
  const { id } = await endpoint.run({ input: { parts } });
  (async () => {
    for (const [name, ms] of Object.entries(waits)) await pause(ms).then(() => open(name));
  })();
  const got = [];
  for await (const part of endpoint.stream(id)) got.push(part.output);
  return { got, polls: calls(`stream/${id}`), tookMs: Date.now() - started };
}

// 56: the answer comes while the job cannot have ended.
async function large() {
  const audio = Buffer.alloc(6_000_000).toString("base64");
  const input = { answer: { n: 2 }, until: gate("large"), audio };
  const accepted = await endpoint.run({ input }, 60_000);
  const before = await endpoint.status(accepted.id, 60_000);
  open("large");
  return { accepted, before, after: await endpoint.statusSync(accepted.id) };
}

const told = { streamed: await streamed(), waited: await waited(), large: await large() };
console.log(JSON.stringify(told));
