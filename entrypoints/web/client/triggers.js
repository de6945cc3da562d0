// Publishing: each event goes over one connection after the other until it is answered or its time is over.
//
// A trigger carries a key, and is sent again only to the same room, in the same life of it, as the same user: anywhere else
// the server would take the key for a new one.

import { DialogueError, disconnected, refusesKey } from "./errors.js";
import { randomKey, serialise } from "./frames.js";
import { Trigger } from "./trigger.js";

/** So many triggers of a room may wait for it to be joined again; what comes beyond is refused. */
const MAX_WAITING = 1_000;

export class Triggers {
  #link;
  #nextId;
  #requestTimeoutMs;

  constructor({ link, nextId, requestTimeoutMs }) {
    this.#link = link;
    this.#nextId = nextId;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** A promise of the server's answer; `type` is `trigger` or `triggerBatch`. */
  publish(state, type, fields, givenKey) {
    return new Promise((resolve, reject) => {
      if (state.isForgotten) throw new DialogueError("NOT_JOINED", `The room "${state.id}" was left`);
      const isOwnKey = givenKey === undefined;
      const key = isOwnKey && !state.withoutHistory.has(fields.event) ? randomKey() : (givenKey ?? null);
      this.#refuseToWait(state, key);
      const trigger = new Trigger({
        id: this.#nextId(),
        state,
        type,
        name: fields.event,
        // As text, so that it is the same when it is sent again, whatever the application does to its objects meanwhile.
        body: serialise({ roomId: state.id, ...fields }),
        key,
        isOwnKey,
        userId: this.#link.identity.userId,
        resolve,
        reject,
      });
      trigger.timer = setTimeout(() => this.#expire(trigger), this.#requestTimeoutMs);
      state.waiting.push(trigger);
      this.sendWaiting(state);
    });
  }

  /** In the order in which the application called `trigger`: ids rise. */
  sendWaiting(state) {
    if (!state.connection || state.waiting.length === 0) return;
    const inOrder = state.waiting.splice(0).sort((a, b) => a.id - b.id);
    for (const trigger of inOrder) this.#send(state.connection, trigger);
  }

  #refuseToWait(state, key) {
    if (state.connection) return;
    if (this.#link.state === "closed" || (key === null && !this.#link.connection?.isReady)) {
      throw new DialogueError("DISCONNECTED", "There is no connection at this moment", { wasSent: false });
    }
    if (state.waiting.length < MAX_WAITING) return;
    const text = `${MAX_WAITING} events wait for the room "${state.id}" to be joined again: this one was not sent`;
    throw new DialogueError("QUEUE_FULL", text, { wasSent: false });
  }

  #send(connection, trigger) {
    const { state } = trigger;
    if (trigger.userId !== this.#link.identity.userId) {
      trigger.fail(disconnected("The connection was lost, and the next one is another user's"));
      return;
    }
    if (trigger.wasSent && trigger.epoch !== state.epoch) {
      trigger.fail(disconnected("The connection was lost, and the history of the room was started anew"));
      return;
    }
    const refusal = connection.refusal(trigger.frame);
    if (refusal) {
      trigger.fail(refusal);
      return;
    }
    trigger.epoch = state.epoch;
    trigger.wasSent = true;
    connection.transmit(trigger.id, trigger.frame, {
      resolve: (answer) => {
        clearTimeout(trigger.timer);
        const seq = answer.seq ?? answer.seqs?.at(-1);
        if (seq !== undefined) state.ownSeq = Math.max(state.ownSeq, seq);
        trigger.resolve(answer);
      },
      reject: (error) => this.#refused(connection, trigger, error),
      lose: (error) => this.#lost(trigger, error),
    });
  }

  #refused(connection, trigger, error) {
    if (trigger.isOwnKey && trigger.key !== null && refusesKey(error)) {
      trigger.state.withoutHistory.add(trigger.name);
      trigger.key = null;
      this.#send(connection, trigger);
      return;
    }
    clearTimeout(trigger.timer);
    trigger.reject(error);
  }

  #lost(trigger, error) {
    const { state } = trigger;
    const mayGoAgain = trigger.key !== null && this.#link.state !== "closed" && !state.isForgotten;
    if (mayGoAgain) state.waiting.push(trigger);
    else trigger.fail(error);
  }

  #expire(trigger) {
    const { state } = trigger;
    state.waiting = state.waiting.filter((other) => other !== trigger);
    this.#link.connection?.forget(trigger.id);
    const within = `within ${this.#requestTimeoutMs} ms`;
    const text = trigger.wasSent ? `No answer to "${trigger.type}" ${within}` : `The event was not sent: no connection ${within}`;
    trigger.fail(new DialogueError("TIMEOUT", text));
  }
}
