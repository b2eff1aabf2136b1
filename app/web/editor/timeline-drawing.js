// What the timeline draws.

import { clock, shownText } from "./times.js";

const RULER_PX = 20;
const STEPS_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000];

/** Fit a canvas to its box on this screen; return its context in CSS pixels with the size. */
function prepared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

const COLOURS = ["wave", "line", "text", "muted", "playhead", "fault", "advice", "accent"];

/** Return hidden elements from which `colours` reads what the style sheet says of each name. */
export function colourSamples() {
  const samples = document.createElement("span");
  samples.hidden = true;
  samples.append(
    ...COLOURS.map((name) => Object.assign(document.createElement("i"), { className: `paint-${name}` })),
  );
  return samples;
}

/** Return the colours for canvases: a canvas takes no `light-dark()` or variable. */
function colours(canvas) {
  const samples = [...canvas.parentElement.querySelectorAll("i[class^=paint]")];
  const found = samples.map((each, n) => [COLOURS[n], getComputedStyle(each).color]);
  return { ...Object.fromEntries(found), font: getComputedStyle(canvas).fontFamily };
}

export function drawTimeline(canvas, look, view) {
  const { context, width, height } = prepared(canvas);
  if (!width || !height) return;
  const paint = colours(canvas);
  const px = (ms) => ((ms - view.from_ms) / view.span_ms) * width;
  drawRuler(context, paint, view, px, height);
  drawWave(context, paint, look.wave, view, width, height);
  const until = view.from_ms + view.span_ms;
  let at = look.model.before(view.from_ms);
  while (at > 0 && look.cues[at - 1].end_ms > view.from_ms) at -= 1;
  for (at = Math.max(0, at); at < look.cues.length && look.cues[at].start_ms < until; at += 1) {
    drawCue(context, paint, look, look.cues[at], px, height, view);
  }
  const now = px(look.now_ms);
  context.fillStyle = paint.playhead;
  context.fillRect(now - 0.75, 0, 1.5, height);
  context.beginPath();
  context.moveTo(now - 5, 0);
  context.lineTo(now + 5, 0);
  context.lineTo(now, 7);
  context.fill();
}

function drawRuler(context, paint, view, px, height) {
  const step = STEPS_MS.find((ms) => px(view.from_ms + ms) >= 80) ?? STEPS_MS.at(-1);
  context.font = `11px ${paint.font}`;
  context.textBaseline = "middle";
  const first = Math.floor(view.from_ms / step) * step;
  for (let ms = first; ms < view.from_ms + view.span_ms; ms += step) {
    const x = Math.round(px(ms));
    context.fillStyle = paint.line;
    context.fillRect(x, 0, 1, height);
    context.fillStyle = paint.muted;
    const label = clock(ms);
    context.fillText(step >= 1000 ? label.slice(0, -4) : label.slice(0, -2), x + 4, RULER_PX / 2 + 1);
  }
  context.fillStyle = paint.line;
  context.fillRect(0, RULER_PX, context.canvas.width, 1);
}

function drawWave(context, paint, wave, view, width, height) {
  if (!wave) return;
  const middle = RULER_PX + (height - RULER_PX) / 2;
  const half = (height - RULER_PX) / 2 - 4;
  const msPerPx = view.span_ms / width;
  context.fillStyle = paint.wave;
  for (let x = 0; x < width; x += 1) {
    const from = view.from_ms + x * msPerPx;
    const level = wave.peak(from, from + msPerPx) * half;
    if (level > 0.2) context.fillRect(x, middle - level, 1, level * 2);
  }
}

function drawCue(context, paint, look, cue, px, height, view) {
  const [x, end] = [px(cue.start_ms), px(cue.end_ms)];
  const width = Math.max(2, end - x - 1);
  const top = RULER_PX + 5;
  const tall = height - top - 5;
  const isActive = cue.id === look.active;
  const hue = look.speakerHue(cue.speaker);
  const grey = cue.speaker ? 62 : 8;
  const isHot = view.hover?.cue.id === cue.id;
  const strength = isActive ? 0.42 : look.chosen.has(cue.id) ? 0.34 : isHot ? 0.28 : 0.2;
  context.fillStyle = `hsl(${hue} ${grey}% 55% / ${strength})`;
  context.fillRect(x, top, width, tall);
  context.fillStyle = `hsl(${hue} ${grey}% 55%)`;
  context.fillRect(x, top, Math.min(2, width), tall);
  context.fillRect(x + width - Math.min(2, width), top, Math.min(2, width), tall);
  const mark = look.marks.get(cue.id)?.severity;
  if (mark) {
    context.fillStyle = mark === "error" ? paint.fault : paint.advice;
    context.fillRect(x, height - 8, width, 3);
  }
  if (isActive) {
    context.strokeStyle = paint.accent;
    context.lineWidth = 2;
    context.strokeRect(x + 1, top + 1, Math.max(1, width - 2), tall - 2);
  }
  if (width > 34) drawText(context, paint, cue, x + 7, top + 5, width - 14);
}

function drawText(context, paint, cue, x, y, room) {
  context.save();
  context.beginPath();
  context.rect(x, y, room, 34);
  context.clip();
  context.fillStyle = paint.text;
  context.font = `12px ${paint.font}`;
  context.textBaseline = "top";
  const [first, ...rest] = shownText(cue).split("\n");
  context.fillText(first, x, y);
  if (rest.length) context.fillText(rest.join(" "), x, y + 15);
  context.restore();
}

/** Draw the whole recording with its faults and what the timeline shows of it. */
export function drawOverview(canvas, look, view) {
  const { context, width, height } = prepared(canvas);
  if (!width || !look.length_ms) return;
  const paint = colours(canvas);
  const px = (ms) => (ms / look.length_ms) * width;
  if (look.wave) {
    context.fillStyle = paint.wave;
    const msPerPx = look.length_ms / width;
    for (let x = 0; x < width; x += 1) {
      const level = (look.wave.peak(x * msPerPx, (x + 1) * msPerPx) * height) / 2;
      context.fillRect(x, height / 2 - level, 1, level * 2);
    }
  }
  const marked = [...look.marks].sort(([, a], [, b]) => (a.severity === "error") - (b.severity === "error"));
  for (const [id, { severity }] of marked) {
    const cue = look.model.get(id);
    if (!cue) continue;
    context.fillStyle = severity === "error" ? paint.fault : paint.advice;
    context.fillRect(px(cue.start_ms), height - 4, Math.max(1.5, px(cue.end_ms - cue.start_ms)), 4);
  }
  context.fillStyle = paint.playhead;
  context.fillRect(px(look.now_ms) - 0.5, 0, 1.5, height);
  context.strokeStyle = paint.accent;
  context.lineWidth = 1.5;
  const shown = Math.max(4, px(Math.min(view.span_ms, look.length_ms)));
  context.strokeRect(Math.min(px(view.from_ms), width - 5) + 0.75, 0.75, shown - 1.5, height - 1.5);
}
