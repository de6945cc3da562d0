// Asking for a token, where the server knows its users.

import { credentials } from "./credentials.js";
import { byId } from "./element.js";
import { explain } from "./explain.js";

const form = byId("sign-in");
const field = byId("sign-in-token");

function showError(text) {
  byId("sign-in-error").textContent = text;
}

/** `connect()` is called with each token that somebody gives. */
export function prepareSignIn(connect) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = field.value.trim();
    showError(token ? "" : "A token or a key is needed.");
    if (!token) {
      field.focus();
      return;
    }
    credentials.token = token;
    connect();
  });
}

/** Nobody knows who this is. What is wrong with a token is said; that there was none yet is no mistake. */
export function askToSignIn(error) {
  const text = explain(error);
  showError(credentials.token ? text.charAt(0).toUpperCase() + text.slice(1) : "");
  form.hidden = false;
  field.focus();
}

export function signedIn() {
  form.hidden = true;
  field.value = "";
}
