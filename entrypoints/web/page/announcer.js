// What is read out to those who do not see the page. The log reads out single events by itself; many at once are one sentence.

import { byId } from "./element.js";

/** As long as a screen reader may need to notice what was added. */
const QUIET_MS = 200;

export function announce(text) {
  byId("announcer").textContent = text;
}

/** Makes changes in a live region that are not to be read out. */
export class Quiet {
  #region;
  #timer = null;

  constructor(region) {
    this.#region = region;
  }

  change(change) {
    this.#region.setAttribute("aria-live", "off");
    change();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#region.setAttribute("aria-live", "polite"), QUIET_MS);
  }
}
