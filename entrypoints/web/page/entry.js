// One event as it is drawn: who, when, what, and what stands above it.

import { make } from "./element.js";
import { eventBody, nameIn } from "./event-body.js";
import { dayOf, formatDay, formatExact, formatTime, hueOf, initialOf } from "./format.js";
import { removeButton } from "./removal.js";

const GROUP_WITHIN_MS = 5 * 60 * 1000;
const MAX_NAMES = 500;
/** The names under which users were last seen: a removed message has lost its own. */
const names = new Map();

function remember(event) {
  const name = nameIn(event);
  if (name === null || names.get(event.from) === name) return;
  names.set(event.from, name);
  if (names.size > MAX_NAMES) names.delete(names.keys().next().value);
}

export function authorOf(event) {
  return nameIn(event) ?? names.get(event.from) ?? (event.redacted ? "Somebody" : event.from);
}

/** The name under which the user was last seen; null where none was. */
export const lastNameOf = (userId) => names.get(userId) ?? null;

const areOfOneAuthor = (one, other) =>
  one.from === other.from && (one.redacted || other.redacted || authorOf(one) === authorOf(other));

export function renderEntry(event, ownUserId) {
  remember(event);
  const isOwn = event.from === ownUserId;
  const author = make("bdi", "author", authorOf(event));
  const avatar = make("span", `avatar ${hueOf(event.from)}`, initialOf(authorOf(event)));
  avatar.setAttribute("aria-hidden", "true");
  const head = make("div", `head ${hueOf(event.from)}`, author);
  if (isOwn) head.append(make("span", "visually-hidden", " (you)"));
  const row = make("div", "row", renderBubble(event));
  if (isOwn && event.seq !== undefined && !event.redacted) row.append(removeButton());
  const message = make("article", "message", avatar, make("div", "body", head, row));
  const entry = make("div", "entry", message);
  entry.classList.toggle("is-own", isOwn);
  entry.classList.toggle("is-redacted", event.redacted === true);
  entry.classList.toggle("is-passing", event.seq === undefined);
  if (event.seq !== undefined) entry.dataset.seq = event.seq;
  return entry;
}

function renderBubble(event) {
  const time = make("time", "", formatTime(event.timestamp));
  time.dateTime = new Date(event.timestamp).toISOString();
  time.title = formatExact(event.timestamp);
  const bubble = make("div", "bubble", ...eventBody(event), time);
  if (event.times > 1) time.before(make("span", "times", `×${event.times}`));
  return bubble;
}

export function renderMarker({ text, note }) {
  return make("p", "marker", make("span", "", `${text} — ${note}`));
}

/** What stands above an event because of the one before it: markers, the day, "New", or nothing where it goes on. */
export function decorate(node, event, before, { markers, startsNew }) {
  const newDay = !before || dayOf(before.timestamp) !== dayOf(event.timestamp);
  const goesOn =
    !newDay &&
    !startsNew &&
    markers.length === 0 &&
    areOfOneAuthor(before, event) &&
    event.timestamp - before.timestamp < GROUP_WITHIN_MS;
  node.classList.toggle("goes-on", goesOn);
  const day = newDay ? formatDay(event.timestamp) : "";
  const key = [...markers.map(({ text, note }) => `${text} — ${note}`), day, startsNew ? "new" : ""].join("\n").trim();
  if ((node.dataset.above ?? "") === key) return;
  if (key) node.dataset.above = key;
  else delete node.dataset.above;
  const above = markers.map(renderMarker);
  if (newDay) above.push(make("p", "day", make("span", "", day)));
  if (startsNew) above.push(make("p", "new-line", make("span", "", "New")));
  node.replaceChildren(...above, node.lastElementChild);
}
