// What this window shows for who it is: a token, where somebody has given one, and otherwise the name that it made up.

import { identity } from "./identity.js";
import { windowStorage } from "./storage.js";

const TOKEN = "dialogue.token";
const IN_ADDRESS = "#token=";

const claimedUserId = identity.userId;

export const credentials = {
  /** Of this window alone, and gone with it; empty where there is none. */
  get token() {
    return windowStorage.get(TOKEN) ?? "";
  },

  set token(token) {
    windowStorage.set(TOKEN, token);
  },

  /** What each `connect` carries. No function: nothing here gets a newer token by itself. */
  auth: {
    get token() {
      return credentials.token || undefined;
    },
    get userId() {
      return credentials.token ? undefined : claimedUserId;
    },
  },

  /** Takes a token out of the address (`/#token=…`, which no server sees), so that it stands there no longer. */
  takeFromAddress() {
    if (!location.hash.startsWith(IN_ADDRESS)) return;
    this.token = location.hash.slice(IN_ADDRESS.length);
    history.replaceState(null, "", location.pathname + location.search);
  },
};
