// Keeping a connection to the server: attempts, back-off, identity, and finding out that the other end has gone.

import { Connection } from "./connection.js";
import { Renewal, credentialsOf, isRenewable } from "./credentials.js";
import { DialogueError, disconnected } from "./errors.js";

const NORMAL_CLOSURE = 1000;
const FRAME_TOO_LARGE = 1009;
const NOT_AUTHENTICATED = 4401;
const REMOVED = 4403;
/** A connection that lived this long resets the back-off; a server that accepts and fails at once is not hammered. */
const STABLE_CONNECTION_MS = 5_000;
/** What a `connect` is answered with that would be refused again. */
const REFUSALS = new Set(["UNAUTHENTICATED", "INVALID_REQUEST"]);

export class Link {
  state = "idle";
  /** The connection of this moment, ready or not. */
  connection = null;
  identity = {};
  /** What the connection that stands was authenticated with, for the calls over HTTP. */
  token;
  #options;
  #owner;
  #failedAttempts = 0;
  #retryTimer = null;
  /** The promise of `connect()`, while it is open. */
  #connecting = null;
  /** Those who wait for the next connection. */
  #waiting = new Set();
  #onOnline = () => {
    if (this.#retryTimer !== null) this.#attempt();
    else if (this.connection?.isReady) this.#checkIsAlive(this.connection);
  };

  /**
   * `owner` is what a `Connection` needs, and `stateChanged(state)`, `ready(connection)` for when one stands, `lost()` and
   * `ended(error)` for when it does not any more, now or for good, `connected(info)` and `disconnected(info)`.
   */
  constructor(options, owner) {
    this.#options = options;
    this.#owner = owner;
  }

  connect() {
    if (this.state === "connected") return Promise.resolve({ ...this.identity });
    if (!this.#connecting) {
      const deferred = {};
      deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
      this.#connecting = deferred;
      if (this.state !== "connecting" && this.state !== "reconnecting") this.#begin();
    }
    return this.#connecting.promise;
  }

  disconnect() {
    if (this.state === "idle" || this.state === "closed") return;
    const wasConnected = this.state === "connected";
    const error = disconnected("The client was told to disconnect");
    this.#stop(error, { code: NORMAL_CLOSURE, reason: "disconnect", wasConnected });
  }

  untilConnected() {
    if (this.state === "connected") return Promise.resolve();
    if (this.state === "idle") return Promise.reject(disconnected("The client is not connected: call connect() first"));
    if (this.state === "closed") return Promise.reject(disconnected("The client is not connected any more"));
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  request(type, fields, onAnswer) {
    if (!this.connection?.isReady) return Promise.reject(disconnected("There is no connection at this moment"));
    return this.connection.send(type, fields, onAnswer);
  }

  /** The connection cannot go on; another is made, where that has a sense. */
  lose(connection, code, reason, error) {
    if (this.connection !== connection) return;
    const wasConnected = connection.isReady;
    if (!this.#mayTryAgain(code)) {
      const final = code === NOT_AUTHENTICATED ? "UNAUTHENTICATED" : "CLOSED";
      const text = reason || `The server closed the connection (${code})`;
      this.#stop(error ?? new DialogueError(final, text, { closeCode: code }), { code, reason, wasConnected });
      return;
    }
    if (wasConnected && performance.now() - connection.openedAt >= STABLE_CONNECTION_MS) this.#failedAttempts = 0;
    this.connection = null;
    if (code === FRAME_TOO_LARGE) connection.refuseLargest();
    connection.end(disconnected());
    this.#owner.lost();
    this.#tryLater();
    this.#setState(this.#connecting && !wasConnected ? "connecting" : "reconnecting");
    if (wasConnected) this.#owner.disconnected({ code, reason, willReconnect: true });
  }

  #mayTryAgain(code) {
    if (code === NOT_AUTHENTICATED) return isRenewable(this.#options.auth) && !this.#connecting;
    return code !== REMOVED;
  }

  #begin() {
    this.#failedAttempts = 0;
    globalThis.addEventListener?.("online", this.#onOnline);
    this.#setState("connecting");
    this.#attempt();
  }

  #tryLater() {
    const { minDelayMs, maxDelayMs } = this.#options;
    const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(this.#failedAttempts, 30));
    this.#failedAttempts += 1;
    // Full jitter: a thousand clients of one restarted server come back spread over the whole interval.
    this.#retryTimer = setTimeout(() => this.#attempt(), Math.random() * ceiling);
  }

  async #attempt() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    const { auth: given, requestTimeoutMs } = this.#options;
    const connection = new Connection(this.#owner, requestTimeoutMs);
    this.connection = connection;
    connection.after(requestTimeoutMs, () => this.lose(connection, 0, "No connection in time"));
    let auth;
    try {
      auth = await credentialsOf(given);
    } catch (error) {
      this.#owner.report(new DialogueError("AUTH_FAILED", "The auth function failed", undefined, { cause: error }));
      this.lose(connection, 0, "The auth function failed");
      return;
    }
    if (this.connection === connection) this.#open(connection, auth);
  }

  #open(connection, auth) {
    connection.auth = auth;
    const onOpen = () => {
      connection.send("connect", { auth }, (answer) => this.#connected(connection, answer)).catch((error) => {
        if (REFUSALS.has(error.code)) this.lose(connection, NOT_AUTHENTICATED, error.message, error);
        else if (error.code !== "DISCONNECTED") this.lose(connection, 0, error.message);
      });
    };
    const onClose = (code, reason) => this.lose(connection, code, reason);
    try {
      connection.open(this.#options.WebSocket, this.#options.url, { onOpen, onClose });
    } catch (error) {
      // Not a failed connection, which would be a close event, but an address that can never work.
      this.#stop(new DialogueError("INVALID_URL", error.message, undefined, { cause: error }), { code: 0, reason: "" });
    }
  }

  #connected(connection, { clientId, userId, heartbeat, maxFrame, expiresAt }) {
    connection.clearTimers();
    connection.maxFrame = maxFrame;
    connection.isReady = true;
    connection.openedAt = performance.now();
    const reconnected = this.identity.clientId !== undefined;
    this.identity = { clientId, userId };
    this.token = connection.auth.token;
    this.#watch(connection, heartbeat);
    const renewed = () => (this.token = connection.auth.token);
    new Renewal(connection, this.#options.auth, { renewed, report: this.#owner.report }).schedule(expiresAt);
    this.#setState("connected");
    this.#owner.ready(connection);
    this.#settleConnecting("resolve", { clientId, userId });
    for (const waiter of this.#waiting) waiter.resolve();
    this.#waiting.clear();
    this.#owner.connected({ clientId, userId, reconnected });
  }

  /** The browser answers the server's pings unseen, so a dead link is only found by asking when nothing was heard. */
  #watch(connection, heartbeat) {
    if (!(heartbeat > 0)) return;
    const check = () => {
      connection.after(heartbeat * 1000, check);
      if (performance.now() - connection.lastHeardAt < heartbeat * 1000) return;
      this.#checkIsAlive(connection);
    };
    connection.after(heartbeat * 1000, check);
  }

  #checkIsAlive(connection) {
    connection.send("ping", {}).catch(({ code }) => {
      if (code === "TIMEOUT") this.lose(connection, 0, "The server does not answer");
    });
  }

  /** Ends for good: after `disconnect()`, or where trying again has no sense. `connect()` may start anew. */
  #stop(error, { code, reason, wasConnected = false }) {
    const connection = this.connection;
    this.state = "closed";
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    globalThis.removeEventListener?.("online", this.#onOnline);
    this.connection = null;
    connection?.end(error);
    this.#owner.ended(error);
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting.clear();
    const someoneWasTold = this.#settleConnecting("reject", error);
    this.#owner.stateChanged("closed");
    if (wasConnected) this.#owner.disconnected({ code, reason, willReconnect: false });
    if (!someoneWasTold && error.code !== "DISCONNECTED") this.#owner.report(error);
  }

  #settleConnecting(how, value) {
    const connecting = this.#connecting;
    this.#connecting = null;
    connecting?.[how](value);
    return connecting !== null;
  }

  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.#owner.stateChanged(state);
  }
}
