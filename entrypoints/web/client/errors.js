// What a failed promise is rejected with, and how it is read out of what a server says.

export class DialogueError extends Error {
  constructor(code, message, details, options) {
    super(message, options);
    this.name = "DialogueError";
    this.code = code;
    this.details = details;
  }
}

export function errorFrom(message) {
  const details =
    message.retryAfterMs === undefined ? message.details : { retryAfterMs: message.retryAfterMs, ...message.details };
  return new DialogueError(message.code ?? "UNKNOWN", message.message ?? "The server answered with an error", details);
}

/** The error that a problem document (RFC 9457) tells of; a proxy's own page has none. */
export async function problemFrom(response) {
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return errorFrom({
    code: problem.code,
    message: problem.detail ?? `The server answered with ${response.status}`,
    details: problem.details,
    ...(problem.code === "RATE_LIMITED" && seconds >= 0 && { retryAfterMs: seconds * 1000 }),
  });
}

/** Whether the server refuses the key of a trigger and not the event: an event without history can have none. */
export const refusesKey = ({ code, details }) =>
  code === "INVALID_REQUEST" && Array.isArray(details) && details.some((detail) => detail?.path === "key");

export const disconnected = (text = "The connection was lost before the answer came") => new DialogueError("DISCONNECTED", text);

/** No server answers what it does not read, so the code is the client's own. */
export function tooLarge(size, maxFrame) {
  const most = maxFrame === undefined ? "" : `, and at most ${maxFrame} are taken`;
  const text = `This is too large for the server: ${size} bytes in one frame${most}`;
  return new DialogueError("FRAME_TOO_LARGE", text, { size, ...(maxFrame !== undefined && { maxFrame }), wasSent: false });
}
