// Where the reader is in a timeline, and staying there while the document changes.

export class Scroll {
  /** Whether the reader is at the newest message: then the timeline follows. */
  isPinned = true;
  isShown = false;
  #scroller;
  #entries;
  #savedPlace = null;

  constructor(scroller, entries) {
    this.#scroller = scroller;
    this.#entries = entries;
  }

  get distanceToEnd() {
    return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  toStart() {
    this.#scroller.scrollTop = 0;
  }

  /** So that what stands above this entry ("New", the day) is in sight, with a little of what was before. */
  toEntry({ node }) {
    const top = node.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
    this.#scroller.scrollTop += top - this.#scroller.clientHeight / 4;
  }

  /** The seq of what the reader looks at; undefined where there is nothing. */
  get placeSeq() {
    return this.#place()?.entry.event.seq;
  }

  show() {
    this.isShown = true;
    const place = this.#savedPlace;
    if (this.isPinned || !place?.entry.node.isConnected) this.toEnd();
    else this.#goTo(place);
  }

  hide() {
    this.#savedPlace = this.#place();
    this.isShown = false;
  }

  /** Changes the document so that what the reader looks at stays where it is. */
  keep(change) {
    const place = this.isShown ? this.#place() : null;
    change();
    if (!place) return;
    if (this.isPinned) this.toEnd();
    else if (place.entry.node.isConnected) this.#goTo(place);
  }

  /** The first entry in sight, and where its text begins: lines above it may come and go. */
  #place() {
    const entry = this.#entries.firstThat((one) => this.#topOf(one) + one.node.lastElementChild.offsetHeight > 0);
    return entry && { entry, top: this.#topOf(entry) };
  }

  #goTo({ entry, top }) {
    this.#scroller.scrollTop += this.#topOf(entry) - top;
  }

  #topOf({ node }) {
    return node.lastElementChild.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
  }
}
