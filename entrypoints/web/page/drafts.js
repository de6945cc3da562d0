// What is being written in which room. It survives a reload of this window.

import { windowStorage } from "./storage.js";

const KEY = "dialogue.drafts";
const MAX_ROOMS = 50;

export class Drafts {
  /** By room: `text`, and `uncertain`, the message in it that may have been kept already. */
  #rooms = new Map(Object.entries(windowStorage.getJson(KEY) ?? {}));

  text(roomId) {
    return this.#rooms.get(roomId)?.text ?? "";
  }

  /** The message that may have been kept, as long as the text still says it. */
  uncertain(roomId) {
    const { text, uncertain } = this.#rooms.get(roomId) ?? {};
    return uncertain?.text === text ? uncertain : undefined;
  }

  set(roomId, text, uncertain = this.#rooms.get(roomId)?.uncertain) {
    this.#rooms.delete(roomId);
    if (text) this.#rooms.set(roomId, { text, uncertain });
    if (this.#rooms.size > MAX_ROOMS) this.#rooms.delete(this.#rooms.keys().next().value);
    windowStorage.setJson(KEY, Object.fromEntries(this.#rooms));
  }
}
