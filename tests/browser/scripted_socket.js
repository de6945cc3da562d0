// Evaluated in a page: a WebSocket whose other end is played by the test, word by word.
globalThis.prepared = (async () => {
  const { createDialogueClient, DialogueError } = await import("/client.js");

  /** Waits for a condition, and fails with its source when it does not come true. */
  const until = async (condition, deadlineMs = 60_000) => {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const value = condition();
      if (value) return value;
      if (performance.now() > end) throw new Error(`Waited in vain for ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };

  /** Lets everything run that is due already: microtasks, and one task. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

  /**
   * Timers for which `isLong(ms)` stand still until `pass()` runs those that are there: how fast the machine is does not
   * matter. The page is the test's own, so nothing is put back.
   */
  const standingStill = (isLong) => {
    const { setTimeout, clearTimeout } = globalThis;
    const still = new Map();
    globalThis.setTimeout = (callback, ms) => {
      if (!isLong(ms)) return setTimeout(callback, ms);
      const timer = {};
      still.set(timer, callback);
      return timer;
    };
    globalThis.clearTimeout = (timer) => still.delete(timer) || clearTimeout(timer);
    const pass = () => {
      for (const [timer, callback] of [...still]) if (still.delete(timer)) callback();
    };
    return { pass };
  };

  class Script {
    sockets = [];
    answered = new Set();

    constructor() {
      const script = this;
      this.WebSocket = class {
        sent = [];
        isClosed = false;

        constructor(url, protocols) {
          Object.assign(this, { url, protocols });
          script.sockets.push(this);
        }

        send(text) {
          this.sent.push(JSON.parse(text));
        }

        close() {
          this.isClosed = true;
        }
      };
    }

    /** A client on this script, which comes back almost at once. */
    client(options = {}) {
      const { WebSocket } = this;
      return createDialogueClient({ url: "ws://scripted", WebSocket, reconnect: { minDelayMs: 1, maxDelayMs: 2 }, ...options });
    }

    get socket() {
      return this.sockets.at(-1);
    }

    /** The first request of that type on the newest socket that was not answered yet. */
    request(type) {
      return until(() => this.socket?.sent.find((message) => message.type === type && !this.answered.has(message)));
    }

    say(message) {
      this.socket.onmessage({ data: JSON.stringify(message) });
    }

    answer(request, type, fields) {
      this.answered.add(request);
      this.say({ type, id: request.id, ...fields });
    }

    /** The nth socket opens and is welcomed. */
    async welcome(nth = 1, fields = {}) {
      await until(() => this.sockets.length >= nth);
      this.socket.onopen({});
      const request = await this.request("connect");
      this.answer(request, "connected", { clientId: `c${nth}`, userId: "ada", heartbeat: 25, ...fields });
      return request;
    }

    async joined({ seq, history = [], epoch = "one", ...fields }) {
      const request = await this.request("join");
      this.answer(request, "joined", {
        roomId: request.roomId,
        roomName: "Room",
        events: ["message"],
        position: { epoch, seq },
        history: history.map((n) => (typeof n === "number" ? this.event(n) : n)),
        hasMore: false,
        ...fields,
      });
      return request;
    }

    /** The server puts the client into the room by itself. */
    put({ seq, epoch = "one", roomId = "r" }) {
      this.say({ type: "joined", roomId, roomName: "Room", events: ["message"], position: { epoch, seq }, history: [], hasMore: seq > 0 });
    }

    event(seq, name = "message") {
      return { event: name, roomId: "r", data: { n: seq }, from: "ada", timestamp: 1_000 + seq, seq };
    }

    /** What the newest socket was asked of that type, in order. */
    asked(type) {
      return this.socket.sent.filter((message) => message.type === type);
    }

    kept(request, seq, fields = {}) {
      this.answer(request, "triggered", { roomId: "r", event: request.event, timestamp: 1_000 + seq, seq, ...fields });
    }

    /** An event without history can have no key. */
    refuseKey(request) {
      const details = [{ path: "key", message: "needs an event with history" }];
      this.answer(request, "error", { code: "INVALID_REQUEST", message: "key needs an event with history", details });
    }

    redaction(seq, of) {
      return { ...this.event(seq, "dialogue.redacted"), data: { seq: of, by: "ada" } };
    }

    live(...seqs) {
      this.say({ type: "events", roomId: "r", events: seqs.map((seq) => this.event(seq)) });
    }

    lose(code = 1006, reason = "") {
      this.socket.onclose({ code, reason });
    }

    /** Connects, joins "r" at a position and notes what the handlers are given, as texts. */
    async joinedClient({ seq, history = [] }, options) {
      const client = this.client(options);
      const notes = [];
      client.onHistory((_, events) => notes.push(`history ${events.map((event) => event.seq)}`));
      client.onRecovered((_, recovered) => notes.push(`recovered ${recovered}`));
      const connecting = client.connect();
      await this.welcome();
      await connecting;
      const joining = client.join("r");
      await this.joined({ seq, history });
      const room = await joining;
      room.on("message", (event) => notes.push(event.seq));
      return { client, room, notes };
    }
  }

  return { createDialogueClient, DialogueError, Script, until, settle, standingStill };
})();
