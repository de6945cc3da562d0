// What is unread in rooms in which one never was. There the server keeps no mark, and nothing comes live: the page looks in.

const LIMIT = 100;
/** At most so many rooms are looked into each time that the rooms are listed. */
const ROOMS_AT_ONCE = 20;

export class Unvisited {
  #client;
  #me;
  #onCount;
  /** By room: how many of others' there are up to which seq, and whether there are more. */
  #counted = new Map();
  #isLooking = false;

  /** `onCount(roomId, count)` is told what was found. */
  constructor({ client, me, onCount }) {
    this.#client = client;
    this.#me = me;
    this.#onCount = onCount;
  }

  /** One room after the other, those that were looked into longest ago first. */
  async look(roomIds) {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const order = (roomId) => this.#counted.get(roomId)?.lookedAt ?? 0;
    const wanted = [...roomIds].sort((one, other) => order(one) - order(other)).slice(0, ROOMS_AT_ONCE);
    for (const roomId of wanted) await this.#count(roomId);
    this.#isLooking = false;
  }

  async #count(roomId) {
    const known = this.#counted.get(roomId) ?? { count: 0, upTo: 0, isOver: false };
    this.#counted.set(roomId, known);
    known.lookedAt = performance.now();
    if (known.isOver || known.count >= LIMIT) return;
    try {
      const { events } = await this.#client.getPage(roomId, { after: known.upTo, limit: LIMIT });
      known.upTo = events[0]?.seq ?? known.upTo;
      known.count += events.filter((event) => this.#isOfOthers(event)).length;
      this.#onCount(roomId, known.count);
    } catch (error) {
      const floor = error.details?.floor;
      if (error.code === "POSITION_UNKNOWN" && floor > known.upTo) known.upTo = floor; // retention: from there next time
      else known.isOver = error.code !== "DISCONNECTED" && error.code !== "TIMEOUT"; // nothing for this reader
    }
  }

  #isOfOthers({ event, from, redacted }) {
    return from !== this.#me.userId && !redacted && !event.startsWith("dialogue.");
  }
}
