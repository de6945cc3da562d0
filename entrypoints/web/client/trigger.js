// One event, or a batch of them, on its way.

import { DialogueError } from "./errors.js";
import { serialise } from "./frames.js";

/** An event, or a batch, on its way to be kept. It goes over one connection after the other until it is answered or its time is over. */
export class Trigger {
  /** Whether a server may have got it; then nothing but an answer says whether it was kept. */
  wasSent = false;
  /** The life of the room that it was first sent into. */
  epoch = null;
  timer = null;

  constructor(fields) {
    Object.assign(this, fields);
  }

  get frame() {
    const key = this.key === null ? "" : `"key":${serialise(this.key)},`;
    return `{"type":"${this.type}","id":${this.id},${key}${this.body.slice(1)}`;
  }

  /** Ends it without an answer. `details.key` lets the caller try again without the risk of a repeat. */
  fail({ code, message, details: more }) {
    clearTimeout(this.timer);
    const details = { ...more, wasSent: this.wasSent, ...(this.wasSent && this.key !== null && { key: this.key }) };
    this.reject(new DialogueError(code, message, details));
  }
}
