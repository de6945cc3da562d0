// A room as the client knows it.

import { DeliveredSeqs } from "./delivered-seqs.js";
import { Handlers } from "./handlers.js";
import { ANY, DialogueRoom } from "./room.js";

/** What the client knows of a room. It lives until the room is left; its connection may change. */
export class RoomState {
  name;
  epoch = null;
  cursor = 0;
  /** The largest seq that the server gave to a trigger of this client; its `events` frame may still be on its way. */
  ownSeq = 0;
  subscribed = [];
  /** The subscriptions to ask for when joining again; undefined: the room's default. */
  requestedEvents;
  delivered = new DeliveredSeqs();
  /** The connection that the room is joined on; null: not joined at this moment. */
  connection = null;
  /** Live events that wait for the answer to a rejoin; null: none is awaited. */
  held = null;
  /** Settles when the rejoin of this moment has; explicit joins queue up behind it. */
  rejoining = null;
  wasAskedFor = false;
  /** It was left: whoever still holds it can do nothing with it. */
  isForgotten = false;
  /** Triggers that wait until the room is joined (again). */
  waiting = [];
  /** Names whose events can have no key, as the server has said. */
  withoutHistory = new Set();

  constructor(calls, id, report) {
    this.id = id;
    this.name = id;
    this.handlers = new Handlers(report);
    this.room = new DialogueRoom(calls, this);
  }

  setSubscribed(names) {
    this.subscribed = names;
    this.delivered.interruptAllBut(names);
  }

  startOver({ epoch, seq }) {
    this.epoch = epoch;
    this.cursor = seq;
    this.ownSeq = 0;
    this.delivered.clear();
  }

  failWaiting(error) {
    for (const trigger of this.waiting.splice(0)) trigger.fail(error);
  }

  emit(event) {
    const kinds = [event.event, ...this.handlers.patternsOf(event.event), ANY];
    return kinds.reduce((called, kind) => called + this.handlers.call(kind, event), 0);
  }
}
