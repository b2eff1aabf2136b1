// Media files that this browser keeps by job, so that a job that is opened again plays.

const DATABASE = "cuestream-media";
const STORE = "files";
const MOST_FILES = 5;
const MOST_BYTES = 2 ** 31;
const MOST_SHARE = 0.25; // of what the browser lets the page have

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return done(request);
}

async function within(mode, work) {
  const database = await open();
  try {
    return await work(database.transaction(STORE, mode).objectStore(STORE));
  } finally {
    database.close();
  }
}

/** Keep a file if there is room, and let go of the oldest ones; returns its id, null where there is no room. */
export async function keepMedia(file) {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  if (file.size > Math.min(MOST_BYTES, (quota - usage) * MOST_SHARE)) return null;
  const id = `${Date.now()}-${Math.random()}`; // crypto.randomUUID is for secure origins alone
  await within("readwrite", async (store) => {
    await done(store.put({ id, file, at: Date.now() }));
    const times = [];
    const cursor = store.openCursor();
    for (let row = await done(cursor); row; row = await done(cursor)) {
      times.push([row.value.at, row.key]);
      row.continue();
    }
    for (const [, key] of times.sort((a, b) => b[0] - a[0]).slice(MOST_FILES)) await done(store.delete(key));
  });
  return id;
}

/** A file that was kept; null where it is no longer. */
export async function keptMedia(id) {
  return (await within("readonly", (store) => done(store.get(id))))?.file ?? null;
}
