// What is unread in which room, and telling the server what was read.

/** The least time between two marks of one room: a lively room is not one request a message. */
const MARK_EVERY_MS = 2_000;
/** What a server that keeps no read marks answers: it does not know the request. */
const NOT_SUPPORTED = "INVALID_REQUEST";

export class ReadMarks {
  #client;
  #isReading;
  #onChange;
  #counts = new Map();
  /** The seq up to which each room was marked. */
  #marked = new Map();
  /** The rooms whose last mark is younger than MARK_EVERY_MS. */
  #resting = new Set();
  #isSupported = true;

  /** `isReading(roomId)`: whether the newest event of the room is before the reader's eyes. */
  constructor({ client, isReading, onChange }) {
    this.#client = client;
    this.#isReading = isReading;
    this.#onChange = onChange;
    client.onMarked((roomId, { unread }) => this.#put(roomId, unread));
    client.onConnect(() => (this.#isSupported = true)); // perhaps it is a newer server
    client.onLeft((roomId) => this.#marked.delete(roomId));
  }

  unread(roomId) {
    return this.#counts.get(roomId) ?? 0;
  }

  /** A live or recovered event of somebody else. */
  received(roomId) {
    if (this.#isReading(roomId)) this.look(roomId);
    else this.#put(roomId, this.unread(roomId) + 1);
  }

  /** As the server lists them: it counts what this page never saw, and what was read elsewhere. */
  listed(rooms) {
    for (const { id, unread } of rooms) if (unread !== undefined) this.#put(id, unread);
  }

  /** To be called whenever the reader may have come to see the newest event of the room. */
  look(roomId) {
    if (!this.#isReading(roomId)) return;
    this.#put(roomId, 0);
    if (!this.#resting.has(roomId)) this.#mark(roomId);
  }

  /** The page goes out of sight, and perhaps for good: what was read until now is marked without waiting. */
  leaveOff(roomId) {
    if (this.unread(roomId) === 0) this.#mark(roomId);
  }

  async #mark(roomId) {
    const room = this.#client.room(roomId);
    const seq = room?.position.seq ?? 0;
    if (!this.#isSupported || !room?.isJoined || seq <= (this.#marked.get(roomId) ?? 0)) return;
    const before = this.#marked.get(roomId) ?? 0;
    this.#marked.set(roomId, seq);
    this.#rest(roomId);
    try {
      const { unread } = await room.markRead(seq);
      this.#put(roomId, unread);
    } catch (error) {
      this.#isSupported = error.code !== NOT_SUPPORTED;
      if (this.#marked.get(roomId) === seq) this.#marked.set(roomId, before); // the next look tries again
    }
  }

  #rest(roomId) {
    this.#resting.add(roomId);
    setTimeout(() => {
      this.#resting.delete(roomId);
      this.look(roomId);
    }, MARK_EVERY_MS);
  }

  #put(roomId, count) {
    const seen = this.#isReading(roomId) ? 0 : count;
    if (seen === this.unread(roomId)) return;
    this.#counts.set(roomId, seen);
    this.#onChange();
  }
}
