// What a client shows for who it is, and a newer one before it runs out.

import { DialogueError } from "./errors.js";

/** So long before the end a new token is asked for, or a fifth of its life where that is less. */
const AHEAD_MS = 60_000;
const SHARE = 0.2;
/** Where that fails it is tried again after half of the time that is left, while that is more than this. */
const LEAST_MS = 100;
/** Timers cannot be longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** Whether there may be another one when this one has run out: `auth`, or its `token`, is a function. */
export function isRenewable(auth) {
  return typeof auth === "function" || typeof auth?.token === "function";
}

/** What `connect` and `refresh` carry. Rejects with what a function of the application throws. */
export async function credentialsOf(auth) {
  const given = (typeof auth === "function" ? await auth() : auth) ?? {};
  return typeof given.token === "function" ? { ...given, token: await given.token() } : given;
}

export class Renewal {
  #connection;
  #auth;
  #owner;

  /** `owner` has `renewed()`, called when a newer token holds for `connection`, and `report(error)`. */
  constructor(connection, auth, owner) {
    this.#connection = connection;
    this.#auth = auth;
    this.#owner = owner;
  }

  /** In time before `expiresAt`, in milliseconds since the epoch by the server's clock; undefined: nothing runs out. */
  schedule(expiresAt) {
    if (expiresAt === undefined || !isRenewable(this.#auth)) return;
    const life = expiresAt - Date.now();
    this.#after(life - Math.min(AHEAD_MS, life * SHARE), expiresAt);
  }

  #after(delay, expiresAt) {
    const wait = Math.min(Math.max(delay, 0), LONGEST_MS);
    this.#connection.after(wait, () => (wait < delay ? this.schedule(expiresAt) : this.#refresh(expiresAt)));
  }

  async #refresh(expiresAt) {
    const connection = this.#connection;
    try {
      const auth = await credentialsOf(this.#auth).catch((error) => {
        throw new DialogueError("AUTH_FAILED", "The auth function failed", undefined, { cause: error });
      });
      if (connection.isOver) return;
      const answer = await connection.send("refresh", { auth });
      connection.auth = auth;
      this.#owner.renewed();
      this.schedule(answer.expiresAt);
    } catch (error) {
      if (connection.isOver) return;
      this.#owner.report(error);
      const left = expiresAt - Date.now();
      if (left / 2 > LEAST_MS) this.#after(left / 2, expiresAt); // else it ends with 4401, and another one is made
    }
  }
}
