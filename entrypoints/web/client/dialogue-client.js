// The client as the application holds it: puts its parts together, and hands on what they say.

import { webSocketUrl } from "./addresses.js";
import { DialogueError, errorFrom } from "./errors.js";
import { Handlers } from "./handlers.js";
import { HttpCalls } from "./http-calls.js";
import { Joining } from "./joining.js";
import { Link } from "./link.js";
import { MEMBER_JOINED, MEMBER_LEFT } from "./room.js";
import { Rooms } from "./rooms.js";
import { Triggers } from "./triggers.js";

export class DialogueClient {
  #url;
  #handlers = new Handlers((error) => this.#reportHandler(error));
  /** Apart from the others: an error handler that fails must not be told of it. */
  #errorHandlers = new Handlers((error) => console.error(error));
  #link;
  #http;
  #rooms;
  #joining;
  #triggers;

  constructor({ url, auth, reconnect = {}, requestTimeoutMs = 10_000, WebSocket = globalThis.WebSocket } = {}) {
    if (typeof url !== "string" && !(url instanceof URL)) throw new TypeError("createDialogueClient needs a url");
    if (typeof WebSocket !== "function") {
      throw new TypeError("There is no WebSocket here: pass an implementation as the option `WebSocket`");
    }
    this.#url = webSocketUrl(url);
    const { minDelayMs = 500, maxDelayMs = 30_000 } = reconnect;
    this.#build({ url: this.#url, auth, WebSocket, minDelayMs, maxDelayMs, requestTimeoutMs });
  }

  #build(options) {
    const { requestTimeoutMs } = options;
    let lastId = 0;
    const nextId = () => (lastId += 1);
    const handlers = this.#handlers;
    const report = (error) => this.#report(error);
    const link = new Link(options, {
      nextId,
      report,
      pushed: (connection, message) => this.#pushed(connection, message),
      stateChanged: (state) => handlers.call("state", state),
      ready: (connection) => {
        for (const state of this.#rooms.all) this.#joining.rejoin(state, connection);
      },
      lost: () => this.#suspend(),
      ended: (error) => this.#suspend(error),
      connected: (info) => handlers.call("connect", info),
      disconnected: (info) => handlers.call("disconnect", info),
    });
    const calls = {
      trigger: (state, fields, key) => this.#triggers.publish(state, "trigger", fields, key),
      triggerMany: (state, fields, key) => this.#triggers.publish(state, "triggerBatch", fields, key),
      redact: (state, seq) => this.#http.redact(state.id, seq),
      request: (state, type, fields, onAnswer) => this.#roomRequest(state, type, fields, onAnswer),
      leave: (state) => this.#leave(state),
    };
    this.#link = link;
    this.#http = new HttpCalls({ socketUrl: this.#url, link, timeoutMs: requestTimeoutMs });
    this.#rooms = new Rooms({ handlers, calls, reportHandler: (error) => this.#reportHandler(error) });
    this.#triggers = new Triggers({ link, nextId, requestTimeoutMs });
    const cameBack = (state) => this.#triggers.sendWaiting(state);
    this.#joining = new Joining({ link, rooms: this.#rooms, handlers, cameBack, report });
  }

  get state() {
    return this.#link.state;
  }

  get url() {
    return this.#url;
  }

  get clientId() {
    return this.#link.identity.clientId;
  }

  get userId() {
    return this.#link.identity.userId;
  }

  get rooms() {
    return this.#rooms.all.map(({ room }) => room);
  }

  room(roomId) {
    return this.#rooms.get(roomId)?.room;
  }

  // ----- handlers

  onHistory(handler) {
    return this.#handlers.add("history", handler);
  }

  onRecovered(handler) {
    return this.#handlers.add("recovered", handler);
  }

  onConnect(handler) {
    return this.#handlers.add("connect", handler);
  }

  onDisconnect(handler) {
    return this.#handlers.add("disconnect", handler);
  }

  onStateChange(handler) {
    return this.#handlers.add("state", handler);
  }

  onError(handler) {
    return this.#errorHandlers.add("error", handler);
  }

  onJoined(handler) {
    return this.#handlers.add("joined", handler);
  }

  onLeft(handler) {
    return this.#handlers.add("left", handler);
  }

  onMarked(handler) {
    return this.#handlers.add("marked", handler);
  }

  onRoomSize(handler) {
    return this.#handlers.add("roomSize", handler);
  }

  onRoomCreated(handler) {
    return this.#handlers.add("roomCreated", handler);
  }

  onRoomDeleted(handler) {
    return this.#handlers.add("roomDeleted", handler);
  }

  // ----- what an application asks for

  connect() {
    return this.#link.connect();
  }

  disconnect() {
    this.#link.disconnect();
  }

  join(roomId, { events } = {}) {
    return this.#joining.join(roomId, events);
  }

  async listRooms({ limit, cursor } = {}) {
    const { rooms, cursor: next, mayCreate = false } = await this.#link.request("listRooms", { limit, cursor });
    return { rooms, mayCreate, ...(next !== undefined && next !== null && { cursor: next }) };
  }

  getDefinitions(roomId) {
    return this.#http.definitions(roomId);
  }

  getPage(roomId, query = {}) {
    return this.#http.page(roomId, query);
  }

  async createRoom(room) {
    const answer = await this.#link.request("createRoom", { room }, ({ room: created }) => {
      this.#handlers.call("roomCreated", created);
    });
    return answer.room;
  }

  async deleteRoom(roomId) {
    await this.#link.request("deleteRoom", { roomId }, () => this.#rooms.deleted(roomId));
  }

  // ----- what a room asks for

  #roomRequest(state, type, fields, onAnswer) {
    if (state.isForgotten) return Promise.reject(new DialogueError("NOT_JOINED", `The room "${state.id}" was left`));
    return this.#link.request(type, { roomId: state.id, ...fields }, onAnswer);
  }

  async #leave(state) {
    if (state.isForgotten) return;
    try {
      await this.#link.request("leave", { roomId: state.id }, () => this.#rooms.left(state.id));
    } catch (error) {
      // Whatever went wrong, the application wants to be out: the room is not joined again.
      if (!state.isForgotten) this.#rooms.left(state.id);
      if (error.code !== "NOT_JOINED" && error.code !== "DISCONNECTED") throw error;
    }
  }

  // ----- what the server says

  #pushed(connection, message) {
    switch (message.type) {
      case "events":
        if (!this.#rooms.live(message)) this.#link.lose(connection, 0, "Too many events overtook a join");
        break;
      case "joined":
        this.#joining.unasked(connection, message);
        break;
      case "marked":
        this.#handlers.call("marked", message.roomId, { seq: message.seq, unread: message.unread });
        break;
      case "roomSize":
        this.#handlers.call("roomSize", message.roomId, {
          size: message.size,
          ...(message.users !== undefined && { users: message.users }),
        });
        break;
      case "memberJoined":
        this.#rooms.get(message.roomId)?.handlers.call(MEMBER_JOINED, message.userId);
        break;
      case "memberLeft":
        this.#rooms.get(message.roomId)?.handlers.call(MEMBER_LEFT, message.userId);
        break;
      case "left":
        this.#rooms.left(message.roomId, message.reason);
        break;
      case "roomCreated":
        this.#handlers.call("roomCreated", message.room);
        break;
      case "roomDeleted":
        this.#rooms.deleted(message.roomId);
        break;
      case "error":
        this.#report(errorFrom(message));
        break;
      default: // A newer server may say more.
    }
  }

  /** The connection is gone; with an error, for good. */
  #suspend(error) {
    for (const state of this.#rooms.all) {
      if (error) state.failWaiting(error);
      this.#rooms.suspend(state);
    }
  }

  // ----- errors that no promise carries

  #reportHandler(error) {
    this.#report(new DialogueError("HANDLER_FAILED", `A handler failed: ${error?.message ?? error}`, undefined, { cause: error }));
  }

  #report(error) {
    if (this.#errorHandlers.call("error", error) === 0) console.error(error);
  }
}
