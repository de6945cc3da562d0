// What the client asks for over HTTP, beside its WebSocket and as the same user.

import { httpUrl } from "./addresses.js";
import { DialogueError, problemFrom } from "./errors.js";
import { pageFrom } from "./room.js";

export class HttpCalls {
  #socketUrl;
  #link;
  #timeoutMs;

  constructor({ socketUrl, link, timeoutMs }) {
    this.#socketUrl = socketUrl;
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  async redact(roomId, seq) {
    if (!Number.isSafeInteger(seq) || seq < 1) throw new DialogueError("INVALID_REQUEST", "A seq is a whole number from 1 on");
    await this.#call("redact", "DELETE", `rooms/${encodeURIComponent(roomId)}/events/${seq}`);
  }

  async definitions(roomId) {
    const response = await this.#call("getDefinitions", "GET", `rooms/${encodeURIComponent(roomId)}/definitions`);
    return (await response.json()).events;
  }

  async page(roomId, query) {
    const path = `rooms/${encodeURIComponent(roomId)}/events`;
    const response = await this.#call("getPage", "GET", path, query);
    return pageFrom(await response.json());
  }

  async #call(name, method, path, query = {}) {
    const url = httpUrl(this.#socketUrl, path);
    for (const [field, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(field, value);
    const { token, identity } = this.#link;
    const headers = {};
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    else if (/^[\x20-\x7e]+$/.test(identity.userId ?? "")) headers["X-User-Id"] = identity.userId;
    else if (identity.userId !== undefined) url.searchParams.set("userId", identity.userId); // a header is ASCII
    let response;
    try {
      response = await fetch(url, { method, headers, signal: AbortSignal.timeout(this.#timeoutMs) });
    } catch (error) {
      if (error.name !== "TimeoutError") throw new DialogueError("DISCONNECTED", error.message, undefined, { cause: error });
      throw new DialogueError("TIMEOUT", `No answer to "${name}" within ${this.#timeoutMs} ms`, undefined, { cause: error });
    }
    if (!response.ok) throw await problemFrom(response);
    return response;
  }
}
