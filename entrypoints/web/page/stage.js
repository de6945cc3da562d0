// The rooms that were opened, and the one that is shown.

import { byId, make, makeButton } from "./element.js";
import { explain } from "./explain.js";
import { linkTo } from "./room-list.js";
import { View } from "./view.js";

const TITLES = {
  ROOM_NOT_FOUND: "There is no such room",
  DELETED: "This room was deleted",
  ROOM_FULL: "This room is full",
};

export class Stage {
  active = null;
  #views = new Map();
  #makeView;
  #rooms;
  #onChange;

  /** `view` is what every `View` needs; `onChange(view, what)` is called for the active one: "joined", "closed" or "". */
  constructor({ rooms, onChange, ...view }) {
    this.#rooms = rooms;
    this.#onChange = (changed, what) => changed === this.active && onChange(changed, what);
    const events = {
      changed: (one) => this.#onChange(one, ""),
      joined: (one) => this.#onChange(one, "joined"),
      closed: (one, error) => this.#views.get(one.id) === one && this.close(one.id, error),
    };
    this.#makeView = (id) => new View({ ...view, id, events });
  }

  get views() {
    return [...this.#views.values()];
  }

  get(roomId) {
    return this.#views.get(roomId);
  }

  /** The room, opened if it was not; it is not shown for that. */
  ensure(roomId) {
    let view = this.#views.get(roomId);
    if (view) return view;
    view = this.#makeView(roomId);
    this.#views.set(roomId, view);
    view.open();
    return view;
  }

  open(roomId) {
    const view = this.ensure(roomId);
    if (view !== this.active) this.active?.hide();
    this.active = view;
    byId("stage").replaceChildren(view.timeline.element);
    view.rename(view.room?.name ?? this.#rooms.info(roomId)?.name ?? roomId);
    view.show();
  }

  /** A room that cannot be entered, or not any more, with a way out. */
  close(roomId, error) {
    const view = this.#views.get(roomId) ?? (this.active?.id === roomId ? this.active : null);
    if (!view) return;
    this.#views.delete(roomId);
    const retry = makeButton("button", "Try again");
    retry.addEventListener("click", () => {
      this.open(roomId);
      this.#onChange(this.active, "");
    });
    view.notice = this.#notice(TITLES[error.code] ?? "This room is not open to you", explain(error), retry);
    if (view !== this.active) return;
    const { firstId } = this.#rooms;
    if (firstId && firstId !== roomId) {
      view.notice.append(Object.assign(make("a", "button primary", "Go to the first room"), { href: linkTo(firstId) }));
    }
    byId("stage").replaceChildren(view.notice);
    this.#onChange(view, "closed");
  }

  /** The server has no room that this user may see. */
  showNoRoom() {
    byId("stage").replaceChildren(this.#notice("There is no room yet", "As soon as somebody makes one, it opens here."));
  }

  #notice(title, text, ...more) {
    const body = Object.assign(make("p", "", text), { dir: "auto" });
    return make("section", "notice", make("h2", "", title), body, ...more);
  }
}
