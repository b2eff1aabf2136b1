// Times of cues as people read and write them, and how fast a text is to be read.

const PARTS = /^(?:(?:(\d{1,3}):)?([0-5]?\d):)?(\d{1,5})(?:[.,](\d{1,3}))?$/;

/** Return milliseconds as `h:mm:ss.mmm`, without hours below one unless `hours` is set. */
export function clock(ms, hours = false) {
  const whole = Math.max(0, Math.round(ms));
  const pad = (value, digits = 2) => String(value).padStart(digits, "0");
  const seconds = `${pad(Math.floor(whole / 60000) % 60)}:${pad(Math.floor(whole / 1000) % 60)}`;
  const head = whole >= 3600000 || hours ? `${Math.floor(whole / 3600000)}:` : "";
  return `${head}${seconds}.${pad(whole % 1000, 3)}`;
}

/** Return a typed time in milliseconds, or null: `1:02:03.5`, `2:03`, `3,25` or plain seconds. */
export function readClock(text) {
  const found = PARTS.exec(text.trim());
  if (!found) return null;
  const [, hours = "0", minutes = "0", seconds, fraction = ""] = found;
  if (found[2] !== undefined && Number(seconds) > 59) return null;
  const ms = Number(fraction.padEnd(3, "0"));
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + ms;
}

/** Return the columns that a text takes: East Asian wide characters take two, as on the server. */
export function width(text) {
  let columns = 0;
  for (const char of text) {
    const code = char.codePointAt(0);
    columns += code >= 0x1100 && WIDE.test(char) ? 2 : 1;
  }
  return columns;
}

const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Return what is read of a cue: the translation where there is one. */
export function shownText(cue) {
  return cue.translation || cue.text;
}

/** Return the characters per second that a viewer has to read. */
export function readingSpeed(cue, text = shownText(cue)) {
  const seconds = Math.max(1, cue.end_ms - cue.start_ms) / 1000;
  return width(text.replace(/\s+/g, " ").trim()) / seconds;
}
