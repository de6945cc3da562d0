// How the connection is, and what to do when it is not.

import { byId } from "./element.js";
import { explain } from "./explain.js";
import { askToSignIn, prepareSignIn, signedIn } from "./sign-in.js";

const STATUS = {
  idle: "Connecting…",
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  closed: "Not connected",
};

function showStatus(state) {
  byId("status").dataset.state = state;
  byId("status-text").textContent = STATUS[state];
  if (state !== "connected") return;
  byId("banner").hidden = true;
  signedIn();
}

function showBanner(error) {
  const isUnknown = error.code === "UNAUTHENTICATED";
  if (isUnknown) askToSignIn(error);
  byId("banner").hidden = isUnknown;
  byId("banner-text").textContent = explain(error);
}

/** `onEnd(error)` is called when there is no connection and none will be made. */
export function keepConnected(client, { onEnd }) {
  const connect = () => {
    byId("banner").hidden = true;
    client.connect().catch((error) => {
      showBanner(error);
      onEnd(error);
    });
  };
  client.onStateChange(showStatus);
  client.onError((error) => {
    console.error(error);
    if (client.state !== "closed") return;
    showBanner(error);
    onEnd(error);
  });
  byId("banner-button").addEventListener("click", connect);
  prepareSignIn(connect);
  connect();
}
