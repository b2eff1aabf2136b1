// RunPod's own JavaScript client against our job API; prints what each call returned.

import runpodSdk from "runpod-sdk";

const options = JSON.parse(process.argv[2]);
// The client prints to the console on its way; our output is the last line.
const endpoint = runpodSdk(options.key, { baseUrl: `${options.base}/v2` }).endpoint("my-endpoint");
const { request } = options;
const told = {};

told.run = await endpoint.run(request);
told.parts = [];
for await (const part of endpoint.stream(told.run.id)) told.parts.push(part);
told.status = await endpoint.status(told.run.id);
told.sync = await endpoint.runSync(request);
const started = await endpoint.run({ input: { answer: "never", until: options.never } });
told.cancelled = await endpoint.cancel(started.id);
told.statusSync = await endpoint.statusSync(started.id, 1000);
told.health = await endpoint.health();
told.purged = await endpoint.purgeQueue();

console.log(JSON.stringify(told));
