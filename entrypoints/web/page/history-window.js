// The window that moves over a room's history: a run of events in the document, and the pages with which it goes on.

import { Quiet } from "./announcer.js";
import { renderMarker } from "./entry.js";
import { Loader } from "./loader.js";

const PAGE_SIZE = 50;
export const MAX_ENTRIES = 300;
/** How far above that live events may grow the window before it is cut: cutting costs a layout. */
const SLACK = 50;
/** A page is asked for when the reader is this near to the end of what is there. */
const LOAD_WITHIN_PX = 900;

export class HistoryWindow {
  /** The newest event of the room that the page knows of, in the window or beyond it. */
  newestSeq = 0;
  isStarted = false;
  title = "this room";
  #entries;
  #markers;
  #scroll;
  #log;
  #edges;
  #quiet;
  #loader;
  #onAdded;

  /** `parts` are the `entries`, `markers`, `scroll`, `log` and `edges` of the timeline; `onAdded()` is told of new entries. */
  constructor(parts, { fetchPage, onAdded }) {
    this.#entries = parts.entries;
    this.#markers = parts.markers;
    this.#scroll = parts.scroll;
    this.#log = parts.log;
    this.#edges = parts.edges;
    this.#quiet = new Quiet(parts.log.scroller);
    this.#loader = new Loader({ fetchPage, onChange: () => this.#scroll.keep(() => this.renderEdges()) });
    this.#onAdded = onAdded;
  }

  // ----- what is in it

  /** Other events instead of all that are there; `show` says what of them is in sight. */
  replace(events, { hasOlder, hasNewer, show }) {
    this.#loader.supersede();
    this.#entries.clear();
    this.#entries.hasOlder = hasOlder;
    this.#entries.hasNewer = hasNewer;
    this.#quiet.change(() => this.#add(events));
    this.newestSeq = Math.max(hasNewer ? this.newestSeq : 0, events.at(-1)?.seq ?? 0);
    this.renderTail();
    this.renderEdges();
    this.#scroll.isPinned = show === "newest" && !hasNewer;
    if (show === "newest") this.#scroll.toEnd();
    else this.#scroll.toStart();
    this.afterLayout();
  }

  /** Events at the end of the room; where the window does not reach it, they are only known to be there. */
  append(events, { quietly }) {
    const follows = this.#scroll.isPinned;
    const fits = follows || this.#entries.length + events.length <= 2 * MAX_ENTRIES;
    if (follows && events.length > MAX_ENTRIES) {
      this.replace(events.slice(-MAX_ENTRIES), { hasOlder: true, hasNewer: false, show: "newest" });
    } else if (this.#entries.hasNewer || !fits) {
      this.#entries.hasNewer = true;
      this.renderEdges();
      this.renderTail();
    } else if (quietly) {
      this.#quiet.change(() => this.#appendNow(events, follows));
    } else {
      this.#appendNow(events, follows);
    }
  }

  /** Changes how entries are drawn: nothing of it is read out, and the reader keeps the place. */
  redraw(change = () => {}) {
    this.#scroll.keep(() =>
      this.#quiet.change(() => {
        change();
        this.#entries.decorateAll();
        this.renderTail();
      }),
    );
  }

  #appendNow(events, follows) {
    this.#scroll.keep(() => {
      this.#add(events);
      if (follows && this.#entries.length > MAX_ENTRIES + SLACK) this.#entries.cutTop(MAX_ENTRIES);
      this.renderTail();
      this.renderEdges();
    });
    if (follows) this.#scroll.toEnd();
  }

  #add(events, where) {
    this.#entries.add(events, where);
    this.#onAdded();
  }

  // ----- moving it

  /** To the newest events of the room. */
  async toNewest() {
    if (!this.#entries.hasNewer) return;
    await this.#loader.jump({ limit: PAGE_SIZE }, ({ events, hasMore }) => {
      const hasNewer = (events[0]?.seq ?? 0) < this.newestSeq;
      this.replace([...events].reverse(), { hasOlder: hasMore, hasNewer, show: "newest" });
    }, "newer");
  }

  /** To a page from a place on; false where nothing is there. Raises POSITION_UNKNOWN. */
  async toAfter(query, { hasOlder }) {
    let isThere = false;
    await this.#loader.jump({ ...query, limit: PAGE_SIZE }, ({ events, hasMore }) => {
      isThere = events.length > 0;
      if (!isThere) return;
      const hasNewer = hasMore || events[0].seq < this.newestSeq;
      this.replace([...events].reverse(), { hasOlder, hasNewer, show: "beginning" });
    }, "older");
    return isThere;
  }

  /** To a page around a place, with that place in sight. Where it is gone, nothing changes. */
  async toPlace(seq, limit = PAGE_SIZE) {
    const apply = ({ events, hasMore, hasMoreAfter }) => {
      const hasNewer = hasMoreAfter || (events[0]?.seq ?? 0) < this.newestSeq;
      this.replace([...events].reverse(), { hasOlder: hasMore, hasNewer, show: "place" });
      const entry = this.#entries.at(seq);
      if (entry) this.#scroll.toEntry(entry);
    };
    try {
      await this.#loader.jump({ around: seq, limit }, apply, "newer");
    } catch (error) {
      if (error.code !== "POSITION_UNKNOWN") throw error;
    }
  }

  retry() {
    this.#loader.forgive();
    this.renderEdges();
    this.loadWhereNear();
  }

  loadWhereNear() {
    if (!this.#scroll.isShown || this.#loader.loading || this.#loader.failure) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#log.scroller;
    if (clientHeight === 0) return;
    if (this.#entries.hasOlder && scrollTop < LOAD_WITHIN_PX) this.#loadOlder();
    else if (this.#entries.hasNewer && scrollHeight - scrollTop - clientHeight < LOAD_WITHIN_PX) this.#loadNewer();
  }

  afterLayout() {
    requestAnimationFrame(() => this.loadWhereNear());
  }

  async #loadOlder() {
    const { firstSeq } = this.#entries;
    const query = firstSeq === undefined ? { limit: PAGE_SIZE } : { before: firstSeq, limit: PAGE_SIZE };
    await this.#load("older", query, ({ events, hasMore }) => {
      this.#entries.hasOlder = hasMore;
      this.newestSeq = Math.max(this.newestSeq, events[0]?.seq ?? 0);
      this.#add([...events].reverse(), { atStart: true });
      this.#entries.cutBottom(MAX_ENTRIES);
    });
  }

  async #loadNewer() {
    const { lastSeq } = this.#entries;
    if (lastSeq === undefined) return;
    await this.#load("newer", { after: lastSeq, limit: PAGE_SIZE }, ({ events, hasMore }) => {
      const newest = events[0]?.seq ?? lastSeq;
      // Live events may have come after the page was cut: then it is not the end yet.
      this.#entries.hasNewer = hasMore || newest < this.newestSeq;
      this.newestSeq = Math.max(this.newestSeq, newest);
      this.#add([...events].reverse());
      this.#entries.cutTop(MAX_ENTRIES);
    });
  }

  async #load(kind, query, apply) {
    await this.#loader.load(kind, query, (page) => {
      this.#quiet.change(() =>
        this.#scroll.keep(() => {
          apply(page);
          this.renderTail();
        }),
      );
    });
    this.afterLayout();
  }

  // ----- its two ends

  renderTail() {
    const markers = this.#entries.hasNewer ? [] : this.#markers.behind(this.newestSeq);
    this.#log.tail.replaceChildren(...markers.map(renderMarker));
  }

  renderEdges() {
    const { title, isStarted } = this;
    const { hasOlder, hasNewer, length } = this.#entries;
    const { loading, failure } = this.#loader;
    const isEmpty = length === 0;
    this.#log.scroller.setAttribute("aria-busy", String(loading !== null));
    this.#log.element.classList.toggle("is-empty", isStarted && isEmpty && !hasOlder);
    this.#edges.render({ title, isStarted, isEmpty, hasOlder, hasNewer, loading, failure });
  }
}
