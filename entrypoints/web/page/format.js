// How times, names and numbers are written.

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
