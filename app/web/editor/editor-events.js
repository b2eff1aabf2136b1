// What happens in the parts of the editor, and keys.

import * as operations from "./cue-operations.js";
import { runCommand } from "./editor-commands.js";
import { commandOf } from "./shortcuts.js";

/** Let an editor act on what its parts tell. */
export function listen(editor) {
  const { model, list, timeline, quality, frame } = editor;
  model.addEventListener("change", ({ detail }) => editor.changed(detail));
  list.addEventListener("choose", ({ detail }) => {
    editor.choose(detail.id, { ...detail, seek: !detail.extend && !detail.toggle });
  });
  list.addEventListener("open", ({ detail }) => editor.detail.focusText(detail.field));
  timeline.addEventListener("seek", ({ detail }) => editor.seek(detail.time_ms));
  timeline.addEventListener("choose", ({ detail }) => editor.choose(detail.id));
  timeline.addEventListener("move", ({ detail: { id, start_ms, end_ms, done } }) => {
    model.change(id, { start_ms, end_ms }, { typing: `drag ${id}` });
    if (done) model.endTyping();
  });
  quality.addEventListener("jump", ({ detail }) => editor.jump(detail.id));
  listenToFields(editor);
  listenToFindBar(editor);
  frame.addEventListener("keydown", (event) => pressed(editor, event));
}

function listenToFields(editor) {
  const { model, detail: fields } = editor;
  fields.addEventListener("time", ({ detail: { edge, ms, nudged } }) => {
    const options = nudged ? { typing: `${edge} ${editor.active}` } : {};
    operations.setTime(model, editor.active, edge, ms, options);
    editor.refresh();
  });
  fields.addEventListener("write", ({ detail: { field, value } }) => {
    const typing = `${field} ${editor.active}`;
    model.change(editor.active, { [field]: field === "speaker" ? value || null : value }, { typing });
  });
  fields.addEventListener("leave", () => {
    model.endTyping();
    editor.refresh();
  });
}

function listenToFindBar(editor) {
  const { findBar } = editor;
  findBar.addEventListener("found", ({ detail }) => editor.choose(detail.match.id, { centre: true }));
  findBar.addEventListener("replace", ({ detail }) => {
    operations.rewrite(editor.model, detail.rows);
    editor.say(editor.texts.replaced.replace("{n}", detail.count));
  });
  findBar.addEventListener("closed", () => editor.list.element.focus());
}

function pressed(editor, event) {
  const { target } = event;
  const isField = target.matches?.("textarea, input:not([type=checkbox])") ?? false;
  const inList = target === editor.list.element;
  if (inList && moved(editor, event)) return;
  const isButton = target.matches?.("button, summary") && [" ", "Enter"].includes(event.key);
  const onTimeline = target === editor.timeline.canvas && event.key === "Enter";
  if (event.defaultPrevented || isButton || onTimeline) return;
  const command = commandOf(event, isField ? "field" : inList ? "list" : "other");
  if (command && runCommand(editor, command, event) !== false) event.preventDefault();
}

/** Move in the list by arrows; whether the key was one of them. */
function moved(editor, event) {
  const { key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const { cues } = editor.model;
  const at = editor.model.indexOf(editor.active);
  const last = cues.length - 1;
  const page = editor.list.pageRows;
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - page, PageDown: at + page, Home: 0, End: last }[key];
  if (to === undefined || last < 0) return false;
  event.preventDefault();
  const cue = cues[Math.max(0, Math.min(last, to))];
  editor.choose(cue.id, { extend: event.shiftKey });
  return true;
}
