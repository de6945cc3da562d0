// Messages on their way, one after the other. They wait for the connection, and survive a reload of this window.

import { randomText } from "./identity.js";
import { windowStorage } from "./storage.js";

const STORED_AS = "dialogue.outbox";
/** Without an answer that says so the message was not sent, and can be sent when there is a connection again. */
const PASSING = new Set(["DISCONNECTED", "TIMEOUT"]);

export class Outbox {
  #isConnected;
  #publish;
  #giveBack;
  #onChange;
  #isWorking = false;
  /** `{roomId, text, name, key, wasSent}` in order; with its key a message is kept once, however often it is sent. */
  #messages = windowStorage.getJson(STORED_AS) ?? [];

  /**
   * `publish(message)` is fulfilled when the server has kept it; `giveBack(roomId, messages, error)` gets those of a room that
   * cannot be sent, the guilty one first.
   */
  constructor({ isConnected, publish, giveBack, onChange }) {
    this.#isConnected = isConnected;
    this.#publish = publish;
    this.#giveBack = giveBack;
    this.#onChange = onChange;
  }

  get isEmpty() {
    return this.#messages.length === 0;
  }

  /** How many wait in a room for a connection. */
  waitingIn(roomId) {
    return this.#isConnected() ? 0 : this.#of(roomId).filter(({ wasSent }) => !wasSent).length;
  }

  /** What was on its way when the page was loaded anew: nobody knows what became of it. */
  settleAfterReload() {
    const [first] = this.#messages;
    if (!first?.wasSent) return;
    this.#return(first.roomId, Object.assign(new Error("The page was loaded anew."), { code: "TIMEOUT", wasLost: true }));
  }

  /** `again` is a message that was given back: with its key it is kept once, whatever became of it. */
  add(roomId, text, name, again) {
    const message = again ? { ...again, isRepeat: true } : { roomId, text, name, key: randomText(32) };
    this.#messages.push({ ...message, wasSent: false });
    this.#save();
    this.work();
  }

  /** The messages that wait in the room, out of the outbox. */
  takeBack(roomId) {
    const taken = this.#of(roomId).filter(({ wasSent }) => !wasSent);
    this.#messages = this.#messages.filter((message) => !taken.includes(message));
    this.#save();
    return taken;
  }

  /** There will be no connection: all that waits is given back with the reason. */
  giveUp(error) {
    for (const roomId of new Set(this.#messages.map((message) => message.roomId))) this.#return(roomId, error);
  }

  async work() {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#messages.length > 0 && this.#isConnected()) await this.#sendFirst();
    this.#isWorking = false;
    this.#onChange();
  }

  async #sendFirst() {
    const [message] = this.#messages;
    message.wasSent = true;
    this.#save();
    try {
      await this.#publish(message);
      this.#messages = this.#messages.filter((other) => other !== message);
    } catch (error) {
      if (PASSING.has(error.code) && error.details?.wasSent === false) message.wasSent = false;
      else this.#return(message.roomId, error);
    }
    this.#save();
  }

  #of(roomId) {
    return this.#messages.filter((message) => message.roomId === roomId);
  }

  /** What is refused takes the rest of its room back with it, so that the order is kept. */
  #return(roomId, error) {
    const returned = this.#of(roomId);
    if (returned.length === 0) return;
    this.#messages = this.#messages.filter((message) => message.roomId !== roomId);
    this.#save();
    this.#giveBack(roomId, returned, error);
  }

  #save() {
    windowStorage.setJson(STORED_AS, this.#messages);
    this.#onChange();
  }
}
