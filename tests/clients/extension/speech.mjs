// Text to speech, asked from the video's page: the browser's rules for other origins apply.
//
// Node's fetch does not know those rules, so they are kept here.

import { refusal } from "./asking.mjs";

const PAGE = "https://www.youtube.com";

function allows(response) {
  const origin = response.headers.get("Access-Control-Allow-Origin");
  return origin === "*" || origin === PAGE;
}

async function preflight(url, method, header) {
  const response = await fetch(url, {
    method: "OPTIONS",
    headers: {
      Origin: PAGE,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": header,
    },
  });
  const listed = (response.headers.get("Access-Control-Allow-Headers") ?? "").toLowerCase();
  const names = listed.split(",").map((name) => name.trim());
  return response.ok && allows(response) && (names.includes(header) || names.includes("*"));
}

// Asked when a watch page is set up, in every tier, without a key. Anything but true means the
// browser's own voice.
export async function speechStatus({ base }) {
  const response = await fetch(`${base}/api/tts/status`, { headers: { Origin: PAGE } });
  if (!allows(response)) return { enabled: false, blocked: true };
  if (!response.ok) return { enabled: false, ...(await refusal(response)) };
  const body = await response.json();
  return { enabled: body.enabled === true, body };
}

// Asked at each cue while speech is on.
export async function speak({ base, text, lang, voiceId = null }) {
  const url = `${base}/api/tts/speak`;
  if (!(await preflight(url, "POST", "content-type"))) return { blocked: true };
  const response = await fetch(url, {
    method: "POST",
    headers: { Origin: PAGE, "Content-Type": "application/json", Accept: "audio/mpeg" },
    body: JSON.stringify({ text, lang, voice_id: voiceId, use_cache: true }),
  });
  if (!allows(response)) return { blocked: true };
  if (!response.ok) return refusal(response);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { type: response.headers.get("Content-Type"), audio: bytes.toString("base64") };
}
