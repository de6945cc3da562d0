// What is sent: JSON, and keys.

import { DialogueError } from "./errors.js";

/** `crypto.randomUUID` exists on secure origins only; a LAN address is none. */
export const randomKey = () =>
  crypto.randomUUID?.() ??
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What is sent must be JSON; where it is not, nothing was sent. */
/** How many bytes a text is in UTF-8. */
export const sizeOf = (text) => new TextEncoder().encode(text).length;

export function serialise(fields) {
  try {
    return JSON.stringify(fields);
  } catch (error) {
    throw new DialogueError("INVALID_REQUEST", `This cannot be sent as JSON: ${error.message}`, undefined, { cause: error });
  }
}
