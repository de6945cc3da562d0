// The page: puts the client, the list of rooms, the rooms that were opened and the composer together.

import { createDialogueClient, DialogueError } from "../client.js";
import { prepareColours } from "./colours.js";
import { Composer } from "./composer.js";
import { keepConnected } from "./connection.js";
import { credentials } from "./credentials.js";
import { prepareDateJump } from "./date-jump.js";
import { onNewDay } from "./days.js";
import { PHONE, prepareDrawer, setDrawer } from "./drawer.js";
import { byId } from "./element.js";
import { Foot } from "./foot.js";
import { identity } from "./identity.js";
import { Limits } from "./limits.js";
import { Members } from "./members.js";
import { presence, RoomList } from "./room-list.js";
import { RoomMaking } from "./room-making.js";
import { Stage } from "./stage.js";
import { ReadMarks } from "./unread.js";
import { Unvisited } from "./unvisited.js";

credentials.takeFromAddress();
const client = createDialogueClient({
  url: new URL("ws", document.baseURI),
  auth: credentials.auth,
  reconnect: { minDelayMs: 300, maxDelayMs: 5_000 },
});

client.onConnect(({ userId }) => (identity.userId = userId)); // who one is, is the server's to say
const making = new RoomMaking({ client });
const marks = new ReadMarks({ client, isReading, onChange: () => rooms.render() });
const unvisited = new Unvisited({ client, me: identity, onCount: counted });
const rooms = new RoomList({
  client,
  me: identity,
  unreadIn: (roomId) => marks.unread(roomId),
  askToDelete: (room) => making.askToDelete(room),
});
const stage = new Stage({ client, rooms, me: identity, marks, onChange: changed });
const limits = new Limits({ onChange: () => composer.render() });
const composer = new Composer({
  limits,
  nameOf: () => identity.name,
  onWriting: () => stage.active?.isWriting(identity.name),
  isConnected: () => client.state === "connected",
  publish,
});
const foot = new Foot(composer);
const members = new Members({ me: identity });

// ----- rooms

function isReading(roomId) {
  const view = stage.active;
  return roomId === view?.id && view.notice === null && document.visibilityState === "visible" && view.isNewestInView;
}

/** In a room that was opened meanwhile the server counts. */
function counted(roomId, count) {
  if (!stage.get(roomId)) marks.put(roomId, count);
}

function open(roomId) {
  stage.open(roomId);
  rooms.select(roomId);
  changed(stage.active, "opened");
}

function changed(view, what) {
  limits.set(view.id, view.limit);
  foot.show(view.notice ? null : view);
  members.show(view.notice ? null : view);
  showTitle();
  if (what === "opened") marks.look(view.id);
  const isFree = document.activeElement === document.body || document.activeElement?.closest("#room-list");
  if ((what === "opened" || what === "joined") && isFree && !PHONE.matches) foot.focus();
}

function openFromAddress() {
  const said = location.hash.slice(1);
  let roomId = said;
  try {
    roomId = decodeURIComponent(said);
  } catch {
    // Somebody wrote the id as it is, with a "%" in it.
  }
  roomId ||= rooms.firstId;
  if (roomId === null) stage.showNoRoom();
  if (!roomId) return;
  setDrawer(false);
  if (stage.active?.id !== roomId || stage.active.notice) open(roomId);
}

client.onHistory((roomId, events, info) => {
  const timeline = stage.get(roomId)?.timeline;
  if (info.recovered === false) timeline?.startOver(events, info);
  else timeline?.start(events, info);
});
client.onRecovered((roomId, recovered, info) => {
  if (recovered) stage.get(roomId)?.timeline.recovered(info);
});
client.onLeft((roomId, reason) => {
  stage.close(roomId, new DialogueError("LEFT", reason ? `You were taken out of it: ${reason}` : "You were taken out of it."));
});
client.onRoomDeleted((roomId) => {
  // The client has left the room already: the notice that stands there gets its reason.
  stage.close(roomId, new DialogueError("DELETED", "Somebody deleted it, with all that was said in it."));
});
client.onDisconnect(() => {
  for (const { timeline } of stage.views) timeline.connectionLost(Date.now());
  composer.render();
});
client.onConnect(({ reconnected }) => {
  if (reconnected) members.renew();
  if (reconnected) for (const { timeline } of stage.views) timeline.retry();
  composer.connected();
});

async function publish({ roomId, text, name, key }) {
  await stage.ensure(roomId).say(text, name, key);
  identity.wasTold = true;
  foot.render();
  const view = stage.get(roomId);
  if (view && view === stage.active) view.timeline.showNewest();
}

rooms.onListed = (listed, { mayCreate }) => {
  for (const { id, unread } of listed) if (unread !== undefined) marks.put(id, unread);
  unvisited.look(listed.filter(({ id, unread }) => unread === undefined && !stage.get(id)).map(({ id }) => id));
  making.offer(mayCreate);
  if (!stage.active) openFromAddress();
};
rooms.onChange = () => {
  byId("drawer-dot").hidden = !rooms.hasUnread;
  if (!stage.active && rooms.firstId) openFromAddress();
  showTitle();
};

function showTitle() {
  const info = rooms.info(stage.active?.id);
  const name = info?.name ?? stage.active?.name ?? "Dialogue";
  byId("room-title").firstElementChild.textContent = name;
  const parts = info ? [presence(info)] : [];
  if (info?.description) parts.push(info.description);
  byId("room-sub").textContent = parts.join(" · ");
  const unread = stage.views.reduce((sum, { id }) => sum + marks.unread(id), 0);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${name} · Dialogue`;
}

// ----- the rest of the page

byId("edit-name").addEventListener("click", () => {
  setDrawer(false);
  foot.edit();
});
byId("to-beginning").addEventListener("click", async () => {
  const timeline = stage.active?.timeline;
  await timeline?.showBeginning();
  timeline?.scroller.focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") marks.leaveOff();
  else if (stage.active) marks.look(stage.active.id);
});
addEventListener("pagehide", () => marks.leaveOff());
addEventListener("hashchange", openFromAddress);
onNewDay(() => {
  for (const { timeline } of stage.views) timeline.renewDays();
});

prepareColours();
prepareDrawer({ onOpen: () => rooms.refresh() });
prepareDateJump({ timeline: () => (stage.active?.notice === null ? stage.active.timeline : null) });
keepConnected(client, { onEnd: (error) => composer.ended(error) });
if (location.hash.length > 1) openFromAddress();
