// An event of any shape as it is drawn: what is said as text, everything else as JSON under its event's name.

import { make } from "./element.js";
import { textNodes } from "./links.js";

const MESSAGE = "message";
const MAX_PREVIEW = 160;
/** What the page itself shows of somebody's words. */
const SHOWN = new Set(["text", "username"]);

const isObject = (data) => data !== null && typeof data === "object" && !Array.isArray(data);

export const nameIn = ({ data }) => (typeof data?.username === "string" && data.username.trim() ? data.username : null);

/** The server's own events (`dialogue.redacted`) are not drawn: they change what is. */
export const isDrawn = ({ event }) => !event.startsWith("dialogue.");

export function eventBody(event) {
  const { data, redacted } = event;
  if (redacted) return [text(event.event === MESSAGE ? "Message removed" : `Removed: ${event.event}`)];
  const isSaid = isObject(data) && typeof data.text === "string";
  if (!isSaid) return [folded(event.event, data)];
  const rest = Object.entries(data).filter(([key]) => !SHOWN.has(key));
  const parts = [text(...textNodes(data.text))];
  if (event.event !== MESSAGE) parts.unshift(make("span", "event-name", event.event));
  if (rest.length > 0) parts.push(folded("more", Object.fromEntries(rest)));
  return parts;
}

function text(...nodes) {
  return Object.assign(make("p", "text", ...nodes), { dir: "auto" });
}

/** Folded, with its beginning beside its name; the whole of it is written when somebody opens it. */
function folded(name, data) {
  const whole = JSON.stringify(data ?? null);
  const preview = whole.length > MAX_PREVIEW ? `${whole.slice(0, MAX_PREVIEW)}…` : whole;
  const summary = make("summary", "", make("bdi", "event-name", name), " ", make("code", "preview", preview));
  const details = make("details", "payload", summary);
  details.addEventListener("toggle", () => {
    if (details.children.length > 1) return;
    const json = make("pre", "json", JSON.stringify(data ?? null, null, 2));
    json.tabIndex = 0; // it may be wider than there is room, and arrow keys move it
    details.append(json);
  });
  return details;
}
