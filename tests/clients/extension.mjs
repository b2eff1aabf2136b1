// A client that asks and reads as the browser extension does: same requests, same rules for
// splitting a stream, same times, same ends. It prints what its pages would have been shown.
//
// node extension.mjs CALL OPTIONS
//
// CALL is one of the names below; OPTIONS is a JSON object:
//   base                  address of the server as the user typed it
//   backendApiKey, apiKey the two keys of its settings
//   body, videoId, ...    what the call asks for
//   limits                times in milliseconds in place of the extension's own (see times.mjs)

import { health, subtitles, transcribe } from "./extension/light.mjs";
import { parseChunks } from "./extension/events.mjs";
import { queued } from "./extension/queue.mjs";
import { speak, speechStatus } from "./extension/speech.mjs";
import { process as tier3, stream as tier4 } from "./extension/tiers.mjs";
import { times } from "./extension/times.mjs";

const CALLS = {
  health,
  parse: parseChunks,
  queued,
  speak,
  speechStatus,
  subtitles,
  tier3,
  tier4,
  transcribe,
};

const [call, options] = process.argv.slice(2);
const asked = JSON.parse(options);
const told = await CALLS[call]({ ...asked, limits: times(asked.limits) });
console.log(JSON.stringify(told));
// A stream that the server left open must not keep this process.
process.exit(0);
