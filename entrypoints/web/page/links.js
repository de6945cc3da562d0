// Addresses in a text become links; nothing else becomes anything.

/** An address ends at a space, a quotation mark, or the full-width punctuation of Chinese and Japanese. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"'“”‘’«»\u3000-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]+/giu;
const STOPS = ".,;:!?*_~";
const BRACKETS = { ")": "(", "]": "[", "}": "{" };

const count = (text, char) => text.split(char).length - 1;

/** Without what belongs to the sentence around it: stops, and brackets that were opened before the address. */
function withoutTail(address) {
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    const opener = BRACKETS[last];
    const text = address.slice(0, end);
    if (STOPS.includes(last)) continue;
    if (opener === undefined || count(text, last) <= count(text, opener)) break;
  }
  return address.slice(0, end);
}

function linkTo(address) {
  const link = document.createElement("a");
  link.href = address;
  link.textContent = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

/** The text as nodes: only text and links, whatever it says. */
export function textNodes(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutTail(found);
    if (address.endsWith("://")) continue;
    if (index > end) nodes.push(text.slice(end, index));
    nodes.push(linkTo(address));
    end = index + address.length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}
