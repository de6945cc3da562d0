// The button for light, dark, or as the system has it.

import { byId } from "./element.js";
import { storage } from "./storage.js";

const THEMES = { system: "as the system has them", light: "light", dark: "dark" };
const KEY = "dialogue.theme"; // as `theme.js` reads it

function show(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").dataset.theme = theme;
  byId("theme").setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
  byId("theme").title = `Colours: ${THEMES[theme]}`;
}

export function prepareColours() {
  byId("theme").addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(byId("theme").dataset.theme) + 1) % names.length];
    storage.set(KEY, next);
    show(next);
  });
  const chosen = storage.get(KEY);
  show(chosen in THEMES ? chosen : "system");
}
