// The rooms that the client is in, or on its way back to, and handing over what happens in them.
//
// The events of a room are handed over in the room's order, each once, across reconnects:
//
// 1. The cursor of a room is the largest seq of `joined.position` and of `events` frames; a live event at or below it is dropped.
// 2. Coming back, the room is joined with `since: cursor`, and live events that overtake the answer are held back behind it. A
//    `joined` that the server pushes meanwhile must not move the cursor: the events between would be lost.
// 3. A fresh snapshot of a room that is already joined leaves out what handlers have seen (`DeliveredSeqs`).

import { disconnected } from "./errors.js";
import { RoomState } from "./room-state.js";

const MAX_HELD_EVENTS = 20_000;

export class Rooms {
  #states = new Map();
  #handlers;
  #calls;
  #reportHandler;

  /** `calls` is what a `DialogueRoom` asks for; `reportHandler(error)` is told what a handler of a room throws. */
  constructor({ handlers, calls, reportHandler }) {
    this.#handlers = handlers;
    this.#calls = calls;
    this.#reportHandler = reportHandler;
  }

  get(roomId) {
    return this.#states.get(roomId);
  }

  get all() {
    return [...this.#states.values()];
  }

  register(roomId) {
    const state = new RoomState(this.#calls, roomId, this.#reportHandler);
    this.#states.set(roomId, state);
    return state;
  }

  /** False where more was held back than a client should keep: the connection cannot go on. */
  live({ roomId, events }) {
    const state = this.get(roomId);
    if (!state) return true;
    if (!state.held) {
      for (const event of events) this.deliver(state, event);
      return true;
    }
    state.held.push(...events);
    return state.held.length <= MAX_HELD_EVENTS;
  }

  deliver(state, event) {
    // A handler may have left the room while the rest of a frame was handed over.
    if (state.isForgotten) return;
    if (event.seq === undefined) {
      state.emit(event);
      return;
    }
    if (event.seq <= state.cursor) return;
    state.cursor = event.seq;
    if (state.emit(event) > 0) state.delivered.addLive(event);
    else state.delivered.interrupt(event.event);
  }

  /** The answer to an application's own join: the room as it is now, with its newest events. */
  snapshot(connection, { roomId, roomName, events: subscribed, position, history, hasMore }, requestedEvents) {
    const state = this.get(roomId) ?? this.register(roomId);
    const isNew = state.connection === null;
    state.connection = connection;
    state.name = roomName ?? state.name;
    state.wasAskedFor = true;
    state.requestedEvents = requestedEvents;
    if (state.epoch !== position.epoch) state.startOver(position);
    state.setSubscribed(subscribed ?? []);
    state.cursor = Math.max(state.cursor, position.seq);
    const unseen = history.filter((event) => !state.delivered.has(event));
    state.delivered.addHistory(history, position.seq);
    if (isNew) this.#handlers.call("joined", state.room);
    this.#handlers.call("history", roomId, unseen, { position, hasMore: hasMore ?? false });
    return state;
  }

  /** The server put the client into a room in which it was not. */
  putByServer(state, connection, { roomName, events: subscribed, position }) {
    state.name = roomName ?? state.name;
    state.connection = connection;
    if (state.epoch !== position.epoch) state.startOver(position);
    state.cursor = Math.max(state.cursor, position.seq);
    state.setSubscribed(subscribed ?? []);
    this.#handlers.call("joined", state.room);
  }

  /** The connection is gone. Rooms that nobody asked for and nobody listens to are the server's affair again. */
  suspend(state) {
    state.connection = null;
    state.held = null;
    state.rejoining = null;
    const [mayGoAgain, lost] = [[], []];
    for (const trigger of state.waiting) (trigger.key === null ? lost : mayGoAgain).push(trigger);
    state.waiting = mayGoAgain;
    for (const trigger of lost) trigger.fail(disconnected());
    if (!state.wasAskedFor && state.handlers.isEmpty && state.waiting.length === 0) this.forget(state);
  }

  forget(state, error = disconnected(`The room "${state.id}" was left before the answer came`)) {
    state.isForgotten = true;
    state.connection = null;
    state.held = null;
    if (this.get(state.id) === state) this.#states.delete(state.id);
    state.failWaiting(error);
  }

  left(roomId, reason) {
    const state = this.get(roomId);
    if (!state) return;
    this.forget(state);
    state.handlers.clear();
    this.#handlers.call("left", roomId, reason);
  }

  deleted(roomId) {
    this.left(roomId, "deleted");
    this.#handlers.call("roomDeleted", roomId);
  }
}
