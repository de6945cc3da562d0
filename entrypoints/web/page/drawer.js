// On a phone the rooms are a drawer; while it is closed nobody can tab into it.

import { byId } from "./element.js";

export const PHONE = matchMedia("(max-width: 760px)");

export function setDrawer(isOpen) {
  const isDrawer = PHONE.matches;
  const wasOpen = document.body.classList.contains("drawer-open");
  document.body.classList.toggle("drawer-open", isDrawer && isOpen);
  byId("backdrop").hidden = !(isDrawer && isOpen);
  byId("sidebar").inert = isDrawer && !isOpen;
  byId("main").inert = isDrawer && isOpen;
  byId("open-drawer").setAttribute("aria-expanded", String(isDrawer && isOpen));
  if (!isDrawer) return;
  if (isOpen) byId("close-drawer").focus();
  else if (wasOpen) byId("open-drawer").focus();
}

export function prepareDrawer({ onOpen }) {
  byId("open-drawer").addEventListener("click", () => {
    onOpen();
    setDrawer(true);
  });
  byId("close-drawer").addEventListener("click", () => setDrawer(false));
  byId("backdrop").addEventListener("click", () => setDrawer(false));
  byId("room-list").addEventListener("click", (event) => {
    if (event.target.closest("a")) setDrawer(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setDrawer(false);
  });
  PHONE.addEventListener("change", () => setDrawer(false));
  setDrawer(false);
}
