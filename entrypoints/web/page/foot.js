// Below the room: who one is, what one writes, and who else writes.

import { announce } from "./announcer.js";
import { byId } from "./element.js";
import { hueOf, initialOf } from "./format.js";
import { identity } from "./identity.js";

function showName() {
  byId("me-name").textContent = identity.name || "not named yet";
  byId("me-avatar").textContent = initialOf(identity.name || "?");
  byId("me-avatar").className = `avatar ${hueOf(identity.userId)}`;
  byId("whose-name").textContent = identity.name;
}

export class Foot {
  #composer;
  #view = null;
  #isEditing = false;

  constructor(composer) {
    this.#composer = composer;
    byId("name-form").addEventListener("submit", (event) => this.#save(event));
    byId("name-cancel").addEventListener("click", () => {
      this.#ask(false);
      composer.focus();
    });
    byId("skip-link").addEventListener("click", (event) => {
      event.preventDefault(); // The fragment is the room's.
      this.focus();
    });
    byId("whose-other").addEventListener("click", () => this.edit({ asAnother: true }));
    identity.onRenamedElsewhere(() => {
      showName();
      this.render();
      announce(`You are ${identity.name} now: another window of this browser says so.`);
    });
    showName();
  }

  /** `view` is the room that is shown; null where there is none, or it is closed. */
  show(view) {
    this.#view = view;
    if (view) this.#composer.enter(view.id);
    this.render();
  }

  render() {
    const canSay = this.#view?.canSay === true;
    const isAsking = canSay && (this.#isEditing || !identity.name);
    byId("name-form").hidden = !isAsking;
    byId("name-cancel").hidden = !identity.name;
    byId("name-here").hidden = !identity.name;
    byId("name-save").textContent = identity.name ? "Save" : "Start chatting";
    byId("read-only").hidden = this.#view?.canSay !== false;
    byId("whose").hidden = !canSay || isAsking || identity.wasTold || !identity.name;
    byId("skip-link").textContent = isAsking ? "Skip to your name" : "Skip to writing a message";
    byId("edit-name").hidden = this.#view?.canSay === false && !identity.name;
    byId("typing").textContent = this.#view?.typing.text ?? "";
    byId("composer-text").setAttribute("aria-label", `Message to ${this.#view?.name ?? "the room"}`);
    this.#composer.show(canSay && !isAsking);
  }

  focus() {
    if (byId("name-form").hidden) this.#composer.focus();
    else byId("name-input").focus();
  }

  edit({ asAnother = false } = {}) {
    byId("name-input").value = asAnother ? "" : identity.name;
    byId("name-here-input").checked = asAnother;
    this.#ask(true);
    byId("name-input").focus();
    byId("name-input").select();
  }

  #ask(isEditing) {
    this.#isEditing = isEditing;
    this.render();
  }

  #save(event) {
    event.preventDefault();
    const name = byId("name-input").value.trim();
    byId("name-error").textContent = name ? "" : "A name is needed: one letter will do.";
    if (!name) {
      byId("name-input").focus();
      return;
    }
    if (identity.name && byId("name-here-input").checked) {
      identity.becomeSomebodyElse(name);
      location.reload(); // everything that is shown is shown to another person
      return;
    }
    identity.name = name;
    showName();
    this.#ask(false);
    this.#composer.focus();
  }
}
