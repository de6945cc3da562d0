// Who is writing at this moment: an event without history, said now and then and forgotten soon.

import { nameIn } from "./event-body.js";

export const TYPING = "typing";
/** While somebody writes it is said so often; whoever was not heard for longer has stopped. */
const SAY_EVERY_MS = 3_000;
const FORGET_AFTER_MS = 7_000;
const MAX_PEOPLE = 100;

export class Typing {
  #me;
  #onChange;
  /** By user: the name, and the timer that forgets it. */
  #people = new Map();
  #saidAt = -Infinity;
  #isAllowed = true;

  constructor({ me, onChange }) {
    this.#me = me;
    this.#onChange = onChange;
  }

  get text() {
    const names = [...this.#people.values()].map(({ name }) => name);
    if (names.length === 0) return "";
    if (names.length > 2) return `${names.length} people are writing…`;
    return names.length === 2 ? `${names[0]} and ${names[1]} are writing…` : `${names[0]} is writing…`;
  }

  heard(event) {
    if (event.from === this.#me.userId) return;
    const isKnown = this.#people.has(event.from);
    if (!isKnown && this.#people.size >= MAX_PEOPLE) return;
    clearTimeout(this.#people.get(event.from)?.timer);
    const timer = setTimeout(() => this.#forget(event.from), FORGET_AFTER_MS);
    this.#people.set(event.from, { name: nameIn(event) ?? event.from, timer });
    this.#onChange();
  }

  /** Whoever has said something has written it. */
  hasSpoken({ from }) {
    if (this.#people.has(from)) this.#forget(from);
    if (from === this.#me.userId) this.#saidAt = -Infinity;
  }

  say(room, username) {
    if (!this.#isAllowed || performance.now() - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = performance.now();
    room.trigger(TYPING, { username }, { key: null }).catch(({ code }) => {
      // An event of that name and of another shape is not for this page to send.
      if (code === "INVALID_EVENT" || code === "FORBIDDEN" || code === "EVENT_NOT_ALLOWED") this.#isAllowed = false;
    });
  }

  #forget(userId) {
    clearTimeout(this.#people.get(userId)?.timer);
    this.#people.delete(userId);
    this.#onChange();
  }
}
