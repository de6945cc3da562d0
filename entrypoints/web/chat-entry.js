// One event as it is drawn. Text from strangers is only ever text: nothing here reads it as HTML.

import { dayOf, formatDay, formatExact, formatTime, hueOf, initialOf, textNodes } from "./chat-format.js";

const GROUP_WITHIN_MS = 5 * 60 * 1000;

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

export function authorOf({ data, from }) {
  return typeof data?.username === "string" && data.username.trim() ? data.username : from;
}

function textOf({ data, redacted }) {
  if (redacted) return ["This message was removed"];
  return textNodes(typeof data?.text === "string" ? data.text : JSON.stringify(data));
}

export function renderEntry(event, ownUserId) {
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
  const message = make("article", "message", avatar, make("div", "body", head, bubble));
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
    before.from === event.from &&
    authorOf(before) === authorOf(event) &&
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
