// Elements and small formats that all parts of the page share.

/** Make an element; properties are set as they are, `on` holds listeners, `data` and `aria` attributes. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "on") for (const [event, call] of Object.entries(value)) made.addEventListener(event, call);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name === "attr") for (const [key, text] of Object.entries(value)) made.setAttribute(key, text);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** 3723400 → "1:02:03.4"; without tenths unless asked. */
export function clock(ms, tenths = false) {
  const total = Math.max(0, Math.round(ms / 100));
  const seconds = Math.floor(total / 10);
  const pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours ? pad(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  return `${hours ? `${hours}:` : ""}${rest}${tenths ? `.${total % 10}` : ""}`;
}

export function bytes(count, locale) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const at = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log(count) / Math.log(1000))) : 0;
  const style = { style: "unit", unit: units[at], unitDisplay: "short", maximumFractionDigits: at > 1 ? 1 : 0 };
  return new Intl.NumberFormat(locale, style).format(count / 1000 ** at);
}

/** Read what this browser keeps; null where it keeps nothing or something else. */
export function stored(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null;
  }
}

/** Keep something in this browser; whether it could. */
export function store(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
