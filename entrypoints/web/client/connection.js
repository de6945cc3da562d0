// One connection, from its opening to its end: requests, their answers, and what the server says unasked.

import { DialogueError, errorFrom, tooLarge } from "./errors.js";
import { serialise, sizeOf } from "./frames.js";
import { Inbox } from "./inbox.js";

const SUBPROTOCOL = "dialogue.v1";
const NORMAL_CLOSURE = 1000;

export class Connection {
  auth = {};
  isReady = false;
  isOver = false;
  openedAt = 0;
  lastHeardAt = 0;
  /** In bytes, as the server said; undefined: it did not. */
  maxFrame;
  #owner;
  #requestTimeoutMs;
  #socket = null;
  #pending = new Map();
  #timers = new Set();
  #inbox = new Inbox((data) => this.#handle(data));

  /** `owner` has `nextId()`, `pushed(connection, message)` and `report(error)`. */
  constructor(owner, requestTimeoutMs) {
    this.#owner = owner;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** Throws what `WebSocket` throws for an address that can never work. */
  open(WebSocket, url, { onOpen, onClose }) {
    const socket = new WebSocket(url, [SUBPROTOCOL]);
    this.#socket = socket;
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => {
      this.#inbox.drainAll();
      onClose(code, reason);
    };
    socket.onerror = () => {}; // A close event follows, with all that can be known.
  }

  /** `onAnswer` runs while the answer's frame is handled, so before any frame that came after it. */
  send(type, fields, onAnswer) {
    const id = this.#owner.nextId();
    return new Promise((resolve, reject) => {
      const frame = serialise({ type, id, ...fields });
      const timer = setTimeout(() => {
        this.forget(id);
        reject(new DialogueError("TIMEOUT", `No answer to "${type}" within ${this.#requestTimeoutMs} ms`));
      }, this.#requestTimeoutMs);
      this.transmit(id, frame, { resolve, reject, lose: reject, timer, onAnswer });
    });
  }

  /** `resolve` or `reject` gets the answer; `lose` the error of a connection that was lost before it. */
  transmit(id, frame, pending) {
    const refusal = this.refusal(frame);
    if (refusal) {
      clearTimeout(pending.timer);
      pending.reject(refusal);
      return;
    }
    this.#pending.set(id, { ...pending, frame });
    try {
      this.#socket.send(frame);
    } catch (error) {
      clearTimeout(pending.timer);
      this.forget(id);
      pending.lose(new DialogueError("DISCONNECTED", error.message, undefined, { cause: error }));
    }
  }

  /** Why this frame is not sent: one that is larger than the server takes would end the connection. */
  refusal(frame) {
    if (this.maxFrame === undefined || frame.length * 3 <= this.maxFrame) return null;
    const size = sizeOf(frame);
    return size > this.maxFrame ? tooLarge(size, this.maxFrame) : null;
  }

  /**
   * The server closed the connection because of a frame that is too large. It says not which: of those that it has not answered
   * the largest is the one.
   */
  refuseLargest() {
    let [guilty, size] = [null, 0];
    for (const [id, { frame }] of this.#pending) if (sizeOf(frame) > size) [guilty, size] = [id, sizeOf(frame)];
    if (guilty === null) return;
    const pending = this.#pending.get(guilty);
    this.forget(guilty);
    clearTimeout(pending.timer);
    pending.reject(tooLarge(size, this.maxFrame));
  }

  /** Nobody waits for the answer to this request any more. */
  forget(id) {
    this.#pending.delete(id);
  }

  /** Runs `callback` after that time, if the connection has not ended by then. */
  after(ms, callback) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
  }

  clearTimers() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** See `Inbox`. */
  hold() {
    this.#inbox.hold();
  }

  release() {
    this.#inbox.release();
  }

  /** Ends it, and loses what was not answered. */
  end(error) {
    this.isOver = true;
    this.clearTimers();
    const unanswered = [...this.#pending.values()];
    this.#pending.clear();
    for (const { lose, timer } of unanswered) {
      clearTimeout(timer);
      lose(error);
    }
    this.#inbox.clear();
    this.#close();
  }

  #close() {
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(NORMAL_CLOSURE);
    } catch {
      // Some implementations throw where there is nothing to close any more.
    }
  }

  #receive(data) {
    if (this.isOver) return;
    this.lastHeardAt = performance.now();
    this.#inbox.put(data);
  }

  #handle(data) {
    const message = this.#decode(data);
    if (message && !this.#answer(message)) this.#owner.pushed(this, message);
  }

  #decode(data) {
    try {
      const message = JSON.parse(data);
      if (message && typeof message.type === "string") return message;
    } catch {
      // Reported below, with everything else that is no message.
    }
    this.#owner.report(new DialogueError("INVALID_FRAME", "The server sent a frame that could not be read"));
    return null;
  }

  #answer(message) {
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (!pending) return false;
    this.forget(message.id);
    clearTimeout(pending.timer);
    if (message.type === "error") {
      pending.reject(errorFrom(message));
    } else {
      pending.onAnswer?.(message);
      pending.resolve(message);
    }
    return true;
  }
}
