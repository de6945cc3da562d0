// The list of rooms: which there are, who is where, and what is unread.

import { BIN, byId, icon, make, makeButton } from "./element.js";
import { explain } from "./explain.js";
import { formatNumber, plural } from "./format.js";

const REFRESH_MS = 20_000;
const MAX_LIST_PAGES = 10;

export const linkTo = (roomId) => `#${encodeURIComponent(roomId)}`;

/** People are users; where the server does not tell how many they are, their connections are counted, and called so. */
export function presence({ size = 0, users }) {
  return users === undefined ? plural(size, "connection", "connections") : plural(users, "person", "people");
}

export class RoomList {
  /** Called after the list was drawn anew. */
  onChange = () => {};
  /** Called with the rooms when the server has listed them. */
  onListed = () => {};
  #client;
  #me;
  #unreadIn;
  #askToDelete;
  #rooms = new Map();
  #nodes = new Map();
  #activeId = null;
  #refreshing = null;
  #isListed = false;

  /** `unreadIn(roomId)`: how many events are unread there; `askToDelete(room)` for a room of one's own. */
  constructor({ client, me, unreadIn, askToDelete }) {
    this.#client = client;
    this.#unreadIn = unreadIn;
    this.#me = me;
    this.#askToDelete = askToDelete;
    client.onConnect(() => this.refresh());
    client.onRoomCreated((room) => this.#put(room));
    client.onRoomSize((roomId, size) => this.#resize(roomId, size));
    client.onRoomDeleted((roomId) => this.#remove(roomId));
    client.onJoined(() => this.refresh());
    client.onLeft(() => this.refresh());
    setInterval(() => document.visibilityState === "visible" && this.refresh(), REFRESH_MS);
  }

  info(roomId) {
    return this.#rooms.get(roomId);
  }

  /** The application's own rooms come before those that people made. Undefined as long as nobody knows, null without any. */
  get firstId() {
    if (!this.#isListed) return undefined;
    const rooms = [...this.#rooms.values()];
    return (rooms.find(({ createdById }) => createdById === undefined) ?? rooms[0])?.id ?? null;
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
    let mayCreate = false;
    try {
      for (let page = 0; page < MAX_LIST_PAGES; page += 1) {
        const answer = await this.#client.listRooms({ cursor });
        for (const room of answer.rooms) rooms.set(room.id, room);
        ({ cursor, mayCreate } = answer);
        if (cursor === undefined) break;
      }
    } catch (error) {
      if (error.code !== "DISCONNECTED") byId("rooms-note").textContent = explain(error);
      return;
    }
    this.#rooms = rooms;
    this.#isListed = true;
    byId("rooms-note").textContent = cursor === undefined ? "" : `The first ${formatNumber(rooms.size)} rooms`;
    this.onListed([...rooms.values()], { mayCreate });
    this.render();
  }

  #put(room) {
    this.#rooms.set(room.id, room);
    this.render();
  }

  #resize(roomId, { size, users }) {
    const room = this.#rooms.get(roomId);
    if (room) this.#put({ ...room, size, users });
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
      if (!node) this.#nodes.set(id, (node = renderRoom(id)));
      this.#update(node, this.#rooms.get(id));
      if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
    });
    this.onChange();
  }

  #update(item, room) {
    const { id, name, size, users, createdById } = room;
    const link = item.firstElementChild;
    const [, nameNode, badge, sizeNode] = link.children;
    const unread = this.#unreadIn(id);
    nameNode.textContent = name;
    link.title = name;
    badge.textContent = unread > 0 ? (unread > 99 ? "99+" : String(unread)) : "";
    badge.hidden = unread === 0;
    item.classList.toggle("has-unread", unread > 0);
    sizeNode.textContent = size > 0 ? formatNumber(users ?? size) : "";
    const spoken = [name];
    if (size > 0) spoken.push(`${presence(room)} here`);
    if (unread > 0) spoken.push(plural(unread, "unread message", "unread messages"));
    link.setAttribute("aria-label", spoken.join(", "));
    if (id === this.#activeId) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    const isOwn = createdById !== undefined && createdById === this.#me.userId;
    item.classList.toggle("is-own", isOwn);
    if (isOwn && !item.querySelector("button")) item.append(this.#deleteButton(id));
    item.querySelector("button")?.setAttribute("aria-label", `Delete the room ${name}`);
  }

  #deleteButton(id) {
    const button = makeButton("icon-button room-delete", icon(BIN));
    button.addEventListener("click", () => this.#askToDelete(this.#rooms.get(id)));
    return button;
  }
}

function renderRoom(id) {
  const sign = make("span", "room-sign", "#");
  sign.setAttribute("aria-hidden", "true");
  const parts = [sign, make("bdi", "room-name"), make("span", "badge"), make("span", "room-size")];
  return make("li", "", Object.assign(make("a", "room", ...parts), { href: linkTo(id) }));
}
