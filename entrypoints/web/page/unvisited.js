// What is unread in rooms in which one never was. There the server keeps no mark, and nothing comes live: the page looks in.

const LIMIT = 100;
/** At most so many rooms are looked into each time that the rooms are listed. */
const ROOMS_AT_ONCE = 20;
/** What says that there is nothing for this reader; after anything else the page looks in again. */
const CLOSED = new Set(["FORBIDDEN", "JOIN_DENIED", "NOT_JOINED", "EVENT_NOT_ALLOWED", "INVALID_REQUEST"]);

export class Unvisited {
  #client;
  #me;
  #onCount;
  /** By room: how many of others' there are up to which seq of which epoch, and whether there are more. */
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
    const known = this.#counted.get(roomId) ?? { count: 0, upTo: 0, epoch: undefined, isOver: false };
    this.#counted.set(roomId, known);
    known.lookedAt = performance.now();
    if (known.isOver || known.count >= LIMIT) return;
    try {
      const { events, epoch } = await this.#client.getPage(roomId, { after: known.upTo, limit: LIMIT, epoch: known.epoch });
      known.epoch = epoch;
      known.upTo = events[0]?.seq ?? known.upTo;
      known.count += events.filter((event) => this.#isOfOthers(event)).length;
      this.#onCount(roomId, known.count);
    } catch (error) {
      if (error.code === "POSITION_UNKNOWN") this.#beginAnew(roomId, known, error.details);
      else known.isOver = CLOSED.has(error.code);
    }
  }

  /** Retention has gone past what was counted, or it is another life of the room: on from its floor, at the next look. */
  #beginAnew(roomId, known, { epoch, floor }) {
    if (known.epoch !== undefined && epoch !== known.epoch) {
      known.count = 0;
      this.#onCount(roomId, 0);
    }
    Object.assign(known, { epoch, upTo: floor });
  }

  #isOfOthers({ event, from, redacted }) {
    return from !== this.#me.userId && !redacted && !event.startsWith("dialogue.");
  }
}
