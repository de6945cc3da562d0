// How times, names, numbers and errors are written.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const fullDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const number = new Intl.NumberFormat();

export const formatTime = (ms) => clock.format(ms);
export const formatExact = (ms) => exact.format(ms);
export const formatNumber = (n) => number.format(n);
export const plural = (n, one, many) => `${formatNumber(n)} ${n === 1 ? one : many}`;

export function dayOf(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function formatDay(ms) {
  const now = new Date();
  if (dayOf(ms) === dayOf(now)) return "Today";
  if (dayOf(ms) === dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return "Yesterday";
  return (new Date(ms).getFullYear() === now.getFullYear() ? weekday : fullDate).format(ms);
}

/** One of eight colours, always the same for one user. */
export function hueOf(userId) {
  let hash = 0;
  for (const char of userId) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return `hue-${hash % 8}`;
}

const graphemes = globalThis.Intl?.Segmenter && new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function initialOf(name) {
  const trimmed = name.trim();
  const first = graphemes ? graphemes.segment(trimmed)[Symbol.iterator]().next().value?.segment : [...trimmed][0];
  return (first ?? "?").toLocaleUpperCase();
}

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/giu;

/** The text as nodes: only text and links, whatever it says. */
export function textNodes(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    const link = document.createElement("a");
    link.href = match[0];
    link.textContent = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    nodes.push(link);
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

const EXPLANATIONS = {
  DISCONNECTED: "There is no connection at this moment.",
  TIMEOUT: "The server did not answer in time.",
  UNAVAILABLE: "The server cannot keep it at this moment.",
};

/** What is wrong with a field, without its path: the page has one field. */
function flaws(details) {
  if (!Array.isArray(details)) return "";
  const texts = details.map((detail) => detail?.message).filter((text) => typeof text === "string" && text);
  return texts.join("; ");
}

/** An error in a sentence for people. */
export function explain(error) {
  if (EXPLANATIONS[error.code]) return EXPLANATIONS[error.code];
  if (error.code === "RATE_LIMITED") {
    const seconds = Math.ceil((error.details?.retryAfterMs ?? 1000) / 1000);
    return `Too many requests: try again in ${plural(seconds, "second", "seconds")}.`;
  }
  if (error.code === "INVALID_EVENT" || error.code === "INVALID_REQUEST") return flaws(error.details) || error.message;
  return error.message || String(error);
}
