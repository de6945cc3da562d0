// Where the connection was lost: a line between two messages that says when, and what became of those that were missed.

import { isDrawn } from "./event-body.js";
import { formatTime, plural } from "./format.js";

const MAX_MARKERS = 50;

/** What came with a recovery, in words. */
export function summarise({ messages, removals }) {
  const parts = [];
  if (messages > 0) parts.push(`${plural(messages, "message", "messages")} recovered`);
  if (removals > 0) parts.push(messages > 0 ? `${removals} removed` : `${plural(removals, "message was", "messages were")} removed`);
  return parts.join(", ") || "nothing was missed";
}

/** What came while nothing was heard, as far as a fresh start tells it: in words, and behind which seq it was lost. */
export function describeGap(run, { before, upTo, hasMore }) {
  const { seq: first = upTo + 1 } = run.find(({ seq }) => seq !== undefined) ?? {};
  if (hasMore && first > before + 1) {
    return [`up to ${plural(upTo - before, "message", "messages")} came meanwhile`, Math.max(before, first - 1)];
  }
  const messages = run.filter((event) => event.seq > before && isDrawn(event)).length;
  return [summarise({ messages, removals: 0 }), before];
}

export class Markers {
  #all = [];
  #pending = null;

  get isPending() {
    return this.#pending !== null;
  }

  lost(atMs, afterSeq) {
    this.#pending = { afterSeq, text: `Connection lost at ${formatTime(atMs)}`, note: "reconnecting…" };
    this.#all.push(this.#pending);
    if (this.#all.length > MAX_MARKERS) this.#all.shift();
  }

  /** Says how it ended; `afterSeq` moves it, where what was before is not shown any more. Whether there was one. */
  settle(note, afterSeq = this.#pending?.afterSeq) {
    const marker = this.#pending;
    this.#pending = null;
    if (marker) Object.assign(marker, { note, afterSeq });
    return marker !== null;
  }

  /** The history was started anew: older lines belong to events that are gone. */
  forgetOlder() {
    this.#all = this.#pending ? [this.#pending] : [];
  }

  /** Those above the event `seq`, whose neighbour above has the seq `before`: undefined where there is none. */
  between(before, seq, hasOlder) {
    return this.#all.filter(({ afterSeq }) => {
      if (afterSeq >= seq) return false;
      return before === undefined ? afterSeq === seq - 1 || !hasOlder : afterSeq >= before;
    });
  }

  /** Those behind the newest event: nothing has been said since. */
  behind(newestSeq) {
    return this.#all.filter(({ afterSeq }) => afterSeq >= newestSeq);
  }
}
