// The WebSocket and the HTTP interface of a server lie beside each other.

export function webSocketUrl(url) {
  const resolved = new URL(url, globalThis.location?.href);
  if (resolved.protocol === "http:") resolved.protocol = "ws:";
  if (resolved.protocol === "https:") resolved.protocol = "wss:";
  if (resolved.pathname === "/") resolved.pathname = "/ws";
  resolved.hash = "";
  return resolved.href;
}

/** The server's HTTP interface lies beside its WebSocket: `wss://host/app/ws` and `https://host/app/rooms/…`. */
export function httpUrl(socketUrl, path) {
  const base = new URL(socketUrl);
  base.protocol = base.protocol === "wss:" ? "https:" : "http:";
  base.pathname = base.pathname.replace(/[^/]*\/?$/, "");
  base.search = "";
  return new URL(path, base);
}
