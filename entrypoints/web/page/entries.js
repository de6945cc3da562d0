// The events that are in the document: a contiguous run of the room's, and whether it goes on beyond its two ends.

import { decorate, renderEntry } from "./entry.js";
import { isDrawn } from "./event-body.js";

const MAX_REMOVED = 1_000;

/** Events without history come many a second (a pointer that moves): those of one sender in a row are one entry. */
const repeats = (one, next) =>
  one.seq === undefined && next.seq === undefined && one.event === next.event && one.from === next.from;

function withoutRepeats(events) {
  const left = [];
  for (const event of events) {
    const last = left.at(-1);
    if (last && repeats(last, event)) left[left.length - 1] = { ...event, times: (last.times ?? 1) + 1 };
    else left.push(event);
  }
  return left;
}

export class Entries {
  list = Object.assign(document.createElement("div"), { className: "entries" });
  hasOlder = false;
  hasNewer = false;
  /** Where the run begins and ends in the room, events that are not drawn included. Undefined where there is none. */
  firstSeq;
  lastSeq;
  /** What the reader had seen before coming here: above the first event of others behind it stands "New". */
  seenUpTo = null;
  #me;
  #markers;
  #all = [];
  /** The seqs that were removed lately: a page that was cut before may still bring their text. */
  #removed = new Set();

  constructor({ me, markers }) {
    this.#me = me;
    this.#markers = markers;
  }

  get length() {
    return this.#all.length;
  }

  /** Puts events, oldest first, to the end or, where `atStart`, before the first. */
  add(events, { atStart = false } = {}) {
    this.#widen(events);
    const drawn = withoutRepeats(events.filter(isDrawn).map((event) => this.withoutRemoved(event)));
    if (!atStart) this.#goOnRepeating(drawn);
    const added = drawn.map((event) => ({ event, node: renderEntry(event, this.#me.userId) }));
    const nodes = added.map(({ node }) => node);
    const first = atStart ? 0 : this.#all.length;
    if (atStart) this.#all.unshift(...added);
    else this.#all.push(...added);
    if (atStart) this.list.prepend(...nodes);
    else this.list.append(...nodes);
    this.#decorate(first, added.length);
  }

  clear() {
    this.#all = [];
    this.firstSeq = this.lastSeq = undefined;
    this.list.replaceChildren();
  }

  /** Leaves the newest `count`. */
  cutTop(count) {
    if (this.#all.length <= count) return;
    for (const { node } of this.#all.splice(0, this.#all.length - count)) node.remove();
    this.firstSeq = this.#all.find(({ event }) => event.seq !== undefined)?.event.seq ?? this.lastSeq;
    this.hasOlder = true;
    this.decorateAll();
  }

  /** Leaves the oldest `count`. */
  cutBottom(count) {
    if (this.#all.length <= count) return;
    for (const { node } of this.#all.splice(count)) node.remove();
    this.lastSeq = this.#all.findLast(({ event }) => event.seq !== undefined)?.event.seq ?? this.firstSeq;
    this.hasNewer = true;
  }

  decorateAll() {
    this.#decorate(0, this.#all.length);
  }

  /** The event lost its payload: it does here, and does not bring it back with a page. */
  remove(seq) {
    this.#removed.add(seq);
    if (this.#removed.size > MAX_REMOVED) this.#removed.delete(this.#removed.values().next().value);
    const index = this.#all.findIndex(({ event }) => event.seq === seq);
    const entry = this.#all[index];
    if (!entry || entry.event.redacted) return;
    this.#draw(entry, this.withoutRemoved(entry.event));
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

  /** The event at that seq, or the next one that is drawn. */
  at(seq) {
    return this.#all.find(({ event }) => event.seq >= seq) ?? this.#all.at(-1) ?? null;
  }

  #widen(events) {
    for (const { seq } of events) {
      if (seq === undefined) continue;
      this.firstSeq = Math.min(this.firstSeq ?? seq, seq);
      this.lastSeq = Math.max(this.lastSeq ?? seq, seq);
    }
  }

  /** Takes away the first of `drawn` where it only goes on with what stands last. */
  #goOnRepeating(drawn) {
    const last = this.#all.at(-1);
    if (!last || drawn.length === 0 || !repeats(last.event, drawn[0])) return;
    const event = drawn.shift();
    this.#draw(last, { ...event, times: (last.event.times ?? 1) + (event.times ?? 1) });
    this.#decorate(this.#all.length - 1, 1);
  }

  #draw(entry, event) {
    entry.event = event;
    const fresh = renderEntry(event, this.#me.userId);
    entry.node.replaceWith(fresh);
    entry.node = fresh;
  }

  /** Day lines, markers and grouping depend on the entry before, so the one behind is looked at too. */
  #decorate(index, count) {
    for (let i = index; i < Math.min(this.#all.length, index + count + 1); i += 1) {
      const before = this.#all[i - 1]?.event;
      const { node, event } = this.#all[i];
      const markers =
        event.seq === undefined ? [] : this.#markers.between(before && (before.seq ?? 0), event.seq, this.hasOlder);
      decorate(node, event, before, { markers, startsNew: this.#startsNew(i) });
    }
  }

  #startsNew(index) {
    const { seenUpTo } = this;
    const isNew = ({ event }) => event.seq > seenUpTo && event.from !== this.#me.userId;
    if (seenUpTo === null || !isNew(this.#all[index])) return false;
    for (let i = index - 1; i >= 0; i -= 1) {
      const { seq } = this.#all[i].event;
      if (seq !== undefined && seq <= seenUpTo) return true;
      if (isNew(this.#all[i])) return false;
    }
    return !this.hasOlder || this.firstSeq <= seenUpTo + 1;
  }
}
