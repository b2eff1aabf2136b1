// Keys of the editor: those of Subtitle Edit (SE) and Aegisub (Ae) where they have one.

/**
 * Each row: the command, its keys, whose keys they are, and where they work. `plain` keys are
 * letters that work where nothing is typed; the others work everywhere in the editor.
 */
export const SHORTCUTS = [
  ["play", ["Ctrl+P", "Ctrl+Space"], "SE"],
  ["play", ["Space"], "Ae", "plain"],
  ["playCue", ["S", "R"], "Ae", "plain"],
  ["playBefore", ["Q"], "Ae", "plain"],
  ["playAfter", ["W"], "Ae", "plain"],
  ["playFirst", ["E"], "Ae", "plain"],
  ["playLast", ["D"], "Ae", "plain"],
  ["back", ["Alt+ArrowLeft"], "SE"],
  ["forward", ["Alt+ArrowRight"], "SE"],
  ["previous", ["Alt+ArrowUp"], "SE"],
  ["next", ["Alt+ArrowDown"], "SE"],
  ["previous", ["Z"], "Ae", "plain"],
  ["next", ["X", "G"], "Ae", "plain"],
  ["nextFault", ["F8"], "SE"],
  ["goTo", ["Ctrl+G"], "SE"],
  ["setStart", ["F11"], "SE"],
  ["setEnd", ["F12"], "SE"],
  ["startEarlier", ["Ctrl+Shift+ArrowLeft"], ""],
  ["startLater", ["Ctrl+Shift+ArrowRight"], ""],
  ["endEarlier", ["Alt+Shift+ArrowLeft"], ""],
  ["endLater", ["Alt+Shift+ArrowRight"], ""],
  ["earlier", ["Ctrl+Alt+ArrowLeft"], ""],
  ["later", ["Ctrl+Alt+ArrowRight"], ""],
  ["leadIn", ["C"], "Ae", "plain"],
  ["leadOut", ["V"], "Ae", "plain"],
  ["split", ["Alt+V"], "SE"],
  ["merge", ["Ctrl+Shift+M"], "SE"],
  ["insertAfter", ["Insert"], "SE"],
  ["insertBefore", ["Shift+Insert"], "SE"],
  ["duplicate", ["Ctrl+D"], "Ae"],
  ["remove", ["Delete"], "SE", "list"],
  ["remove", ["Ctrl+Delete"], "Ae", "list"],
  ["selectAll", ["Ctrl+A"], "SE", "list"],
  ["editText", ["Enter", "F2"], "", "list"],
  ["leaveText", ["Escape"], "", "field"],
  ["nextField", ["Ctrl+Enter"], "Ae", "field"],
  ["undo", ["Ctrl+Z"], "SE, Ae"],
  ["redo", ["Ctrl+Y", "Ctrl+Shift+Z"], "SE, Ae"],
  ["find", ["Ctrl+F"], "SE, Ae"],
  ["replace", ["Ctrl+H"], "SE, Ae"],
  ["findNext", ["F3"], "SE, Ae"],
  ["findPrevious", ["Shift+F3"], "SE"],
  ["save", ["Ctrl+S"], "SE, Ae"],
  ["zoomIn", ["+"], "", "plain"],
  ["zoomOut", ["-"], "", "plain"],
  ["help", ["F1", "?"], "SE", "help"],
].map(([command, keys, from, where = "all"]) => ({ command, keys, from, where }));

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** Return a pressed key as the table writes it. */
function written(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  const isLetter = event.key.length === 1;
  const symbol = isLetter && event.key.toUpperCase() === event.key.toLowerCase();
  if (event.shiftKey && !symbol) parts.push("Shift");
  // With Alt a Mac writes another letter: the key itself counts.
  const code = /^Key[A-Z]$/.test(event.code) && event.altKey ? event.code.slice(3) : event.key;
  parts.push(code === " " ? "Space" : code.length === 1 ? code.toUpperCase() : code);
  return parts.join("+");
}

/**
 * Return the command of a pressed key, or null.
 *
 * `place` says where it was pressed: "field" for where text is typed, "list" for the list, "other".
 */
export function commandOf(event, place) {
  if (event.isComposing) return null; // an input method has the keys
  const key = written(event);
  const works = {
    all: true,
    plain: place !== "field",
    list: place === "list",
    field: place === "field",
    help: key === "F1" || place !== "field",
  };
  const found = SHORTCUTS.find(({ keys, where }) => works[where] && keys.includes(key));
  return found?.command ?? null;
}

/** Return a key as people of this system write it. */
export function shownKey(key) {
  const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  const named = key.replace(/Arrow\w+/, (name) => arrows[name]);
  return MAC ? named.replace("Ctrl", "⌘").replace("Alt", "⌥").replace("Shift", "⇧") : named;
}

/** Return a dialog that lists the keys. */
export function helpDialog(texts) {
  const dialog = document.createElement("dialog");
  dialog.className = "help";
  dialog.setAttribute("aria-label", texts.shortcuts);
  const head = document.createElement("h2");
  head.textContent = texts.shortcuts;
  const table = document.createElement("table");
  const rows = new Map();
  for (const { command, keys, from } of SHORTCUTS) {
    rows.set(command, [...(rows.get(command) ?? []), ...keys.map((key) => [key, from])]);
  }
  for (const [command, keys] of rows) {
    const row = table.insertRow();
    row.insertCell().textContent = texts[`do_${command}`];
    const cell = row.insertCell();
    for (const [key, from] of keys) {
      const shown = document.createElement("kbd");
      shown.textContent = shownKey(key);
      const origin = document.createElement("small");
      origin.textContent = from;
      cell.append(shown, origin);
    }
  }
  const legend = document.createElement("p");
  legend.textContent = texts.keysLegend;
  const close = document.createElement("button");
  close.textContent = texts.close;
  close.addEventListener("click", () => dialog.close());
  dialog.append(head, table, legend, close);
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}
