// Making a room, and deleting one's own.

import { byId } from "./element.js";
import { explain } from "./explain.js";
import { randomText } from "./identity.js";
import { linkTo } from "./room-list.js";

function newRoomId(name) {
  const words = name.normalize("NFKD").toLowerCase().match(/[a-z0-9]+/g) ?? ["room"];
  return `${words.join("-").slice(0, 60)}-${randomText(4)}`;
}

export class RoomMaking {
  #client;

  constructor({ client }) {
    this.#client = client;
    byId("new-room").addEventListener("click", () => this.#toggleForm(byId("room-form").hidden));
    byId("room-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#create();
    });
    byId("room-form").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#toggleForm(false);
      byId("new-room").focus();
    });
  }

  /** Shows the "+" where the server says that rooms can be made. */
  offer(mayCreate) {
    byId("new-room").hidden = !mayCreate;
    if (!mayCreate) this.#toggleForm(false);
  }

  askToDelete({ id, name }) {
    const dialog = byId("delete-dialog");
    byId("delete-name").textContent = name;
    byId("delete-error").textContent = "";
    byId("delete-confirm").onclick = async (event) => {
      event.preventDefault();
      try {
        await this.#client.deleteRoom(id);
        dialog.close();
      } catch (error) {
        byId("delete-error").textContent = explain(error);
      }
    };
    dialog.showModal();
  }

  #toggleForm(isOpen) {
    byId("room-form").hidden = !isOpen;
    byId("new-room").setAttribute("aria-expanded", String(isOpen));
    byId("room-error").textContent = "";
    if (isOpen) byId("room-name").focus();
  }

  async #create() {
    const input = byId("room-name");
    const name = input.value.trim();
    byId("room-error").textContent = name ? "" : "The room needs a name.";
    if (!name) {
      input.focus();
      return;
    }
    try {
      const room = await this.#client.createRoom({ id: newRoomId(name), name });
      input.value = "";
      this.#toggleForm(false);
      location.hash = linkTo(room.id);
    } catch (error) {
      byId("room-error").textContent = explain(error);
      input.focus();
    }
  }
}
