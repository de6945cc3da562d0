// Clients of Socket.IO, driven by lines of JSON: one order a line comes in, one thing that happened a line goes out.

import { createInterface } from "node:readline";

const PACKAGES = {
  newest: "socket.io-client",
  "before recovery": "socket.io-client-before-recovery",
  oldest: "socket.io-client-oldest",
};
const sockets = new Map();

function tell(name, on, fields = {}) {
  process.stdout.write(JSON.stringify({ name, on, ...fields }) + "\n");
}

const orders = {
  async open({ name, version, url, options }) {
    const { io } = await import(PACKAGES[version]);
    const socket = io(url, {
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      timeout: 15_000,
      ...options,
    });
    sockets.set(name, socket);
    // `onAny` came with 3.0: what it shows is what every listener would be given.
    socket.onAny((event, ...args) => tell(name, "event", { event, args }));
    socket.on("connect", () => {
      const way = socket.io.engine.transport.name;
      tell(name, "connect", { id: socket.id, recovered: Boolean(socket.recovered), way });
    });
    socket.io.on("open", () => {
      socket.io.engine.on("upgrade", (transport) => tell(name, "upgrade", { way: transport.name }));
    });
    socket.on("connect_error", (error) => {
      tell(name, "connect_error", { message: error.message, data: error.data, answer: error.context?.responseText });
    });
    socket.on("disconnect", (reason, details) => {
      tell(name, "disconnect", { reason, code: details?.context?.code });
    });
  },
  emit({ name, args, ack }) {
    const socket = sockets.get(name);
    if (ack === undefined) socket.emit(...args);
    else socket.emit(...args, (...answer) => tell(name, "ack", { ack, args: answer }));
  },
  binary({ name, event, ack }) {
    const args = [event, { roomId: "hall", event: "note", data: Buffer.from([1, 2, 3]), more: Buffer.from([4]) }];
    sockets.get(name).emit(...args, (...answer) => tell(name, "ack", { ack, args: answer }));
  },
  namespace({ name, namespace }) {
    const other = sockets.get(name).io.socket(namespace);
    other.on("connect_error", (error) => tell(name, "namespace refused", { message: error.message }));
    other.on("connect", () => tell(name, "namespace taken"));
  },
  close({ name }) {
    sockets.get(name).disconnect();
  },
  drop({ name }) {
    sockets.get(name).io.engine.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...fields } = JSON.parse(line);
  await orders[order](fields);
}
process.exit(0);
