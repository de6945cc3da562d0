// Taking back what one has said: a button at each message of one's own, and the question that it asks in its place.

import { BIN, icon, make, makeButton } from "./element.js";
import { explain } from "./explain.js";

let questions = 0;

/** In the order of tabs only one of them stands (see `RemovalButtons`): a long room would be a long way to the composer. */
export function removeButton() {
  const button = Object.assign(makeButton("icon-button remove", icon(BIN)), { tabIndex: -1, title: "Remove" });
  button.setAttribute("aria-label", "Remove this message");
  return button;
}

function question() {
  const text = make("span", "question-text", "Remove this message for everyone?");
  text.id = `question-${(questions += 1)}`;
  const keep = makeButton("button", "Keep it");
  const remove = makeButton("button danger", "Remove");
  const error = make("p", "error");
  error.setAttribute("role", "alert");
  const element = make("div", "question", text, make("span", "question-buttons", keep, remove), error);
  element.setAttribute("role", "group");
  element.setAttribute("aria-labelledby", text.id);
  return { element, keep, remove, error };
}

export class RemovalButtons {
  #list;
  #change;
  #remove;
  #giveBackFocus;

  /**
   * `change(fn)` changes the document and keeps the reader's place; `remove(seq)` is fulfilled when the message is gone, for the
   * server and in `list`; `giveBackFocus()` is for when there is no button left.
   */
  constructor({ list, change, remove, giveBackFocus }) {
    this.#list = list;
    this.#change = change;
    this.#remove = remove;
    this.#giveBackFocus = giveBackFocus;
    list.addEventListener("click", ({ target }) => {
      const button = target.closest(".remove");
      if (button) this.#ask(button);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", ({ target }) => target.matches(".remove") && this.#makeReachable(target));
  }

  /** After messages came or went: the newest button can be reached with the Tab key, and the arrow keys go to the others. */
  refresh() {
    const buttons = this.#buttons();
    if (!buttons.includes(document.activeElement)) this.#makeReachable(buttons.at(-1));
  }

  #buttons() {
    return [...this.#list.querySelectorAll(".remove")];
  }

  #makeReachable(button) {
    for (const other of this.#list.querySelectorAll('.remove[tabindex="0"]')) other.tabIndex = -1;
    if (button) button.tabIndex = 0;
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches(".remove")) return;
    event.preventDefault();
    const buttons = this.#buttons().filter(({ hidden }) => !hidden);
    buttons[buttons.indexOf(event.target) + step]?.focus();
  }

  #ask(button) {
    const entry = button.closest(".entry");
    const { element, keep, remove, error } = question();
    const close = () => {
      this.#change(() => {
        element.remove();
        button.hidden = false;
      });
      button.focus({ preventScroll: true });
    };
    keep.addEventListener("click", close);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    remove.addEventListener("click", () => this.#removeNow(entry, { element, remove, error }));
    this.#change(() => {
      button.hidden = true;
      entry.querySelector(".body").append(element);
    });
    element.scrollIntoView({ block: "nearest" });
    keep.focus({ preventScroll: true });
  }

  async #removeNow(entry, { element, remove, error }) {
    if (remove.ariaDisabled === "true") return;
    remove.ariaDisabled = "true"; // not `disabled`, which would drop the focus
    error.textContent = "";
    const buttons = this.#buttons();
    const next = buttons[buttons.indexOf(entry.querySelector(".remove")) - 1];
    try {
      await this.#remove(Number(entry.dataset.seq));
    } catch (refusal) {
      remove.ariaDisabled = "false";
      this.#change(() => (error.textContent = `Not removed. ${explain(refusal)}`));
      element.scrollIntoView({ block: "nearest" });
      return;
    }
    this.refresh();
    if (next?.isConnected) next.focus({ preventScroll: true });
    else this.#giveBackFocus();
  }
}
