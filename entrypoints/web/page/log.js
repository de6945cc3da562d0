// The element in which a room's events stand: the scrolling log, what is below its last event, and the way down.

import { make, makeButton } from "./element.js";

export class Log {
  element = make("section", "timeline");
  scroller = make("div", "log");
  tail = make("div", "tail");
  jump = Object.assign(makeButton("jump"), { hidden: true });

  /** `top`, `list` and `bottom` are put into it, in this order. */
  constructor(top, list, bottom) {
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "log");
    this.scroller.setAttribute("aria-live", "polite");
    this.scroller.setAttribute("aria-relevant", "additions");
    this.scroller.append(top, list, this.tail, bottom);
    this.element.append(this.scroller, this.jump);
  }

  /** `home()` and `end()` are for the keys, `jumped()` for the button, the others for what the browser tells. */
  listen({ home, end, jumped, scrolled, resized }) {
    this.jump.addEventListener("click", jumped);
    this.scroller.addEventListener("scroll", scrolled, { passive: true });
    this.scroller.addEventListener("keydown", (event) => {
      const isPlain = event.target === this.scroller && !event.altKey && !event.shiftKey;
      const go = { Home: home, End: end }[event.key];
      if (!isPlain || !go) return;
      event.preventDefault();
      go();
    });
    new ResizeObserver(resized).observe(this.scroller);
  }

  setTitle(title) {
    this.scroller.setAttribute("aria-label", `Messages in ${title}`);
  }

  /** The button says what it leads to; without a text it is not there. */
  showJump(text) {
    this.jump.hidden = text === null;
    if (text !== null) this.jump.textContent = text;
  }
}
