// Errors in sentences for people.

import { plural } from "./format.js";

const EXPLANATIONS = {
  DISCONNECTED: "There is no connection at this moment.",
  TIMEOUT: "The server did not answer in time.",
  UNAVAILABLE: "The server cannot keep it at this moment.",
  FRAME_TOO_LARGE: "That is too long for the server.",
};

/** What is wrong with a field, without its path: the page has one field. */
function flaws(details) {
  if (!Array.isArray(details)) return "";
  const texts = details.map((detail) => detail?.message).filter((text) => typeof text === "string" && text);
  return texts.join("; ");
}

export function explain(error) {
  if (EXPLANATIONS[error.code]) return EXPLANATIONS[error.code];
  if (error.code === "RATE_LIMITED") {
    const seconds = Math.ceil((error.details?.retryAfterMs ?? 1000) / 1000);
    return `Too many requests: try again in ${plural(seconds, "second", "seconds")}.`;
  }
  if (error.code === "INVALID_EVENT" || error.code === "INVALID_REQUEST") return flaws(error.details) || error.message;
  return error.message || String(error);
}
