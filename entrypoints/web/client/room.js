// A room as the application holds it.

import { isPatternOf } from "./handlers.js";

export const ANY = Symbol("any event");
export const MEMBER_JOINED = Symbol("a user came into the room");
export const MEMBER_LEFT = Symbol("a user has left the room");
const REDACTED = "dialogue.redacted";

/** A page as the application gets it, out of the server's answer. */
export function pageFrom({ events, hasMore, hasMoreAfter, epoch }) {
  return { events, hasMore, ...(hasMoreAfter !== undefined && { hasMoreAfter }), epoch };
}

export class DialogueRoom {
  #calls;
  #state;

  /** `calls` has `trigger`, `redact`, `request` and `leave`, each of which takes the state first. */
  constructor(calls, state) {
    this.#calls = calls;
    this.#state = state;
  }

  get id() {
    return this.#state.id;
  }

  get name() {
    return this.#state.name;
  }

  get position() {
    return { epoch: this.#state.epoch, seq: this.#state.cursor };
  }

  get events() {
    return [...this.#state.subscribed];
  }

  get isJoined() {
    return this.#state.connection !== null;
  }

  on(event, handler) {
    return this.#state.handlers.add(event, handler);
  }

  onAny(handler) {
    return this.#state.handlers.add(ANY, handler);
  }

  onRedacted(handler) {
    if (typeof handler !== "function") throw new TypeError("The handler of a redaction must be a function");
    // A redaction whose own data was taken away names no event any more.
    return this.on(REDACTED, (event) => (Number.isInteger(event.data?.seq) ? handler(event.data.seq, event) : undefined));
  }

  /** `handler(userId)`, when a user's first session came into the room; a room with presence tells it. */
  onMemberJoined(handler) {
    return this.#state.handlers.add(MEMBER_JOINED, handler);
  }

  /** `handler(userId)`, when a user's last session has left the room. */
  onMemberLeft(handler) {
    return this.#state.handlers.add(MEMBER_LEFT, handler);
  }

  async listMembers() {
    return (await this.#request("listMembers", {})).members;
  }

  off(event, handler) {
    this.#state.handlers.remove(event, handler);
  }

  async trigger(event, data, { meta, key } = {}) {
    const answer = await this.#calls.trigger(this.#state, { event, data, meta }, key);
    const { roomId, timestamp, seq, duplicate } = answer;
    return {
      roomId,
      event: answer.event,
      timestamp,
      ...(seq !== undefined && { seq }),
      ...(duplicate === true && { duplicate }),
    };
  }

  /** `events` are `{event, data, meta}` each: all are kept, one behind the other, or none. */
  async triggerMany(events, { key } = {}) {
    const answer = await this.#calls.triggerMany(this.#state, { events }, key);
    const { roomId, timestamp, seqs, duplicate } = answer;
    return { roomId, timestamp, seqs, ...(duplicate === true && { duplicate }) };
  }

  async redact(seq) {
    await this.#calls.redact(this.#state, seq);
  }

  async markRead(seq = this.#state.cursor) {
    const answer = await this.#request("markRead", { seq });
    return { seq: answer.seq, unread: answer.unread };
  }

  async getPage(query = {}) {
    return pageFrom(await this.#request("getHistory", query));
  }

  async getHistory(event, start, end) {
    const anchor = this.#anchor(event, start);
    try {
      return (await this.getPage({ event, start, end, anchor })).events;
    } catch (error) {
      if (anchor === undefined || error.code !== "POSITION_UNKNOWN") throw error;
      return (await this.getPage({ event, start, end })).events;
    }
  }

  /**
   * Offsets are counted from what this client has seen, so that an event on its way does not shift the pages: whoever
   * counts their events and asks for the next twenty gets exactly these. Only a subscribed name has been seen to the end.
   */
  #anchor(event, start) {
    const { subscribed, cursor, ownSeq } = this.#state;
    const seen = Math.max(cursor, ownSeq);
    if (start === 0 || seen === 0) return undefined;
    return subscribed.some((name) => name === event || isPatternOf(name, event)) ? seen : undefined;
  }

  async subscribe(events) {
    return this.#subscription("subscribe", events);
  }

  async unsubscribe(events) {
    return this.#subscription("unsubscribe", events);
  }

  async leave() {
    await this.#calls.leave(this.#state);
  }

  async #subscription(type, events) {
    const names = typeof events === "string" ? [events] : [...events];
    const answer = await this.#request(type, { events: names }, ({ events: subscribed }) => {
      this.#state.setSubscribed(subscribed);
      this.#state.requestedEvents = subscribed;
    });
    return answer.events;
  }

  #request(type, fields, onAnswer) {
    return this.#calls.request(this.#state, type, fields, onAnswer);
  }
}
