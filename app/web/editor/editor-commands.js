// Commands of the editor, by the names that the table of shortcuts has.

import * as operations from "./cue-operations.js";
import { askNumber } from "./editor-parts.js";
import { helpDialog } from "./shortcuts.js";

const NUDGE_MS = 100;
const PIECE_MS = 500;
const LEAD_MS = 200;
const AT_ONCE = 200; // cues that are translated with one request

function step(editor, by) {
  const { cues } = editor.model;
  const at = editor.model.indexOf(editor.active);
  const cue = cues[Math.max(0, Math.min(cues.length - 1, at + by))];
  if (cue) editor.choose(cue.id, { seek: true });
}

function toFault(editor, by) {
  const id = editor.quality.nextFault(editor.model, editor.model.indexOf(editor.active), by);
  if (id !== null) editor.jump(id);
}

function current(editor) {
  return editor.active === null ? null : editor.model.get(editor.active);
}

/** The chosen cues in order; those that are acted on. */
function acted(editor) {
  return editor.model.cues.filter((cue) => editor.chosen.has(cue.id)).map((cue) => cue.id);
}

function nudge(editor, delta, edge) {
  operations.shift(editor.model, acted(editor), delta, edge, { typing: `nudge ${edge} ${acted(editor)}` });
}

function setAtPlayhead(editor, edge) {
  if (editor.active === null) return false;
  return operations.setTime(editor.model, editor.active, edge, Math.round(editor.playback.now_ms));
}

function playPart(part) {
  return (editor) => {
    const cue = current(editor);
    if (!cue) return false;
    const { start_ms: start, end_ms: end } = cue;
    const parts = {
      cue: [start, end],
      before: [start - PIECE_MS, start],
      after: [end, end + PIECE_MS],
      first: [start, Math.min(end, start + PIECE_MS)],
      last: [Math.max(start, end - PIECE_MS), end],
    };
    return editor.playback.play(...parts[part]);
  };
}

function split(editor) {
  if (editor.active === null) return false;
  const { caret } = editor.detail;
  const cue = current(editor);
  const value = caret ? (cue[caret.field] ?? "") : "";
  const isInside = caret && caret.place > 0 && caret.place < value.length;
  const where = isInside ? caret : { ms: editor.playback.now_ms };
  const id = operations.split(editor.model, editor.active, where);
  if (id === null) return false;
  editor.choose(isInside ? editor.active : id);
  return true;
}

function merge(editor) {
  let ids = acted(editor);
  if (ids.length < 2) {
    const at = editor.model.indexOf(editor.active);
    ids = editor.model.cues.slice(at, at + 2).map((cue) => cue.id);
  }
  const id = operations.merge(editor.model, ids);
  if (id === null) return false;
  editor.choose(id);
  return true;
}

function inserted(editor, id) {
  editor.choose(id);
  editor.detail.focusText();
}

function remove(editor) {
  const next = operations.remove(editor.model, acted(editor));
  editor.choose(next ?? -1);
}

function duplicate(editor) {
  const cue = current(editor);
  if (!cue) return false;
  const copy = { ...cue, id: editor.model.newId() };
  editor.model.run([], [copy], { select: cue.id });
  return editor.choose(copy.id);
}

function travel(editor, way) {
  const id = editor.model[way]();
  if (id !== null && editor.model.indexOf(id) >= 0) editor.choose(id);
}

function help(editor) {
  const dialog = helpDialog(editor.texts);
  editor.shadowRoot.append(dialog);
  dialog.showModal();
}

/** Ask the server for new translations of the chosen cues. */
async function translateAgain(editor) {
  const cues = acted(editor).map((id) => editor.model.get(id)).filter((cue) => cue.text.trim());
  if (!editor.sync || !cues.length) return;
  await asking(editor, editor.texts.translating, async () => {
    for (let at = 0; at < cues.length; at += AT_ONCE) {
      const part = cues.slice(at, at + AT_ONCE).map(({ id, text }) => ({ id, text }));
      const body = { cues: part };
      if (editor.target) body.target_lang = editor.target;
      const answer = await editor.api.json(`${editor.sync.path}/translate`, { method: "POST", body });
      const now = answer.cues.filter(({ id }) => editor.model.get(id)?.text === cues.find((c) => c.id === id).text);
      operations.rewrite(editor.model, now.map(({ id, translation }) => ({ id, translation })));
    }
  });
}

/** Ask the server for the times of the chosen cues, or of all from the active one on. */
async function alignFromHere(editor) {
  const { cues } = editor.model;
  const ids = acted(editor);
  const first = editor.model.indexOf(ids.length > 1 ? ids[0] : editor.active);
  if (!editor.sync || first < 0) return;
  const last = ids.length > 1 ? editor.model.indexOf(ids.at(-1)) : cues.length - 1;
  const body = { cues: cues.slice(first, last + 1).map(({ id, text }) => ({ id, text })) };
  body.from_ms = first > 0 ? Math.min(cues[first - 1].end_ms, cues[first].start_ms) : 0;
  if (last < cues.length - 1) body.until_ms = Math.max(cues[last + 1].start_ms, cues[last].end_ms);
  await asking(editor, editor.texts.aligning, async () => {
    const answer = await editor.api.json(`${editor.sync.path}/align`, { method: "POST", body });
    operations.retime(editor.model, answer.cues);
  });
}

async function asking(editor, said, ask) {
  editor.say(said);
  editor.toggleAttribute("busy", true);
  try {
    await ask();
    editor.say("");
  } catch (error) {
    editor.say(`${editor.texts.failed} ${error.message}`);
  } finally {
    editor.toggleAttribute("busy", false);
  }
}

const COMMANDS = {
  play: (editor) => editor.playback.toggle(),
  playCue: playPart("cue"),
  playBefore: playPart("before"),
  playAfter: playPart("after"),
  playFirst: playPart("first"),
  playLast: playPart("last"),
  back: (editor) => editor.seek(Math.max(0, editor.playback.now_ms - PIECE_MS)),
  forward: (editor) => editor.seek(editor.playback.now_ms + PIECE_MS),
  previous: (editor) => step(editor, -1),
  next: (editor) => step(editor, 1),
  nextFault: (editor) => toFault(editor, 1),
  previousFault: (editor) => toFault(editor, -1),
  goTo: async (editor) => {
    const number = await askNumber(editor.shadowRoot, editor.texts, editor.model.cues.length);
    const cue = editor.model.cues[number - 1];
    if (cue) editor.jump(cue.id);
  },
  setStart: (editor) => setAtPlayhead(editor, "start"),
  setEnd: (editor) => setAtPlayhead(editor, "end"),
  startEarlier: (editor) => nudge(editor, -NUDGE_MS, "start"),
  startLater: (editor) => nudge(editor, NUDGE_MS, "start"),
  endEarlier: (editor) => nudge(editor, -NUDGE_MS, "end"),
  endLater: (editor) => nudge(editor, NUDGE_MS, "end"),
  earlier: (editor) => nudge(editor, -NUDGE_MS, "both"),
  later: (editor) => nudge(editor, NUDGE_MS, "both"),
  leadIn: (editor) => nudge(editor, -LEAD_MS, "start"),
  leadOut: (editor) => nudge(editor, LEAD_MS, "end"),
  split,
  merge,
  insertAfter: (editor) => {
    const where = editor.active === null ? { ms: editor.playback.now_ms } : { after: editor.active };
    inserted(editor, operations.insert(editor.model, where));
  },
  insertBefore: (editor) => {
    if (editor.active === null) return false;
    return inserted(editor, operations.insert(editor.model, { before: editor.active }));
  },
  duplicate,
  remove,
  selectAll: (editor) => {
    editor.chosen = new Set(editor.model.cues.map((cue) => cue.id));
    editor.refresh();
  },
  editText: (editor) => (editor.active === null ? false : editor.detail.focusText()),
  leaveText: (editor) => editor.list.element.focus(),
  nextField: (editor) => {
    const { caret } = editor.detail;
    step(editor, 1);
    editor.detail.focusText(caret?.field);
  },
  undo: (editor) => travel(editor, "undo"),
  redo: (editor) => travel(editor, "redo"),
  find: (editor) => editor.findBar.open({ text: getSelection()?.toString() }),
  replace: (editor) => editor.findBar.open({ replace: true }),
  findNext: (editor) => (editor.findBar.isOpen ? editor.findBar.step(1) : editor.findBar.open()),
  findPrevious: (editor) => editor.findBar.step(-1),
  save: (editor) => editor.sync?.flush(),
  zoomIn: (editor) => editor.timeline.zoom(0.7, editor.playback.now_ms),
  zoomOut: (editor) => editor.timeline.zoom(1.4, editor.playback.now_ms),
  help,
  translateAgain,
  alignFromHere,
};

/** Run a command; false where it does not apply, so that the key keeps its usual meaning. */
export function runCommand(editor, name, event = null) {
  if (event?.type === "keydown" && event.repeat && ["play", "save", "split", "merge"].includes(name)) return true;
  return COMMANDS[name](editor);
}
