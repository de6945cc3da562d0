// The frames that came and were not handled yet, in order.

import { inNextTask } from "./timing.js";

/**
 * Between the answer to an application's join and the code that awaited it no frame is handled: that code registers the
 * handlers. A browser gives each frame a task of its own; other implementations may give several in one.
 */
export class Inbox {
  #frames = [];
  #isHeld = false;
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  put(frame) {
    this.#frames.push(frame);
    this.#drain();
  }

  hold() {
    this.#isHeld = true;
  }

  release() {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#frames.length > 0) inNextTask(() => this.#drain());
  }

  /** Nothing more will come: what is there is handled, held back or not. */
  drainAll() {
    while (this.#frames.length > 0) this.#handle(this.#frames.shift());
  }

  clear() {
    this.#frames.length = 0;
  }

  #drain() {
    while (this.#frames.length > 0 && !this.#isHeld) this.#handle(this.#frames.shift());
  }
}
