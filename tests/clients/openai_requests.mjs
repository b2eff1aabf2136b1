// OpenAI's own SDK and axios against a server: prints what each call brings, one JSON line each.
// Arguments: base URL, a sound file, then names of calls.
import fs from "node:fs";
import OpenAI, { toFile } from "openai";
import axios from "axios";
import FormData from "form-data";

const key = process.env.API_KEY ?? "none";
const [url, path, ...names] = process.argv.slice(2);
const client = (options = {}) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, ...options });
const create = (fields, options) => client(options).audio.transcriptions.create(fields);
const stream = () => fs.createReadStream(path);

const calls = {
  json: () => create({ file: stream(), model: "whisper-1" }),
  srt: () => create({ file: stream(), model: "whisper-1", response_format: "srt" }),
  vtt: () => create({ file: stream(), model: "whisper-1", response_format: "vtt" }),
  text: () => create({ file: stream(), model: "whisper-1", response_format: "text" }),
  events: async () => {
    const events = [];
    for await (const event of await create({ file: stream(), model: "m", stream: true }))
      events.push(event);
    return events;
  },
  retried: async () =>
    create({ file: await toFile(fs.readFileSync(path), "a.wav"), model: "m" }, { maxRetries: 2 }),
  unretried: () => create({ file: stream(), model: "m" }, { maxRetries: 2 }),
  anythingllm_microphone: async () =>
    create({ file: await toFile(fs.readFileSync(path), "recording.wav"), model: "whisper-1" }),
  anythingllm_file: () =>
    create({ file: stream(), model: "whisper-small", temperature: 0, response_format: "json" }),
  n8n: async () => {
    const form = new FormData();
    form.append("model", "whisper-1");
    form.append("language", "en");
    form.append("temperature", "0.2");
    form.append("file", fs.readFileSync(path), { filename: "a.wav", contentType: "audio/wav" });
    const answers = [];
    for (const route of ["transcriptions", "translations"]) {
      const headers = { ...form.getHeaders(), Authorization: `Bearer ${key}`, "X-Title": "n8n" };
      const body = form.getBuffer();
      answers.push((await axios.post(`${url}/v1/audio/${route}`, body, { headers })).data);
    }
    return answers;
  },
  librechat: async () => {
    const form = new FormData();
    form.append("file", stream(), { filename: "audio.webm", contentType: "video/webm" });
    form.append("model", "whisper-1");
    const headers = { ...form.getHeaders(), Authorization: "Bearer none" };
    const answer = await axios.post(`${url}/v1/audio/transcriptions`, form, { headers });
    return answer.data;
  },
};

for (const name of names) {
  let line;
  try {
    line = { value: await calls[name]() };
  } catch (error) {
    line = { error: error.constructor.name, status: error.status, code: error.code };
    line = { ...line, type: error.type, param: error.param, message: error.message };
  }
  console.log(JSON.stringify(line));
}
process.exit(0);
