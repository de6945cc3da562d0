// What the server allows here: the page offers nothing else.

/** Allowed, and there already; what is forbidden is refused before. */
const MAY_CREATE = "ROOM_EXISTS";

export class Offers {
  canCreateRooms = false;
  #client;
  #onChange;
  #isAsked = false;

  constructor({ client, onChange }) {
    this.#client = client;
    this.#onChange = onChange;
    client.onConnect(() => (this.#isAsked = false)); // perhaps it is another server
  }

  /** Whether rooms can be made is asked with one that is there: it cannot be made again. */
  async ask(rooms) {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const isMade = rooms.some(({ createdById }) => createdById !== undefined);
    this.#allow(isMade || rooms.length === 0 || (await this.#mayCreate(rooms[0])));
  }

  /** The server has refused it. */
  withdraw() {
    this.#allow(false);
  }

  async #mayCreate({ id, name }) {
    try {
      await this.#client.createRoom({ id, name });
      return true;
    } catch (error) {
      if (error.code === "DISCONNECTED" || error.code === "TIMEOUT") this.#isAsked = false;
      return error.code === MAY_CREATE;
    }
  }

  #allow(canCreateRooms) {
    this.canCreateRooms = canCreateRooms;
    this.#onChange();
  }
}
