// What is unread in which room, and telling the server what was read.

/** The least time between two marks of one room: a lively room is not one request a message. */
const MARK_EVERY_MS = 2_000;
/** What a server that keeps no read marks answers: it does not know the request. */
const NOT_SUPPORTED = "INVALID_REQUEST";

class Reading {
  unread = 0;
  /** Up to where the reader has seen the room, and up to where the server was told so. */
  read = 0;
  marked = 0;
  /** Whether the last mark is younger than MARK_EVERY_MS. */
  isResting = false;
}

export class ReadMarks {
  #client;
  #isReading;
  #onChange;
  #rooms = new Map();
  #isSupported = true;

  /** `isReading(roomId)`: whether the newest event of the room is before the reader's eyes. */
  constructor({ client, isReading, onChange }) {
    this.#client = client;
    this.#isReading = isReading;
    this.#onChange = onChange;
    client.onMarked((roomId, { unread }) => this.put(roomId, unread));
    client.onConnect(() => {
      this.#isSupported = true; // perhaps it is a newer server
      for (const roomId of this.#rooms.keys()) this.#report(roomId);
    });
    client.onRecovered((roomId, recovered) => recovered || this.#startOver(roomId));
    client.onLeft((roomId) => this.#rooms.delete(roomId));
  }

  unread(roomId) {
    return this.#rooms.get(roomId)?.unread ?? 0;
  }

  /** Up to where the room was read in this window; 0 where it was not. */
  readUpTo(roomId) {
    return this.#rooms.get(roomId)?.read ?? 0;
  }

  /**
   * Where the user's mark stands, and how much of others' is behind it. A mark never goes back, so that a mark at 0 is a
   * question; null where the server keeps none.
   */
  async ask(room) {
    if (!this.#isSupported) return null;
    try {
      const mark = await room.markRead(0);
      this.put(room.id, mark.unread);
      Object.assign(this.#reading(room.id), { marked: mark.seq, read: mark.seq });
      return mark;
    } catch (error) {
      this.#isSupported = error.code !== NOT_SUPPORTED;
      return null;
    }
  }

  /** A live or recovered event of somebody else. */
  received(roomId) {
    if (this.#isReading(roomId)) this.look(roomId);
    else this.put(roomId, this.unread(roomId) + 1);
  }

  /** To be called whenever the reader may have come to see the newest event of the room. */
  look(roomId) {
    if (!this.#isReading(roomId)) return;
    const reading = this.#reading(roomId);
    reading.read = Math.max(reading.read, this.#client.room(roomId)?.position.seq ?? 0);
    this.put(roomId, 0);
    if (!reading.isResting) this.#report(roomId);
  }

  /** The page goes out of sight, and perhaps for good: what was read until now is marked without waiting. */
  leaveOff() {
    for (const roomId of this.#rooms.keys()) this.#report(roomId);
  }

  put(roomId, count) {
    const seen = this.#isReading(roomId) ? 0 : count;
    if (seen === this.unread(roomId)) return;
    this.#reading(roomId).unread = seen;
    this.#onChange();
  }

  #reading(roomId) {
    if (!this.#rooms.has(roomId)) this.#rooms.set(roomId, new Reading());
    return this.#rooms.get(roomId);
  }

  /** Whether the reader is still there or not: what was read is told, only not too often. */
  async #report(roomId) {
    const reading = this.#reading(roomId);
    const room = this.#client.room(roomId);
    const { read, marked } = reading;
    if (!this.#isSupported || !room || this.#client.state !== "connected" || read <= marked) return;
    reading.marked = read;
    this.#rest(roomId, reading);
    try {
      const { unread } = await room.markRead(read);
      if (reading.read === read) this.put(roomId, unread);
    } catch (error) {
      this.#isSupported = error.code !== NOT_SUPPORTED;
      if (reading.marked === read) reading.marked = marked; // the end of the rest, or the next connection, tries again
    }
  }

  #rest(roomId, reading) {
    if (reading.isResting) return;
    reading.isResting = true;
    setTimeout(() => {
      reading.isResting = false;
      this.look(roomId);
      this.#report(roomId);
    }, MARK_EVERY_MS);
  }

  /** Seqs of another life of the room say nothing about this one. */
  #startOver(roomId) {
    const reading = this.#reading(roomId);
    reading.read = reading.marked = 0;
  }
}
