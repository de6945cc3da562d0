// What it promises: the events of a room are handed over in the room's order, each once, across reconnects, and an event that
// is triggered is kept at most once, however often it had to be sent. Three rules do the first:
//
// 1. The cursor of a room is the largest seq of `joined.position` and of `events` frames; a live event at or below it is dropped.
// 2. Coming back, the room is joined with `since: cursor`, and live events that overtake the answer are held back behind it. A
//    `joined` that the server pushes meanwhile must not move the cursor: the events between would be lost.
// 3. A fresh snapshot of a room that is already joined leaves out what handlers have seen (`DeliveredSeqs`).
//
// And one does the second: a trigger carries a key, and is sent again only to the same room, in the same life of it, as the same
// user: anywhere else the server would take the key for a new one.

import { httpUrl, webSocketUrl } from "./addresses.js";
import { Connection } from "./connection.js";
import { DialogueError, disconnected, errorFrom, problemFrom, refusesKey } from "./errors.js";
import { randomKey, serialise } from "./frames.js";
import { Handlers } from "./handlers.js";
import { RoomState } from "./room-state.js";
import { inNextTask, wait } from "./timing.js";
import { Trigger } from "./trigger.js";

const SUBPROTOCOL = "dialogue.v1";
const NORMAL_CLOSURE = 1000;
const FRAME_TOO_LARGE = 1009;
const NOT_AUTHENTICATED = 4401;
const REMOVED = 4403;
/** Close codes after which the same attempt would only be refused again. */
const FINAL_CLOSE_CODES = new Set([FRAME_TOO_LARGE, REMOVED]);
/** Errors of a rejoin that may pass: the room is asked for again, a few times. */
const PASSING_ERRORS = new Set(["RATE_LIMITED", "UNAVAILABLE", "TIMEOUT", "ROOM_FULL"]);
const REJOIN_ATTEMPTS = 8;
/** A connection that lived this long resets the back-off; a server that accepts and fails at once is not hammered. */
const STABLE_CONNECTION_MS = 5_000;
const MAX_HELD_EVENTS = 20_000;
/** So many triggers of a room may wait for it to be joined again; what comes beyond is refused. */
const MAX_WAITING_TRIGGERS = 1_000;

export class DialogueClient {
  #url;
  #auth;
  #WebSocket;
  #minDelayMs;
  #maxDelayMs;
  #requestTimeoutMs;
  #handlers = new Handlers((error) => this.#reportHandler(error));
  /** Apart from the others: an error handler that fails must not be told of it. */
  #errorHandlers = new Handlers((error) => console.error(error));
  #rooms = new Map();
  #joins = new Map();
  #state = "idle";
  #connection = null;
  #nextId = 1;
  #failedAttempts = 0;
  #retryTimer = null;
  /** The promise of `connect()`, while it is open. */
  #connecting = null;
  /** Those who wait for the next connection. */
  #waiting = new Set();
  #identity = {};
  /** What the connection that stands was authenticated with, for the calls over HTTP. */
  #token;
  #onOnline = () => {
    if (this.#retryTimer !== null) this.#attempt();
    else if (this.#connection?.isReady) this.#checkIsAlive(this.#connection);
  };

  constructor({ url, auth, reconnect = {}, requestTimeoutMs = 10_000, WebSocket = globalThis.WebSocket } = {}) {
    if (typeof url !== "string" && !(url instanceof URL)) throw new TypeError("createDialogueClient needs a url");
    if (typeof WebSocket !== "function") {
      throw new TypeError("There is no WebSocket here: pass an implementation as the option `WebSocket`");
    }
    this.#url = webSocketUrl(url);
    this.#auth = auth;
    this.#WebSocket = WebSocket;
    this.#minDelayMs = reconnect.minDelayMs ?? 500;
    this.#maxDelayMs = reconnect.maxDelayMs ?? 30_000;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  get state() {
    return this.#state;
  }

  get url() {
    return this.#url;
  }

  get clientId() {
    return this.#identity.clientId;
  }

  get userId() {
    return this.#identity.userId;
  }

  get rooms() {
    return [...this.#rooms.values()].map(({ room }) => room);
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

  onRoomCreated(handler) {
    return this.#handlers.add("roomCreated", handler);
  }

  onRoomDeleted(handler) {
    return this.#handlers.add("roomDeleted", handler);
  }

  // ----- what an application asks for

  connect() {
    if (this.#state === "connected") return Promise.resolve({ ...this.#identity });
    if (!this.#connecting) {
      const deferred = {};
      deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
      this.#connecting = deferred;
      if (this.#state !== "connecting" && this.#state !== "reconnecting") {
        this.#failedAttempts = 0;
        globalThis.addEventListener?.("online", this.#onOnline);
        this.#setState("connecting");
        this.#attempt();
      }
    }
    return this.#connecting.promise;
  }

  disconnect() {
    if (this.#state === "idle" || this.#state === "closed") return;
    const error = disconnected("The client was told to disconnect");
    for (const state of this.#rooms.values()) this.#forget(state, error);
    this.#stop(error, { code: NORMAL_CLOSURE, reason: "disconnect", wasConnected: this.#state === "connected" });
  }

  join(roomId, { events } = {}) {
    const key = JSON.stringify([roomId, events]);
    const running = this.#joins.get(key);
    if (running) return running;
    const joining = this.#join(roomId, events).finally(() => this.#joins.delete(key));
    this.#joins.set(key, joining);
    const release = () => this.#release();
    joining.then(release, release);
    return joining;
  }

  async listRooms({ limit, cursor } = {}) {
    const { rooms, cursor: next } = await this.#request("listRooms", { limit, cursor });
    return { rooms, ...(next !== undefined && next !== null && { cursor: next }) };
  }

  async createRoom(room) {
    const answer = await this.#request("createRoom", { room }, ({ room: created }) => {
      this.#handlers.call("roomCreated", created);
    });
    return answer.room;
  }

  async deleteRoom(roomId) {
    await this.#request("deleteRoom", { roomId }, () => this.#roomDeleted(roomId));
  }

  /** Used by DialogueRoom alone. */
  _roomRequest(state, type, fields, onAnswer) {
    if (this.#rooms.get(state.id) !== state) {
      return Promise.reject(new DialogueError("NOT_JOINED", `The room "${state.id}" was left`));
    }
    return this.#request(type, { roomId: state.id, ...fields }, onAnswer);
  }

  /** Used by DialogueRoom alone. */
  async _redact(state, seq) {
    if (!Number.isSafeInteger(seq) || seq < 1) throw new DialogueError("INVALID_REQUEST", "A seq is a whole number from 1 on");
    const url = httpUrl(this.#url, `rooms/${encodeURIComponent(state.id)}/events/${seq}`);
    const headers = {};
    if (this.#token !== undefined) headers.Authorization = `Bearer ${this.#token}`;
    else if (/^[\x20-\x7e]+$/.test(this.userId ?? "")) headers["X-User-Id"] = this.userId;
    else if (this.userId !== undefined) url.searchParams.set("userId", this.userId); // a header is ASCII
    let response;
    try {
      response = await fetch(url, { method: "DELETE", headers, signal: AbortSignal.timeout(this.#requestTimeoutMs) });
    } catch (error) {
      if (error.name !== "TimeoutError") throw new DialogueError("DISCONNECTED", error.message, undefined, { cause: error });
      throw new DialogueError("TIMEOUT", `No answer to "redact" within ${this.#requestTimeoutMs} ms`, undefined, { cause: error });
    }
    if (!response.ok) throw await problemFrom(response);
  }

  /** Used by DialogueRoom alone. */
  async _leave(state) {
    if (this.#rooms.get(state.id) !== state) return;
    try {
      await this.#request("leave", { roomId: state.id }, () => this.#left(state.id));
    } catch (error) {
      // Whatever went wrong, the application wants to be out: the room is not joined again.
      if (this.#rooms.get(state.id) === state) this.#left(state.id);
      if (error.code !== "NOT_JOINED" && error.code !== "DISCONNECTED") throw error;
    }
  }

  // ----- the connection

  async #attempt() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    const connection = new Connection();
    this.#connection = connection;
    this.#timer(connection, this.#requestTimeoutMs, () => this.#lost(connection, 0, "No connection in time"));
    let auth;
    try {
      auth = typeof this.#auth === "function" ? await this.#auth() : this.#auth;
    } catch (error) {
      this.#report(new DialogueError("AUTH_FAILED", "The auth function failed", undefined, { cause: error }));
      this.#lost(connection, 0, "The auth function failed");
      return;
    }
    if (this.#connection !== connection) return;
    connection.auth = auth ?? {};
    try {
      this.#open(connection, connection.auth);
    } catch (error) {
      // Not a failed connection, which would be a close event, but an address that can never work.
      this.#stop(new DialogueError("INVALID_URL", error.message, undefined, { cause: error }), { code: 0, reason: "" });
    }
  }

  #open(connection, auth) {
    const socket = new this.#WebSocket(this.#url, [SUBPROTOCOL]);
    connection.socket = socket;
    socket.onopen = () => {
      this.#send(connection, "connect", { auth }, (answer) => this.#connected(connection, answer)).catch((error) => {
        if (error.code === "UNAUTHENTICATED") this.#lost(connection, NOT_AUTHENTICATED, error.message, error);
        else if (error.code !== "DISCONNECTED") this.#lost(connection, 0, error.message);
      });
    };
    socket.onmessage = ({ data }) => this.#receive(connection, data);
    socket.onclose = ({ code, reason }) => {
      this.#drain(connection, true);
      this.#lost(connection, code, reason);
    };
    socket.onerror = () => {}; // A close event follows, with all that can be known.
  }

  #connected(connection, { clientId, userId, heartbeat }) {
    this.#clearTimers(connection);
    connection.isReady = true;
    connection.openedAt = Date.now();
    const reconnected = this.#identity.clientId !== undefined;
    this.#identity = { clientId, userId };
    this.#token = connection.auth.token;
    this.#watch(connection, heartbeat);
    this.#setState("connected");
    for (const state of this.#rooms.values()) this.#rejoin(state, connection);
    this.#settleConnecting("resolve", { clientId, userId });
    for (const waiter of this.#waiting) waiter.resolve();
    this.#waiting.clear();
    this.#handlers.call("connect", { clientId, userId, reconnected });
  }

  /** The browser answers the server's pings unseen, so a dead link is only found by asking when nothing was heard. */
  #watch(connection, heartbeat) {
    if (!(heartbeat > 0)) return;
    const check = () => {
      this.#timer(connection, heartbeat * 1000, check);
      if (Date.now() - connection.lastHeardAt < heartbeat * 1000) return;
      this.#checkIsAlive(connection);
    };
    this.#timer(connection, heartbeat * 1000, check);
  }

  #checkIsAlive(connection) {
    this.#send(connection, "ping", {}).catch(({ code }) => {
      if (code === "TIMEOUT") this.#lost(connection, 0, "The server does not answer");
    });
  }

  #lost(connection, code, reason, error) {
    if (this.#connection !== connection) return;
    const wasConnected = connection.isReady;
    const mayTryAgain =
      code === NOT_AUTHENTICATED
        ? typeof this.#auth === "function" && !this.#connecting
        : !FINAL_CLOSE_CODES.has(code);
    if (!mayTryAgain) {
      const final = code === NOT_AUTHENTICATED ? "UNAUTHENTICATED" : "CLOSED";
      const text = reason || `The server closed the connection (${code})`;
      this.#stop(error ?? new DialogueError(final, text, { closeCode: code }), { code, reason, wasConnected });
      return;
    }
    if (wasConnected && Date.now() - connection.openedAt >= STABLE_CONNECTION_MS) this.#failedAttempts = 0;
    this.#drop(connection, disconnected());
    for (const state of this.#rooms.values()) this.#suspend(state);
    const ceiling = Math.min(this.#maxDelayMs, this.#minDelayMs * 2 ** Math.min(this.#failedAttempts, 30));
    this.#failedAttempts += 1;
    // Full jitter: a thousand clients of one restarted server come back spread over the whole interval.
    this.#retryTimer = setTimeout(() => this.#attempt(), Math.random() * ceiling);
    this.#setState(this.#connecting && !wasConnected ? "connecting" : "reconnecting");
    if (wasConnected) this.#handlers.call("disconnect", { code, reason, willReconnect: true });
  }

  /** Ends for good: after `disconnect()`, or where trying again has no sense. `connect()` may start anew. */
  #stop(error, { code, reason, wasConnected = false }) {
    const connection = this.#connection;
    this.#state = "closed";
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    globalThis.removeEventListener?.("online", this.#onOnline);
    if (connection) this.#drop(connection, error);
    for (const state of this.#rooms.values()) {
      state.failWaiting(error);
      this.#suspend(state);
    }
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting.clear();
    const someoneWasTold = this.#settleConnecting("reject", error);
    this.#handlers.call("state", "closed");
    if (wasConnected) this.#handlers.call("disconnect", { code, reason, willReconnect: false });
    if (!someoneWasTold && error.code !== "DISCONNECTED") this.#report(error);
  }

  #drop(connection, error) {
    this.#connection = null;
    this.#clearTimers(connection);
    const unanswered = [...connection.pending.values()];
    connection.pending.clear();
    for (const { lose, timer } of unanswered) {
      clearTimeout(timer);
      lose(error);
    }
    connection.inbox.length = 0;
    const { socket } = connection;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(NORMAL_CLOSURE);
    } catch {
      // Some implementations throw where there is nothing to close any more.
    }
  }

  #settleConnecting(how, value) {
    const connecting = this.#connecting;
    this.#connecting = null;
    connecting?.[how](value);
    return connecting !== null;
  }

  #untilConnected() {
    if (this.#state === "connected") return Promise.resolve();
    if (this.#state === "idle") return Promise.reject(disconnected("The client is not connected: call connect() first"));
    if (this.#state === "closed") return Promise.reject(disconnected("The client is not connected any more"));
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  #setState(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#handlers.call("state", state);
  }

  #timer(connection, ms, callback) {
    const timer = setTimeout(() => {
      connection.timers.delete(timer);
      callback();
    }, ms);
    connection.timers.add(timer);
  }

  #clearTimers(connection) {
    for (const timer of connection.timers) clearTimeout(timer);
    connection.timers.clear();
  }

  // ----- frames

  #request(type, fields, onAnswer) {
    const connection = this.#connection;
    if (!connection?.isReady) return Promise.reject(disconnected("There is no connection at this moment"));
    return this.#send(connection, type, fields, onAnswer);
  }

  /** `onAnswer` runs while the answer's frame is handled, so before any frame that came after it. */
  #send(connection, type, fields, onAnswer) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const frame = serialise({ type, id, ...fields });
      const timer = setTimeout(() => {
        connection.pending.delete(id);
        reject(new DialogueError("TIMEOUT", `No answer to "${type}" within ${this.#requestTimeoutMs} ms`));
      }, this.#requestTimeoutMs);
      this.#transmit(connection, id, frame, { resolve, reject, lose: reject, timer, onAnswer });
    });
  }

  /** `resolve` or `reject` gets the answer; `lose` the error of a connection that was lost before it. */
  #transmit(connection, id, frame, pending) {
    connection.pending.set(id, pending);
    try {
      connection.socket.send(frame);
    } catch (error) {
      clearTimeout(pending.timer);
      connection.pending.delete(id);
      pending.lose(new DialogueError("DISCONNECTED", error.message, undefined, { cause: error }));
    }
  }

  #receive(connection, data) {
    if (this.#connection !== connection) return;
    connection.lastHeardAt = Date.now();
    connection.inbox.push(data);
    this.#drain(connection);
  }

  /** Handles the frames in order; see `#hold`. */
  #drain(connection, isLastChance = false) {
    while (connection.inbox.length > 0 && this.#connection === connection) {
      if (connection.inboxIsHeld && !isLastChance) return;
      const message = this.#decode(connection.inbox.shift());
      if (message && !this.#answer(connection, message)) this.#pushed(connection, message);
    }
  }

  /**
   * Between the answer to an application's join and the code that awaited it no frame is handled: that code registers the
   * handlers. A browser gives each frame a task of its own; other implementations may give several in one.
   */
  #hold(connection) {
    connection.inboxIsHeld = true;
  }

  #release() {
    const connection = this.#connection;
    if (!connection?.inboxIsHeld) return;
    connection.inboxIsHeld = false;
    if (connection.inbox.length > 0) inNextTask(() => this.#drain(connection));
  }

  #decode(data) {
    try {
      const message = JSON.parse(data);
      if (message && typeof message.type === "string") return message;
    } catch {
      // Reported below, with everything else that is no message.
    }
    this.#report(new DialogueError("INVALID_FRAME", "The server sent a frame that could not be read"));
    return null;
  }

  #answer(connection, message) {
    const pending = message.id === undefined ? undefined : connection.pending.get(message.id);
    if (!pending) return false;
    connection.pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.type === "error") {
      pending.reject(errorFrom(message));
    } else {
      pending.onAnswer?.(message);
      pending.resolve(message);
    }
    return true;
  }

  #pushed(connection, message) {
    switch (message.type) {
      case "events":
        this.#liveEvents(message);
        break;
      case "joined":
        this.#joinedUnasked(connection, message);
        break;
      case "marked":
        this.#handlers.call("marked", message.roomId, { seq: message.seq, unread: message.unread });
        break;
      case "left":
        this.#left(message.roomId, message.reason);
        break;
      case "roomCreated":
        this.#handlers.call("roomCreated", message.room);
        break;
      case "roomDeleted":
        this.#roomDeleted(message.roomId);
        break;
      case "error":
        this.#report(errorFrom(message));
        break;
      default: // A newer server may say more.
    }
  }

  // ----- triggers

  /** Used by DialogueRoom alone. */
  _trigger(state, fields, givenKey) {
    return new Promise((resolve, reject) => {
      if (this.#rooms.get(state.id) !== state) throw new DialogueError("NOT_JOINED", `The room "${state.id}" was left`);
      const isOwnKey = givenKey === undefined;
      const key = isOwnKey && !state.withoutHistory.has(fields.event) ? randomKey() : (givenKey ?? null);
      this.#refuseToWait(state, key);
      const trigger = new Trigger({
        id: this.#nextId++,
        state,
        name: fields.event,
        // As text, so that it is the same when it is sent again, whatever the application does to its objects meanwhile.
        body: serialise({ roomId: state.id, ...fields }),
        key,
        isOwnKey,
        userId: this.userId,
        resolve,
        reject,
      });
      trigger.timer = setTimeout(() => this.#expire(trigger), this.#requestTimeoutMs);
      state.waiting.push(trigger);
      this.#sendWaiting(state);
    });
  }

  #refuseToWait(state, key) {
    if (state.connection) return;
    if (this.#state === "closed" || (key === null && !this.#connection?.isReady)) {
      throw new DialogueError("DISCONNECTED", "There is no connection at this moment", { wasSent: false });
    }
    if (state.waiting.length < MAX_WAITING_TRIGGERS) return;
    const text = `${MAX_WAITING_TRIGGERS} events wait for the room "${state.id}" to be joined again: this one was not sent`;
    throw new DialogueError("QUEUE_FULL", text, { wasSent: false });
  }

  /** In the order in which the application called `trigger`: ids rise. */
  #sendWaiting(state) {
    if (!state.connection || state.waiting.length === 0) return;
    const inOrder = state.waiting.splice(0).sort((a, b) => a.id - b.id);
    for (const trigger of inOrder) this.#sendTrigger(state.connection, trigger);
  }

  #sendTrigger(connection, trigger) {
    const { state } = trigger;
    if (trigger.userId !== this.userId) {
      trigger.fail(disconnected("The connection was lost, and the next one is another user's"));
      return;
    }
    if (trigger.wasSent && trigger.epoch !== state.epoch) {
      trigger.fail(disconnected("The connection was lost, and the history of the room was started anew"));
      return;
    }
    trigger.epoch = state.epoch;
    trigger.wasSent = true;
    this.#transmit(connection, trigger.id, trigger.frame, {
      resolve: (answer) => {
        clearTimeout(trigger.timer);
        if (answer.seq !== undefined) state.ownSeq = Math.max(state.ownSeq, answer.seq);
        trigger.resolve(answer);
      },
      reject: (error) => this.#refused(connection, trigger, error),
      lose: (error) => this.#lostTrigger(trigger, error),
    });
  }

  #refused(connection, trigger, error) {
    if (trigger.isOwnKey && trigger.key !== null && refusesKey(error)) {
      trigger.state.withoutHistory.add(trigger.name);
      trigger.key = null;
      this.#sendTrigger(connection, trigger);
      return;
    }
    clearTimeout(trigger.timer);
    trigger.reject(error);
  }

  #lostTrigger(trigger, error) {
    const { state } = trigger;
    const mayGoAgain = trigger.key !== null && this.#state !== "closed" && this.#rooms.get(state.id) === state;
    if (mayGoAgain) state.waiting.push(trigger);
    else trigger.fail(error);
  }

  #expire(trigger) {
    const { state } = trigger;
    state.waiting = state.waiting.filter((other) => other !== trigger);
    this.#connection?.pending.delete(trigger.id);
    const within = `within ${this.#requestTimeoutMs} ms`;
    const text = trigger.wasSent ? `No answer to "trigger" ${within}` : `The event was not sent: no connection ${within}`;
    trigger.fail(new DialogueError("TIMEOUT", text));
  }

  // ----- rooms

  async #join(roomId, events) {
    for (;;) {
      await this.#untilConnected();
      // The connection may change while the rejoin is awaited; the loop starts over then.
      const rejoining = this.#rooms.get(roomId)?.rejoining;
      if (rejoining) {
        await rejoining;
        continue;
      }
      const connection = this.#connection;
      try {
        let state;
        await this.#request("join", { roomId, events }, (answer) => {
          state = this.#snapshot(connection, answer, events);
          this.#hold(connection);
        });
        return state.room;
      } catch (error) {
        const connectionBroke = error.code === "DISCONNECTED" && this.#connection !== connection;
        if (!connectionBroke || this.#state === "closed") throw error;
      }
    }
  }

  /** The answer to an application's own join: the room as it is now, with its newest events. */
  #snapshot(connection, { roomId, roomName, events: subscribed, position, history, hasMore }, requestedEvents) {
    const state = this.#rooms.get(roomId) ?? this.#register(roomId);
    const isNew = state.connection === null;
    state.connection = connection;
    state.name = roomName ?? state.name;
    state.wasAskedFor = true;
    state.requestedEvents = requestedEvents;
    if (state.epoch !== position.epoch) state.startOver(position);
    state.setSubscribed(subscribed ?? []);
    state.cursor = Math.max(state.cursor, position.seq);
    const unseen = history.filter((event) => !state.delivered.has(event));
    state.delivered.addHistory(history, position.seq);
    if (isNew) this.#handlers.call("joined", state.room);
    this.#handlers.call("history", roomId, unseen, { position, hasMore: hasMore ?? false });
    return state;
  }

  #joinedUnasked(connection, message) {
    const state = this.#rooms.get(message.roomId) ?? this.#register(message.roomId);
    // On its way back the client wants all since its cursor: the answer to its own join will tell.
    if (state.held) return;
    // An answer that its request did not wait for is a snapshot all the same, with events that come in no other way.
    if (message.id !== undefined) this.#snapshot(connection, message, state.requestedEvents);
    else if (state.connection === null) this.#putByServer(state, connection, message);
    else if (state.epoch !== message.position.epoch) this.#rejoin(state, connection);
    else state.setSubscribed(message.events ?? []); // in it already: events up to the new position may still be on their way
  }

  #putByServer(state, connection, { roomName, events: subscribed, position }) {
    state.name = roomName ?? state.name;
    state.connection = connection;
    if (state.epoch !== position.epoch) state.startOver(position);
    state.cursor = Math.max(state.cursor, position.seq);
    state.setSubscribed(subscribed ?? []);
    this.#handlers.call("joined", state.room);
  }

  async #rejoin(state, connection) {
    state.held = [];
    let settle;
    state.rejoining = new Promise((resolve) => (settle = resolve));
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const since = { epoch: state.epoch, seq: state.cursor };
          const fields = { roomId: state.id, since, events: state.requestedEvents };
          await this.#send(connection, "join", fields, (answer) => this.#cameBack(state, connection, answer));
          return;
        } catch (error) {
          if (this.#connection !== connection || this.#rooms.get(state.id) !== state) return;
          if (!PASSING_ERRORS.has(error.code) || attempt === REJOIN_ATTEMPTS) {
            this.#left(state.id, error.code);
            this.#report(error);
            return;
          }
          await wait(error.details?.retryAfterMs ?? Math.min(250 * 2 ** attempt, 10_000));
          if (this.#connection !== connection || this.#rooms.get(state.id) !== state) return;
        }
      }
    } finally {
      if (this.#connection === connection) state.rejoining = null;
      settle();
    }
  }

  #cameBack(state, connection, { roomName, events: subscribed, position, recovered, history, hasMore }) {
    if (this.#rooms.get(state.id) !== state) return;
    const held = state.held ?? [];
    const missed = history.filter(({ seq }) => seq === undefined || seq > state.cursor).reverse();
    state.held = null;
    state.connection = connection;
    state.name = roomName ?? state.name;
    const continues = recovered === true && position.epoch === state.epoch;
    const info = { position, hasMore: hasMore ?? false, recovered: continues };
    if (continues) {
      state.setSubscribed(subscribed ?? []);
      this.#handlers.call("recovered", state.id, true, { ...info, count: missed.length });
      for (const event of missed) this.#deliver(state, event);
      state.cursor = Math.max(state.cursor, position.seq);
    } else {
      state.startOver(position);
      state.setSubscribed(subscribed ?? []);
      this.#handlers.call("recovered", state.id, false, { ...info, count: 0 });
      state.delivered.addHistory(history, position.seq);
      this.#handlers.call("history", state.id, history, info);
    }
    for (const event of held) this.#deliver(state, event);
    this.#sendWaiting(state);
  }

  #liveEvents({ roomId, events }) {
    const state = this.#rooms.get(roomId);
    if (!state) return;
    if (!state.held) {
      for (const event of events) this.#deliver(state, event);
      return;
    }
    state.held.push(...events);
    if (state.held.length > MAX_HELD_EVENTS) this.#lost(this.#connection, 0, "Too many events overtook a join");
  }

  #deliver(state, event) {
    // A handler may have left the room while the rest of a frame was handed over.
    if (this.#rooms.get(state.id) !== state) return;
    if (event.seq === undefined) {
      state.emit(event);
      return;
    }
    if (event.seq <= state.cursor) return;
    state.cursor = event.seq;
    if (state.emit(event) > 0) state.delivered.addLive(event);
    else state.delivered.interrupt(event.event);
  }

  #register(roomId) {
    const state = new RoomState(this, roomId, (error) => this.#reportHandler(error));
    this.#rooms.set(roomId, state);
    return state;
  }

  /** The connection is gone. Rooms that nobody asked for and nobody listens to are the server's affair again. */
  #suspend(state) {
    state.connection = null;
    state.held = null;
    state.rejoining = null;
    const [mayGoAgain, lost] = [[], []];
    for (const trigger of state.waiting) (trigger.key === null ? lost : mayGoAgain).push(trigger);
    state.waiting = mayGoAgain;
    for (const trigger of lost) trigger.fail(disconnected());
    if (!state.wasAskedFor && state.handlers.isEmpty && state.waiting.length === 0) this.#forget(state);
  }

  #forget(state, error = disconnected(`The room "${state.id}" was left before the answer came`)) {
    state.connection = null;
    state.held = null;
    if (this.#rooms.get(state.id) === state) this.#rooms.delete(state.id);
    state.failWaiting(error);
  }

  #left(roomId, reason) {
    const state = this.#rooms.get(roomId);
    if (!state) return;
    this.#forget(state);
    state.handlers.clear();
    this.#handlers.call("left", roomId, reason);
  }

  #roomDeleted(roomId) {
    this.#left(roomId, "deleted");
    this.#handlers.call("roomDeleted", roomId);
  }

  // ----- errors that no promise carries

  #reportHandler(error) {
    this.#report(new DialogueError("HANDLER_FAILED", `A handler failed: ${error?.message ?? error}`, undefined, { cause: error }));
  }

  #report(error) {
    if (this.#errorHandlers.call("error", error) === 0) console.error(error);
  }
}
