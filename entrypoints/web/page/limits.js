// How long a message may be in a room: as the server has said, before or when it refused one.

const AT_MOST = /at most ([\d,]+) character/;

export class Limits {
  #rooms = new Map();
  #onChange;

  constructor({ onChange }) {
    this.#onChange = onChange;
  }

  /** In characters; undefined where nobody knows. */
  of(roomId) {
    return this.#rooms.get(roomId);
  }

  /** A refusal says what the room takes. */
  learn(roomId, { code, details }) {
    if (code !== "INVALID_EVENT" || !Array.isArray(details)) return;
    const said = details.find(({ path, message }) => path === "data.text" && AT_MOST.test(message));
    if (said) this.set(roomId, Number(AT_MOST.exec(said.message)[1].replaceAll(",", "")));
  }

  /** As the room's own description says it. */
  set(roomId, limit) {
    if (limit === undefined) return;
    this.#rooms.set(roomId, limit);
    this.#onChange();
  }
}
