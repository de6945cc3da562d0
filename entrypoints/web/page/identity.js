// Who writes in this window: the person of this browser, whom all its windows share, or somebody of this window alone.

import { storage, windowStorage } from "./storage.js";

const NAME = "dialogue.name";
const USER_ID = "dialogue.userId";
const OF_THIS_WINDOW = "dialogue.me";
const WAS_TOLD = "dialogue.wasTold";

/** Random letters and digits. `crypto.randomUUID` exists on secure origins only; a LAN address is none. */
export function randomText(length) {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join("");
}

const newUserId = () => `user-${randomText(16)}`;

function sharedUserId() {
  let id = storage.get(USER_ID);
  if (!id) storage.set(USER_ID, (id = newUserId()));
  return id;
}

const own = windowStorage.getJson(OF_THIS_WINDOW);

export const identity = {
  /** As this browser says it; as the server does, once there is a connection. */
  userId: own?.userId ?? sharedUserId(),
  isOfThisWindow: own !== null,

  get name() {
    return (own ? own.name : storage.get(NAME)) ?? "";
  },

  set name(name) {
    this.wasTold = true;
    if (!own) storage.set(NAME, name);
    else windowStorage.setJson(OF_THIS_WINDOW, Object.assign(own, { name }));
  },

  /** Whether this window knows by whose name it writes: it was given here, or has been shown. */
  get wasTold() {
    return own !== null || windowStorage.get(WAS_TOLD) !== null;
  },

  set wasTold(wasTold) {
    if (wasTold) windowStorage.set(WAS_TOLD, "yes");
  },

  /** From the next load on this window is somebody of its own. */
  becomeSomebodyElse(name) {
    windowStorage.setJson(OF_THIS_WINDOW, { userId: newUserId(), name });
  },

  /** Another window gave the shared person another name. */
  onRenamedElsewhere(callback) {
    addEventListener("storage", ({ key }) => {
      if (key === NAME && !own) callback();
    });
  },
};
