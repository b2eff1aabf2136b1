// Keys of the editor: those of Subtitle Edit (SE) and Aegisub (Ae) where they have one.

/**
 * Each row: the command, its keys, in whose documentation they are defaults, and where they work.
 * `plain` keys work where nothing is typed; those of `list` and `field` there alone, the others
 * everywhere in the editor. Keys that a browser needs (F5, Ctrl+P, Shift+Insert in a field) are
 * left to it.
 */
export const SHORTCUTS = [
  ["play", ["Ctrl+Space"], "SE"],
  ["play", ["Space"], "SE", "plain"],
  ["playCue", ["S"], "Ae", "plain"],
  ["playCue", ["R"], "", "plain"],
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
  ["previousFault", ["Shift+F8"], "SE"],
  ["goTo", ["Ctrl+G"], "SE"],
  ["setStart", ["F11"], "SE"],
  ["setEnd", ["F12"], "SE"],
  ["startEarlier", ["Ctrl+Shift+ArrowLeft"], ""],
  ["startLater", ["Ctrl+Shift+ArrowRight"], ""],
  ["endEarlier", ["Alt+Shift+ArrowLeft"], ""],
  ["endLater", ["Alt+Shift+ArrowRight"], ""],
  ["earlier", ["Ctrl+Alt+ArrowLeft"], ""],
  ["later", ["Ctrl+Alt+ArrowRight"], ""],
  ["leadIn", ["C"], "", "plain"],
  ["leadOut", ["V"], "", "plain"],
  ["split", ["Ctrl+Alt+V"], "SE"],
  ["split", ["Alt+V"], ""],
  ["merge", ["Ctrl+Shift+M"], "SE"],
  ["insertAfter", ["Alt+Insert"], "SE"],
  ["insertAfter", ["Insert"], "", "plain"],
  ["insertBefore", ["Ctrl+Shift+Insert"], "SE"],
  ["insertBefore", ["Shift+Insert"], "", "plain"],
  ["duplicate", ["Ctrl+D"], ""],
  ["remove", ["Delete"], "SE", "list"],
  ["remove", ["Ctrl+Delete"], "", "list"],
  ["selectAll", ["Ctrl+A"], "SE", "list"],
  ["editText", ["Enter", "F2"], "", "list"],
  ["leaveText", ["Escape"], "", "field"],
  ["nextField", ["Ctrl+Enter"], "", "field"],
  ["undo", ["Ctrl+Z"], "SE"],
  ["redo", ["Ctrl+Y"], "SE"],
  ["redo", ["Ctrl+Shift+Z"], ""],
  ["find", ["Ctrl+F"], "SE"],
  ["replace", ["Ctrl+H"], "SE"],
  ["findNext", ["F3"], "SE"],
  ["findPrevious", ["Shift+F3"], "SE"],
  ["save", ["Ctrl+S"], "SE"],
  ["zoomIn", ["+"], "", "plain"],
  ["zoomOut", ["-"], "", "plain"],
  ["help", ["F1"], "SE"],
  ["help", ["?"], "", "plain"],
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
  if (event.getModifierState("AltGraph")) return null; // it writes a letter of the layout
  const key = written(event);
  const works = {
    all: true,
    plain: place !== "field",
    list: place === "list",
    field: place === "field",
  };
  const found = SHORTCUTS.find(({ keys, where }) => works[where] && keys.includes(key));
  return found?.command ?? null;
}

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
const MAC_SIGNS = { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" };

/** Return a key as people of this system write it, and as keyboards of a language do. */
export function shownKey(key, texts = {}) {
  if (key.length === 1) return key;
  const shown = (name) => (MAC && MAC_SIGNS[name]) || SIGNS[name] || texts[`key_${name}`] || name;
  return key.split("+").map(shown).join("+");
}

/** Return the keys of a command as they are shown. */
export function shownKeys(command, texts) {
  const rows = SHORTCUTS.filter((row) => row.command === command);
  return rows.flatMap(({ keys }) => keys.map((key) => shownKey(key, texts)));
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
      shown.textContent = shownKey(key, texts);
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
