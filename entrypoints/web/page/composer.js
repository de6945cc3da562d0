// Where one writes. A text leaves the box when it is sent and comes back, with the reason, when it was refused.

import { explain, formatNumber } from "./format.js";

const USUAL_LIMIT = 2_000;
/** A frame larger than the server takes would end the connection, so this much is not even tried. */
const HARD_LIMIT = 12_000;

const lengthOf = (text) => [...text].length;

export class Composer {
  #form = document.getElementById("composer");
  #text = document.getElementById("composer-text");
  #count = document.getElementById("composer-count");
  #error = document.getElementById("composer-error");
  #errorText = document.getElementById("composer-error-text");
  #retry = document.getElementById("composer-retry");
  #send;
  #queue = [];
  #isSending = false;
  #roomId = null;
  /** What was being written in the other rooms. */
  #drafts = new Map();
  /** A text that may have been kept, by its room, with what is needed to send it again without a repeat. */
  #uncertain = new Map();

  /** `send(roomId, text, again)` is fulfilled when the server has kept it; `again` is of an error that it threw before. */
  constructor(send) {
    this.#send = send;
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
    this.#text.addEventListener("input", () => this.#edited());
    this.#edited();
  }

  show(isVisible) {
    this.#form.hidden = !isVisible;
    this.#fit();
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  enter(roomId) {
    if (this.#roomId === roomId) return;
    if (this.#roomId !== null) this.#drafts.set(this.#roomId, this.#text.value);
    this.#roomId = roomId;
    this.#text.value = this.#drafts.get(roomId) ?? "";
    this.#drafts.delete(roomId);
    this.#showError(null);
    this.#edited();
  }

  #submit() {
    const text = this.#text.value.trim();
    if (!text || this.#roomId === null) return;
    const length = lengthOf(text);
    if (length > HARD_LIMIT) {
      this.#showError(`That is too long: ${formatNumber(length)} of ${formatNumber(USUAL_LIMIT)} characters.`);
      return;
    }
    this.#showError(null);
    const uncertain = this.#uncertain.get(this.#roomId);
    this.#uncertain.delete(this.#roomId);
    this.#queue.push({ roomId: this.#roomId, text, again: uncertain?.text === text ? uncertain.again : undefined });
    this.#text.value = "";
    this.#edited();
    this.#work();
  }

  /** One after the other, so that what is refused takes the rest back with it, in order. */
  async #work() {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#form.classList.add("is-sending");
    while (this.#queue.length > 0) {
      const { roomId, text, again } = this.#queue[0];
      try {
        await this.#send(roomId, text, again);
        this.#queue.shift();
      } catch (error) {
        this.#giveBack(roomId, error);
      }
    }
    this.#isSending = false;
    this.#form.classList.remove("is-sending");
  }

  #giveBack(roomId, error) {
    const texts = this.#queue.filter((item) => item.roomId === roomId).map(({ text }) => text);
    this.#queue = this.#queue.filter((item) => item.roomId !== roomId);
    const isHere = roomId === this.#roomId;
    const draft = isHere ? this.#text.value : (this.#drafts.get(roomId) ?? "");
    const kept = [...texts, draft].filter(Boolean).join("\n");
    if (error.again) this.#uncertain.set(roomId, { text: texts[0], again: error.again });
    if (!isHere) {
      this.#drafts.set(roomId, kept);
      return;
    }
    this.#text.value = kept;
    this.#edited();
    this.#showError(`${this.#outcome(error, kept === texts[0])} ${explain(error)}`);
  }

  #outcome({ details, again }, isUnchanged) {
    if (!details?.wasSent) return "Not sent.";
    if (again && isUnchanged) return "Perhaps not sent: trying again sends it once.";
    return "Perhaps not sent: look above before you try again.";
  }

  #showError(text) {
    this.#error.hidden = text === null;
    this.#retry.hidden = text === null;
    this.#errorText.textContent = text ?? "";
    if (text === null) this.#text.removeAttribute("aria-invalid");
    else this.#text.setAttribute("aria-invalid", "true");
  }

  #edited() {
    const length = lengthOf(this.#text.value.trim());
    this.#count.textContent =
      length > USUAL_LIMIT - 200 ? `${formatNumber(length)} / ${formatNumber(USUAL_LIMIT)}` : "";
    this.#count.classList.toggle("is-over", length > USUAL_LIMIT);
    this.#form.classList.toggle("has-text", length > 0);
    this.#fit();
  }

  #fit() {
    this.#text.style.height = "auto";
    if (this.#text.scrollHeight > 0) this.#text.style.height = `${Math.min(this.#text.scrollHeight, 200)}px`;
  }
}
