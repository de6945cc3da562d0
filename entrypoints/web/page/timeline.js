// One room's events on the screen: a window that moves over the whole history. At most MAX_ENTRIES are in the document,
// however long the room is; what leaves at one end is fetched again when the reader comes back to it.

import { Edges } from "./edges.js";
import { Entries } from "./entries.js";
import { renderMarker } from "./entry.js";
import { plural } from "./format.js";
import { Markers, summarise } from "./markers.js";
import { RemovalButtons } from "./removal.js";
import { Scroll } from "./scroll.js";

const EVENT_NAME = "message";
const PAGE_SIZE = 50;
const MAX_ENTRIES = 300;
/** How far above that live events may grow the window before it is cut: cutting costs a layout. */
const SLACK = 50;
/** A page is asked for when the reader is this near to the end of what is there. */
const LOAD_WITHIN_PX = 900;
const PINNED_WITHIN_PX = 48;
/** What a page has at most, by the protocol. */
const MAX_LIMIT = 1_000;

/** Others share the room's order: redactions, and whatever a room has besides what is said. */
const isMessage = ({ event }) => event === EVENT_NAME;

export class Timeline {
  /** Events that came while the reader was elsewhere. */
  newCount = 0;

  #ownUserId;
  #fetchPage;
  #onChange;
  #markers = new Markers();
  #entries;
  #scroll;
  #edges = new Edges(() => this.retry());
  #removal;
  /** What the recovery of this moment brings, while it is handed over. */
  #recovery = null;
  #newestSeq = 0;
  #epoch = null;
  #isStarted = false;
  /** "older", "newer" or "jump", while a page is on its way. */
  #loading = null;
  #failure = null;
  /** Raised when the window is replaced, so that a page for the old one is not put into the new one. */
  #generation = 0;
  #incoming = [];

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
    this.#entries = new Entries({ ownUserId: this.#ownUserId, markers: this.#markers });
    this.#scroll = new Scroll(this.scroller, this.#entries);
    this.tail = make("div", "tail");
    this.jump = make("button", "jump");
    this.jump.type = "button";
    this.jump.hidden = true;
    this.jump.addEventListener("click", () => this.showNewest());
    this.scroller.append(this.#edges.top, this.#entries.list, this.tail, this.#edges.bottom);
    this.element.append(this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resized()).observe(this.scroller);
    this.#removal = new RemovalButtons({
      list: this.#entries.list,
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

  /** Whether the window ends at the newest event, and the reader is there: then it follows. */
  get isPinned() {
    return this.#scroll.isPinned;
  }

  set isPinned(isPinned) {
    this.#scroll.isPinned = isPinned;
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
      this.#entries.forgetRemoved();
      this.#settleMarker("the history of this room was started anew", (run[0]?.seq ?? 1) - 1);
      this.#replace(run, { hasOlder: hasMore, hasNewer: false, show: "newest" });
      return;
    }
    const missed = run.filter(({ seq }) => seq > this.#newestSeq);
    if (run.length === 0 && position.seq > this.#newestSeq) {
      this.#settleMarker("what came meanwhile is loaded");
      this.#entries.hasNewer = true;
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
      this.#entries.hasNewer = true;
      this.#renderEdges();
      this.#changed();
      this.#recheck();
    }
  }

  /** The text of the event `seq` is gone for everyone: it goes from the page, and does not come back with a page. */
  redact(seq, { seq: at } = {}) {
    if (this.#recovery && at <= this.#recovery.upTo) this.#recovery.removals += 1;
    this.#keepPlace(() => this.#entries.remove(seq));
    this.#removal.refresh();
  }

  /** Without a recovery nobody says what was removed meanwhile: what is shown is compared with what the room has now. */
  async #recheck() {
    const { firstSeq } = this.#entries;
    if (firstSeq === undefined) return;
    const generation = this.#generation;
    const query = { event: EVENT_NAME, after: firstSeq - 1, limit: MAX_LIMIT };
    const page = await this.#fetchPage(query).catch(() => null); // then it stays as it is, as without a connection
    if (!page || generation !== this.#generation) return;
    for (const { seq, redacted } of page.events) if (redacted) this.redact(seq);
  }

  // ----- being looked at

  show() {
    this.#scroll.show();
    if (this.isPinned && !this.#entries.hasNewer) this.newCount = 0;
    this.#afterLayout();
  }

  hide() {
    this.#scroll.hide();
  }

  /** Down to the newest event, wherever the window is. */
  async showNewest() {
    if (this.#entries.hasNewer) await this.#jumpTo({ limit: PAGE_SIZE }, "newest");
    this.isPinned = !this.#entries.hasNewer;
    this.#scrollToEnd();
    this.#changed();
  }

  /** Up to the first event of the room. */
  async showBeginning() {
    if (this.#entries.hasOlder) {
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
    this.#scroll.toStart();
    this.#changed();
  }

  retry() {
    this.#failure = null;
    this.#renderEdges();
    this.#loadWhereNear();
  }

  /** Whether the newest message is before the reader's eyes, as far as the page can know. */
  get isNewestInView() {
    return this.#isStarted && this.#scroll.isShown && this.isPinned;
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
    } else if (!this.#entries.hasNewer && (wasPinned || this.#entries.length + events.length <= 2 * MAX_ENTRIES)) {
      this.#append(events);
    } else {
      this.#entries.hasNewer = true;
      this.#renderEdges();
      this.#renderTail();
    }
    this.#changed();
  }

  #append(events) {
    const follow = this.isPinned;
    this.#keepPlace(() => {
      this.#add(events);
      if (follow && this.#entries.length > MAX_ENTRIES + SLACK) this.#entries.cutTop(MAX_ENTRIES);
      this.#renderTail();
      this.#renderEdges();
    });
    if (follow) this.#scrollToEnd();
  }

  #replace(events, { hasOlder, hasNewer, show }) {
    this.#generation += 1;
    this.#entries.clear();
    this.#entries.hasOlder = hasOlder;
    this.#entries.hasNewer = hasNewer;
    this.#failure = null;
    this.#quietly(() => this.#add(events));
    this.#newestSeq = Math.max(hasNewer ? this.#newestSeq : 0, events.at(-1)?.seq ?? 0);
    this.#renderTail();
    this.#renderEdges();
    this.isPinned = show === "newest" && !hasNewer;
    if (show === "newest") this.#scrollToEnd();
    else this.#scroll.toStart();
    this.#afterLayout();
  }

  #add(events, where) {
    this.#entries.add(events, where);
    this.#removal.refresh();
  }

  #settleMarker(note, afterSeq) {
    if (!this.#markers.settle(note, afterSeq)) return;
    this.#keepPlace(() => {
      this.#entries.decorateAll();
      this.#renderTail();
    });
  }

  #renderTail() {
    const markers = this.#entries.hasNewer ? [] : this.#markers.behind(this.#newestSeq);
    this.tail.replaceChildren(...markers.map(renderMarker));
  }

  // ----- pages

  async #loadOlder() {
    const { firstSeq } = this.#entries;
    const query = firstSeq === undefined ? { limit: PAGE_SIZE } : { before: firstSeq, limit: PAGE_SIZE };
    await this.#load("older", query, ({ events, hasMore }) => {
      this.#entries.hasOlder = hasMore;
      this.#newestSeq = Math.max(this.#newestSeq, events[0]?.seq ?? 0);
      this.#quietly(() =>
        this.#keepPlace(() => {
          this.#add([...events].reverse(), { atStart: true });
          this.#entries.cutBottom(MAX_ENTRIES);
          this.#renderTail();
        }),
      );
    });
  }

  async #loadNewer() {
    const { lastSeq } = this.#entries;
    if (lastSeq === undefined) return;
    await this.#load("newer", { after: lastSeq, limit: PAGE_SIZE }, ({ events, hasMore }) => {
      const newest = events[0]?.seq ?? lastSeq;
      // Live events may have come after the page was cut: then it is not the end yet.
      this.#entries.hasNewer = hasMore || newest < this.#newestSeq;
      this.#newestSeq = Math.max(this.#newestSeq, newest);
      this.#quietly(() =>
        this.#keepPlace(() => {
          this.#add([...events].reverse());
          this.#entries.cutTop(MAX_ENTRIES);
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
    this.element.classList.toggle("is-empty", this.#isStarted && isEmpty && !this.#entries.hasOlder);
    this.#edges.render({
      title: this.title,
      isStarted: this.#isStarted,
      isEmpty,
      hasOlder: this.#entries.hasOlder,
      hasNewer: this.#entries.hasNewer,
      loading: this.#loading,
      failure: this.#failure,
    });
  }

  #loadWhereNear() {
    if (!this.#scroll.isShown || this.#loading || this.#failure) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    if (this.#entries.hasOlder && scrollTop < LOAD_WITHIN_PX) this.#loadOlder();
    else if (this.#entries.hasNewer && scrollHeight - scrollTop - clientHeight < LOAD_WITHIN_PX) this.#loadNewer();
  }

  // ----- scrolling

  #scrolled() {
    if (!this.#scroll.isShown) return;
    const wasPinned = this.isPinned;
    this.isPinned = !this.#entries.hasNewer && this.#scroll.distanceToEnd < PINNED_WITHIN_PX;
    if (this.isPinned) this.newCount = 0;
    if (wasPinned !== this.isPinned || !this.isPinned) this.#changed();
    this.#loadWhereNear();
  }

  #resized() {
    if (!this.#scroll.isShown) return;
    if (this.isPinned) this.#scrollToEnd();
    this.#loadWhereNear();
  }

  #afterLayout() {
    requestAnimationFrame(() => this.#loadWhereNear());
  }

  #scrollToEnd() {
    this.#scroll.toEnd();
    if (!this.#entries.hasNewer) this.newCount = 0;
  }

  #keepPlace(change) {
    this.#scroll.keep(change);
    if (this.isPinned && !this.#entries.hasNewer) this.newCount = 0;
  }

  #key(event) {
    if (event.target !== this.scroller || event.altKey || event.shiftKey) return;
    if (event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    if (event.key === "Home") this.showBeginning();
    else this.showNewest();
  }

  /** Pages are not read out: only what is new is. */
  #quietly(change) {
    this.scroller.setAttribute("aria-live", "off");
    change();
    setTimeout(() => this.scroller.setAttribute("aria-live", "polite"), 200);
  }

  #changed() {
    const isFar = this.#entries.hasNewer || this.#scroll.distanceToEnd > this.scroller.clientHeight;
    this.jump.hidden = this.isPinned || !(this.newCount > 0 || isFar);
    this.jump.textContent =
      this.newCount > 0 ? `${plural(this.newCount, "new message", "new messages")} ↓` : "Newest messages ↓";
    this.#onChange();
  }
}
