// One event as it is drawn. Text from strangers is only ever text: nothing here reads it as HTML.

import { dayOf, formatDay, formatExact, formatTime, hueOf, initialOf, textNodes } from "./format.js";
import { removeButton } from "./removal.js";

const GROUP_WITHIN_MS = 5 * 60 * 1000;
const MAX_NAMES = 500;
/** The names under which users were last seen: a removed message has lost its own. */
const names = new Map();

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

const nameIn = ({ data }) => (typeof data?.username === "string" && data.username.trim() ? data.username : null);

function remember(event) {
  const name = nameIn(event);
  if (name === null || names.get(event.from) === name) return;
  names.set(event.from, name);
  if (names.size > MAX_NAMES) names.delete(names.keys().next().value);
}

export function authorOf(event) {
  return nameIn(event) ?? names.get(event.from) ?? (event.redacted ? "Somebody" : event.from);
}

const areOfOneAuthor = (one, other) =>
  one.from === other.from && (one.redacted || other.redacted || authorOf(one) === authorOf(other));

function textOf({ data, redacted }) {
  if (redacted) return ["Message removed"];
  return textNodes(typeof data?.text === "string" ? data.text : JSON.stringify(data ?? null));
}

export function renderEntry(event, ownUserId) {
  remember(event);
  const isOwn = event.from === ownUserId;
  const author = make("bdi", "author", authorOf(event));
  const avatar = make("span", `avatar ${hueOf(event.from)}`, initialOf(authorOf(event)));
  avatar.setAttribute("aria-hidden", "true");
  const text = make("p", "text", ...textOf(event));
  text.dir = "auto";
  const time = make("time", "", formatTime(event.timestamp));
  time.dateTime = new Date(event.timestamp).toISOString();
  time.title = formatExact(event.timestamp);
  const head = make("div", `head ${hueOf(event.from)}`, author);
  if (isOwn) head.append(make("span", "visually-hidden", " (you)"));
  const bubble = make("div", "bubble", text, time);
  const row = make("div", "row", bubble);
  if (isOwn && event.seq !== undefined && !event.redacted) row.append(removeButton());
  const message = make("article", "message", avatar, make("div", "body", head, row));
  const entry = make("div", "entry", message);
  entry.classList.toggle("is-own", isOwn);
  entry.classList.toggle("is-redacted", event.redacted === true);
  if (event.seq !== undefined) entry.dataset.seq = event.seq;
  return entry;
}

export function renderMarker({ text, note }) {
  const marker = make("p", "marker", make("span", "", `${text} — ${note}`));
  return marker;
}

/** What stands above an event because of the one before it: markers, the day, or nothing where it goes on. */
export function decorate(node, event, before, markers) {
  const newDay = !before || dayOf(before.timestamp) !== dayOf(event.timestamp);
  const goesOn =
    !newDay &&
    markers.length === 0 &&
    areOfOneAuthor(before, event) &&
    event.timestamp - before.timestamp < GROUP_WITHIN_MS;
  node.classList.toggle("goes-on", goesOn);
  const wanted = [...markers.map(({ text, note }) => `${text} — ${note}`), ...(newDay ? [dayOf(event.timestamp)] : [])];
  const key = wanted.join("\n");
  if ((node.dataset.above ?? "") === key) return;
  if (key) node.dataset.above = key;
  else delete node.dataset.above;
  const above = markers.map(renderMarker);
  if (newDay) above.push(make("p", "day", make("span", "", formatDay(event.timestamp))));
  node.replaceChildren(...above, node.lastElementChild);
}
