// Joining a room because the application asks for it, and coming back into it by oneself.

import { wait } from "./timing.js";

/** Errors of a rejoin that may pass: the room is asked for again, a few times. */
const PASSING_ERRORS = new Set(["RATE_LIMITED", "UNAVAILABLE", "TIMEOUT", "ROOM_FULL"]);
const REJOIN_ATTEMPTS = 8;

export class Joining {
  #link;
  #rooms;
  #handlers;
  #cameBack;
  #report;
  /** The joins that are on their way: asked for again, they are the same. */
  #joins = new Map();

  /** `cameBack(state)` is called when a room is joined again. */
  constructor({ link, rooms, handlers, cameBack, report }) {
    this.#link = link;
    this.#rooms = rooms;
    this.#handlers = handlers;
    this.#cameBack = cameBack;
    this.#report = report;
  }

  join(roomId, events) {
    const key = JSON.stringify([roomId, events]);
    const running = this.#joins.get(key);
    if (running) return running;
    const joining = this.#join(roomId, events).finally(() => this.#joins.delete(key));
    this.#joins.set(key, joining);
    const release = () => this.#link.connection?.release();
    joining.then(release, release);
    return joining;
  }

  /** The server says `joined`, and nothing waits for it. */
  unasked(connection, message) {
    const state = this.#rooms.get(message.roomId) ?? this.#rooms.register(message.roomId);
    // On its way back the client wants all since its cursor: the answer to its own join will tell.
    if (state.held) return;
    // An answer that its request did not wait for is a snapshot all the same, with events that come in no other way.
    if (message.id !== undefined) this.#rooms.snapshot(connection, message, state.requestedEvents);
    else if (state.connection === null) this.#rooms.putByServer(state, connection, message);
    else if (state.epoch !== message.position.epoch) this.rejoin(state, connection);
    else state.setSubscribed(message.events ?? []); // in it already: events up to the new position may still be on their way
  }

  async rejoin(state, connection) {
    state.held = [];
    let settle;
    state.rejoining = new Promise((resolve) => (settle = resolve));
    try {
      await this.#rejoin(state, connection);
    } finally {
      if (!connection.isOver) state.rejoining = null;
      settle();
    }
  }

  async #join(roomId, events) {
    for (;;) {
      await this.#link.untilConnected();
      // The connection may change while the rejoin is awaited; the loop starts over then.
      const rejoining = this.#rooms.get(roomId)?.rejoining;
      if (rejoining) {
        await rejoining;
        continue;
      }
      const { connection } = this.#link;
      try {
        let state;
        await connection.send("join", { roomId, events }, (answer) => {
          state = this.#rooms.snapshot(connection, answer, events);
          connection.hold();
        });
        return state.room;
      } catch (error) {
        const connectionBroke = error.code === "DISCONNECTED" && connection.isOver;
        if (!connectionBroke || this.#link.state === "closed") throw error;
      }
    }
  }

  async #rejoin(state, connection) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const since = { epoch: state.epoch, seq: state.cursor };
        const fields = { roomId: state.id, since, events: state.requestedEvents };
        await connection.send("join", fields, (answer) => this.#answered(state, connection, answer));
        return;
      } catch (error) {
        if (connection.isOver || state.isForgotten) return;
        if (!PASSING_ERRORS.has(error.code) || attempt === REJOIN_ATTEMPTS) {
          this.#rooms.left(state.id, error.code);
          this.#report(error);
          return;
        }
        await wait(error.details?.retryAfterMs ?? Math.min(250 * 2 ** attempt, 10_000));
        if (connection.isOver || state.isForgotten) return;
      }
    }
  }

  #answered(state, connection, { roomName, events: subscribed, position, recovered, history, hasMore }) {
    if (state.isForgotten) return;
    const held = state.held ?? [];
    const missed = history.filter(({ seq }) => seq === undefined || seq > state.cursor).reverse();
    state.held = null;
    state.connection = connection;
    state.name = roomName ?? state.name;
    const continues = recovered === true && position.epoch === state.epoch;
    const info = { position, hasMore: hasMore ?? false, recovered: continues };
    if (continues) {
      state.setSubscribed(subscribed ?? []);
      this.#handlers.call("recovered", state.id, true, { ...info, count: missed.length });
      for (const event of missed) this.#rooms.deliver(state, event);
      state.cursor = Math.max(state.cursor, position.seq);
    } else {
      state.startOver(position);
      state.setSubscribed(subscribed ?? []);
      this.#handlers.call("recovered", state.id, false, { ...info, count: 0 });
      state.delivered.addHistory(history, position.seq);
      this.#handlers.call("history", state.id, history, info);
    }
    for (const event of held) this.#rooms.deliver(state, event);
    this.#cameBack(state);
  }
}
