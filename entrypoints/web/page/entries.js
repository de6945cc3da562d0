// The messages that are in the document: a contiguous run of the room's, and whether it goes on beyond its two ends.

import { decorate, renderEntry } from "./entry.js";

const MAX_REMOVED = 1_000;

export class Entries {
  list = Object.assign(document.createElement("div"), { className: "entries" });
  hasOlder = false;
  hasNewer = false;
  #ownUserId;
  #markers;
  #all = [];
  /** The seqs that were removed lately: a page that was cut before may still bring their text. */
  #removed = new Set();

  constructor({ ownUserId, markers }) {
    this.#ownUserId = ownUserId;
    this.#markers = markers;
  }

  get length() {
    return this.#all.length;
  }

  /** Undefined where there is none. */
  get firstSeq() {
    return this.#all.find(({ event }) => event.seq !== undefined)?.event.seq;
  }

  get lastSeq() {
    return this.#all.findLast(({ event }) => event.seq !== undefined)?.event.seq;
  }

  /** Puts messages, oldest first, to the end or, where `atStart`, before the first. */
  add(events, { atStart = false } = {}) {
    const current = events.map((event) => this.withoutRemoved(event));
    const added = current.map((event) => ({ event, node: renderEntry(event, this.#ownUserId) }));
    const nodes = added.map(({ node }) => node);
    const first = atStart ? 0 : this.#all.length;
    if (atStart) this.#all.unshift(...added);
    else this.#all.push(...added);
    if (atStart) this.list.prepend(...nodes);
    else this.list.append(...nodes);
    this.#decorate(first, events.length);
  }

  clear() {
    this.#all = [];
    this.list.replaceChildren();
  }

  /** Leaves the newest `count`. */
  cutTop(count) {
    if (this.#all.length <= count) return;
    for (const { node } of this.#all.splice(0, this.#all.length - count)) node.remove();
    this.hasOlder = true;
    this.decorateAll();
  }

  /** Leaves the oldest `count`. */
  cutBottom(count) {
    if (this.#all.length <= count) return;
    for (const { node } of this.#all.splice(count)) node.remove();
    this.hasNewer = true;
  }

  decorateAll() {
    this.#decorate(0, this.#all.length);
  }

  /** The message lost its text: it does here, and does not bring it back with a page. */
  remove(seq) {
    this.#removed.add(seq);
    if (this.#removed.size > MAX_REMOVED) this.#removed.delete(this.#removed.values().next().value);
    const index = this.#all.findIndex(({ event }) => event.seq === seq);
    const entry = this.#all[index];
    if (!entry || entry.event.redacted) return;
    entry.event = this.withoutRemoved(entry.event);
    const fresh = renderEntry(entry.event, this.#ownUserId);
    entry.node.replaceWith(fresh);
    entry.node = fresh;
    this.#decorate(index, 1);
  }

  withoutRemoved(event) {
    return this.#removed.has(event.seq) && !event.redacted ? { ...event, data: null, redacted: true } : event;
  }

  /** The room began another life: seqs that were removed are no more. */
  forgetRemoved() {
    this.#removed.clear();
  }

  /** The first for which `isBelow(entry)` holds, as it does for all behind it; else the last. Null where there is none. */
  firstThat(isBelow) {
    let low = 0;
    let high = this.#all.length - 1;
    if (high < 0) return null;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBelow(this.#all[middle])) high = middle;
      else low = middle + 1;
    }
    return this.#all[low];
  }

  /** Day lines, markers and grouping depend on the entry before, so the one behind is looked at too. */
  #decorate(index, count) {
    for (let i = index; i < Math.min(this.#all.length, index + count + 1); i += 1) {
      const before = this.#all[i - 1]?.event;
      const { node, event } = this.#all[i];
      const above = event.seq === undefined ? [] : this.#markers.between(before && (before.seq ?? 0), event.seq, this.hasOlder);
      decorate(node, event, before, above);
    }
  }
}
