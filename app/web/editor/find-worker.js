// Finds text in cues. A worker of its own, which is ended where an expression takes too long.

const MOST = 20_000;

self.onmessage = ({ data }) => {
  try {
    self.postMessage(found(data));
  } catch (error) {
    self.postMessage({ error: error.message });
  }
};

/** Return {matches: [{id, field, start, end, instead}], cut}. */
function found({ rows, fields, pattern, isRegex, isCase, isWord, replacement }) {
  const source = isRegex ? pattern : pattern.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const bounded = isWord ? `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])` : source;
  const expression = new RegExp(bounded, `gu${isCase ? "" : "i"}`);
  const matches = [];
  for (const row of rows) {
    for (const field of fields) {
      const text = row[field];
      if (!text) continue;
      for (const match of text.matchAll(expression)) {
        if (match[0] === "") continue;
        if (matches.length === MOST) return { matches, cut: true };
        const instead = isRegex ? expanded(replacement, match) : replacement;
        const start = match.index;
        matches.push({ id: row.id, field, start, end: start + match[0].length, instead });
      }
    }
  }
  return { matches, cut: false };
}

/** Return a replacement with what `$1`, `$<name>`, `$&` and `$$` stand for. */
function expanded(template, match) {
  return template.replace(/\$(?:(\$)|(&)|(\d{1,2})|<([^>]+)>)/g, (whole, dollar, all, number, name) => {
    if (dollar) return "$";
    if (all) return match[0];
    if (name) return match.groups?.[name] ?? "";
    return Number(number) < match.length ? (match[Number(number)] ?? "") : whole;
  });
}
