// What is done to cues, each as one command of the model.

import { width } from "./times.js";

export const SHORTEST_MS = 100;
const USUAL_MS = 2000;
const GAP_MS = 83; // two frames at 24 per second, as the server's profiles have it

/** Return a cue's share of time for a part of its text. */
function cutTime(cue, before, after) {
  const share = width(before) / Math.max(1, width(before) + width(after));
  const ms = Math.round(cue.start_ms + (cue.end_ms - cue.start_ms) * share);
  const edge = Math.min(SHORTEST_MS, (cue.end_ms - cue.start_ms) / 2);
  return Math.round(Math.min(cue.end_ms - edge, Math.max(cue.start_ms + edge, ms)));
}

/** Return where a text is cut best near a place: at a space, else there. */
function wordEdge(text, place) {
  const at = Math.max(1, Math.min(text.length - 1, place));
  for (let step = 0; step < text.length; step += 1) {
    for (const edge of [at - step, at + step]) {
      if (edge > 0 && edge < text.length && /\s/u.test(text[edge])) return edge;
    }
  }
  return at;
}

function cutText(text, place) {
  return [text.slice(0, place).trim(), text.slice(place).trim()];
}

/**
 * Split a cue in two and return the second one's id.
 *
 * `field` and `place` say where the caret is; the other text is cut at the same share of it, and
 * the time by the length of the texts, unless `ms` lies within the cue.
 */
export function split(model, id, { field = "text", place = null, ms = null } = {}) {
  const cue = model.get(id);
  if (!cue || cue.end_ms - cue.start_ms < 2) return null;
  const inside = ms !== null && ms > cue.start_ms && ms < cue.end_ms;
  const timeShare = inside ? (ms - cue.start_ms) / (cue.end_ms - cue.start_ms) : 0.5;
  const lead = cue[field] ?? "";
  const at = place ?? wordEdge(lead, Math.round(lead.length * timeShare));
  const share = lead.length ? at / lead.length : timeShare;
  const cut = (name) => {
    const text = cue[name];
    if (text === null) return [null, null];
    if (name === field) return cutText(text, at);
    return text.length ? cutText(text, wordEdge(text, Math.round(text.length * share))) : ["", ""];
  };
  const [text, rest] = cut("text");
  const [translation, translated] = cut("translation");
  const parts = field === "translation" ? [translation ?? "", translated ?? ""] : [text, rest];
  const cutMs = inside ? Math.round(ms) : cutTime(cue, ...parts);
  const second = { ...cue, id: model.newId(), start_ms: cutMs, text: rest, translation: translated };
  model.run([cue], [{ ...cue, end_ms: cutMs, text, translation }, second], { select: id });
  return second.id;
}

function joined(texts) {
  const said = texts.filter((text) => text !== null && text.trim());
  return said.length ? said.map((text) => text.trim()).join(" ") : null;
}

/** Merge cues, at least two, into the first one; return its id. */
export function merge(model, ids) {
  const cues = ids.map((id) => model.get(id)).filter(Boolean);
  cues.sort((a, b) => a.start_ms - b.start_ms);
  if (cues.length < 2) return null;
  const [first] = cues;
  const differ = new Set(cues.map((cue) => cue.speaker)).size > 1;
  const dashed = (name) =>
    cues.map((cue) => (cue[name]?.trim() ? `- ${cue[name].trim()}` : null)).filter(Boolean);
  const text = (name) =>
    differ ? dashed(name).join("\n") || null : joined(cues.map((cue) => cue[name]));
  const whole = {
    ...first,
    end_ms: Math.max(...cues.map((cue) => cue.end_ms)),
    text: text("text") ?? "",
    translation: cues.every((cue) => cue.translation === null) ? null : text("translation"),
  };
  model.run(cues, [whole], { select: first.id });
  return first.id;
}

/** Insert an empty cue beside another one, or at a time; return its id. */
export function insert(model, { after = null, before = null, ms = null } = {}) {
  const cues = model.cues;
  const beside = model.get(after ?? before);
  let start = ms ?? 0;
  if (after !== null && beside) start = beside.end_ms + GAP_MS;
  if (before !== null && beside) {
    const previous = cues[model.indexOf(before) - 1];
    const free = previous ? previous.end_ms + GAP_MS : 0;
    start = Math.max(free, beside.start_ms - GAP_MS - USUAL_MS);
  }
  const next = cues[model.before(start) + 1];
  const limit = next ? Math.max(start + SHORTEST_MS, next.start_ms - GAP_MS) : Infinity;
  const translation = cues.some((cue) => cue.translation !== null) ? "" : null;
  const cue = {
    id: model.newId(),
    start_ms: Math.round(start),
    end_ms: Math.round(Math.min(start + USUAL_MS, limit)),
    text: "",
    translation,
    speaker: beside?.speaker ?? null,
    origin: null,
  };
  model.run([], [cue], { select: beside?.id ?? null });
  return cue.id;
}

/** Remove cues; return the id of the one to select then. */
export function remove(model, ids) {
  const cues = ids.map((id) => model.get(id)).filter(Boolean);
  if (!cues.length) return null;
  const last = model.indexOf(cues.at(-1).id);
  const gone = new Set(ids);
  const rest = model.cues;
  const next = rest.slice(last + 1).find((cue) => !gone.has(cue.id));
  const previous = rest.slice(0, last).findLast((cue) => !gone.has(cue.id));
  model.run(cues, [], { select: cues[0].id });
  return (next ?? previous)?.id ?? null;
}

/** Move the times of cues: all of them, their starts or their ends. */
export function shift(model, ids, delta, edge = "both", options = {}) {
  const cues = ids.map((id) => model.get(id)).filter(Boolean);
  if (!cues.length || !delta) return;
  const earliest = Math.min(...cues.map((cue) => cue.start_ms));
  const by = edge === "end" ? delta : Math.max(-earliest, delta);
  const moved = cues.map((cue) => {
    let { start_ms: start, end_ms: end } = cue;
    if (edge !== "end") start += by;
    if (edge !== "start") end += by;
    if (edge === "start") start = Math.min(start, end - SHORTEST_MS);
    if (edge === "end") end = Math.max(end, start + SHORTEST_MS);
    return { ...cue, start_ms: Math.max(0, start), end_ms: Math.max(1, end) };
  });
  model.run(cues, moved, options);
}

/** Set one time of a cue; the other one moves along where the cue would end before it begins. */
export function setTime(model, id, edge, ms, options = {}) {
  const cue = model.get(id);
  if (!cue) return;
  const length = cue.end_ms - cue.start_ms;
  if (edge === "start") {
    const end = ms < cue.end_ms ? cue.end_ms : ms + length;
    model.change(id, { start_ms: ms, end_ms: end }, options);
  } else if (edge === "end") {
    model.change(id, { end_ms: Math.max(ms, cue.start_ms + 1) }, options);
  } else {
    model.change(id, { end_ms: cue.start_ms + Math.max(1, ms) }, options);
  }
}

/** Give cues the times of an answer of the server. */
export function retime(model, times) {
  const found = times.filter((time) => model.get(time.id));
  const cues = found.map((time) => model.get(time.id));
  const moved = found.map(({ start_ms, end_ms }, n) => ({ ...cues[n], start_ms, end_ms }));
  model.run(cues, moved);
}

/** Give cues new texts: rows of {id, text?, translation?}. */
export function rewrite(model, rows) {
  const found = rows.filter((row) => model.get(row.id));
  const cues = found.map((row) => model.get(row.id));
  model.run(cues, found.map((row, n) => ({ ...cues[n], ...row })));
}
