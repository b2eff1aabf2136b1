// Live captions of a microphone or of a tab's sound.

import { address, getJson, key } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { targetOptions } from "./new-view.js";

export function liveView(fail) {
  let running = null;
  const target = el("select", {}, el("option", { value: "", textContent: t("no_translation") }));
  getJson("api/options").then((found) => target.append(...targetOptions(found)), fail);
  const lines = el("ol", { className: "live", tabIndex: 0, attr: { "aria-live": "polite", "aria-label": t("cues") } });
  const now = el("p", { className: "now" });
  const start = (open) => async () => {
    try {
      // Browsers have no sound for pages of other machines without https.
      if (!navigator.mediaDevices) throw new Error(t("live_hint"));
      const stream = sounding(await open());
      running = await listen(stream, target.value, show);
      for (const track of stream.getAudioTracks()) track.addEventListener("ended", () => close());
      toggle(true);
    } catch (error) {
      fail(error);
    }
  };
  const mic = el("button", { type: "button", className: "main", textContent: t("live_mic"), on: { click: start(() => navigator.mediaDevices.getUserMedia({ audio: true })) } });
  const tab = el("button", { type: "button", textContent: t("live_tab"), on: { click: start(() => navigator.mediaDevices.getDisplayMedia({ audio: true, video: true })) } });
  const stop = el("button", { type: "button", textContent: t("live_stop"), hidden: true, on: { click: () => close() } });
  const toggle = (on) => {
    mic.hidden = tab.hidden = target.disabled = on;
    stop.hidden = !on;
  };
  const close = () => {
    running?.();
    running = null;
    toggle(false);
  };
  const show = ({ status, text, translatedText, error }) => {
    now.textContent = status === "final" ? "" : error ?? text;
    if (status === "final") lines.append(el("li", {}, el("span", { textContent: text }), translatedText && translatedText !== text ? el("span", { className: "translation", textContent: translatedText }) : null));
    lines.scrollTop = lines.scrollHeight;
  };
  const element = el("section", { className: "list" }, el("h1", { textContent: t("view_live") }), el("p", { textContent: t("live_hint") }),
    el("div", { className: "row" }, el("label", { className: "field" }, el("span", { textContent: t("target") }), target), mic, tab, stop), lines, now);
  return { element, close };
}

/** A stream as it is; without sound, which sharing a tab leaves out unless its box is ticked, an error. */
function sounding(stream) {
  if (stream.getAudioTracks().length) return stream;
  for (const track of stream.getTracks()) track.stop();
  throw new Error(t("live_no_sound"));
}

async function listen(stream, target, show) {
  const [{ io }] = await Promise.all([import("./vendor/socket.io-4.7.2.esm.min.js")]);
  const context = new AudioContext({ sampleRate: 16_000 });
  await context.audioWorklet.addModule(new URL("./pcm-worklet.js", import.meta.url));
  const sound = new AudioWorkletNode(context, "pcm");
  context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(sound);
  const socket = io(`${new URL(address("")).origin}/live`, { transports: ["websocket"], auth: { token: key() } });
  socket.on("connect", () => socket.emit("start_stream", { target_lang: target || null }));
  socket.on("live_result", show);
  socket.on("connect_error", ({ message }) => show({ status: "error", error: message }));
  sound.port.onmessage = ({ data }) => socket.volatile.emit("audio_chunk", { audio: data });
  return () => {
    socket.emit("stop_stream");
    setTimeout(() => socket.close(), 10_000);
    for (const track of stream.getTracks()) track.stop();
    context.close();
  };
}
