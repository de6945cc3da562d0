// What is said above the first and below the last message of a timeline.

import { make, makeButton } from "./element.js";
import { explain } from "./explain.js";

export class Edges {
  top = make("div", "edge edge-top");
  bottom = make("div", "edge edge-bottom");
  #retry;

  constructor(retry) {
    this.#retry = retry;
  }

  render({ title, isStarted, isEmpty, hasOlder, hasNewer, loading, failure }) {
    const { top, bottom } = this;
    if (!isStarted) this.#say(top, "loading", "Opening the room…");
    else if (loading === "older" || loading === "jump") this.#say(top, "loading", "Loading messages…");
    else if (failure?.kind === "older") this.#say(top, "failure", explain(failure.error));
    else if (hasOlder) this.#say(top, "rest", "");
    else if (isEmpty) this.#say(top, "empty", "Nothing has been said here yet. Be the first.");
    else this.#say(top, "beginning", `This is the beginning of ${title}`);
    if (loading === "newer") this.#say(bottom, "loading", "Loading messages…");
    else if (failure?.kind === "newer") this.#say(bottom, "failure", explain(failure.error));
    else this.#say(bottom, hasNewer ? "rest" : "none", "");
  }

  #say(element, state, text) {
    if (element.dataset.state === state && element.dataset.text === text) return;
    element.dataset.state = state;
    element.dataset.text = text;
    element.replaceChildren();
    if (state === "loading") element.append(Object.assign(make("span", "spinner"), { ariaHidden: "true" }));
    if (text) element.append(make("bdi", "", text));
    if (state !== "failure") return;
    const button = makeButton("link-button", "Try again");
    button.addEventListener("click", this.#retry);
    element.append(button);
  }
}
