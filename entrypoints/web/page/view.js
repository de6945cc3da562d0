// One room that was opened: what it says goes to its timeline, and on while one is elsewhere.

import { ANY_FORM, definitionOf, formOf } from "./message-form.js";
import { Timeline } from "./timeline.js";
import { Typing, TYPING } from "./typing.js";

const MESSAGE = "message";

export class View {
  /** The client's room; null until it is joined. */
  room = null;
  /** Settles when the room was joined, or could not be. */
  joined;
  /** Why it cannot be entered, or not any more: an element that says so. */
  notice = null;
  #client;
  #me;
  #marks;
  #events;
  /** Whether it is known how much of the room the reader has seen: until then nothing counts as read. */
  #isPlaced = false;
  /** Where the new begins, if one was elsewhere when that became known. */
  #newSince = null;
  /** What the room says of its messages: see `message-form.js`. */
  #form = ANY_FORM;

  /** `events` has `changed(view)`, `joined(view)` and `closed(view, error)`. */
  constructor({ id, me, client, marks, events }) {
    this.id = id;
    this.name = id;
    this.#client = client;
    this.#marks = marks;
    this.#events = events;
    this.typing = new Typing({ me, onChange: () => events.changed(this) });
    this.timeline = new Timeline({
      me,
      fetchPage: async (query) => (await this.#opened()).getPage(query),
      remove: (seq) => this.room.redact(seq),
      onChange: () => marks.look(id),
    });
    this.#me = me;
  }

  /** Whether something can be said here; undefined until that is known. */
  get canSay() {
    return this.room === null ? undefined : this.#takesMessages(this.room) && this.#form.canSay;
  }

  /** How long a message may be, in characters; undefined where nobody knows. */
  get limit() {
    return this.#form.limit;
  }

  get isNewestInView() {
    return this.#isPlaced && this.timeline.isNewestInView;
  }

  /** What is closed is not asked any more. */
  open() {
    this.joined = this.#join();
  }

  rename(name) {
    this.name = name;
    this.timeline.setTitle(name);
  }

  show() {
    this.timeline.show();
    const since = this.#newSince ?? (this.#marks.unread(this.id) > 0 ? this.#marks.readUpTo(this.id) : 0);
    this.#newSince = null;
    if (this.#isPlaced && since > 0) this.timeline.showNewSince(since);
  }

  hide() {
    this.timeline.hide();
  }

  /** Fulfilled when the message is kept. */
  async say(text, name, key) {
    const room = await this.#opened();
    await room.trigger(MESSAGE, this.#form.hasName ? { text, username: name } : { text }, { key });
    this.timeline.forgetNew();
  }

  /** Somebody writes here, in this window. */
  isWriting(name) {
    if (this.room?.isJoined && this.room.events.includes(TYPING)) this.typing.say(this.room, name);
  }

  #takesMessages(room) {
    return definitionOf(room.events) !== undefined;
  }

  async #opened() {
    await this.joined;
    if (this.room) return this.room;
    throw Object.assign(new Error("The room is not open."), { code: "NOT_JOINED" });
  }

  async #join() {
    try {
      const room = await this.#client.join(this.id, { events: ["*"] });
      room.onAny((event) => this.#received(event));
      room.onRedacted((seq, event) => this.timeline.redact(seq, event));
      this.#place(room);
      if (this.#takesMessages(room)) this.#form = await formOf(this.#client, this.id);
      this.room = room;
      this.rename(room.name);
      this.#events.joined(this);
    } catch (error) {
      this.#events.closed(this, error);
    }
  }

  async #place(room) {
    const mark = await this.#marks.ask(room);
    const since = mark?.unread > 0 ? mark.seq : 0;
    if (since > 0 && this.timeline.isShown) await this.timeline.showNewSince(since);
    else if (since > 0) this.#newSince = since;
    this.#isPlaced = true;
    this.#marks.look(this.id);
  }

  #received(event) {
    if (event.event === TYPING && event.seq === undefined) {
      this.typing.heard(event);
      return;
    }
    this.typing.hasSpoken(event);
    this.timeline.receive(event);
    const counts = event.seq !== undefined && !event.event.startsWith("dialogue.");
    if (counts && event.from !== this.#me.userId) this.#marks.received(this.id);
  }
}
