// The list of rooms: who is where, new ones, and away with one's own.

import { explain, formatNumber, plural } from "./format.js";
import { randomText } from "./identity.js";

const REFRESH_MS = 20_000;
const MAX_LIST_PAGES = 10;

const byId = (id) => document.getElementById(id);

function newRoomId(name) {
  const words = name.normalize("NFKD").toLowerCase().match(/[a-z0-9]+/g) ?? ["room"];
  return `${words.join("-").slice(0, 60)}-${randomText(4)}`;
}

export const linkTo = (roomId) => `#${encodeURIComponent(roomId)}`;

export class RoomList {
  /** Called after the list was drawn anew. */
  onChange = () => {};
  /** Called with the rooms when the server has listed them. */
  onListed = () => {};
  #client;
  #ownUserId;
  #unreadIn;
  #rooms = new Map();
  #nodes = new Map();
  #activeId = null;
  #refreshing = null;

  /** `unreadIn(roomId)`: how many events are unread there. */
  constructor({ client, ownUserId, unreadIn }) {
    this.#client = client;
    this.#unreadIn = unreadIn;
    this.#ownUserId = ownUserId;
    client.onConnect(() => this.refresh());
    client.onRoomCreated((room) => this.#put(room));
    client.onRoomDeleted((roomId) => this.#remove(roomId));
    client.onJoined(() => this.refresh());
    client.onLeft(() => this.refresh());
    setInterval(() => document.visibilityState === "visible" && this.refresh(), REFRESH_MS);
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

  info(roomId) {
    return this.#rooms.get(roomId);
  }

  get hasUnread() {
    return [...this.#rooms.keys()].some((id) => this.#unreadIn(id) > 0);
  }

  select(roomId) {
    this.#activeId = roomId;
    this.render();
  }

  /** Asks anew who is where. One question at a time. */
  refresh() {
    this.#refreshing ??= this.#load().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #load() {
    const rooms = new Map();
    let cursor;
    try {
      for (let page = 0; page < MAX_LIST_PAGES; page += 1) {
        const answer = await this.#client.listRooms({ cursor });
        for (const room of answer.rooms) rooms.set(room.id, room);
        cursor = answer.cursor;
        if (cursor === undefined) break;
      }
    } catch (error) {
      if (error.code !== "DISCONNECTED") byId("rooms-note").textContent = explain(error);
      return;
    }
    this.#rooms = rooms;
    byId("rooms-note").textContent = cursor === undefined ? "" : `The first ${formatNumber(rooms.size)} rooms`;
    this.onListed([...rooms.values()]);
    this.render();
  }

  #put(room) {
    this.#rooms.set(room.id, room);
    this.render();
  }

  #remove(roomId) {
    this.#rooms.delete(roomId);
    this.render();
  }

  // ----- drawing

  render() {
    const list = byId("room-list");
    const ids = [...this.#rooms.keys()];
    for (const [id, node] of this.#nodes) {
      if (this.#rooms.has(id)) continue;
      node.remove();
      this.#nodes.delete(id);
    }
    ids.forEach((id, index) => {
      let node = this.#nodes.get(id);
      if (!node) this.#nodes.set(id, (node = this.#renderRoom(id)));
      this.#update(node, this.#rooms.get(id));
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
    this.onChange();
  }

  #renderRoom(id) {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { className: "room", href: linkTo(id) });
    const sign = Object.assign(document.createElement("span"), { className: "room-sign", textContent: "#" });
    sign.setAttribute("aria-hidden", "true");
    const name = Object.assign(document.createElement("bdi"), { className: "room-name" });
    const badge = Object.assign(document.createElement("span"), { className: "badge" });
    const size = Object.assign(document.createElement("span"), { className: "room-size" });
    link.append(sign, name, badge, size);
    item.append(link);
    return item;
  }

  #update(item, { id, name, size, createdById }) {
    const link = item.firstElementChild;
    const [, nameNode, badge, sizeNode] = link.children;
    const unread = this.#unreadIn(id);
    nameNode.textContent = name;
    link.title = name;
    badge.textContent = unread > 0 ? (unread > 99 ? "99+" : String(unread)) : "";
    badge.hidden = unread === 0;
    item.classList.toggle("has-unread", unread > 0);
    sizeNode.textContent = size > 0 ? formatNumber(size) : "";
    const spoken = [name];
    if (size > 0) spoken.push(`${plural(size, "person", "people")} here`);
    if (unread > 0) spoken.push(plural(unread, "unread message", "unread messages"));
    link.setAttribute("aria-label", spoken.join(", "));
    if (id === this.#activeId) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    const isOwn = createdById !== undefined && createdById === this.#ownUserId;
    item.classList.toggle("is-own", isOwn);
    if (isOwn && !item.querySelector("button")) item.append(this.#deleteButton(id));
    item.querySelector("button")?.setAttribute("aria-label", `Delete the room ${name}`);
  }

  #deleteButton(id) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "icon-button room-delete" });
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13");
    svg.append(path);
    button.append(svg);
    button.addEventListener("click", () => this.#askToDelete(id));
    return button;
  }

  // ----- making and deleting

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
      const room = await this.#client.createRoom({ id: newRoomId(name), name, events: ["message"] });
      input.value = "";
      this.#toggleForm(false);
      location.hash = linkTo(room.id);
    } catch (error) {
      byId("room-error").textContent = explain(error);
      input.focus();
    }
  }

  #askToDelete(id) {
    const dialog = byId("delete-dialog");
    byId("delete-name").textContent = this.#rooms.get(id)?.name ?? id;
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
}
