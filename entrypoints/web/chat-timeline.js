// One room's events on the screen: a window that moves over the whole history. At most MAX_ENTRIES are in the document,
// however long the room is; what leaves at one end is fetched again when the reader comes back to it.

import { Edges } from "./chat-edges.js";
import { decorate, renderEntry, renderMarker } from "./chat-entry.js";
import { plural } from "./chat-format.js";
import { Markers, summarise } from "./chat-markers.js";
import { RemovalButtons } from "./chat-removal.js";

const EVENT_NAME = "message";
const PAGE_SIZE = 50;
const MAX_ENTRIES = 300;
/** How far above that live events may grow the window before it is cut: cutting costs a layout. */
const SLACK = 50;
/** A page is asked for when the reader is this near to the end of what is there. */
const LOAD_WITHIN_PX = 900;
const PINNED_WITHIN_PX = 48;
const MAX_REMOVED = 1_000;
/** What a page has at most, by the protocol. */
const MAX_LIMIT = 1_000;

/** Others share the room's order: redactions, and whatever a room has besides what is said. */
const isMessage = ({ event }) => event === EVENT_NAME;

export class Timeline {
  /** Whether the window ends at the newest event, and the reader is there: then it follows. */
  isPinned = true;
  /** Events that came while the reader was elsewhere. */
  newCount = 0;

  #ownUserId;
  #fetchPage;
  #onChange;
  #entries = [];
  #markers = new Markers();
  #edges = new Edges(() => this.retry());
  #removal;
  /** The seqs that were removed lately: a page that was cut before may still bring their text. */
  #removed = new Set();
  /** What the recovery of this moment brings, while it is handed over. */
  #recovery = null;
  #hasOlder = false;
  #hasNewer = false;
  #newestSeq = 0;
  #epoch = null;
  #isStarted = false;
  #isShown = false;
  /** "older", "newer" or "jump", while a page is on its way. */
  #loading = null;
  #failure = null;
  /** Raised when the window is replaced, so that a page for the old one is not put into the new one. */
  #generation = 0;
  #incoming = [];
  #savedPlace = null;

  constructor({ ownUserId, fetchPage, remove, onChange }) {
    this.#ownUserId = ownUserId;
    this.#fetchPage = fetchPage;
    this.#onChange = onChange;
    this.#build(remove);
  }

  #build(remove) {
    const make = (tag, className) => Object.assign(document.createElement(tag), { className });
    this.element = make("section", "timeline");
    this.scroller = make("div", "log");
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "log");
    this.scroller.setAttribute("aria-live", "polite");
    this.scroller.setAttribute("aria-relevant", "additions");
    this.list = make("div", "entries");
    this.tail = make("div", "tail");
    this.jump = make("button", "jump");
    this.jump.type = "button";
    this.jump.hidden = true;
    this.jump.addEventListener("click", () => this.showNewest());
    this.scroller.append(this.#edges.top, this.list, this.tail, this.#edges.bottom);
    this.element.append(this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resized()).observe(this.scroller);
    this.#removal = new RemovalButtons({
      list: this.list,
      change: (change) => this.#keepPlace(change),
      remove: async (seq) => {
        await remove(seq);
        this.redact(seq); // the room says so too, now or a little later
      },
      giveBackFocus: () => this.scroller.focus({ preventScroll: true }),
    });
    this.setTitle("this room");
    this.#renderEdges();
  }

  setTitle(title) {
    this.title = title;
    this.scroller.setAttribute("aria-label", `Messages in ${title}`);
    this.#renderEdges();
  }

  // ----- what the room says

  /** The sync of a fresh join: newest first, as it comes. */
  start(events, { position, hasMore }) {
    this.#epoch = position.epoch;
    this.#isStarted = true;
    this.#replace(events.filter(isMessage).reverse(), { hasOlder: hasMore, hasNewer: false, show: "newest" });
  }

  /** A live or a recovered event. Those of one frame are put into the page together. */
  receive(event) {
    if (this.#recovery && event.seq <= this.#recovery.upTo) this.#recovery.messages += 1;
    this.#incoming.push(event);
    if (this.#incoming.length === 1) queueMicrotask(() => this.#flush());
  }

  connectionLost(atMs) {
    if (!this.#isStarted || this.#markers.isPending) return;
    this.#flush();
    this.#markers.lost(atMs, this.#newestSeq);
    this.#keepPlace(() => this.#renderTail());
  }

  /** The room goes on where it was: what was missed, up to `position`, follows at once through `receive` and `redact`. */
  recovered({ position }) {
    this.#recovery = { upTo: position.seq, messages: 0, removals: 0 };
    queueMicrotask(() => {
      this.#settleMarker(summarise(this.#recovery));
      this.#recovery = null;
    });
  }

  /**
   * The server could not continue, and gave the newest events anew. They are laid over what is shown: as long as the room
   * lives on, the reader keeps the place and sees each event once.
   */
  startOver(events, { position, hasMore }) {
    this.#flush();
    const run = events.filter(isMessage).reverse();
    const livesOn = position.epoch === this.#epoch && position.seq >= this.#newestSeq;
    if (!livesOn) {
      this.#epoch = position.epoch;
      this.#markers.forgetOlder();
      this.#removed.clear();
      this.#settleMarker("the history of this room was started anew", (run[0]?.seq ?? 1) - 1);
      this.#replace(run, { hasOlder: hasMore, hasNewer: false, show: "newest" });
      return;
    }
    const missed = run.filter(({ seq }) => seq > this.#newestSeq);
    if (run.length === 0 && position.seq > this.#newestSeq) {
      this.#settleMarker("what came meanwhile is loaded");
      this.#hasNewer = true;
      if (this.isPinned) this.showNewest();
      else this.retry();
      return;
    }
    if (missed.length < run.length || !hasMore) {
      this.#settleMarker(summarise({ messages: missed.length, removals: 0 }));
      for (const event of missed) this.receive(event);
      this.#flush();
      this.#recheck();
      return;
    }
    const count = position.seq - this.#newestSeq;
    this.#settleMarker(`up to ${plural(count, "message", "messages")} came meanwhile`, run[0].seq - 1);
    if (this.isPinned) {
      this.#replace(run, { hasOlder: true, hasNewer: false, show: "newest" });
    } else {
      // The reader is somewhere above: what is missing comes with the pages on the way down.
      this.newCount += count;
      this.#newestSeq = run.at(-1).seq;
      this.#hasNewer = true;
      this.#renderEdges();
      this.#changed();
      this.#recheck();
    }
  }

  /** The text of the event `seq` is gone for everyone: it goes from the page, and does not come back with a page. */
  redact(seq, { seq: at } = {}) {
    if (this.#recovery && at <= this.#recovery.upTo) this.#recovery.removals += 1;
    this.#removed.add(seq);
    if (this.#removed.size > MAX_REMOVED) this.#removed.delete(this.#removed.values().next().value);
    this.#incoming = this.#incoming.map((event) => this.#withoutRemoved(event));
    this.#blank(seq);
  }

  #blank(seq) {
    const entry = this.#entries.find(({ event }) => event.seq === seq);
    if (!entry || entry.event.redacted) return;
    entry.event = { ...entry.event, data: null, redacted: true };
    const fresh = renderEntry(entry.event, this.#ownUserId);
    this.#keepPlace(() => {
      entry.node.replaceWith(fresh);
      entry.node = fresh;
      this.#decorateFrom(this.#entries.indexOf(entry), 2);
    });
    this.#removal.refresh();
  }

  #withoutRemoved(event) {
    return this.#removed.has(event.seq) && !event.redacted ? { ...event, data: null, redacted: true } : event;
  }

  /** Without a recovery nobody says what was removed meanwhile: what is shown is compared with what the room has now. */
  async #recheck() {
    const shown = this.#entries.map(({ event }) => event).filter(({ seq, redacted }) => seq !== undefined && !redacted);
    if (shown.length === 0) return;
    const generation = this.#generation;
    const query = { event: EVENT_NAME, after: shown[0].seq - 1, limit: MAX_LIMIT };
    const page = await this.#fetchPage(query).catch(() => null); // then it stays as it is, as without a connection
    if (!page || generation !== this.#generation) return;
    for (const { seq, redacted } of page.events) if (redacted) this.redact(seq);
  }

  // ----- being looked at

  show() {
    this.#isShown = true;
    const place = this.#savedPlace;
    if (this.isPinned || !place?.entry.node.isConnected) this.#scrollToEnd();
    else this.scroller.scrollTop += this.#topOf(place.entry) - place.top;
    this.#afterLayout();
  }

  hide() {
    this.#savedPlace = this.#place();
    this.#isShown = false;
  }

  /** Down to the newest event, wherever the window is. */
  async showNewest() {
    if (this.#hasNewer) await this.#jumpTo({ limit: PAGE_SIZE }, "newest");
    this.isPinned = !this.#hasNewer;
    this.#scrollToEnd();
    this.#changed();
  }

  /** Up to the first event of the room. */
  async showBeginning() {
    if (this.#hasOlder) {
      try {
        await this.#jumpTo({ after: 0, limit: PAGE_SIZE }, "beginning");
      } catch (error) {
        // Retention has left less than that: the refusal says from where on there are events.
        const floor = error.details?.floor ?? error.details?.from ?? error.details?.min;
        if (error.code !== "POSITION_UNKNOWN" || !Number.isInteger(floor)) throw error;
        await this.#jumpTo({ after: floor, limit: PAGE_SIZE }, "beginning");
      }
    }
    this.isPinned = false;
    this.scroller.scrollTop = 0;
    this.#changed();
  }

  retry() {
    this.#failure = null;
    this.#renderEdges();
    this.#loadWhereNear();
  }

  /** Whether the newest message is before the reader's eyes, as far as the page can know. */
  get isNewestInView() {
    return this.#isStarted && this.#isShown && this.isPinned;
  }

  // ----- the window

  #flush() {
    const events = this.#incoming.filter(({ seq }) => seq === undefined || seq > this.#newestSeq);
    this.#incoming = [];
    if (events.length === 0) return;
    const wasPinned = this.isPinned;
    const known = this.#newestSeq;
    this.#newestSeq = events.reduce((newest, { seq }) => Math.max(newest, seq ?? 0), known);
    if (!wasPinned) this.newCount += events.filter(({ from }) => from !== this.#ownUserId).length;
    if (wasPinned && events.length > MAX_ENTRIES) {
      this.#replace(events.slice(-MAX_ENTRIES), { hasOlder: true, hasNewer: false, show: "newest" });
    } else if (!this.#hasNewer && (wasPinned || this.#entries.length + events.length <= 2 * MAX_ENTRIES)) {
      this.#append(events);
    } else {
      this.#hasNewer = true;
      this.#renderEdges();
      this.#renderTail();
    }
    this.#changed();
  }

  #append(events) {
    const follow = this.isPinned;
    this.#keepPlace(() => {
      const first = this.#entries.length;
      this.#add(events, "end");
      if (follow && this.#entries.length > MAX_ENTRIES + SLACK) this.#cutTop();
      else this.#decorateFrom(first, events.length);
      this.#renderTail();
      this.#renderEdges();
    });
    if (follow) this.#scrollToEnd();
  }

  #replace(events, { hasOlder, hasNewer, show }) {
    this.#generation += 1;
    this.#entries = [];
    this.list.replaceChildren();
    this.#hasOlder = hasOlder;
    this.#hasNewer = hasNewer;
    this.#failure = null;
    this.#quietly(() => this.#add(events, "end"));
    this.#newestSeq = Math.max(hasNewer ? this.#newestSeq : 0, events.at(-1)?.seq ?? 0);
    this.#decorateFrom(0, events.length);
    this.#renderTail();
    this.#renderEdges();
    this.isPinned = show === "newest" && !hasNewer;
    if (show === "newest") this.#scrollToEnd();
    else this.scroller.scrollTop = 0;
    this.#afterLayout();
  }

  #add(events, end) {
    const current = events.map((event) => this.#withoutRemoved(event));
    const added = current.map((event) => ({ event, node: renderEntry(event, this.#ownUserId) }));
    const nodes = added.map(({ node }) => node);
    if (end === "end") {
      this.#entries.push(...added);
      this.list.append(...nodes);
    } else {
      this.#entries.unshift(...added);
      this.list.prepend(...nodes);
    }
    this.#removal.refresh();
  }

  #cutTop() {
    for (const { node } of this.#entries.splice(0, this.#entries.length - MAX_ENTRIES)) node.remove();
    this.#hasOlder = true;
    this.#decorateFrom(0, this.#entries.length);
  }

  #cutBottom() {
    for (const { node } of this.#entries.splice(MAX_ENTRIES)) node.remove();
    this.#hasNewer = true;
  }

  /** Day lines, markers and grouping depend on the entry before. */
  #decorateFrom(index, count) {
    for (let i = Math.max(0, index); i < Math.min(this.#entries.length, index + count + 1); i += 1) {
      const before = this.#entries[i - 1]?.event;
      decorate(this.#entries[i].node, this.#entries[i].event, before, this.#markersBefore(i, before));
    }
  }

  #markersBefore(index, before) {
    const { seq } = this.#entries[index].event;
    if (seq === undefined) return [];
    return this.#markers.between(before && (before.seq ?? 0), seq, this.#hasOlder);
  }

  #settleMarker(note, afterSeq) {
    if (!this.#markers.settle(note, afterSeq)) return;
    this.#keepPlace(() => {
      this.#decorateFrom(0, this.#entries.length);
      this.#renderTail();
    });
  }

  #renderTail() {
    const markers = this.#hasNewer ? [] : this.#markers.behind(this.#newestSeq);
    this.tail.replaceChildren(...markers.map(renderMarker));
  }

  // ----- pages

  async #loadOlder() {
    const first = this.#entries.find(({ event }) => event.seq !== undefined);
    const query = first ? { before: first.event.seq, limit: PAGE_SIZE } : { limit: PAGE_SIZE };
    await this.#load("older", query, ({ events, hasMore }) => {
      this.#hasOlder = hasMore;
      this.#newestSeq = Math.max(this.#newestSeq, events[0]?.seq ?? 0);
      this.#quietly(() =>
        this.#keepPlace(() => {
          this.#add([...events].reverse(), "start");
          this.#decorateFrom(0, events.length);
          if (this.#entries.length > MAX_ENTRIES) this.#cutBottom();
          this.#renderTail();
        }),
      );
    });
  }

  async #loadNewer() {
    const last = this.#entries.findLast(({ event }) => event.seq !== undefined);
    if (!last) return;
    await this.#load("newer", { after: last.event.seq, limit: PAGE_SIZE }, ({ events, hasMore }) => {
      const newest = events[0]?.seq ?? last.event.seq;
      // Live events may have come after the page was cut: then it is not the end yet.
      this.#hasNewer = hasMore || newest < this.#newestSeq;
      this.#newestSeq = Math.max(this.#newestSeq, newest);
      this.#quietly(() =>
        this.#keepPlace(() => {
          const first = this.#entries.length;
          this.#add([...events].reverse(), "end");
          this.#decorateFrom(first, events.length);
          if (this.#entries.length > MAX_ENTRIES) this.#cutTop();
          this.#renderTail();
        }),
      );
    });
  }

  async #load(kind, query, apply) {
    if (this.#loading || this.#failure) return;
    const generation = this.#generation;
    this.#loading = kind;
    this.#renderEdges();
    try {
      const page = await this.#fetchPage({ event: EVENT_NAME, ...query });
      if (generation === this.#generation) apply(page);
    } catch (error) {
      if (generation === this.#generation) this.#failure = { kind, error };
    } finally {
      this.#loading = null;
      this.#keepPlace(() => this.#renderEdges());
    }
    this.#afterLayout();
  }

  async #jumpTo(query, where) {
    this.#generation += 1;
    this.#loading = "jump";
    this.#renderEdges();
    try {
      const { events, hasMore } = await this.#fetchPage({ event: EVENT_NAME, ...query });
      const run = [...events].reverse();
      const newest = run.at(-1)?.seq ?? 0;
      const isNewest = newest >= this.#newestSeq;
      if (where === "newest") this.#replace(run, { hasOlder: hasMore, hasNewer: !isNewest, show: "newest" });
      else this.#replace(run, { hasOlder: false, hasNewer: hasMore || !isNewest, show: "beginning" });
    } catch (error) {
      if (error.code === "POSITION_UNKNOWN") throw error;
      this.#failure = { kind: where === "newest" ? "newer" : "older", error };
    } finally {
      this.#loading = null;
      this.#renderEdges();
    }
  }

  #renderEdges() {
    const isEmpty = this.#entries.length === 0;
    this.scroller.setAttribute("aria-busy", String(this.#loading !== null));
    this.element.classList.toggle("is-empty", this.#isStarted && isEmpty && !this.#hasOlder);
    this.#edges.render({
      title: this.title,
      isStarted: this.#isStarted,
      isEmpty,
      hasOlder: this.#hasOlder,
      hasNewer: this.#hasNewer,
      loading: this.#loading,
      failure: this.#failure,
    });
  }

  #loadWhereNear() {
    if (!this.#isShown || this.#loading || this.#failure) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    if (this.#hasOlder && scrollTop < LOAD_WITHIN_PX) this.#loadOlder();
    else if (this.#hasNewer && scrollHeight - scrollTop - clientHeight < LOAD_WITHIN_PX) this.#loadNewer();
  }

  // ----- scrolling

  #scrolled() {
    if (!this.#isShown) return;
    const wasPinned = this.isPinned;
    this.isPinned = !this.#hasNewer && this.#distanceToEnd() < PINNED_WITHIN_PX;
    if (this.isPinned) this.newCount = 0;
    if (wasPinned !== this.isPinned || !this.isPinned) this.#changed();
    this.#loadWhereNear();
  }

  #resized() {
    if (!this.#isShown) return;
    if (this.isPinned) this.#scrollToEnd();
    this.#loadWhereNear();
  }

  #afterLayout() {
    requestAnimationFrame(() => this.#loadWhereNear());
  }

  #distanceToEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  #scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    if (!this.#hasNewer) this.newCount = 0;
  }

  #key(event) {
    if (event.target !== this.scroller || event.altKey || event.shiftKey) return;
    if (event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    if (event.key === "Home") this.showBeginning();
    else this.showNewest();
  }

  /** Changes the document so that what the reader looks at stays where it is. */
  #keepPlace(change) {
    const place = this.#isShown ? this.#place() : null;
    change();
    if (!place) return;
    if (this.isPinned) this.#scrollToEnd();
    else if (place.entry.node.isConnected) this.scroller.scrollTop += this.#topOf(place.entry) - place.top;
  }

  /** The first entry in sight, and where its text begins: lines above it may come and go. */
  #place() {
    let low = 0;
    let high = this.#entries.length - 1;
    if (high < 0) return null;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#topOf(this.#entries[middle]) + this.#entries[middle].node.lastElementChild.offsetHeight > 0) high = middle;
      else low = middle + 1;
    }
    return { entry: this.#entries[low], top: this.#topOf(this.#entries[low]) };
  }

  #topOf({ node }) {
    return node.lastElementChild.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
  }

  /** Pages are not read out: only what is new is. */
  #quietly(change) {
    this.scroller.setAttribute("aria-live", "off");
    change();
    setTimeout(() => this.scroller.setAttribute("aria-live", "polite"), 200);
  }

  #changed() {
    const isFar = this.#hasNewer || this.#distanceToEnd() > this.scroller.clientHeight;
    this.jump.hidden = this.isPinned || !(this.newCount > 0 || isFar);
    this.jump.textContent =
      this.newCount > 0 ? `${plural(this.newCount, "new message", "new messages")} ↓` : "Newest messages ↓";
    this.#onChange();
  }
}
