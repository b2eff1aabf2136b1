// Edits kept in the browser, so that a reload or a crash loses nothing.

const NAME = "cuestream-editor";
const STORE = "drafts";
const KEPT_DAYS = 30;

let opening = null;

function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "jobId" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function inStore(mode, work) {
  const store = (await database()).transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  return new Promise((resolve, reject) => {
    const request = work(store);
    const { transaction } = store;
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Return the draft of a job: {jobId, base, cues, dirty, at}, or undefined. */
export async function readDraft(jobId) {
  return inStore("readonly", (store) => store.get(jobId));
}

/** Keep the draft of a job; `base` is the version on the server that it began with. */
export async function keepDraft(jobId, base, cues, dirty) {
  return inStore("readwrite", (store) => store.put({ jobId, base, cues, dirty, at: Date.now() }));
}

export async function dropDraft(jobId) {
  return inStore("readwrite", (store) => store.delete(jobId));
}

/** Forget drafts that nobody has touched for a month. */
export async function sweepDrafts() {
  const oldest = Date.now() - KEPT_DAYS * 86_400_000;
  await inStore("readwrite", (store) => {
    const cursor = store.openCursor();
    cursor.onsuccess = () => {
      if (!cursor.result) return;
      if (cursor.result.value.at < oldest) cursor.result.delete();
      cursor.result.continue();
    };
    return cursor;
  });
}
