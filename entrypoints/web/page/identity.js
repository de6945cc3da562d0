// Who this browser is: an id that is made once, and a name that the person chooses.

const memory = new Map();

/** `localStorage`, or this page's memory where there is none. */
export const storage = {
  get(key) {
    try {
      return localStorage.getItem(key) ?? memory.get(key) ?? null;
    } catch {
      return memory.get(key) ?? null;
    }
  },
  set(key, value) {
    memory.set(key, value);
    try {
      localStorage.setItem(key, value);
    } catch {
      // Kept for as long as the page is open.
    }
  },
};

/** Random letters and digits. `crypto.randomUUID` exists on secure origins only; a LAN address is none. */
export function randomText(length) {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join("");
}

function ownUserId() {
  let id = storage.get("dialogue.userId");
  if (!id) storage.set("dialogue.userId", (id = `user-${randomText(16)}`));
  return id;
}

export const identity = {
  userId: ownUserId(),
  get name() {
    return storage.get("dialogue.name") ?? "";
  },
  set name(name) {
    storage.set("dialogue.name", name);
  },
};
