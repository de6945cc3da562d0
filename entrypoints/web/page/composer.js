// Where one writes. A text leaves the box when it is to be sent and comes back, with the reason, when it cannot be.

import { byId } from "./element.js";
import { explain } from "./explain.js";
import { formatNumber, plural } from "./format.js";
import { Drafts } from "./drafts.js";
import { Outbox } from "./outbox.js";

/** The count is shown when so little is left of what the room takes. */
const COUNT_FROM = 0.9;

const lengthOf = (text) => [...text].length;

/** Without empty lines at the beginning and whitespace at the end; the indentation of the first line stays. */
const tidy = (text) => text.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();

export class Composer {
  #form = byId("composer");
  #text = byId("composer-text");
  #retry = byId("composer-retry");
  #limits;
  #onWriting;
  #nameOf;
  #roomId = null;
  #drafts = new Drafts();
  #outbox;

  /** `limits` are `Limits`; `onWriting()` is called while one writes; `nameOf()` is whose words they are. */
  constructor({ limits, onWriting, nameOf, isConnected, publish }) {
    this.#limits = limits;
    this.#onWriting = onWriting;
    this.#nameOf = nameOf;
    const giveBack = (...returned) => this.#giveBack(...returned);
    this.#outbox = new Outbox({ isConnected, publish, giveBack, onChange: () => this.render() });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter === this.#retry) this.focus(); // the button goes away
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#written());
    byId("composer-take-back").addEventListener("click", () => this.#takeBack());
    this.#outbox.settleAfterReload();
    this.#edited();
  }

  show(isVisible) {
    this.#form.hidden = !isVisible;
    this.#edited();
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  enter(roomId) {
    if (this.#roomId === roomId) return;
    this.#roomId = roomId;
    this.#text.value = this.#drafts.text(roomId);
    this.#showError(this.#drafts.uncertain(roomId) ? "Perhaps not sent: trying again sends it once." : null);
    this.#edited();
    this.render();
  }

  /** There is a connection: what waits is sent. */
  connected() {
    this.#outbox.work();
  }

  /** There is none, and there will be none. */
  ended(error) {
    this.#outbox.giveUp(error);
  }

  /** What waits for the connection, and that something is on its way. */
  render() {
    const waiting = this.#outbox.waitingIn(this.#roomId);
    byId("composer-waiting").hidden = waiting === 0;
    byId("composer-waiting-text").textContent =
      waiting === 0 ? "" : `There is no connection: ${plural(waiting, "message waits", "messages wait")} for it, to be sent then.`;
    this.#form.classList.toggle("is-sending", !this.#outbox.isEmpty);
    this.#showCount();
  }

  #submit() {
    const text = tidy(this.#text.value);
    if (!text || this.#roomId === null) return;
    const tooLong = this.#excess(text);
    if (tooLong) {
      this.#showError(tooLong);
      return;
    }
    this.#showError(null);
    const uncertain = this.#drafts.uncertain(this.#roomId);
    this.#text.value = "";
    this.#drafts.set(this.#roomId, "", null);
    this.#edited();
    this.#outbox.add(this.#roomId, text, this.#nameOf(), uncertain?.text === text ? uncertain : undefined);
  }

  #excess(text) {
    const limit = this.#limits.of(this.#roomId);
    const length = lengthOf(text);
    if (limit === undefined || length <= limit) return null;
    return `That is too long: ${formatNumber(length)} of ${formatNumber(limit)} characters.`;
  }

  #takeBack() {
    const messages = this.#outbox.takeBack(this.#roomId);
    const repeated = messages.length === 1 && messages[0].isRepeat ? messages[0] : null;
    this.#put(this.#roomId, messages.map(({ text }) => text), repeated);
    this.focus();
  }

  #giveBack(roomId, messages, error) {
    this.#limits.learn(roomId, error);
    const [guilty] = messages;
    const mayBeKept = error.wasLost === true || error.details?.wasSent === true;
    const wasAlone = this.#drafts.text(roomId) === "" && messages.length === 1;
    this.#put(roomId, messages.map(({ text }) => text), mayBeKept && wasAlone ? guilty : null);
    if (roomId === this.#roomId) this.#showError(`${outcome(mayBeKept, wasAlone)} ${explain(error)}`);
  }

  /** Texts that come back stand before what was written meanwhile. */
  #put(roomId, texts, uncertain) {
    const text = [...texts, this.#drafts.text(roomId)].filter(Boolean).join("\n");
    this.#drafts.set(roomId, text, uncertain);
    if (roomId !== this.#roomId) return;
    this.#text.value = text;
    this.#edited();
  }

  #showError(text) {
    byId("composer-error").hidden = text === null;
    this.#retry.hidden = text === null;
    byId("composer-error-text").textContent = text ?? "";
    if (text === null) this.#text.removeAttribute("aria-invalid");
    else this.#text.setAttribute("aria-invalid", "true");
  }

  #written() {
    this.#drafts.set(this.#roomId, this.#text.value);
    this.#edited();
    if (tidy(this.#text.value)) this.#onWriting();
  }

  #edited() {
    this.#form.classList.toggle("has-text", tidy(this.#text.value) !== "");
    this.#showCount();
    this.#text.style.height = "auto";
    if (this.#text.scrollHeight > 0) this.#text.style.height = `${Math.min(this.#text.scrollHeight, 200)}px`;
  }

  #showCount() {
    const limit = this.#roomId === null ? undefined : this.#limits.of(this.#roomId);
    const length = lengthOf(tidy(this.#text.value));
    const isNear = limit !== undefined && length > limit * COUNT_FROM;
    byId("composer-count").textContent = isNear ? `${formatNumber(length)} / ${formatNumber(limit)}` : "";
    byId("composer-count").classList.toggle("is-over", isNear && length > limit);
  }
}

function outcome(mayBeKept, wasAlone) {
  if (!mayBeKept) return "Not sent.";
  return wasAlone ? "Perhaps not sent: trying again sends it once." : "Perhaps not sent: look above before you try again.";
}
