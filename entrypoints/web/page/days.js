// "Today" is said of a day that ends: who says it is told when it has.

import { dayOf } from "./format.js";

/** A timer may be late in a tab that nobody looks at; it is set anew at least so often. */
const MOST_MS = 60 * 60 * 1000;

/** Calls `callback` soon after each midnight, and when somebody looks again at a page that slept over one. */
export function onNewDay(callback) {
  let known = dayOf(Date.now());
  const look = () => {
    const today = dayOf(Date.now());
    if (today === known) return;
    known = today;
    callback();
  };
  const wait = () => {
    const now = new Date();
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
    setTimeout(() => {
      look();
      wait();
    }, Math.min(midnight - now + 50, MOST_MS));
  };
  wait();
  for (const event of ["focus", "pageshow"]) addEventListener(event, look);
  document.addEventListener("visibilitychange", look);
}
