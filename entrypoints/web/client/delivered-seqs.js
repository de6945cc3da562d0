// What handlers have seen of a room.

const MAX_INTERVALS = 64;
/** Events of the server's own: every member receives them, whatever it is subscribed to. */
const RESERVED_PREFIX = "dialogue.";

/**
 * Which seqs handlers have been given, for each event name: a few intervals, so that years of events take no more room
 * than one. An interval says "every event of this name from low to high was handed over".
 */
export class DeliveredSeqs {
  #byName = new Map();

  clear() {
    this.#byName.clear();
  }

  has({ event, seq }) {
    return this.#byName.get(event)?.intervals.some(([low, high]) => low <= seq && seq <= high) ?? false;
  }

  /** The next live event of its name was handed over: no event of that name lies between it and the one before. */
  addLive({ event, seq }) {
    const entry = this.#entry(event);
    const last = entry.intervals.at(-1);
    if (last && entry.unbroken) last[1] = Math.max(last[1], seq);
    else this.#push(entry, [seq, seq]);
  }

  /** A contiguous run of history, newest first, that reaches up to `position`. */
  addHistory(events, position) {
    const low = events.at(-1)?.seq;
    if (low === undefined) return;
    for (const name of new Set(events.map(({ event }) => event))) {
      const entry = this.#entry(name);
      const high = Math.max(position, ...entry.intervals.map((interval) => interval[1]));
      const overlapping = entry.intervals.filter((interval) => interval[1] >= low);
      entry.intervals = entry.intervals.filter((interval) => interval[1] < low);
      this.#push(entry, [Math.min(low, ...overlapping.map((interval) => interval[0])), high]);
    }
  }

  /** Events of this name may now pass by unseen, so what comes later starts a new interval. */
  interrupt(name) {
    const entry = this.#byName.get(name);
    if (entry) entry.unbroken = false;
  }

  interruptAllBut(names) {
    for (const name of this.#byName.keys()) {
      if (!names.includes(name) && !name.startsWith(RESERVED_PREFIX)) this.interrupt(name);
    }
  }

  #entry(name) {
    let entry = this.#byName.get(name);
    if (!entry) this.#byName.set(name, (entry = { intervals: [], unbroken: false }));
    return entry;
  }

  #push(entry, interval) {
    entry.intervals.push(interval);
    entry.unbroken = true;
    if (entry.intervals.length > MAX_INTERVALS) entry.intervals.shift();
  }
}
