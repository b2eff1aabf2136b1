// The frame of the editor: where its parts stand, and the bar of buttons above them.

import { runCommand } from "./editor-commands.js";
import { shownKeys } from "./shortcuts.js";

const TOOLS = [
  ["undo", "redo"], ["split", "merge", "insertAfter", "remove"],
  ["translateAgain", "alignFromHere"], ["find", "nextFault", "help"],
];
const WITHOUT_CUE = new Set(["undo", "redo", "find", "help", "nextFault", "insertAfter"]);

const part = (tag, name) => Object.assign(document.createElement(tag), { className: name });

/** Put the parts of an editor into its shadow root; it gets `tools`, `message`, `status` and `frame`. */
export function buildFrame(editor) {
  const style = part("link", "");
  Object.assign(style, { rel: "stylesheet", href: new URL("./editor.css", import.meta.url).href });
  editor.tools = part("div", "tools");
  editor.tools.setAttribute("role", "toolbar");
  editor.status = part("output", "status");
  editor.message = part("output", "message");
  for (const output of [editor.status, editor.message]) output.setAttribute("aria-live", "polite");
  const bar = part("div", "bar");
  bar.append(editor.tools, editor.message, editor.status);
  const left = part("div", "left");
  left.append(editor.findBar.element, editor.list.element);
  const lower = part("div", "lower");
  lower.append(left, editor.quality.element);
  editor.frame = part("div", "editor");
  editor.frame.append(bar, editor.timeline.element, editor.detail.element, lower);
  editor.shadowRoot.append(style, editor.frame);
}

/** Write the buttons in the editor's language, each with its keys. */
export function writeTools(editor) {
  const groups = TOOLS.map((names) => {
    const group = part("span", "group");
    group.append(...names.map((name) => toolButton(editor, name)));
    return group;
  });
  editor.tools.replaceChildren(...groups);
  editor.tools.setAttribute("aria-label", editor.texts.tools);
  const { state } = editor.status.dataset;
  if (state) editor.status.textContent = editor.texts[`state_${state}`];
}

function toolButton(editor, name) {
  const { texts } = editor;
  const button = Object.assign(document.createElement("button"), { type: "button", name });
  button.textContent = texts[name] ?? texts[`do_${name}`];
  const keys = shownKeys(name, texts);
  const said = texts[`do_${name}`] ?? button.textContent;
  button.title = keys.length ? `${said} (${keys.join(", ")})` : said;
  button.addEventListener("click", () => runCommand(editor, name));
  return button;
}

/** Let buttons be pressed that have something to do. */
export function refreshTools(editor) {
  const { model } = editor;
  const hasJob = Boolean(editor.jobId);
  const enabled = {
    undo: model.canUndo, redo: model.canRedo, merge: model.cues.length > 1,
    translateAgain: editor.isTranslated && hasJob, alignFromHere: hasJob,
  };
  for (const button of editor.tools.querySelectorAll("button")) {
    const lacksCue = !WITHOUT_CUE.has(button.name) && editor.active === null;
    button.disabled = !(enabled[button.name] ?? true) || lacksCue;
  }
}
