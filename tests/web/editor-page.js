import "../../app/web/editor/cue-editor.js";

const editor = document.querySelector("cue-editor");
const asked = new URL(location.href).searchParams;
window.edits = [];
window.jumps = [];
window.seeks = [];
for (const name of ["edit", "jump", "seek"]) {
  editor.addEventListener(name, ({ detail }) => window[`${name}s`].push(detail));
}
editor.texts = asked.get("lang");
if (asked.get("key")) editor.apiKey = asked.get("key");
if (asked.get("media")) {
  const video = document.querySelector("video");
  video.src = asked.get("media");
  editor.media = video;
  fetch(video.src).then((answer) => answer.blob()).then((blob) => (editor.file = blob));
}
if (asked.get("count")) {
  editor.cues = Array.from({ length: Number(asked.get("count")) }, (_, id) => ({
    id,
    start_ms: id * 2880,
    end_ms: id * 2880 + 2600,
    text: `Line ${id} says what is said here\nand goes on a little while`,
    translation: id % 3 ? `Línea ${id}: dice lo que se dice aquí` : null,
    speaker: `SPEAKER_0${id % 4}`,
  }));
}
if (asked.get("job")) editor.jobId = asked.get("job");
