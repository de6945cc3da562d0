// The page: puts the client, the list of rooms, the timelines and the composer together.

import { createDialogueClient, DialogueError } from "../client.js";
import { Composer } from "./composer.js";
import { explain, hueOf, initialOf, plural } from "./format.js";
import { identity, storage } from "./identity.js";
import { ReadMarks } from "./read.js";
import { linkTo, RoomList } from "./rooms.js";
import { Timeline } from "./timeline.js";

const FIRST_ROOM = "general";
const PHONE = matchMedia("(max-width: 760px)");
const byId = (id) => document.getElementById(id);

const client = createDialogueClient({
  url: new URL("ws", document.baseURI),
  auth: () => ({ userId: identity.userId }),
  reconnect: { minDelayMs: 300, maxDelayMs: 5_000 },
});
const marks = new ReadMarks({ client, isReading, onChange: () => rooms.render() });
const rooms = new RoomList({ client, ownUserId: identity.userId, unreadIn: (roomId) => marks.unread(roomId) });
/** The rooms that were opened: each has its timeline, and goes on in the background. */
const views = new Map();
let activeView = null;

// ----- rooms

function isReading(roomId) {
  if (roomId !== activeView?.id || document.visibilityState !== "visible") return false;
  return activeView.room !== null && activeView.timeline.isNewestInView;
}

function createView(roomId) {
  const view = { id: roomId, name: roomId, room: null };
  view.timeline = new Timeline({
    ownUserId: identity.userId,
    fetchPage: (query) => {
      if (view.room) return view.room.getPage(query);
      return Promise.reject(new DialogueError("NOT_JOINED", "The room is not open"));
    },
    remove: (seq) => view.room.redact(seq),
    onChange: () => marks.look(view.id),
  });
  views.set(roomId, view);
  return view;
}

async function join(view) {
  try {
    const room = await client.join(view.id);
    view.room = room;
    room.on("message", (event) => received(view, event));
    room.onRedacted((seq, event) => view.timeline.redact(seq, event));
    rename(view, room.name);
    marks.look(view.id);
  } catch (error) {
    if (views.get(view.id) === view) showClosed(view, error);
  }
}

function received(view, event) {
  view.timeline.receive(event);
  if (event.from !== identity.userId) marks.received(view.id);
}

function rename(view, name) {
  view.name = name;
  view.timeline.setTitle(name);
  if (view === activeView) showTitle();
}

/** A room that cannot be entered, or not any more, with a way out. */
function showClosed(view, error) {
  views.delete(view.id);
  const notice = Object.assign(document.createElement("section"), { className: "notice" });
  const title = Object.assign(document.createElement("h2"), { textContent: "This room is not open to you" });
  if (error.code === "ROOM_NOT_FOUND") title.textContent = "There is no such room";
  if (error.code === "DELETED") title.textContent = "This room was deleted";
  if (error.code === "ROOM_FULL") title.textContent = "This room is full";
  const text = Object.assign(document.createElement("p"), { textContent: explain(error), dir: "auto" });
  const retry = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Try again" });
  retry.addEventListener("click", () => open(view.id));
  notice.append(title, text, retry);
  if (view.id !== FIRST_ROOM) {
    const link = Object.assign(document.createElement("a"), { className: "button primary", href: linkTo(FIRST_ROOM) });
    link.textContent = "Go to the first room";
    notice.append(link);
  }
  view.notice = notice;
  if (view !== activeView) return;
  byId("stage").replaceChildren(notice);
  showFoot();
}

function open(roomId) {
  let view = views.get(roomId);
  const isNew = !view;
  view ??= createView(roomId);
  if (view !== activeView) activeView?.timeline.hide();
  activeView = view;
  byId("stage").replaceChildren(view.timeline.element);
  view.timeline.show();
  rename(view, view.room?.name ?? rooms.info(roomId)?.name ?? roomId);
  rooms.select(roomId);
  byId("composer-text").setAttribute("aria-label", `Message to ${view.name}`);
  composer.enter(roomId);
  showFoot();
  if (isNew) view.joining = join(view);
  else marks.look(roomId);
}

function openFromAddress() {
  let roomId = FIRST_ROOM;
  try {
    roomId = decodeURIComponent(location.hash.slice(1)) || FIRST_ROOM;
  } catch {
    // A link that somebody broke leads to the first room.
  }
  if (roomId === "composer-text") return;
  setDrawer(false);
  if (activeView?.id !== roomId || !views.has(roomId)) open(roomId);
  if (!PHONE.matches && identity.name) composer.focus();
}

client.onHistory((roomId, events, info) => {
  const view = views.get(roomId);
  if (info.recovered === false) view?.timeline.startOver(events, info);
  else view?.timeline.start(events, info);
});
client.onRecovered((roomId, recovered, info) => {
  if (recovered) views.get(roomId)?.timeline.recovered(info);
});
client.onLeft((roomId, reason) => {
  const view = views.get(roomId);
  if (!view) return;
  showClosed(view, new DialogueError("LEFT", reason ? `You were taken out of it: ${reason}` : "You were taken out of it."));
});
client.onRoomDeleted((roomId) => {
  // The client has left the room already: the notice that stands there gets its reason.
  const view = views.get(roomId) ?? (activeView?.id === roomId ? activeView : null);
  if (view) showClosed(view, new DialogueError("DELETED", "Somebody deleted it, with all that was said in it."));
});

// ----- the connection

const STATUS = {
  idle: "Connecting…",
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  closed: "Not connected",
};

function showStatus(state) {
  byId("status").dataset.state = state;
  byId("status-text").textContent = STATUS[state];
  if (state === "connected") byId("banner").hidden = true;
}

function showBanner(text) {
  byId("banner").hidden = false;
  byId("banner-text").textContent = text;
}

function connect() {
  byId("banner").hidden = true;
  client.connect().catch((error) => showBanner(explain(error)));
}

client.onStateChange(showStatus);
client.onDisconnect(() => {
  for (const { timeline } of views.values()) timeline.connectionLost(Date.now());
});
client.onConnect(({ reconnected }) => {
  if (reconnected) for (const { timeline } of views.values()) timeline.retry();
});
client.onError((error) => {
  console.error(error);
  if (client.state === "closed") showBanner(explain(error));
});
byId("banner-button").addEventListener("click", connect);

// ----- writing

/** `again` is what an earlier attempt left behind: with its key and data the message is kept once, whatever became of it. */
async function send(roomId, text, again) {
  const view = views.get(roomId);
  if (client.state !== "connected") throw new DialogueError("DISCONNECTED", "There is no connection at this moment.");
  await view?.joining;
  if (!view?.room) throw new DialogueError("NOT_JOINED", "The room is not open.");
  const data = again?.data ?? { text, username: identity.name };
  try {
    await view.room.trigger("message", data, { key: again?.key });
  } catch (error) {
    if (error.details?.key) error.again = { key: error.details.key, data };
    throw error;
  }
  if (view === activeView) view.timeline.showNewest();
}

const composer = new Composer(send);

// ----- the name

function showName() {
  byId("me-name").textContent = identity.name || "not named yet";
  byId("me-avatar").textContent = initialOf(identity.name || "?");
  byId("me-avatar").className = `avatar ${hueOf(identity.userId)}`;
}

function showFoot({ isEditing = false } = {}) {
  const isAsking = isEditing || !identity.name;
  const isOpen = views.has(activeView?.id);
  byId("name-form").hidden = !isAsking || !isOpen;
  byId("name-cancel").hidden = !identity.name;
  byId("name-save").textContent = identity.name ? "Save" : "Start chatting";
  composer.show(!isAsking && isOpen);
  byId("skip-link").textContent = isAsking ? "Skip to your name" : "Skip to writing a message";
}

function saveName(event) {
  event.preventDefault();
  const name = byId("name-input").value.trim();
  byId("name-error").textContent = name ? "" : "A name is needed: one letter will do.";
  if (!name) {
    byId("name-input").focus();
    return;
  }
  identity.name = name;
  showName();
  showFoot();
  composer.focus();
}

byId("name-form").addEventListener("submit", saveName);
byId("name-cancel").addEventListener("click", () => {
  showFoot();
  composer.focus();
});
byId("edit-name").addEventListener("click", () => {
  setDrawer(false);
  byId("name-input").value = identity.name;
  showFoot({ isEditing: true });
  byId("name-input").select();
});
byId("skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // The fragment is the room's.
  if (byId("name-form").hidden) composer.focus();
  else byId("name-input").focus();
});

// ----- head, drawer, theme

function showTitle() {
  const info = rooms.info(activeView?.id);
  const name = info?.name ?? activeView?.name ?? "Dialogue";
  byId("room-title").firstElementChild.textContent = name;
  const parts = info ? [plural(info.size ?? 0, "person", "people")] : [];
  if (info?.description) parts.push(info.description);
  byId("room-sub").textContent = parts.join(" · ");
  const unread = [...views.keys()].reduce((sum, roomId) => sum + marks.unread(roomId), 0);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${name} · Dialogue`;
}

rooms.onChange = () => {
  byId("drawer-dot").hidden = !rooms.hasUnread;
  showTitle();
};
rooms.onListed = (listed) => marks.listed(listed);
document.addEventListener("visibilitychange", () => {
  if (!activeView) return;
  if (document.visibilityState === "visible") marks.look(activeView.id);
  else marks.leaveOff(activeView.id);
});

/** On a phone the rooms are a drawer; while it is closed nobody can tab into it. */
function setDrawer(isOpen) {
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

byId("open-drawer").addEventListener("click", () => {
  rooms.refresh();
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
byId("to-beginning").addEventListener("click", async () => {
  await activeView?.timeline.showBeginning();
  activeView?.timeline.scroller.focus({ preventScroll: true });
});

const THEMES = { system: "as the system has them", light: "light", dark: "dark" };

function showTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").dataset.theme = theme;
  byId("theme").setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
  byId("theme").title = `Colours: ${THEMES[theme]}`;
}

byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(byId("theme").dataset.theme) + 1) % names.length];
  storage.set("dialogue.theme", next);
  showTheme(next);
});

showTheme(storage.get("dialogue.theme") in THEMES ? storage.get("dialogue.theme") : "system");
showName();
setDrawer(false);
addEventListener("hashchange", openFromAddress);
connect();
openFromAddress();
if (!identity.name && !PHONE.matches) byId("name-input").focus();
