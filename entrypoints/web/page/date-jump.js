// Going to what was said on a day.

import { byId } from "./element.js";
import { explain } from "./explain.js";

/** `2026-03-14` as the browser gives it; the day begins by the clock of whoever asks. */
function beginningOf(day) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date).getTime();
}

/** `timeline()` is the one that is shown, if there is one. */
export function prepareDateJump({ timeline }) {
  const form = byId("date-form");
  const toggle = (isOpen) => {
    form.hidden = !isOpen;
    byId("to-date").setAttribute("aria-expanded", String(isOpen));
    byId("date-error").textContent = "";
    if (isOpen) byId("date-input").focus();
  };
  byId("to-date").addEventListener("click", () => toggle(form.hidden));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    toggle(false);
    byId("to-date").focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const ms = beginningOf(byId("date-input").value);
    byId("date-error").textContent = Number.isNaN(ms) ? "Choose a day." : "";
    if (Number.isNaN(ms) || !timeline()) return;
    try {
      if (await timeline().showTime(Math.max(0, ms))) {
        toggle(false);
        timeline().scroller.focus({ preventScroll: true });
      } else {
        byId("date-error").textContent = "Nothing was said on that day, or later.";
      }
    } catch (error) {
      byId("date-error").textContent = explain(error);
    }
  });
}
