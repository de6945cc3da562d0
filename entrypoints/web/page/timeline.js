// One room's events on the screen: a window that moves over the whole history. At most MAX_ENTRIES are in the document,
// however long the room is; what leaves at one end is fetched again when the reader comes back to it.

import { announce, Quiet } from "./announcer.js";
import { Edges } from "./edges.js";
import { make, makeButton } from "./element.js";
import { Entries } from "./entries.js";
import { renderMarker } from "./entry.js";
import { isDrawn } from "./event-body.js";
import { plural } from "./format.js";
import { Loader } from "./loader.js";
import { Markers, summarise } from "./markers.js";
import { RemovalButtons } from "./removal.js";
import { Scroll } from "./scroll.js";

const PAGE_SIZE = 50;
const MAX_ENTRIES = 300;
/** How far above that live events may grow the window before it is cut: cutting costs a layout. */
const SLACK = 50;
/** A page is asked for when the reader is this near to the end of what is there. */
const LOAD_WITHIN_PX = 900;
const PINNED_WITHIN_PX = 48;
/** More events at once than this are announced in one sentence. */
const READ_OUT_AT_ONCE = 3;

export class Timeline {
  /** Events that came while the reader was elsewhere. */
  newCount = 0;
  #ownUserId;
  #onChange;
  #markers = new Markers();
  #entries;
  #scroll;
  #quiet;
  #loader;
  #edges = new Edges(() => this.retry());
  #removal;
  /** What the recovery of this moment brings, while it is handed over. */
  #recovery = null;
  #newestSeq = 0;
  #epoch = null;
  #isStarted = false;
  /** Whether the newest is shown for a moment only, on the way back to the reader's place. */
  #isReturning = false;
  #incoming = [];
  #height = 0;

  constructor({ ownUserId, fetchPage, remove, onChange }) {
    this.#ownUserId = ownUserId;
    this.#onChange = onChange;
    this.#loader = new Loader({ fetchPage, onChange: () => this.#keepPlace(() => this.#renderEdges()) });
    this.#build(remove);
  }

  #build(remove) {
    this.element = make("section", "timeline");
    this.scroller = make("div", "log");
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "log");
    this.scroller.setAttribute("aria-live", "polite");
    this.scroller.setAttribute("aria-relevant", "additions");
    this.#quiet = new Quiet(this.scroller);
    this.#entries = new Entries({ ownUserId: this.#ownUserId, markers: this.#markers });
    this.#scroll = new Scroll(this.scroller, this.#entries);
    this.tail = make("div", "tail");
    this.jump = Object.assign(makeButton("jump"), { hidden: true });
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
  }

  /** Whether the window ends at the newest event, and the reader is there: then it follows. */
  get isPinned() {
    return this.#scroll.isPinned;
  }

  set isPinned(isPinned) {
    this.#scroll.isPinned = isPinned;
  }

  get isShown() {
    return this.#scroll.isShown;
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
    this.#replace([...events].reverse(), { hasOlder: hasMore, hasNewer: false, show: "newest" });
  }

  /** A live or a recovered event. Those of one frame are put into the page together. */
  receive(event) {
    if (this.#recovery && event.seq <= this.#recovery.upTo && isDrawn(event)) this.#recovery.messages += 1;
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
   * The server could not continue, and gave the newest events anew. Nothing of what was shown is known to be there still, so all
   * of it goes; where the room lives on, a reader further up is brought back to the same place with what the server has there.
   */
  async startOver(events, { position, hasMore }) {
    this.#incoming = [];
    const run = [...events].reverse();
    const livesOn = position.epoch === this.#epoch && position.seq >= this.#newestSeq;
    const before = this.#newestSeq;
    const place = livesOn && !this.isPinned ? this.#scroll.placeSeq : undefined;
    this.#epoch = position.epoch;
    if (livesOn) {
      const { seq: first = position.seq + 1 } = run.find(({ seq }) => seq !== undefined) ?? {};
      const isGap = hasMore && first > before + 1;
      const missed = isGap ? position.seq - before : run.filter((event) => event.seq > before && isDrawn(event)).length;
      const note = isGap ? `up to ${plural(missed, "message", "messages")} came meanwhile` : summarise({ messages: missed, removals: 0 });
      this.#settleMarker(note, isGap ? Math.max(before, first - 1) : before);
    } else {
      this.#markers.forgetOlder();
      this.#entries.forgetRemoved();
      this.#settleMarker("the history of this room was started anew", (run[0]?.seq ?? 1) - 1);
    }
    this.#replace(run, { hasOlder: hasMore, hasNewer: false, show: "newest" });
    this.#newestSeq = Math.max(this.#newestSeq, livesOn ? before : 0);
    if (place === undefined) return;
    this.#isReturning = true;
    await this.#show(place, { around: place, limit: 2 * PAGE_SIZE });
    this.#isReturning = false;
    if (!this.isPinned) this.newCount += position.seq - before;
    this.#changed();
  }

  /** The payload of the event `seq` is gone for everyone: it goes from the page, and does not come back with a page. */
  redact(seq, { seq: at } = {}) {
    if (this.#recovery && at <= this.#recovery.upTo) this.#recovery.removals += 1;
    this.#keepPlace(() => this.#entries.remove(seq));
    this.#removal.refresh();
  }

  /** Another day has begun: "Today" is yesterday's. */
  renewDays() {
    this.#keepPlace(() => this.#quiet.change(() => this.#entries.decorateAll()));
  }

  // ----- being looked at

  show() {
    this.#scroll.show();
    if (this.isPinned && !this.#entries.hasNewer) this.newCount = 0;
    this.#afterLayout();
  }

  hide() {
    if (this.isNewestInView) this.#setSeen(null);
    this.#scroll.hide();
  }

  /** The reader has seen all up to `seq`: a line says where the new begins, and it is before the reader's eyes. */
  async showNewSince(seq) {
    this.#setSeen(seq);
    const { firstSeq, hasOlder } = this.#entries;
    if (hasOlder && firstSeq > seq + 1) await this.#show(seq + 1, { around: seq, limit: PAGE_SIZE });
    const line = this.#entries.list.querySelector(".new-line");
    if (!line) return;
    this.#scroll.toEntry({ node: line.parentElement });
    this.isPinned = !this.#entries.hasNewer && this.#scroll.distanceToEnd < PINNED_WITHIN_PX;
    this.#changed();
  }

  /** One has answered: what was new is not any more. */
  forgetNew() {
    this.#setSeen(null);
  }

  /** Down to the newest event, wherever the window is. */
  async showNewest() {
    if (this.#entries.hasNewer) {
      await this.#loader.jump({ limit: PAGE_SIZE }, ({ events, hasMore }) => {
        const hasNewer = (events[0]?.seq ?? 0) < this.#newestSeq;
        this.#replace([...events].reverse(), { hasOlder: hasMore, hasNewer, show: "newest" });
      }, "newer");
    }
    this.isPinned = !this.#entries.hasNewer;
    this.#scrollToEnd();
    this.#changed();
  }

  /** Up to the first event of the room. */
  async showBeginning() {
    if (this.#entries.hasOlder) {
      try {
        await this.#showAfter({ after: 0 }, { hasOlder: false });
      } catch (error) {
        // Retention has left less than that: the refusal says from where on there are events.
        const floor = error.details?.floor ?? error.details?.from ?? error.details?.min;
        if (error.code !== "POSITION_UNKNOWN" || !Number.isInteger(floor)) throw error;
        await this.#showAfter({ after: floor }, { hasOlder: false });
      }
    }
    this.isPinned = false;
    this.#scroll.toStart();
    this.#changed();
  }

  /** To the first event of that time or later; false where there is none. */
  async showTime(ms) {
    let isThere = false;
    try {
      await this.#showAfter({ afterTime: ms }, { hasOlder: true }, (events) => (isThere = events.length > 0));
    } catch (error) {
      if (error.code !== "POSITION_UNKNOWN") throw error;
      await this.showBeginning(); // what was there is older than what retention has left
      return true;
    }
    if (!isThere) return false;
    this.isPinned = false;
    this.#scroll.toStart();
    this.#changed();
    return true;
  }

  retry() {
    this.#loader.forgive();
    this.#renderEdges();
    this.#loadWhereNear();
  }

  /** Whether the newest message is before the reader's eyes, as far as the page can know. */
  get isNewestInView() {
    return this.#isStarted && this.#scroll.isShown && this.isPinned && !this.#isReturning;
  }

  // ----- the window

  #flush() {
    const events = this.#incoming.filter(({ seq }) => seq === undefined || seq > this.#newestSeq);
    this.#incoming = [];
    if (events.length === 0) return;
    const wasPinned = this.isPinned;
    this.#newestSeq = events.reduce((newest, { seq }) => Math.max(newest, seq ?? 0), this.#newestSeq);
    const ofOthers = events.filter((event) => event.from !== this.#ownUserId && isDrawn(event)).length;
    if (!wasPinned) this.newCount += ofOthers;
    if (wasPinned && events.length > MAX_ENTRIES) {
      this.#replace(events.slice(-MAX_ENTRIES), { hasOlder: true, hasNewer: false, show: "newest" });
    } else if (!this.#entries.hasNewer && (wasPinned || this.#entries.length + events.length <= 2 * MAX_ENTRIES)) {
      if (events.length > READ_OUT_AT_ONCE) this.#quiet.change(() => this.#append(events));
      else this.#append(events);
    } else {
      this.#entries.hasNewer = true;
      this.#renderEdges();
      this.#renderTail();
    }
    if (ofOthers > READ_OUT_AT_ONCE) announce(`${plural(ofOthers, "new message", "new messages")} in ${this.title}`);
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
    this.#loader.supersede();
    this.#entries.clear();
    this.#entries.hasOlder = hasOlder;
    this.#entries.hasNewer = hasNewer;
    this.#quiet.change(() => this.#add(events));
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

  #setSeen(seq) {
    if (this.#entries.seenUpTo === seq) return;
    this.#entries.seenUpTo = seq;
    this.#keepPlace(() => this.#quiet.change(() => this.#entries.decorateAll()));
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
      this.#entries.hasNewer = hasMore || newest < this.#newestSeq;
      this.#newestSeq = Math.max(this.#newestSeq, newest);
      this.#add([...events].reverse());
      this.#entries.cutTop(MAX_ENTRIES);
    });
  }

  async #load(kind, query, apply) {
    await this.#loader.load(kind, query, (page) => {
      this.#quiet.change(() =>
        this.#keepPlace(() => {
          apply(page);
          this.#renderTail();
        }),
      );
    });
    this.#afterLayout();
  }

  /** A page from a place on, which becomes the window. */
  async #showAfter(query, { hasOlder }, look = () => true) {
    const wanted = { ...query, limit: PAGE_SIZE };
    await this.#loader.jump(wanted, ({ events, hasMore }) => {
      if (look(events) === false) return;
      const hasNewer = hasMore || (events[0]?.seq ?? 0) < this.#newestSeq;
      this.#replace([...events].reverse(), { hasOlder, hasNewer, show: "beginning" });
    }, "older");
  }

  /** A page around a place, which becomes the window, with that place in sight. Where it is gone, nothing changes. */
  async #show(seq, query) {
    const apply = ({ events, hasMore, hasMoreAfter }) => {
      const hasNewer = hasMoreAfter || (events[0]?.seq ?? 0) < this.#newestSeq;
      this.#replace([...events].reverse(), { hasOlder: hasMore, hasNewer, show: "place" });
      const entry = this.#entries.at(seq);
      if (entry) this.#scroll.toEntry(entry);
    };
    try {
      await this.#loader.jump(query, apply, "newer");
    } catch (error) {
      if (error.code !== "POSITION_UNKNOWN") throw error;
    }
    this.#changed();
  }

  #renderEdges() {
    const isEmpty = this.#entries.length === 0;
    const { loading, failure } = this.#loader;
    const { hasOlder, hasNewer } = this.#entries;
    this.scroller.setAttribute("aria-busy", String(loading !== null));
    this.element.classList.toggle("is-empty", this.#isStarted && isEmpty && !hasOlder);
    const { title } = this;
    this.#edges.render({ title, isStarted: this.#isStarted, isEmpty, hasOlder, hasNewer, loading, failure });
  }

  #loadWhereNear() {
    if (!this.#scroll.isShown || this.#loader.loading || this.#loader.failure) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (clientHeight === 0) return;
    if (this.#entries.hasOlder && scrollTop < LOAD_WITHIN_PX) this.#loadOlder();
    else if (this.#entries.hasNewer && scrollHeight - scrollTop - clientHeight < LOAD_WITHIN_PX) this.#loadNewer();
  }

  // ----- scrolling

  #scrolled() {
    if (!this.#scroll.isShown) return;
    if (this.scroller.clientHeight !== this.#height) this.#resized(); // told of later, and nobody has scrolled
    const wasPinned = this.isPinned;
    this.isPinned = !this.#entries.hasNewer && this.#scroll.distanceToEnd < PINNED_WITHIN_PX;
    if (this.isPinned) this.newCount = 0;
    if (wasPinned !== this.isPinned || !this.isPinned) this.#changed();
    this.#loadWhereNear();
  }

  #resized() {
    if (!this.#scroll.isShown) return;
    this.#height = this.scroller.clientHeight;
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

  #changed() {
    const isFar = this.#entries.hasNewer || this.#scroll.distanceToEnd > this.scroller.clientHeight;
    this.jump.hidden = this.isPinned || !(this.newCount > 0 || isFar);
    this.jump.textContent =
      this.newCount > 0 ? `${plural(this.newCount, "new message", "new messages")} ↓` : "Newest messages ↓";
    this.#onChange();
  }
}
