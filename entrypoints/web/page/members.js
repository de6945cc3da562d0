// Who is in the room that is shown, for whoever opens the list.

import { byId, make } from "./element.js";
import { lastNameOf } from "./entry.js";
import { explain } from "./explain.js";
import { hueOf, initialOf } from "./format.js";

/** The list of one room at a time: asked for when it is opened, and kept up to date by what the room tells. */
export class Members {
  #me;
  #view = null;
  #users = new Set();
  #forget = [];

  constructor({ me }) {
    this.#me = me;
    byId("to-members").addEventListener("click", () => this.#toggle(byId("members").hidden));
    for (const id of ["to-members", "members"]) {
      byId(id).addEventListener("keydown", ({ key }) => {
        if (key === "Escape" && !byId("members").hidden) this.#close();
      });
    }
  }

  /** The view of the room that is shown now, or null; to be called again when it was joined. */
  show(view) {
    const room = view?.room ?? null;
    byId("to-members").hidden = room === null;
    if (view === this.#view && room !== null && this.#forget.length > 0) return;
    this.#stop();
    this.#view = view;
    if (room === null) this.#toggle(false);
    else if (!byId("members").hidden) this.#listen();
  }

  /** The connection is another one: who is here has to be asked again. */
  renew() {
    this.#stop();
    if (!byId("members").hidden && this.#view?.room) this.#listen();
  }

  #close() {
    this.#toggle(false);
    byId("to-members").focus();
  }

  #toggle(isOpen) {
    byId("members").hidden = !isOpen;
    byId("to-members").setAttribute("aria-expanded", String(isOpen));
    this.#stop();
    if (isOpen && this.#view?.room) this.#listen();
  }

  async #listen() {
    const { room } = this.#view;
    const isShown = () => this.#view?.room === room && !byId("members").hidden;
    this.#forget = [
      room.onMemberJoined((userId) => this.#change(() => this.#users.add(userId))),
      room.onMemberLeft((userId) => this.#change(() => this.#users.delete(userId))),
    ];
    try {
      const members = await room.listMembers();
      if (isShown()) this.#change(() => (this.#users = new Set(members.map(({ userId }) => userId))));
    } catch (error) {
      if (isShown()) byId("members-error").textContent = error.code === "FORBIDDEN" ? error.message : explain(error);
    }
  }

  #stop() {
    for (const forget of this.#forget.splice(0)) forget();
    this.#users.clear();
    byId("members-error").textContent = "";
    byId("member-list").replaceChildren();
  }

  #change(how) {
    how();
    byId("members-error").textContent = "";
    const named = [...this.#users].map((userId) => ({ userId, name: this.#nameOf(userId) }));
    named.sort((one, other) => one.name.localeCompare(other.name));
    byId("member-list").replaceChildren(...named.map(({ userId, name }) => this.#item(userId, name)));
  }

  #nameOf(userId) {
    const name = userId === this.#me.userId ? this.#me.name || lastNameOf(userId) : lastNameOf(userId);
    return name || userId;
  }

  #item(userId, name) {
    const avatar = make("span", `avatar ${hueOf(userId)}`, initialOf(name));
    avatar.setAttribute("aria-hidden", "true");
    const item = make("li", "", avatar, make("bdi", "", name));
    if (userId === this.#me.userId) item.append(make("span", "you", "(you)"));
    item.title = userId;
    return item;
  }
}
