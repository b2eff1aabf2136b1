// OpenAI's own Node client transcribes a file of PCM over Realtime; prints every event.

import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const options = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL: options.base, apiKey: options.key });
const realtime = new OpenAIRealtimeWS({ model: "whisper-1" }, client);
const events = [];
const pcm = readFileSync(options.pcm);

realtime.on("event", (event) => {
  events.push(event);
  if (event.type === "session.created") {
    realtime.send({ type: "session.update", session: options.session });
    for (let at = 0; at < pcm.length; at += 4800) {
      const audio = pcm.subarray(at, at + 4800).toString("base64");
      realtime.send({ type: "input_audio_buffer.append", audio });
    }
  }
  if (event.type === "conversation.item.input_audio_transcription.completed") {
    process.stdout.write(JSON.stringify(events), () => process.exit(0));
  }
});
realtime.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});
