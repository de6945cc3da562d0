// One room's events on the screen: what the room says, and what the reader has seen of it. However long the room is, only the
// events around the reader are in the document (`HistoryWindow`).

import { announce } from "./announcer.js";
import { Edges } from "./edges.js";
import { Entries } from "./entries.js";
import { isDrawn } from "./event-body.js";
import { plural } from "./format.js";
import { Log } from "./log.js";
import { describeGap, Markers, summarise } from "./markers.js";
import { RemovalButtons } from "./removal.js";
import { Scroll } from "./scroll.js";
import { HistoryWindow } from "./history-window.js";

const PINNED_WITHIN_PX = 48;
/** More events at once than this are announced in one sentence. */
const READ_OUT_AT_ONCE = 3;
/** How much is fetched around a reader who is brought back to the same place. */
const AROUND = 100;

export class Timeline {
  #me;
  #onChange;
  #markers = new Markers();
  #entries;
  #scroll;
  #log;
  #window;
  #removal;
  /** Events that came while the reader was elsewhere. */
  #newCount = 0;
  /** What the recovery of this moment brings, while it is handed over. */
  #recovery = null;
  #epoch = null;
  /** Whether the newest is shown for a moment only, on the way back to the reader's place. */
  #isReturning = false;
  #incoming = [];
  #height = 0;

  constructor({ me, fetchPage, remove, onChange }) {
    this.#me = me;
    this.#onChange = onChange;
    const markers = this.#markers;
    const edges = new Edges(() => this.retry());
    const entries = new Entries({ me, markers });
    const log = new Log(edges.top, entries.list, edges.bottom);
    const scroll = new Scroll(log.scroller, entries);
    Object.assign(this, { element: log.element, scroller: log.scroller });
    this.#entries = entries;
    this.#log = log;
    this.#scroll = scroll;
    this.#window = new HistoryWindow({ entries, markers, scroll, log, edges }, { fetchPage, onAdded: () => this.#removal.refresh() });
    this.#removal = this.#removals(remove);
    log.listen({
      home: () => this.showBeginning(),
      end: () => this.showNewest(),
      jumped: () => this.showNewest(),
      scrolled: () => this.#scrolled(),
      resized: () => this.#resized(),
    });
    this.setTitle(this.#window.title);
  }

  get isShown() {
    return this.#scroll.isShown;
  }

  /** Whether the newest message is before the reader's eyes, as far as the page can know. */
  get isNewestInView() {
    return this.#window.isStarted && this.#scroll.isShown && this.#scroll.isPinned && !this.#isReturning;
  }

  setTitle(title) {
    this.#window.title = title;
    this.#log.setTitle(title);
    this.#window.renderEdges();
  }

  // ----- what the room says

  /** The sync of a fresh join: newest first, as it comes. */
  start(events, { position, hasMore }) {
    this.#epoch = position.epoch;
    this.#window.isStarted = true;
    this.#window.replace([...events].reverse(), { hasOlder: hasMore, hasNewer: false, show: "newest" });
  }

  /** A live or a recovered event. Those of one frame are put into the page together. */
  receive(event) {
    if (this.#recovery && event.seq <= this.#recovery.upTo && isDrawn(event)) this.#recovery.messages += 1;
    this.#incoming.push(event);
    if (this.#incoming.length === 1) queueMicrotask(() => this.#flush());
  }

  connectionLost(atMs) {
    if (!this.#window.isStarted || this.#markers.isPending) return;
    this.#flush();
    this.#markers.lost(atMs, this.#window.newestSeq);
    this.#scroll.keep(() => this.#window.renderTail());
  }

  /** The room goes on where it was: what was missed, up to `position`, follows at once through `receive` and `redact`. */
  recovered({ position }) {
    this.#recovery = { upTo: position.seq, messages: 0, removals: 0 };
    queueMicrotask(() => {
      this.#settle(summarise(this.#recovery));
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
    const before = this.#window.newestSeq;
    const livesOn = position.epoch === this.#epoch && position.seq >= before;
    const place = livesOn && !this.#scroll.isPinned ? this.#scroll.placeSeq : undefined;
    this.#epoch = position.epoch;
    if (livesOn) this.#settle(...describeGap(run, { before, upTo: position.seq, hasMore }));
    else this.#beginAnotherLife(run);
    this.#window.replace(run, { hasOlder: hasMore, hasNewer: false, show: "newest" });
    if (livesOn) this.#window.newestSeq = Math.max(this.#window.newestSeq, before);
    if (place !== undefined) await this.#returnTo(place, position.seq - before);
  }

  /** The payload of the event `seq` is gone for everyone: it goes from the page, and does not come back with a page. */
  redact(seq, { seq: at } = {}) {
    if (this.#recovery && at <= this.#recovery.upTo) this.#recovery.removals += 1;
    this.#scroll.keep(() => this.#entries.remove(seq));
    this.#removal.refresh();
  }

  #flush() {
    const known = this.#window.newestSeq;
    const events = this.#incoming.filter(({ seq }) => seq === undefined || seq > known);
    this.#incoming = [];
    if (events.length === 0) return;
    const ofOthers = events.filter((event) => event.from !== this.#me.userId && isDrawn(event)).length;
    if (!this.#scroll.isPinned) this.#newCount += ofOthers;
    this.#window.newestSeq = events.reduce((newest, { seq }) => Math.max(newest, seq ?? 0), known);
    this.#window.append(events, { quietly: events.length > READ_OUT_AT_ONCE });
    if (ofOthers > READ_OUT_AT_ONCE) announce(`${plural(ofOthers, "new message", "new messages")} in ${this.#window.title}`);
    this.#changed();
  }

  #beginAnotherLife(run) {
    this.#markers.forgetOlder();
    this.#entries.forgetRemoved();
    this.#settle("the history of this room was started anew", (run[0]?.seq ?? 1) - 1);
  }

  async #returnTo(place, missed) {
    this.#isReturning = true;
    await this.#window.toPlace(place, AROUND);
    this.#isReturning = false;
    if (!this.#scroll.isPinned) this.#newCount += missed;
    this.#changed();
  }

  #settle(note, afterSeq) {
    if (this.#markers.settle(note, afterSeq)) this.#window.redraw();
  }

  // ----- being looked at

  show() {
    this.#scroll.show();
    this.#changed();
    this.#window.afterLayout();
  }

  hide() {
    if (this.isNewestInView) this.#setSeen(null);
    this.#scroll.hide();
  }

  /** Another day has begun: "Today" is yesterday's. */
  renewDays() {
    this.#window.redraw();
  }

  /** The reader has seen all up to `seq`: a line says where the new begins, and it is before the reader's eyes. */
  async showNewSince(seq) {
    this.#setSeen(seq);
    const { firstSeq, hasOlder } = this.#entries;
    if (hasOlder && firstSeq > seq + 1) await this.#window.toPlace(seq + 1);
    const line = this.#entries.list.querySelector(".new-line");
    if (line) this.#scroll.toEntry({ node: line.parentElement });
    this.#scroll.isPinned = this.#isAtEnd;
    this.#changed();
  }

  /** One has answered: what was new is not any more. */
  forgetNew() {
    this.#setSeen(null);
  }

  /** Down to the newest event, wherever the window is. */
  async showNewest() {
    await this.#window.toNewest();
    this.#scroll.isPinned = !this.#entries.hasNewer;
    this.#scroll.toEnd();
    this.#changed();
  }

  /** Up to the first event of the room. */
  async showBeginning() {
    if (this.#entries.hasOlder) {
      try {
        await this.#window.toAfter({ after: 0 }, { hasOlder: false });
      } catch (error) {
        // Retention has left less than that: the refusal says from where on there are events.
        const { floor } = error.details ?? {};
        if (error.code !== "POSITION_UNKNOWN" || !Number.isInteger(floor)) throw error;
        await this.#window.toAfter({ after: floor }, { hasOlder: false });
      }
    }
    this.#showStart();
  }

  /** To the first event of that time or later; false where there is none. */
  async showTime(ms) {
    try {
      if (!(await this.#window.toAfter({ afterTime: ms }, { hasOlder: true }))) return false;
    } catch (error) {
      if (error.code !== "POSITION_UNKNOWN") throw error;
      await this.showBeginning(); // what was there is older than what retention has left
      return true;
    }
    this.#showStart();
    return true;
  }

  retry() {
    this.#window.retry();
  }

  #setSeen(seq) {
    if (this.#entries.seenUpTo !== seq) this.#window.redraw(() => (this.#entries.seenUpTo = seq));
  }

  #showStart() {
    this.#scroll.isPinned = false;
    this.#scroll.toStart();
    this.#changed();
  }

  // ----- scrolling

  get #isAtEnd() {
    return !this.#entries.hasNewer && this.#scroll.distanceToEnd < PINNED_WITHIN_PX;
  }

  #scrolled() {
    if (!this.#scroll.isShown) return;
    if (this.#log.scroller.clientHeight !== this.#height) this.#resized(); // told of later, and nobody has scrolled
    const wasPinned = this.#scroll.isPinned;
    this.#scroll.isPinned = this.#isAtEnd;
    if (wasPinned !== this.#scroll.isPinned || !wasPinned) this.#changed();
    this.#window.loadWhereNear();
  }

  #resized() {
    if (!this.#scroll.isShown) return;
    this.#height = this.#log.scroller.clientHeight;
    if (this.#scroll.isPinned) this.#scroll.toEnd();
    this.#window.loadWhereNear();
  }

  #changed() {
    const { isPinned } = this.#scroll;
    if (isPinned && !this.#entries.hasNewer) this.#newCount = 0;
    const isFar = this.#entries.hasNewer || this.#scroll.distanceToEnd > this.#log.scroller.clientHeight;
    const count = this.#newCount;
    const text = count > 0 ? `${plural(count, "new message", "new messages")} ↓` : "Newest messages ↓";
    this.#log.showJump(isPinned || !(count > 0 || isFar) ? null : text);
    this.#onChange();
  }

  #removals(remove) {
    return new RemovalButtons({
      list: this.#entries.list,
      change: (change) => this.#scroll.keep(change),
      remove: async (seq) => {
        await remove(seq);
        this.redact(seq); // the room says so too, now or a little later
      },
      giveBackFocus: () => this.#log.scroller.focus({ preventScroll: true }),
    });
  }
}
